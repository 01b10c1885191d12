"""The portrait: what a shop knows of one person, drawn from their state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class CategoryShare(msgspec.Struct, frozen=True, kw_only=True):
    """One favourite category."""

    category: str
    #: how often a product of the category was in a basket
    baskets: int
    #: `baskets` over the same count of all products, known or not; 0 to 1
    share: float


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

    #: the query as searched (in folded case), or the product's name
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
    #: whole days from the last order to `as_of`, never below 0; None without an order
    recency_days: int | None
    #: orders, in any currency
    frequency: int
    #: the currency in which the person spent most; None when nothing was bought or refunded
    currency: str | None
    #: orders less refunds, in `currency`
    monetary_minor: int
    #: refunds, in any currency
    refunds: int
    #: what was given back, in `currency`
    refunded_minor: int
    #: monetary over the orders in `currency`, rounded half away from zero; None without an order
    average_order_minor: int | None
    #: by share of baskets, largest first; products without a known category count in the whole but are not shown
    favourite_categories: tuple[CategoryShare, ...]
    #: by visits, most first
    channel_mix: tuple[ChannelShare, ...]
    #: by orders, most first
    places: tuple[PlaceShare, ...]
    #: searches of the last 90 days since which no product was bought whose name, type or category holds every word; latest first
    searched_not_bought: tuple[Wanted, ...]
    #: favourites that were not bought since; latest first
    favourited_not_bought: tuple[Wanted, ...]
    #: who the person is, as last told; by name
    traits: tuple[Trait, ...]
    #: names of the fields above into which simulated events entered
    simulated: tuple[str, ...]
