"""A small seeded shop whose truth is known: what was planned is written down before any event is made from it.

Forty people, twenty-five products, three stores in two time zones and a web shop, sixty days over a change to summer time.
`Shop.truth` is kept beside the plan and never computed from the events, so it is an independent answer for whoever reads them.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from oneshelf.events.catalogue import (
    Kind,
    Line,
    OrderCompleted,
    OrderRefunded,
    PageViewed,
    PersonIdentified,
    PlaceVisited,
    ProductFavourited,
    ProductsSearched,
    ProductViewed,
)
from oneshelf.events.envelope import Event
from oneshelf.events.stock import CountedLine, StockCounted
from oneshelf.words.goods import Product
from oneshelf.words.people import Who
from oneshelf.words.places import Channel, Place

CURRENCY = "CNY"
FIRST_DAY = date(2026, 3, 2)  # a Monday
DAYS = 60
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
#: the morning after the last day
NOW = datetime.combine(LAST_DAY + timedelta(days=1), time(6), UTC)

#: category -> its two product types; five products a category
_ASSORTMENT = {
    "tea": ("green tea", "black tea"),
    "dairy": ("fresh milk", "plain yogurt"),
    "bakery": ("rye bread", "butter croissant"),
    "fruit": ("gala apples", "ripe bananas"),
    "home": ("dish soap", "paper towels"),
}
_NIGHTLY = 0.05  # share of receipts just before midnight, where the place's zone decides the day


class PersonTruth(msgspec.Struct, kw_only=True):
    """What one person did, whatever identifier they used. Amounts in minor units of `CURRENCY`."""

    orders: int = 0
    spend_minor: int = 0
    quantity: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    last_order_place_id: str | None = None
    orders_by_channel: Counter[str] = msgspec.field(default_factory=Counter)
    spend_by_category: Counter[str] = msgspec.field(default_factory=Counter)
    searches: list[str] = msgspec.field(default_factory=list)
    favourites: list[str] = msgspec.field(default_factory=list)
    bought: set[str] = msgspec.field(default_factory=set)


class Sold(msgspec.Struct, kw_only=True):
    """What one product sold at one place on one business day, before refunds."""

    quantity: int = 0
    amount_minor: int = 0
    orders: int = 0


class Truth(msgspec.Struct, kw_only=True):
    """What the readers of the shop's events must find."""

    people: defaultdict[str, PersonTruth]
    #: (business day, place, product) -> what it sold
    sales: defaultdict[tuple[date, str, str], Sold]
    #: anonymous id -> the person that it turned out to be
    links: dict[str, str]
    #: (place, product) -> the newest count
    on_hand: dict[tuple[str, str], int]
    orders: int = 0
    amount_minor: int = 0
    #: receipts of people that nobody knows
    anonymous_orders: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    by_kind: Counter[str] = msgspec.field(default_factory=Counter)


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's events in time order, its catalogue and places, and the truth about them."""

    events: list[Event]
    products: list[Product]
    places: list[Place]
    truth: Truth


def small_shop(seed: int = 1) -> Shop:
    """Make the shop. The same seed makes the same events with the same ids."""
    plan = _Plan(seed)
    for number in range(DAYS):
        plan.day(FIRST_DAY + timedelta(days=number))
    plan.count_stock(LAST_DAY)
    events = sorted(plan.events, key=lambda event: (event.happened_at, event.id))
    return Shop(events=events, products=plan.products, places=plan.places, truth=plan.truth)


