"""The portrait: what a shop knows of one person. The line above each field is its formula; `drawing` computes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class Affinity(msgspec.Struct, frozen=True, kw_only=True):
    """How much a person likes one category or brand."""

    name: str
    #: how often a product of it was in a basket
    baskets: int
    #: `baskets` over the same count of all products, known or not; 0 to 1
    share: float
    #: `share` over the same share with everybody, times 100; None while nobody counted everybody's
    index: float | None = None


class DaypartShare(msgspec.Struct, frozen=True, kw_only=True):
    """How often a person buys in one part of the day."""

    daypart: str
    orders: int
    #: `orders` over the orders of all parts; 0 to 1
    share: float


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did in the last so many days (UTC), today included."""

    days: int
    orders: int
    #: orders less refunds, in the person's currency
    spend_minor: int


class Everybody(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's share of baskets by category and by brand, counted last night; 0 to 1."""

    categories: Mapping[str, float] = {}
    brands: Mapping[str, float] = {}


class Modelled(msgspec.Struct, frozen=True, kw_only=True):
    """What only a run over everybody can tell of one person, and when it ran."""

    modelled_at: datetime
    price_index: float | None = None
    expected_orders_90_days: float | None = None
    expected_spend_90_days_minor: float | None = None
    p_active: float | None = None
    simulated: bool = False


class Tiered(msgspec.Struct, frozen=True, kw_only=True):
    """The tier of a person, why, and since when."""

    tier: str
    reason: str
    since: datetime


class ChannelShare(msgspec.Struct, frozen=True, kw_only=True):
    """How a person uses one channel."""

    channel: str
    orders: int
    #: days (UTC) on which the person did anything there: bought, looked, searched, came
    visits: int
    #: `visits` over the visits of all channels; 0 to 1
    share: float
    last_at: datetime
    #: whether simulated events are among them
    simulated: bool


class PlaceShare(msgspec.Struct, frozen=True, kw_only=True):
    """How often a person buys at one place."""

    place_id: str
    orders: int
    #: `orders` over the orders at all places; 0 to 1
    share: float


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person showed interest in and did not buy since."""

    #: the query in folded case, or the product's name
    what: str
    #: set when it was a product, None when it was a search
    product_id: str | None
    last_at: datetime
    simulated: bool


class Trait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said about who a person is; the latest word counts."""

    name: str
    value: Any
    at: datetime


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of one person at `as_of`. The line above each field is its formula."""

    person_id: str
    #: the moment for which the portrait was drawn
    as_of: datetime
    #: earliest and latest event of the person's own doing (not refunds, not messages to them); None when there is none
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    #: place and channel of that latest event
    last_place_id: str | None
    last_channel: str | None
    #: earliest and latest order; None without an order
    first_order_at: datetime | None
    last_order_at: datetime | None
    #: whole days from the last order to `as_of`, never below 0; None without an order
    recency_days: int | None
    #: orders, in any currency
    frequency: int
    #: distinct days (UTC) with an order
    order_days: int
    #: whole days from the first order to `as_of`, never below 0; None without an order
    customer_age_days: int | None
    #: the median gap between days with an order; None under two such days
    repurchase_interval_days: float | None
    #: the currency in which the person spent most; None when nothing was bought or refunded
    currency: str | None
    #: orders less refunds, in `currency`
    monetary_minor: int
    #: refunds, in any currency
    refunds: int
    #: what was given back, in `currency`
    refunded_minor: int
    #: monetary over the orders in `currency`, to the nearest unit; None without an order
    average_order_minor: int | None
    #: pieces of all orders, before refunds, over orders; what is weighed or poured is one piece a line; None without an order
    units_per_order: float | None
    #: amount less cost over the lines of orders that carry a cost, in `currency`; None while no line does
    margin_minor: int | None
    #: by share of baskets, largest first; products without a known category count in the whole but are not shown
    favourite_categories: tuple[Affinity, ...]
    #: the same by brand
    favourite_brands: tuple[Affinity, ...]
    #: by visits, most first
    channel_mix: tuple[ChannelShare, ...]
    #: by orders, most first
    places: tuple[PlaceShare, ...]
    #: orders by the part of the day, by the place's own clock, most first
    dayparts: tuple[DaypartShare, ...]
    #: orders on Saturdays and Sundays, by the place's own clock, over all orders; None without an order
    weekend_share: float | None
    #: what lines with a discount came to, over what all lines came to, in `currency`; None where that is nothing
    promoted_share: float | None
    #: orders with a coupon's discount on a line; what coupons took off, in `currency`; over all orders
    coupon_orders: int
    coupon_minor: int
    coupon_share: float | None
    #: coupons whose redemption was told by an event of its own
    coupons_redeemed: int
    #: orders and spend of the last 28, 91 and 364 days
    recent: tuple[Recent, ...]
    #: different searches, and different products looked at, of the last 90 days; at most 100 each
    searched_count: int
    viewed_count: int
    #: searches of the last 90 days since which no product was bought whose name, type or category holds every word; latest first
    searched_not_bought: tuple[Wanted, ...]
    #: favourites that were not bought since; latest first
    favourited_not_bought: tuple[Wanted, ...]
    #: products looked at in the last 90 days and not bought since; latest first, at most 20
    viewed_not_bought: tuple[Wanted, ...]
    #: who the person is, as last told; by name
    traits: tuple[Trait, ...]
    #: names of the fields above into which simulated events entered
    simulated: tuple[str, ...]
    #: what last night's run over everybody told; None before the first one
    modelled: Modelled | None = None
    #: None where nobody's tier was judged yet
    tiered: Tiered | None = None
