"""What the simulator invents around one shopping trip: a web session before it, a visit without a purchase, a review after it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from oneshelf.connect.simulated_reviews import rating_of, review_of
from oneshelf.events.catalogue import (
    Kind,
    PageViewed,
    PersonIdentified,
    PlaceVisited,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    ProductsSearched,
    ProductViewed,
)
from oneshelf.events.envelope import Event
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who
from oneshelf.words.time import zone

SOURCE = "simulator"
WEB = "web"

_EVENING_HOURS = (7, 8, 9, 12, 12, 13, 17, 18, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22)
_MORNING_HOURS = (6, 7, 7, 8, 8, 9, 10)


class SimulatorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How much happens. The defaults give about 120,000 events on the Complete Journey year."""

    seed: int = 1
    #: chance that a shopping day has a web session, times the person's own liking (0 to 2.5)
    sessions_share: float = 0.15
    #: chances of a visit without a purchase and of a review, for each shopping day
    visits_share: float = 0.09
    reviews_share: float = 0.05
    #: how many of the newest days are counted, and the products of a count
    count_days: int = 2
    count_lines_max: int = 600


class World(msgspec.Struct, kw_only=True):
    """What every trip shares."""

    options: SimulatorOptions
    #: place -> time zone, and the zone of the web shop and of places that are not known
    zones: dict[str, str]
    web_zone: str
    #: product -> what people call it
    things: dict[str, str]
    #: the products that most receipts hold, most first
    popular: list[str]
    #: (person, day) with a purchase: a visit then would not be without one
    bought_on: set[tuple[str, date]]
    habits: dict[str, Habit] = {}

    def habit(self, person: str) -> Habit:
        """A person's lasting ways, the same whenever they are asked for."""
        if person not in self.habits:
            self.habits[person] = _habit(self.options.seed, person)
        return self.habits[person]

    def thing(self, product_id: str) -> str:
        """What people call a product."""
        return self.things.get(product_id, "product")


class Habit(msgspec.Struct, frozen=True):
    """A person's lasting ways."""

    liking: float  #: of the web; 0 for those who never use it
    browser: str
    signs_in: float
    chinese: bool


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What one person bought on one day, and the first store where, if any."""

    day: date
    person: str
    products: list[str]
    store: str | None


class TripEvents:
    """What is invented around one trip. The chance is the trip's own, so other trips change nothing here."""

    def __init__(self, world: World, trip: Trip, last: date) -> None:
        seed = str(world.options.seed)
        self.world, self.trip, self.last = world, trip, last
        self.chance = random.Random(f"{seed}/{trip.person}/{trip.day}")  # noqa: S311  # a simulation, not a secret
        self.habit = world.habit(trip.person)
        self.stem = derived_id(seed, trip.person, str(trip.day))[:20]
        self.events: list[Event] = []

    def all(self) -> list[Event]:
        """A session before, a visit and a review after, or none of them."""
        options = self.world.options
        rolls = [self.chance.random() for _ in range(3)]
        if rolls[0] < options.sessions_share * self.habit.liking:
            self._session()
        if rolls[1] < options.visits_share:
            self._visit()
        if rolls[2] < options.reviews_share:
            self._review()
        return self.events

    def _session(self) -> None:
        """Home page, usually a search, a few product pages, perhaps a favourite, a cart and signing in."""
        chance, before = self.chance, self.chance.randrange(4)
        day = self.trip.day - timedelta(days=before)
        hour = chance.choice(_EVENING_HOURS if before else _MORNING_HOURS)
        at = self._moment(day, hour, self.world.web_zone)
        meant = chance.random() < 0.7
        wanted = chance.choice(self.trip.products if meant else self.world.popular)
        known = Who(user_id=self.trip.person, anonymous_id=self.habit.browser)
        who = known if chance.random() < self.habit.signs_in / 3 else Who(anonymous_id=self.habit.browser)
        steps: list[Kind] = [PageViewed(name="home")]
        if chance.random() < 0.75:
            steps.append(ProductsSearched(query=self.world.thing(wanted).lower()))
        steps.append(ProductViewed(product_id=wanted))
        others = chance.sample(self.world.popular, min(chance.randrange(4), len(self.world.popular)))
        steps.extend(ProductViewed(product_id=other) for other in others)
        for product in (wanted, *others):
            if chance.random() < 0.12:
                steps.append(ProductFavourited(product_id=product))
        if chance.random() < (0.45 if meant else 0.12):
            steps.append(ProductAdded(product_id=wanted))
        sign_in = chance.randrange(1, len(steps) + 1) if chance.random() < self.habit.signs_in else None
        for number, body in enumerate(steps):
            if number == sign_in and who.user_id is None:
                who = known
                self._add(at, PersonIdentified(), who, day)
                at += timedelta(seconds=2)
            self._add(at, body, who, day)
            at += timedelta(seconds=chance.randrange(6, 95))
        if sign_in == len(steps) and who.user_id is None:
            self._add(at, PersonIdentified(), known, day)

    def _visit(self) -> None:
        """Another day at the same store, leaving without a purchase."""
        store, person = self.trip.store, self.trip.person
        day = self.trip.day + timedelta(days=self.chance.randrange(1, 6))
        if store is None or (person, day) in self.world.bought_on:
            return
        at = self._moment(day, self.chance.randrange(9, 21), self.world.zones.get(store, self.world.web_zone))
        dwell = int(self.chance.lognormvariate(6.1, 0.6))  # around seven and a half minutes
        self._add(at, PlaceVisited(dwell_seconds=dwell), Who(user_id=person), day, store=store)

    def _review(self) -> None:
        """A few evenings later, of one product that was bought."""
        day = self.trip.day + timedelta(days=self.chance.randrange(1, 9))
        product = self.chance.choice(self.trip.products)
        quality = int(derived_id(str(self.world.options.seed), "quality", product)[:4], 16) / 0xFFFF
        rating = rating_of(self.chance, quality)
        text = review_of(self.chance, rating, self.world.thing(product).lower(), chinese=self.habit.chinese)
        at = self._moment(day, self.chance.randrange(18, 23), self.world.web_zone)
        body = ProductReviewed(product_id=product, rating=rating, text=text)
        self._add(at, body, Who(user_id=self.trip.person), day)

    def _moment(self, day: date, hour: int, time_zone: str) -> datetime:
        return moment_of(day, time(hour, self.chance.randrange(60), self.chance.randrange(60)), time_zone)

    def _add(self, at: datetime, body: Kind, who: Who, day: date, *, store: str | None = None) -> None:
        """Add an event on the web, or in a store, unless its day lies behind the last one."""
        if day > self.last:
            return
        event = Event(
            id=f"{self.stem}-{len(self.events)}",
            source=SOURCE,
            happened_at=at,
            body=body,
            who=who,
            place_id=store or WEB,
            channel="store" if store else "web",
            simulated=True,
        )
        self.events.append(event)


def moment_of(day: date, at: time, time_zone: str) -> datetime:
    """A local time of a day, in UTC."""
    return datetime.combine(day, at, zone(time_zone)).astimezone(UTC)


def _habit(seed: int, person: str) -> Habit:
    chance = random.Random(f"{seed}/{person}")  # noqa: S311  # a simulation, not a secret
    return Habit(
        liking=chance.uniform(0.5, 2.5) if chance.random() < 0.67 else 0.0,
        browser=f"browser-{derived_id(str(seed), 'browser', person)[:12]}",
        signs_in=0.0 if chance.random() < 0.1 else chance.uniform(0.3, 0.9),
        chinese=chance.random() < 0.2,
    )
