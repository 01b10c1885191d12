"""Merging: the summaries of two sets of events joined into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oneshelf.insight.people.state import (
    FAVOURITES_MAX,
    SEARCHES_MAX,
    TRAITS_MAX,
    VIEWS_MAX,
    Bought,
    Day,
    PersonState,
    Spent,
    Used,
    bound,
    decode,
    encode,
    most_recent,
)

K = TypeVar("K")
V = TypeVar("V")


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
        favourites=most_recent(_joined(a.favourites, b.favourites, max), FAVOURITES_MAX),
        views=most_recent(_joined(a.views, b.views, max), VIEWS_MAX),
        searches=most_recent(_joined(a.searches, b.searches, max), SEARCHES_MAX),
        traits=most_recent(_joined(a.traits, b.traits, max), TRAITS_MAX),
        simulated=_joined(a.simulated, b.simulated, int.__add__),
        first_order_at=min((s.first_order_at for s in (a, b) if s.first_order_at is not None), default=None),
        pieces=a.pieces + b.pieces,
        days=_joined(a.days, b.days, _add_day),
        dayparts=_joined(a.dayparts, b.dayparts, int.__add__),
        weekend_orders=a.weekend_orders + b.weekend_orders,
        coupon_orders=a.coupon_orders + b.coupon_orders,
        coupons_redeemed=a.coupons_redeemed + b.coupons_redeemed,
    )
    bound(merged)
    return merged


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
