"""A person's state: a mergeable summary of all their events, from which the portrait is drawn.

`fold` adds one event, `merge` joins two summaries. Counts and sums add up, times take their latest or earliest, and every tie
is broken by value, so neither the order of arrival nor the way the events were split changes the result. Repeated events must
be dropped before: a fold counts what it is given.

A state cannot grow without limit. Searches, favourites, views and traits keep the most recent ones, which is exact under any
order. Products and places are sums, so only their lightest can be dropped: beyond `PRODUCTS_MAX` distinct products (a
family buys a few hundred a year) those with the lowest decayed weight go, and what was dropped starts from nothing if it is
bought again. Days seen are a set of day numbers, bounded by the days since 1990; what was ordered on each day is kept for the latest
`DAYS_MAX` days with an order or a refund. A state at all its bounds is under half a megabyte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar

import msgspec

from oneshelf.events.catalogue import (
    CouponRedeemed,
    CustomTracked,
    Line,
    OrderCompleted,
    OrderRefunded,
    PageViewed,
    PersonIdentified,
    PlaceVisited,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    ProductsSearched,
    ProductViewed,
    ScreenViewed,
)
from oneshelf.events.envelope import Event
from oneshelf.insight.people.fields import DAYPARTS
from oneshelf.words.time import seconds

#: Weights are kept as of this fixed moment, so that merging two of them is addition.
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
EPOCH_SECONDS = EPOCH.timestamp()

#: A purchase counts 1 on its day and 1/e this many days later (measured best on Complete Journey).
TAU_DAYS = 120.0
DAY_SECONDS = 86_400
TAU_SECONDS = TAU_DAYS * DAY_SECONDS

PRODUCTS_MAX = 4_000
PLACES_MAX = 200
DAYS_MAX = 1_000
SEARCHES_MAX = 100
FAVOURITES_MAX = 500
VIEWS_MAX = 100
TRAITS_MAX = 100
#: Longer queries are cut; traits whose value is longer as JSON are not kept.
QUERY_LENGTH_MAX = 200
TRAIT_LENGTH_MAX = 1_000

#: Kinds by which a person shows that they are there. Refunds and what we or our systems send do not count.
SEEN_KINDS = (
    OrderCompleted,
    ProductsSearched,
    ProductViewed,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    PlaceVisited,
    PageViewed,
    ScreenViewed,
    CustomTracked,
    CouponRedeemed,
)
_SEEN = frozenset(SEEN_KINDS)


class Bought(msgspec.Struct, array_like=True, gc=False):
    """What a person bought of one product. Refunds are taken off `units`, not off `baskets`."""

    baskets: int = 0
    units: int = 0
    last_at: float = 0.0
    #: sum over baskets of exp((t - EPOCH) / TAU)
    weight: float = 0.0


class Spent(msgspec.Struct, array_like=True, gc=False):
    """What a person spent in one currency."""

    orders: int = 0
    amount_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    #: what lines with a discount came to, and what coupons took off
    promoted_minor: int = 0
    coupon_minor: int = 0
    #: lines of orders that carry a cost: how many, what they came to, what they cost
    costed_lines: int = 0
    costed_minor: int = 0
    cost_minor: int = 0


class Day(msgspec.Struct, array_like=True):
    """What a person ordered on one day, and orders less refunds by currency."""

    orders: int = 0
    spent_minor: dict[str, int] = {}


class Used(msgspec.Struct, array_like=True):
    """How a person used one channel. `days` are the UTC day numbers since 1970 on which they did anything there."""

    orders: int = 0
    last_at: float = 0.0
    days: set[int] = msgspec.field(default_factory=set)
    #: simulated events among all that the person did on this channel
    simulated: int = 0


#: when, and whether that event was simulated; pairs compare by time first
Latest = tuple[float, bool]

#: when, where, by which channel, and whether that event was simulated
Seen = tuple[float, str, str, bool]


class PersonState(msgspec.Struct, array_like=True, kw_only=True):
    """The summary of one person's events. Times are seconds since 1970; amounts are minor units."""

    first_seen: Latest | None = None
    last_seen: Seen | None = None
    last_order_at: float | None = None
    events: int = 0
    spent: dict[str, Spent] = {}
    channels: dict[str, Used] = {}
    #: orders by place
    places: dict[str, int] = {}
    products: dict[str, Bought] = {}
    #: by product id
    favourites: dict[str, Latest] = {}
    views: dict[str, Latest] = {}
    #: by the query in folded case
    searches: dict[str, Latest] = {}
    #: by name: when it was said, and the value as JSON
    traits: dict[str, tuple[float, str]] = {}
    #: simulated events by what they entered: "orders", "refunds", "searches", "favourites", "views", "traits", "coupons"
    simulated: dict[str, int] = {}
    first_order_at: float | None = None
    #: pieces of all orders
    pieces: int = 0
    #: by the day number (UTC) since 1970
    days: dict[int, Day] = {}
    #: orders by the part of the day, and at weekends, by the place's own clock
    dayparts: dict[str, int] = {}
    weekend_orders: int = 0
    #: orders with a coupon's discount on a line, and coupons that were redeemed by an event of their own
    coupon_orders: int = 0
    coupons_redeemed: int = 0

    @property
    def orders(self) -> int:
        """Orders in all currencies."""
        return sum(spent.orders for spent in self.spent.values())