class _Plan:
    """The shop while it is being planned; each step notes the truth, then makes its event."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # a plan, not a secret
        self.products = [
            Product(
                id=f"product-{5 * group + number + 1}",
                name=f"{types[number % 2].capitalize()} no. {number + 1}",
                department="home" if category == "home" else "food",
                category=category,
                type=types[number % 2],
                brand="Own" if number == 0 else "National",
            )
            for group, (category, types) in enumerate(_ASSORTMENT.items())
            for number in range(5)
        ]
        self.places = [
            Place(id="store-1", name="Bund", time_zone="Asia/Shanghai"),
            Place(id="store-2", name="Pudong", time_zone="Asia/Shanghai"),
            Place(id="store-3", name="Mitte", time_zone="Europe/Berlin"),
            Place(id="web", name="Web shop", kind="web", time_zone="Asia/Shanghai"),
        ]
        self.price_minor = {product.id: 150 + 35 * index for index, product in enumerate(self.products)}
        self.category = {product.id: str(product.category) for product in self.products}
        self.people = [f"person-{number}" for number in range(1, 41)]
        self.taste = {person: self.random.sample(self.products, 6) for person in self.people}
        self.truth = Truth(people=defaultdict(PersonTruth), sales=defaultdict(Sold), links={}, on_hand={})
        self.events: list[Event] = []

    def day(self, day: date) -> None:
        """Plan one day of everybody; person-40 only ever looks, and a receipt in ten names nobody."""
        for number, person in enumerate(self.people):
            home = self.places[number % 3]
            if person == "person-40":
                if day.weekday() == 5:
                    self._browse(person, self.places[3], day)
                continue
            if self.random.random() < 0.25:
                place = self.places[3] if self.random.random() < 0.2 else home
                known = self.random.random() > 0.1
                if place.kind == "web":
                    known = True
                    self._browse(person, place, day)
                self._order(person if known else None, person, place, day)
            elif self.random.random() < 0.03:
                dwell = self.random.randrange(60, 1800)
                self._event(
                    "till",
                    home,
                    self._at(home, day),
                    PlaceVisited(dwell_seconds=dwell),
                    Who(user_id=person),
                    simulated=True,
                )

    def count_stock(self, day: date) -> None:
        """Count every store on the last evening; product-25 is sold out everywhere."""
        for place in self.places[:3]:
            counts = {product.id: self.random.randrange(1, 40) for product in self.products} | {
                "product-25": 0
            }
            self.truth.on_hand.update(
                {(place.id, product_id): on_hand for product_id, on_hand in counts.items()}
            )
            lines = tuple(
                CountedLine(product_id=product_id, on_hand=on_hand) for product_id, on_hand in counts.items()
            )
            at = datetime.combine(day, time(23, 59, 59), ZoneInfo(place.time_zone)).astimezone(UTC)
            self._event("till", place, at, StockCounted(lines=lines), Who(), simulated=True)

    def _order(self, person: str | None, taste_of: str, place: Place, day: date) -> None:
        pool = self.taste[taste_of] if self.random.random() < 0.8 else self.products
        lines = tuple(
            self._line(product) for product in self.random.sample(pool, self.random.randrange(1, 5))
        )
        at = self._at(place, day, evening=place.kind == "web")
        order_id = f"order-{self.truth.orders + 1}"
        self.truth.orders += 1
        self.truth.amount_minor += sum(line.amount_minor for line in lines)
        for line in lines:
            sold = self.truth.sales[day, place.id, line.product_id]
            sold.quantity += line.quantity
            sold.amount_minor += line.amount_minor
            sold.orders += 1
        if person is None:
            self.truth.anonymous_orders += 1
        else:
            self._note_order(self.truth.people[person], place, at, lines)
        source = "web-shop" if place.kind == "web" else "till"
        who = Who(user_id=person)
        self._event(source, place, at, OrderCompleted(order_id=order_id, currency=CURRENCY, lines=lines), who)
        if person is not None and day < LAST_DAY and self.random.random() < 0.05:
            self._refund(person, place, at + timedelta(hours=20), order_id, lines[0])

    def _note_order(self, truth: PersonTruth, place: Place, at: datetime, lines: tuple[Line, ...]) -> None:
        truth.orders += 1
        truth.orders_by_channel[place.kind] += 1
        truth.first_order_at = min(truth.first_order_at or at, at)
        if truth.last_order_at is None or at >= truth.last_order_at:
            truth.last_order_at, truth.last_order_place_id = at, place.id
        for line in lines:
            truth.spend_minor += line.amount_minor
            truth.quantity += line.quantity
            truth.spend_by_category[self.category[line.product_id]] += line.amount_minor
            truth.bought.add(line.product_id)

    def _refund(self, person: str, place: Place, at: datetime, order_id: str, line: Line) -> None:
        self.truth.refunds += 1
        self.truth.refunded_minor += line.amount_minor
        self.truth.people[person].refunds += 1
        self.truth.people[person].refunded_minor += line.amount_minor
        refund_id = f"refund-{self.truth.refunds}"
        body = OrderRefunded(currency=CURRENCY, refund_id=refund_id, order_id=order_id, lines=(line,))
        self._event("web-shop" if place.kind == "web" else "till", place, at, body, Who(user_id=person))

    def _browse(self, person: str, place: Place, day: date) -> None:
        """A web session that starts unknown and ends signed in."""
        browser = f"browser-of-{person}"
        at = self._at(place, day)
        nobody, both = Who(anonymous_id=browser), Who(user_id=person, anonymous_id=browser)
        wanted = self.random.choice(self.products)
        self.truth.links[browser] = person
        self._event("web-shop", place, at, PageViewed(name="home"), nobody)
        self.truth.people[person].searches.append(str(wanted.type))
        self._event(
            "web-shop", place, at + timedelta(seconds=20), ProductsSearched(query=str(wanted.type)), nobody
        )
        self._event(
            "web-shop", place, at + timedelta(seconds=45), ProductViewed(product_id=wanted.id), nobody
        )
        self._event("web-shop", place, at + timedelta(seconds=60), PersonIdentified(), both)
        if self.random.random() < 0.5:
            self.truth.people[person].favourites.append(wanted.id)
            self._event(
                "web-shop", place, at + timedelta(seconds=70), ProductFavourited(product_id=wanted.id), both
            )

    def _line(self, product: Product) -> Line:
        quantity = self.random.choice((1, 1, 1, 2, 3))
        full = quantity * self.price_minor[product.id]
        discount = full // 10 if self.random.random() < 0.2 else 0
        return Line(
            product_id=product.id, quantity=quantity, amount_minor=full - discount, discount_minor=discount
        )

    def _at(self, place: Place, day: date, *, evening: bool = False) -> datetime:
        """A moment on the place's own day: by daylight, in the evening, or rarely just before midnight."""
        hour = 20 if evening else self.random.randrange(8, 20)
        if self.random.random() < _NIGHTLY and not evening:
            hour = 23
        local = time(hour, self.random.randrange(0, 58), self.random.randrange(0, 60))
        return datetime.combine(day, local, ZoneInfo(place.time_zone)).astimezone(UTC)

    def _event(
        self, source: str, place: Place, at: datetime, body: Kind, who: Who, *, simulated: bool = False
    ) -> None:
        channel: Channel = "web" if place.kind == "web" else "store"
        event = Event(
            id=f"event-{len(self.events) + 1}",
            source=source,
            happened_at=at,
            body=body,
            who=who,
            place_id=place.id,
            channel=channel,
            simulated=simulated,
        )
        self.truth.by_kind[event.kind] += 1
        self.events.append(event)
