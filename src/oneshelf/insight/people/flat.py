"""A portrait as one flat row, by the names of `fields.FIELDS`: what tiers, audiences and models read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oneshelf.insight.people.fields import CHANNELS, FIELDS
from oneshelf.insight.people.portrait import Affinity, Portrait


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
        "life_stage": _text(traits.get("life_stage")),
        "household_size": _text(traits.get("household_size")),
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


def _first(name: str, liked: Sequence[Affinity]) -> dict[str, Any]:
    if not liked:
        return {name: None, f"{name}_share": None, f"{name}_index": None}
    return {name: liked[0].name, f"{name}_share": liked[0].share, f"{name}_index": liked[0].index}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