K = TypeVar("K")
V = TypeVar("V")
#: a moment with what was said then
P = TypeVar("P", Latest, tuple[float, str])

#: The part of the day that each hour belongs to.
_DAYPART_OF_HOUR = tuple(
    max(
        (part for part, begins in DAYPARTS.items() if begins <= hour),
        key=DAYPARTS.__getitem__,
        default="night",
    )
    for hour in range(24)
)

_decoder = msgspec.msgpack.Decoder(PersonState)
_encoder = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder(order="sorted")


def encode(state: PersonState) -> bytes:
    """Write a state as compact msgpack."""
    return _encoder.encode(state)


def decode(data: bytes) -> PersonState:
    """Read what `encode` wrote. Raises msgspec.DecodeError on anything else."""
    return _decoder.decode(data)


def fold(state: PersonState | None, event: Event, zone: tzinfo = UTC) -> PersonState:
    """Add one event to a state, or to a new one, and return it. `zone` is that of the event's place.

    The given state is the accumulator: it is changed in place, which makes a fold ten times as fast as a copy.
    """
    if state is None:
        state = PersonState()
    body = event.body
    kind = type(body)
    at = seconds(event.happened_at)
    simulated = event.simulated
    if kind in _SEEN:
        _see(state, event, at, is_order=kind is OrderCompleted)
    enter = _ENTER.get(kind)
    if enter is not None:
        group = enter(state, event, body, at)
        if kind is OrderCompleted:
            _enter_clock(state, event.happened_at.astimezone(zone))
        if simulated:
            state.simulated[group] = state.simulated.get(group, 0) + 1
    return state


