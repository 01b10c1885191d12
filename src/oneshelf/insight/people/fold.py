"""Folding: one event added to a person's state, whatever the order of arrival."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from typing import Any

from oneshelf.events.catalogue import (
    CouponRedeemed,
    Line,
    OrderCompleted,
    OrderRefunded,
    PersonIdentified,
    ProductFavourited,
    ProductsSearched,
    ProductViewed,
)
from oneshelf.events.envelope import Event
from oneshelf.insight.people.fields import DAYPARTS
from oneshelf.insight.people.state import (
    DAY_SECONDS,
    EPOCH_SECONDS,
    FAVOURITES_MAX,
    SEARCHES_MAX,
    SEEN_KINDS,
    TAU_SECONDS,
    TRAITS_MAX,
    VIEWS_MAX,
    Bought,
    Day,
    PersonState,
    Spent,
    Used,
    bound,
    keep_latest,
)
from oneshelf.insight.people.told import query_key, trait_kept
from oneshelf.words.time import seconds

#: The part of the day that each hour belongs to.
_DAYPART_OF_HOUR = tuple(
    max(
        (part for part, begins in DAYPARTS.items() if begins <= hour),
        key=DAYPARTS.__getitem__,
        default="night",
    )
    for hour in range(24)
)

_SEEN = frozenset(SEEN_KINDS)


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
    bound(state)
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
    bound(state)
    return "refunds"


def _enter_search(state: PersonState, event: Event, body: ProductsSearched, at: float) -> str:
    query = query_key(body.query)
    if query is not None:
        keep_latest(state.searches, query, (at, event.simulated), SEARCHES_MAX)
    return "searches"


def _enter_favourite(state: PersonState, event: Event, body: ProductFavourited, at: float) -> str:
    keep_latest(state.favourites, body.product_id, (at, event.simulated), FAVOURITES_MAX)
    return "favourites"


def _enter_view(state: PersonState, event: Event, body: ProductViewed, at: float) -> str:
    keep_latest(state.views, body.product_id, (at, event.simulated), VIEWS_MAX)
    return "views"


def _enter_traits(state: PersonState, event: Event, body: PersonIdentified, at: float) -> str:
    del event
    for name, value in body.traits.items():
        text = trait_kept(name, value)
        if text is not None:
            keep_latest(state.traits, name, (at, text), TRAITS_MAX)
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


def enters(event: Event) -> bool:
    """Whether an event changes a state at all; an offer that was assigned to somebody, or a move of tiers, does not."""
    kind = type(event.body)
    return kind in _SEEN or kind in _ENTER


def _spent(state: PersonState, currency: str) -> Spent:
    spent = state.spent.get(currency)
    if spent is None:
        spent = state.spent[currency] = Spent()
    return spent
