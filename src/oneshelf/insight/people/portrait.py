"""The portrait: what a shop knows of one person, drawn from their state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from oneshelf.insight.goods.finder import holds, words_of
from oneshelf.insight.people.state import DAY_SECONDS, Latest, PersonState, Spent
from oneshelf.words.goods import Product
from oneshelf.words.time import moment

#: A search or a look that is older than this says nothing about today.
WANTED_DAYS = 90
#: How many products that were looked at and not bought a portrait shows.
VIEWED_SHOWN_MAX = 20

#: The portrait's fields by the group of events that enters them; places and channels carry their own flags.
_ENTERED: dict[str, tuple[str, ...]] = {
    "orders": (
        "recency_days",
        "frequency",
        "monetary_minor",
        "average_order_minor",
        "favourite_categories",
        "places",
        "searched_not_bought",
        "favourited_not_bought",
        "viewed_not_bought",
    ),
    "refunds": ("monetary_minor", "refunds", "refunded_minor", "average_order_minor"),
    "searches": ("searched_not_bought",),
    "favourites": ("favourited_not_bought",),
    "views": ("viewed_not_bought",),
    "traits": ("traits",),
}


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
    #: monetary over the orders in `currency`, to the nearest unit; None without an order
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
    #: products looked at in the last 90 days and not bought since; latest first, at most 20
    viewed_not_bought: tuple[Wanted, ...]
    #: who the person is, as last told; by name
    traits: tuple[Trait, ...]
    #: names of the fields above into which simulated events entered
    simulated: tuple[str, ...]


def portrait_of(
    person_id: str, state: PersonState, *, now: datetime, products: Mapping[str, Product]
) -> Portrait:
    """Draw the portrait at `now`. `products` need only hold those of the state; unknown ones have no category."""
    currency, spent = _main_currency(state)
    last = state.last_seen
    return Portrait(
        person_id=person_id,
        as_of=now,
        first_seen_at=moment(state.first_seen[0]) if state.first_seen else None,
        last_seen_at=moment(last[0]) if last else None,
        last_place_id=last[1] if last else None,
        last_channel=last[2] if last else None,
        recency_days=None if state.last_order_at is None else whole_days(state.last_order_at, now),
        frequency=state.orders,
        currency=currency,
        monetary_minor=spent.amount_minor - spent.refunded_minor,
        refunds=sum(each.refunds for each in state.spent.values()),
        refunded_minor=spent.refunded_minor,
        average_order_minor=_average(spent),
        favourite_categories=_favourite_categories(state, products),
        channel_mix=_channel_mix(state),
        places=_places(state),
        searched_not_bought=tuple(searched_not_bought(state, now=now, products=products)),
        favourited_not_bought=tuple(_not_bought(state, state.favourites, products)),
        viewed_not_bought=_viewed_not_bought(state, now, products),
        traits=tuple(
            Trait(name=name, value=msgspec.json.decode(value), at=moment(at))
            for name, (at, value) in sorted(state.traits.items())
        ),
        simulated=_simulated(state),
    )


def whole_days(at: float, now: datetime) -> int:
    """Whole days from a moment to `now`, in whole seconds; 0 when the moment lies ahead."""
    return max(0, (math.floor(now.timestamp()) - math.floor(at)) // DAY_SECONDS)


def searched_not_bought(
    state: PersonState, *, now: datetime, products: Mapping[str, Product]
) -> Iterator[Wanted]:
    """Searches of the last `WANTED_DAYS` since which nothing that answers them was bought; latest first."""
    earliest = now.timestamp() - WANTED_DAYS * DAY_SECONDS
    bought = [
        (product, entry.last_at)
        for product_id, entry in state.products.items()
        if entry.last_at > earliest and (product := products.get(product_id)) is not None
    ]
    for query, (at, simulated) in _latest_first(state.searches):
        if at < earliest:
            return
        words = words_of(query)
        if not any(last_at > at and holds(product, words) for product, last_at in bought):
            yield Wanted(what=query, product_id=None, last_at=moment(at), simulated=simulated)


def _not_bought(
    state: PersonState, wanted: Mapping[str, Latest], products: Mapping[str, Product]
) -> Iterator[Wanted]:
    for product_id, (at, simulated) in _latest_first(wanted):
        entry = state.products.get(product_id)
        if entry is None or entry.last_at <= at:
            product = products.get(product_id)
            name = product.name if product else product_id
            yield Wanted(what=name, product_id=product_id, last_at=moment(at), simulated=simulated)


def _viewed_not_bought(
    state: PersonState, now: datetime, products: Mapping[str, Product]
) -> tuple[Wanted, ...]:
    earliest = now.timestamp() - WANTED_DAYS * DAY_SECONDS
    recent = {product_id: latest for product_id, latest in state.views.items() if latest[0] >= earliest}
    return tuple(_not_bought(state, recent, products))[:VIEWED_SHOWN_MAX]


def _latest_first(latest: Mapping[str, Latest]) -> list[tuple[str, Latest]]:
    return sorted(latest.items(), key=lambda item: (-item[1][0], item[0]))


def _main_currency(state: PersonState) -> tuple[str | None, Spent]:
    if not state.spent:
        return None, Spent()
    return min(state.spent.items(), key=lambda item: (-item[1].amount_minor, item[0]))


def _average(spent: Spent) -> int | None:
    if spent.orders == 0:
        return None
    average = (spent.amount_minor - spent.refunded_minor) / spent.orders
    # half away from zero, as the engines of the batch portrait round
    return int(math.copysign(math.floor(abs(average) + 0.5), average))


def _favourite_categories(state: PersonState, products: Mapping[str, Product]) -> tuple[CategoryShare, ...]:
    baskets: dict[str, int] = {}
    for product_id, bought in state.products.items():
        product = products.get(product_id)
        if product is not None and product.category and bought.baskets:
            baskets[product.category] = baskets.get(product.category, 0) + bought.baskets
    total = sum(bought.baskets for bought in state.products.values())
    ordered = sorted(baskets.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CategoryShare(category=name, baskets=n, share=n / total) for name, n in ordered)


def _channel_mix(state: PersonState) -> tuple[ChannelShare, ...]:
    total = sum(len(used.days) for used in state.channels.values())
    shares = (
        ChannelShare(
            channel=channel,
            orders=used.orders,
            visits=len(used.days),
            share=len(used.days) / total,
            last_at=moment(used.last_at),
            simulated=used.simulated > 0,
        )
        for channel, used in state.channels.items()
    )
    return tuple(sorted(shares, key=lambda share: (-share.visits, share.channel)))


def _places(state: PersonState) -> tuple[PlaceShare, ...]:
    total = sum(state.places.values())
    ordered = sorted(state.places.items(), key=lambda item: (-item[1], item[0]))
    return tuple(PlaceShare(place_id=place, orders=n, share=n / total) for place, n in ordered)


def _simulated(state: PersonState) -> tuple[str, ...]:
    names = {name for group in state.simulated for name in _ENTERED[group]}
    if any(used.simulated for used in state.channels.values()):
        names.add("channel_mix")
    if state.first_seen and state.first_seen[1]:
        names.add("first_seen_at")
    if state.last_seen and state.last_seen[3]:
        names |= {"last_seen_at", "last_place_id", "last_channel"}
    return tuple(name for name in Portrait.__struct_fields__ if name in names)
