"""Figures of measures as people read them: values in their unit, and the values of dimensions by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from oneshelf.console.happenings import CHANNELS
from oneshelf.console.words import Reader, mark

if TYPE_CHECKING:
    from oneshelf.insight.cells import Cell, Key

#: The sides of an audience.
SIDES: Final = {"in": mark("its people"), "rest": mark("the rest")}

#: Dimensions whose values have an order of their own; the others are shown largest figure first.
ORDERED: Final = ("hour", "weekday", "day", "week")


def shown(reader: Reader, value: float | None, unit: str, currency: str | None) -> str:
    """A figure in its unit."""
    if value is None:
        return "–"
    if unit == "minor" and currency is not None:
        return reader.money(value, currency)
    if unit == "share":
        return reader.percent(value, 1)
    return reader.number(value, 2 if unit in {"pieces", "minor"} else 0)


def named(reader: Reader, dimension: str, key: Key, places: Mapping[str, str]) -> str:
    """A value of a dimension: a place by its name, a weekday and a day in the reader's language."""
    text = str(key)
    if key is None:
        text = reader.text("not known")
    elif dimension == "place":
        text = places.get(text, text)
    elif dimension == "channel":
        text = reader.text(CHANNELS.get(text, text))
    elif dimension == "audience":
        text = reader.text(SIDES.get(text, text))
    elif dimension == "hour":
        text = text.zfill(2)
    elif dimension == "weekday":
        text = str(reader.locale.days["format"]["abbreviated"][int(key) - 1])
    elif dimension in ("day", "week"):
        text = reader.day(date.fromisoformat(text))
    return text


def size_of(cell: Cell) -> float:
    """By what cells are ranked."""
    return abs(cell.value or 0.0)
