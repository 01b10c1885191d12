"""A person's state: a mergeable summary of all their events, from which the portrait is drawn.

`fold` adds one event, `merge` joins two summaries (files of their names). Counts and sums add up, times take their latest or earliest, and every tie
is broken by value, so neither the order of arrival nor the way the events were split changes the result. Repeated events must
be dropped before: a fold counts what it is given.

A state cannot grow without limit. Searches, favourites, views and traits keep the most recent ones, which is exact under any
order. Products and places are sums, so only their lightest can be dropped: beyond `PRODUCTS_MAX` distinct products (a
family buys a few hundred a year) those with the lowest decayed weight go, and what was dropped starts from nothing if it is
bought again. Days seen are a set of day numbers, bounded by the days since 1990; what was ordered on each day is kept for the latest
`DAYS_MAX` days with an order or a refund. A state at all its bounds is under half a megabyte.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from oneshelf.events.catalogue import (
    CouponRedeemed,
    CustomTracked,
    OrderCompleted,
    PageViewed,
    PlaceVisited,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    ProductsSearched,
    ProductViewed,
    ScreenViewed,
)

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


#: a moment with what was said then
P = TypeVar("P", Latest, tuple[float, str])

_decoder = msgspec.msgpack.Decoder(PersonState)
_encoder = msgspec.msgpack.Encoder()


def encode(state: PersonState) -> bytes:
    """Write a state as compact msgpack."""
    return _encoder.encode(state)


def decode(data: bytes) -> PersonState:
    """Read what `encode` wrote. Raises msgspec.DecodeError on anything else."""
    return _decoder.decode(data)


def keep_latest(latest: dict[str, P], key: str, new: P, most: int) -> None:
    """Keep the latest value of a key, and of all keys the `most` most recent."""
    old = latest.get(key)
    if old is not None and new <= old:
        return
    latest[key] = new
    if len(latest) > most:
        del latest[min(latest, key=lambda k: (latest[k], k))]


def most_recent(latest: dict[str, P], most: int) -> dict[str, P]:
    """The `most` most recent of all."""
    if len(latest) <= most:
        return latest
    return dict(sorted(latest.items(), key=lambda item: (item[1], item[0]))[-most:])


def bound(state: PersonState) -> None:
    """Drop the lightest products and places, a quarter late so that the sorting pays."""
    if len(state.products) > PRODUCTS_MAX * 5 // 4:
        heaviest = sorted(state.products.items(), key=lambda item: (item[1].weight, item[0]))[-PRODUCTS_MAX:]
        state.products = dict(heaviest)
    if len(state.days) > DAYS_MAX * 5 // 4:
        state.days = dict(sorted(state.days.items())[-DAYS_MAX:])
    if len(state.places) > PLACES_MAX * 5 // 4:
        state.places = dict(sorted(state.places.items(), key=lambda item: (item[1], item[0]))[-PLACES_MAX:])
