"""A person's state: a mergeable summary of all their events, from which the portrait is drawn.

`fold` adds one event, `merge` joins two summaries. Counts and sums add up, times take their latest or earliest, and every tie
is broken by value, so neither the order of arrival nor the way the events were split changes the result. Repeated events must
be dropped before: a fold counts what it is given.

A state cannot grow without limit. Searches, favourites, views and traits keep the most recent ones, which is exact under any
order. Products and places are sums, so only their lightest can be dropped: beyond `PRODUCTS_MAX` distinct products (a
family buys a few hundred a year) those with the lowest decayed weight go, and what was dropped starts from nothing if it is
bought again. Days seen are a set of day numbers, bounded by the days since 1990. A state at all its bounds is under 500 kB.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

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
SEARCHES_MAX = 100
FAVOURITES_MAX = 500
VIEWS_MAX = 100
TRAITS_MAX = 100
#: Longer queries are cut, longer trait values are not kept.
TEXT_MAX = 1_000

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
    #: simulated events by what they entered: "orders", "refunds", "searches", "favourites", "views", "visits", "traits"
    simulated: dict[str, int] = {}

    @property
    def orders(self) -> int:
        """Orders in all currencies."""
        return sum(spent.orders for spent in self.spent.values())