def _see(state: PersonState, event: Event, at: float, *, is_order: bool) -> None:
    simulated = event.simulated
    state.events += 1
    first = (at, simulated)
    if state.first_seen is None or first < state.first_seen:
        state.first_seen = first
    last = (at, event.place_id, event.channel, simulated)
    if state.last_seen is None or last > state.last_seen:
        state.last_seen = last
    used = state.channels.get(event.channel)
    if used is None:
        used = state.channels[event.channel] = Used()
    used.orders += is_order
    used.last_at = max(used.last_at, at)
    used.days.add(int(at // DAY_SECONDS))
    used.simulated += simulated


def pieces(line: Line) -> int:
    """How many pieces a line is: goods that are weighed or poured are one piece, however heavy."""
    return line.quantity if line.unit == "each" else 1


def _enter_order(state: PersonState, event: Event, body: OrderCompleted, at: float) -> str:
    if state.last_order_at is None or at > state.last_order_at:
        state.last_order_at = at
    if state.first_order_at is None or at < state.first_order_at:
        state.first_order_at = at
    spent = _spent(state, body.currency)
    spent.orders += 1
    state.places[event.place_id] = state.places.get(event.place_id, 0) + 1
    products = state.products
    weight = math.exp((at - EPOCH_SECONDS) / TAU_SECONDS)
    in_basket = set()
    amount_minor = coupon_minor = 0
    for line in body.lines:
        amount_minor += line.amount_minor
        coupon_minor += line.coupon_minor
        if line.discount_minor > 0:
            spent.promoted_minor += line.amount_minor
        if line.cost_minor is not None:
            spent.costed_lines += 1
            spent.costed_minor += line.amount_minor
            spent.cost_minor += line.cost_minor
        product_id = line.product_id
        bought = products.get(product_id)
        if bought is None:
            bought = products[product_id] = Bought()
        count = line.quantity if line.unit == "each" else 1
        bought.units += count
        state.pieces += count
        if product_id not in in_basket:  # two lines of one product are one purchase
            in_basket.add(product_id)
            bought.baskets += 1
            bought.weight += weight
            bought.last_at = max(bought.last_at, at)
    spent.amount_minor += amount_minor
    if coupon_minor:
        spent.coupon_minor += coupon_minor
        state.coupon_orders += 1
    _enter_day(state, at, body.currency, amount_minor, orders=1)
    _bound(state)
    return "orders"


def _enter_day(state: PersonState, at: float, currency: str, spent_minor: int, *, orders: int) -> None:
    number = int(at // DAY_SECONDS)
    day = state.days.get(number)
    if day is None:
        day = state.days[number] = Day()
    day.orders += orders
    day.spent_minor[currency] = day.spent_minor.get(currency, 0) + spent_minor


def _enter_clock(state: PersonState, local: datetime) -> None:
    part = _DAYPART_OF_HOUR[local.hour]
    state.dayparts[part] = state.dayparts.get(part, 0) + 1
    state.weekend_orders += local.weekday() >= 5


def _enter_refund(state: PersonState, event: Event, body: OrderRefunded, at: float) -> str:
    del event  # a refund counts wherever it was given
    spent = _spent(state, body.currency)
    spent.refunds += 1
    spent.refunded_minor += body.amount_minor
    _enter_day(state, at, body.currency, -body.amount_minor, orders=0)
    for line in body.lines:
        bought = state.products.get(line.product_id)
        if bought is None:  # a return without a known order, or one that arrives before its order
            bought = state.products[line.product_id] = Bought()
        bought.units -= pieces(line)
    _bound(state)
    return "refunds"


def _enter_search(state: PersonState, event: Event, body: ProductsSearched, at: float) -> str:
    query = " ".join(body.query.casefold().split())[:QUERY_LENGTH_MAX]
    if query:
        _keep_latest(state.searches, query, (at, event.simulated), SEARCHES_MAX)
    return "searches"


def _enter_favourite(state: PersonState, event: Event, body: ProductFavourited, at: float) -> str:
    _keep_latest(state.favourites, body.product_id, (at, event.simulated), FAVOURITES_MAX)
    return "favourites"


def _enter_view(state: PersonState, event: Event, body: ProductViewed, at: float) -> str:
    _keep_latest(state.views, body.product_id, (at, event.simulated), VIEWS_MAX)
    return "views"


def _enter_traits(state: PersonState, event: Event, body: PersonIdentified, at: float) -> str:
    del event
    for name, value in body.traits.items():
        text = _json.encode(value).decode()
        if len(name) <= QUERY_LENGTH_MAX and len(text) <= TRAIT_LENGTH_MAX:
            _keep_latest(state.traits, name, (at, text), TRAITS_MAX)
    return "traits"


def _enter_coupon(state: PersonState, event: Event, body: CouponRedeemed, at: float) -> str:
    del event, body, at
    state.coupons_redeemed += 1
    return "coupons"


#: What each kind enters, apart from when and where the person was seen. Each returns the group of figures that it entered.
_ENTER: dict[type, Any] = {
    OrderCompleted: _enter_order,
    OrderRefunded: _enter_refund,
    ProductsSearched: _enter_search,
    ProductFavourited: _enter_favourite,
    ProductViewed: _enter_view,
    PersonIdentified: _enter_traits,
    CouponRedeemed: _enter_coupon,
}


def merge(a: PersonState, b: PersonState) -> PersonState:
    """Join the summaries of two sets of events into a new one, as when an anonymous visitor turns out to be a member."""
    # fresh copies, so that the result shares nothing with what was given
    a, b = decode(encode(a)), decode(encode(b))
    merged = PersonState(
        first_seen=min((s.first_seen for s in (a, b) if s.first_seen is not None), default=None),
        last_seen=max((s.last_seen for s in (a, b) if s.last_seen is not None), default=None),
        last_order_at=max((s.last_order_at for s in (a, b) if s.last_order_at is not None), default=None),
        events=a.events + b.events,
        spent=_joined(a.spent, b.spent, _add_spent),
        channels=_joined(a.channels, b.channels, _add_used),
        places=_joined(a.places, b.places, int.__add__),
        products=_joined(a.products, b.products, _add_bought),
        favourites=_most_recent(_joined(a.favourites, b.favourites, max), FAVOURITES_MAX),
        views=_most_recent(_joined(a.views, b.views, max), VIEWS_MAX),
        searches=_most_recent(_joined(a.searches, b.searches, max), SEARCHES_MAX),
        traits=_most_recent(_joined(a.traits, b.traits, max), TRAITS_MAX),
        simulated=_joined(a.simulated, b.simulated, int.__add__),
        first_order_at=min((s.first_order_at for s in (a, b) if s.first_order_at is not None), default=None),
        pieces=a.pieces + b.pieces,
        days=_joined(a.days, b.days, _add_day),
        dayparts=_joined(a.dayparts, b.dayparts, int.__add__),
        weekend_orders=a.weekend_orders + b.weekend_orders,
        coupon_orders=a.coupon_orders + b.coupon_orders,
        coupons_redeemed=a.coupons_redeemed + b.coupons_redeemed,
    )
    _bound(merged)
    return merged


def _spent(state: PersonState, currency: str) -> Spent:
    spent = state.spent.get(currency)
    if spent is None:
        spent = state.spent[currency] = Spent()
    return spent


def _joined(a: dict[K, V], b: dict[K, V], join: Callable[[V, V], V]) -> dict[K, V]:
    return a | {key: join(a[key], value) if key in a else value for key, value in b.items()}


def _add_spent(a: Spent, b: Spent) -> Spent:
    return Spent(*(getattr(a, name) + getattr(b, name) for name in Spent.__struct_fields__))


def _add_day(a: Day, b: Day) -> Day:
    return Day(orders=a.orders + b.orders, spent_minor=_joined(a.spent_minor, b.spent_minor, int.__add__))


def _add_used(a: Used, b: Used) -> Used:
    return Used(
        orders=a.orders + b.orders,
        last_at=max(a.last_at, b.last_at),
        days=a.days | b.days,
        simulated=a.simulated + b.simulated,
    )


def _add_bought(a: Bought, b: Bought) -> Bought:
    return Bought(
        baskets=a.baskets + b.baskets,
        units=a.units + b.units,
        last_at=max(a.last_at, b.last_at),
        weight=a.weight + b.weight,
    )


def _keep_latest(latest: dict[str, P], key: str, new: P, most: int) -> None:
    """Keep the latest value of a key, and of all keys the `most` most recent."""
    old = latest.get(key)
    if old is not None and new <= old:
        return
    latest[key] = new
    if len(latest) > most:
        del latest[min(latest, key=lambda k: (latest[k], k))]


def _most_recent(latest: dict[str, P], most: int) -> dict[str, P]:
    if len(latest) <= most:
        return latest
    return dict(sorted(latest.items(), key=lambda item: (item[1], item[0]))[-most:])


def _bound(state: PersonState) -> None:
    """Drop the lightest products and places, a quarter late so that the sorting pays."""
    if len(state.products) > PRODUCTS_MAX * 5 // 4:
        heaviest = sorted(state.products.items(), key=lambda item: (item[1].weight, item[0]))[-PRODUCTS_MAX:]
        state.products = dict(heaviest)
    if len(state.days) > DAYS_MAX * 5 // 4:
        state.days = dict(sorted(state.days.items())[-DAYS_MAX:])
    if len(state.places) > PLACES_MAX * 5 // 4:
        state.places = dict(sorted(state.places.items(), key=lambda item: (item[1], item[0]))[-PLACES_MAX:])
