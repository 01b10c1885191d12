"""What people type and tell of themselves, in one form.

The live portrait folds what these functions give, and the lake keeps it beside what was sent, so that the nightly portrait reads the same. No engine
could stand in for them: engines differ over the case of ß and İ, over which characters are spaces, and over how a number is written.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from oneshelf.insight.people.state import QUERY_LENGTH_MAX, TRAIT_LENGTH_MAX

#: The traits that are fields of the portrait.
TRAITS: Final = ("life_stage", "household_size")

#: Whole numbers below this are exact however they are written.
_EXACT: Final = 2.0**53

_json = msgspec.json.Encoder(order="sorted")


def query_key(query: str) -> str | None:
    """What makes two searches one: Unicode's case folding, single spaces, the first `QUERY_LENGTH_MAX` characters; None for an empty one."""
    return " ".join(query.casefold().split())[:QUERY_LENGTH_MAX] or None


def trait_kept(name: str, value: object) -> str | None:
    """A trait's value as JSON, by which the greater of two told at one moment counts; None where name or value is too long to be kept."""
    text = _json.encode(value).decode()
    return text if len(name) <= QUERY_LENGTH_MAX and len(text) <= TRAIT_LENGTH_MAX else None


def trait_text(value: object) -> str | None:
    """A trait that is a field, as text: 3 and 3.0 are `3`, a truth is `true` or `false`; None for null, lists and structures."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and abs(value) < _EXACT and value.is_integer():
        value = int(value)
    return _json.encode(value).decode() if isinstance(value, bool | int | float) else None


def trait_columns(traits: dict[str, Any]) -> dict[str, str | None]:
    """What one event told of each of `TRAITS`: NAME_told as `trait_kept`, None where it told nothing, and NAME as `trait_text`."""
    columns: dict[str, str | None] = {}
    for name in TRAITS:
        kept = trait_kept(name, traits[name]) if name in traits else None
        columns[f"{name}_told"] = kept
        columns[name] = None if kept is None else trait_text(msgspec.json.decode(kept))
    return columns
