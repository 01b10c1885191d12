"""What conditions can ask: the portrait's fields with the range of each, as far as it is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from oneshelf.insight.people.fields import CHANNELS, DAYPARTS, FIELDS, Field, Type, Unit


class AskedField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the portrait as conditions know it."""

    name: str
    title: str
    type: Type
    unit: Unit = ""
    #: no value lies outside; None where there is no bound
    low: float | None = None
    high: float | None = None
    #: every value that there is; empty where they are not known beforehand
    choices: tuple[str, ...] = ()


#: Units whose values are never below zero; a balance in money is where refunds exceed what we saw being bought.
_NOT_NEGATIVE: Final = ("share", "days", "orders", "pieces", "visits", "index", "people", "count")

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "last_channel": CHANNELS,
    "main_channel": CHANNELS,
    "favourite_daypart": tuple(DAYPARTS),
}


def _asked(field: Field) -> AskedField:
    return AskedField(
        name=field.name,
        title=field.title,
        type=field.type,
        unit=field.unit,
        low=0 if field.unit in _NOT_NEGATIVE else None,
        high=1 if field.unit == "share" else None,
        choices=_CHOICES.get(field.name, ()),
    )


#: Every field that a condition may name.
VOCABULARY: Final[Mapping[str, AskedField]] = {name: _asked(field) for name, field in FIELDS.items()}
