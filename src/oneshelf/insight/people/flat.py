"""A portrait as one flat row, by the names of `fields.FIELDS`: what tiers, audiences and models read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from oneshelf.insight.people.drawing import main_currency, order_days, portrait_of, whole_days
from oneshelf.insight.people.fields import CHANNELS, FIELDS, ORDER, REFUND, Field
from oneshelf.insight.people.portrait import Affinity, Portrait
from oneshelf.insight.people.state import PersonState
from oneshelf.insight.people.told import TRAITS, trait_text
from oneshelf.words.goods import Product

#: Fields that cost next to nothing to take from a state.
_CHEAP: Final[dict[str, Callable[[PersonState, datetime], Any]]] = {
    "recency_days": lambda state, now: _days(state.last_order_at, now),
    "customer_age_days": lambda state, now: _days(state.first_order_at, now),
    "frequency": lambda state, now: state.orders,
    "order_days": lambda state, now: len(order_days(state)),
    "currency": lambda state, now: main_currency(state)[0],
    "monetary_minor": lambda state, now: (
        (spent := main_currency(state)[1]).amount_minor - spent.refunded_minor
    ),
    "refunded_minor": lambda state, now: main_currency(state)[1].refunded_minor,
    "coupon_orders": lambda state, now: state.coupon_orders,
}


#: The part of a portrait that a flat field is taken from, by the beginning of its name, where that is another one.
_PARTS: Final = {
    "favourite_category": "favourite_categories",
    "favourite_brand": "favourite_brands",
    "favourite_daypart": "dayparts",
    "favourited_not_bought": "favourited_not_bought",
    "main_channel": "channel_mix",
    "main_place": "places",
    "orders_last": "recent",
    "spend_last": "recent",
    "orders_": "channel_mix",
    "visits_": "channel_mix",
    "life_stage": "traits",
    "household_size": "traits",
    "currency": "monetary_minor",
    "tier": "monetary_minor",
}


def part_of(field: str) -> str:
    """The name in `Portrait` of what a flat field is taken from."""
    return next((part for begins, part in _PARTS.items() if field.startswith(begins)), field)


def is_simulated(portrait: Portrait, field: Field) -> bool:
    """Whether simulated events are among those that entered a field."""
    if field.when == "live":
        return part_of(field.name) in portrait.simulated
    if set(field.enters) <= {ORDER, REFUND}:
        return bool({"frequency", "refunds"} & set(portrait.simulated))
    return portrait.modelled is not None and portrait.modelled.simulated


def flat(portrait: Portrait) -> dict[str, Any]:
    """The scalar fields of a portrait; None where a field is unknown. The same names and values as a row of the nightly table."""
    row: dict[str, Any] = {name: getattr(portrait, name) for name in FIELDS if hasattr(portrait, name)}
    row |= _first("favourite_category", portrait.favourite_categories)
    row |= _first("favourite_brand", portrait.favourite_brands)
    used = {share.channel: share for share in portrait.channel_mix}
    for channel in CHANNELS:
        row[f"orders_{channel}"] = used[channel].orders if channel in used else 0
        row[f"visits_{channel}"] = used[channel].visits if channel in used else 0
    recent = {each.days: each for each in portrait.recent}
    traits = {trait.name: trait.value for trait in portrait.traits}
    modelled, tiered = portrait.modelled, portrait.tiered
    return row | {
        "main_channel": portrait.channel_mix[0].channel if portrait.channel_mix else None,
        "main_place_id": portrait.places[0].place_id if portrait.places else None,
        "favourite_daypart": portrait.dayparts[0].daypart if portrait.dayparts else None,
        "favourited_not_bought_count": len(portrait.favourited_not_bought),
        **{name: trait_text(traits.get(name)) for name in TRAITS},
        "spend_last_91_days_minor": recent[91].spend_minor,
        "orders_last_91_days": recent[91].orders,
        "orders_last_28_days": recent[28].orders,
        "spend_last_364_days_minor": recent[364].spend_minor,
        "price_index": modelled.price_index if modelled else None,
        "expected_orders_90_days": modelled.expected_orders_90_days if modelled else None,
        "expected_spend_90_days_minor": modelled.expected_spend_90_days_minor if modelled else None,
        "p_active": modelled.p_active if modelled else None,
        "tier": tiered.tier if tiered else None,
        "tier_reason": tiered.reason if tiered else None,
        "tier_since": tiered.since if tiered else None,
        "simulated": bool(portrait.simulated),
    }


def record(
    state: PersonState, fields: Collection[str], *, now: datetime, products: Mapping[str, Product]
) -> dict[str, Any]:
    """Some fields of a flat portrait, and `simulated`. `products` as in `portrait_of`; needed where a category or a brand is asked for."""
    if _CHEAP.keys() >= set(fields):
        row = {name: _CHEAP[name](state, now) for name in fields}
        return row | {"simulated": any(state.simulated.values())}
    row = flat(portrait_of("", state, now=now, products=products))
    return {name: row[name] for name in fields} | {"simulated": row["simulated"]}


def _days(at: float | None, now: datetime) -> int | None:
    return None if at is None else whole_days(at, now)


def _first(name: str, liked: Sequence[Affinity]) -> dict[str, Any]:
    if not liked:
        return {name: None, f"{name}_share": None, f"{name}_index": None}
    return {name: liked[0].name, f"{name}_share": liked[0].share, f"{name}_index": liked[0].index}
