"""Drawing a portrait from a person's state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from statistics import median

import msgspec

from oneshelf.insight.goods.finder import holds, words_of
from oneshelf.insight.people.fields import DAYPARTS
from oneshelf.insight.people.portrait import (
    Affinity,
    ChannelShare,
    DaypartShare,
    Everybody,
    Modelled,
    PlaceShare,
    Portrait,
    Recent,
    Tiered,
    Trait,
    Wanted,
)
from oneshelf.insight.people.state import DAY_SECONDS, Latest, PersonState, Spent
from oneshelf.words.goods import Product
from oneshelf.words.time import moment

#: A search or a look that is older than this says nothing about today.
WANTED_DAYS = 90
#: How many products that were looked at and not bought a portrait shows.
VIEWED_SHOWN_MAX = 20

#: Days of the windows in which recent orders and spend are counted.
WINDOWS_DAYS = (28, 91, 364)

#: The portrait's fields by the group of events that enters them; places and channels carry their own flags.
_ENTERED: dict[str, tuple[str, ...]] = {
    "orders": (
        "recency_days",
        "first_order_at",
        "last_order_at",
        "frequency",
        "order_days",
        "customer_age_days",
        "repurchase_interval_days",
        "monetary_minor",
        "margin_minor",
        "average_order_minor",
        "units_per_order",
        "favourite_categories",
        "favourite_brands",
        "places",
        "dayparts",
        "weekend_share",
        "promoted_share",
        "coupon_orders",
        "coupon_minor",
        "coupon_share",
        "recent",
        "searched_not_bought",
        "favourited_not_bought",
        "viewed_not_bought",
    ),
    "refunds": ("monetary_minor", "refunds", "refunded_minor", "average_order_minor", "recent"),
    "searches": ("searched_not_bought", "searched_count"),
    "favourites": ("favourited_not_bought",),
    "views": ("viewed_not_bought", "viewed_count"),
    "traits": ("traits",),
    "coupons": ("coupons_redeemed",),
}


def portrait_of(
    person_id: str,
    state: PersonState,
    *,
    now: datetime,
    products: Mapping[str, Product],
    everybody: Everybody | None = None,
    modelled: Modelled | None = None,
    tiered: Tiered | None = None,
) -> Portrait:
    """Draw the portrait at `now`. `products` need only hold those of the state; unknown ones have no category."""
    currency, spent = main_currency(state)
    last = state.last_seen
    orders = state.orders
    everybody = everybody or Everybody()
    earliest = now.timestamp() - WANTED_DAYS * DAY_SECONDS
    return Portrait(
        person_id=person_id,
        as_of=now,
        first_seen_at=moment(state.first_seen[0]) if state.first_seen else None,
        last_seen_at=moment(last[0]) if last else None,
        last_place_id=last[1] if last else None,
        last_channel=last[2] if last else None,
        first_order_at=None if state.first_order_at is None else moment(state.first_order_at),
        last_order_at=None if state.last_order_at is None else moment(state.last_order_at),
        recency_days=None if state.last_order_at is None else whole_days(state.last_order_at, now),
        frequency=orders,
        order_days=len(order_days(state)),
        customer_age_days=None if state.first_order_at is None else whole_days(state.first_order_at, now),
        repurchase_interval_days=_repurchase_interval(state),
        currency=currency,
        monetary_minor=spent.amount_minor - spent.refunded_minor,
        refunds=sum(each.refunds for each in state.spent.values()),
        refunded_minor=spent.refunded_minor,
        average_order_minor=_average(spent),
        units_per_order=state.pieces / orders if orders else None,
        margin_minor=spent.costed_minor - spent.cost_minor if spent.costed_lines else None,
        favourite_categories=_affinities(state, products, "category", everybody.categories),
        favourite_brands=_affinities(state, products, "brand", everybody.brands),
        channel_mix=_channel_mix(state),
        places=_places(state),
        dayparts=_dayparts(state),
        weekend_share=state.weekend_orders / orders if orders else None,
        promoted_share=spent.promoted_minor / spent.amount_minor if spent.amount_minor > 0 else None,
        coupon_orders=state.coupon_orders,
        coupon_minor=spent.coupon_minor,
        coupon_share=state.coupon_orders / orders if orders else None,
        coupons_redeemed=state.coupons_redeemed,
        recent=tuple(_recent(state, currency, now, days) for days in WINDOWS_DAYS),
        searched_count=sum(at >= earliest for at, _ in state.searches.values()),
        viewed_count=sum(at >= earliest for at, _ in state.views.values()),
        searched_not_bought=tuple(searched_not_bought(state, now=now, products=products)),
        favourited_not_bought=tuple(_not_bought(state, state.favourites, products)),
        viewed_not_bought=_viewed_not_bought(state, now, products),
        traits=tuple(
            Trait(name=name, value=msgspec.json.decode(value), at=moment(at))
            for name, (at, value) in sorted(state.traits.items())
        ),
        simulated=_simulated(state),
        modelled=modelled,
        tiered=tiered,
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


def main_currency(state: PersonState) -> tuple[str | None, Spent]:
    """The currency in which a person spent most, and what they spent in it; None when they never did."""
    if not state.spent:
        return None, Spent()
    return min(state.spent.items(), key=lambda item: (-item[1].amount_minor, item[0]))


def _average(spent: Spent) -> int | None:
    if spent.orders == 0:
        return None
    average = (spent.amount_minor - spent.refunded_minor) / spent.orders
    # half away from zero, as the engines of the batch portrait round
    return int(math.copysign(math.floor(abs(average) + 0.5), average))


def order_days(state: PersonState) -> list[int]:
    """The days (UTC, counted since 1970) with an order, in order."""
    return sorted(number for number, day in state.days.items() if day.orders)


def _repurchase_interval(state: PersonState) -> float | None:
    days = order_days(state)
    return float(median(b - a for a, b in pairwise(days))) if len(days) > 1 else None


def _recent(state: PersonState, currency: str | None, now: datetime, length: int) -> Recent:
    today = int(now.timestamp() // DAY_SECONDS)
    days = [day for number, day in state.days.items() if today - length < number <= today]
    spend_minor = sum(day.spent_minor.get(currency, 0) for day in days) if currency else 0
    return Recent(days=length, orders=sum(day.orders for day in days), spend_minor=spend_minor)


def _affinities(
    state: PersonState, products: Mapping[str, Product], group: str, everybody: Mapping[str, float]
) -> tuple[Affinity, ...]:
    baskets: dict[str, int] = {}
    for product_id, bought in state.products.items():
        product = products.get(product_id)
        name = getattr(product, group) if product is not None else None
        if name and bought.baskets:
            baskets[name] = baskets.get(name, 0) + bought.baskets
    total = sum(bought.baskets for bought in state.products.values())
    ordered = sorted(baskets.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Affinity(
            name=name,
            baskets=n,
            share=n / total,
            index=n / total / everybody[name] * 100 if everybody.get(name) else None,
        )
        for name, n in ordered
    )


def _dayparts(state: PersonState) -> tuple[DaypartShare, ...]:
    total = sum(state.dayparts.values())
    ordered = sorted(state.dayparts.items(), key=lambda item: (-item[1], DAYPARTS[item[0]]))
    return tuple(DaypartShare(daypart=part, orders=n, share=n / total) for part, n in ordered)


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
