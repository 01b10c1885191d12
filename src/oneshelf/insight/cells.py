"""Cells: the figures of a cube's rows, as they are or protected for those who may not see a person."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from oneshelf.insight.disclosure import Protected, count_of, sum_of
from oneshelf.insight.measures import Measure

#: The value of one dimension, days and weeks as ISO dates; None where it is not known.
Key = str | int | None

#: Sums that are counts, so that noise leaves them whole.
_MINOR: Final = "_minor"

#: Sums that can be below nothing.
_SIGNED: Final = frozenset({"costed_minor", "cost_minor"})


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a table, under the values of its dimensions.

    `value` is empty where there is nothing to divide by, or where nothing that the formula needs is known. A protected one is off
    by up to `give_or_take` in nine cases of ten. `simulated`: simulated events entered.
    """

    keys: tuple[Key, ...]
    currency: str | None = None
    value: float | None
    give_or_take: float | None = None
    simulated: bool = False


def open_cells(rows: Iterable[Mapping[str, Any]], measure: Measure, by: Sequence[str]) -> tuple[Cell, ...]:
    """The figures of `cube.cells`, in order of their keys."""
    return in_order(
        Cell(
            keys=tuple(as_key(row[name]) for name in by),
            currency=row["currency"],
            value=_figure(measure, [row[name] for name in measure.needs]),
            simulated=row["simulated"],
        )
        for row in rows
    )


def total_of(rows: Iterable[Mapping[str, Any]], measure: Measure) -> tuple[Cell, ...]:
    """The figure over all rows of `cube.cells` together, one a currency, where `cube.adds_up`."""
    by_currency: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_currency.setdefault(row["currency"], []).append(row)
    totals = [
        {
            "currency": currency,
            "simulated": any(row["simulated"] for row in mine),
            **{name: _added(row[name] for row in mine) for name in measure.needs},
        }
        for currency, mine in by_currency.items()
    ]
    return open_cells(totals, measure, ())


def _added(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def guarded_cells(
    rows: Iterable[Mapping[str, Any]],
    measure: Measure,
    by: Sequence[str],
    *,
    salt: bytes,
    question: Callable[[Mapping[str, Any]], str],
) -> tuple[Cell, ...]:
    """The figures of `cube.guarded`, protected: every sum by itself, then the formula over the protected sums.

    `question` gives the canonical wording of what one row answers. A cell about too few people is left out, as one about
    nobody is: that it is there would say that somebody is.
    """
    cells = (_guarded(row, measure, by, salt, question(row)) for row in rows)
    return in_order(cell for cell in cells if cell is not None)


def _guarded(
    row: Mapping[str, Any], measure: Measure, by: Sequence[str], salt: bytes, asked: str
) -> Cell | None:
    keys, currency = tuple(as_key(row[name]) for name in by), row["currency"]
    number, key = row["people"], row["key"]
    if count_of(number, key, salt=salt, question=asked) is None:
        return None
    sums = [
        None
        if row[name] is None
        else sum_of(
            row[name], row[f"largest_{name}"], number=number, key=key, salt=salt, question=asked, what=name
        )
        for name in measure.needs
    ]
    told = [
        None if one is None else _plausible(name, one) for name, one in zip(measure.needs, sums, strict=True)
    ]
    value = _figure(measure, told)
    return Cell(
        keys=keys,
        currency=currency,
        value=value if value is None or measure.unit != "share" else min(1.0, max(0.0, value)),
        give_or_take=_width(measure, told, sums),
        simulated=row["simulated"],
    )


def _plausible(name: str, told: Protected) -> float:
    """A protected sum without what cannot be: no half orders, nothing below none."""
    value = told.value if name in _SIGNED else max(0.0, told.value)
    return float(round(value)) if name.endswith(_MINOR) else round(value)


def _figure(measure: Measure, sums: Sequence[float | None]) -> float | None:
    return None if None in sums else measure.of(*sums)


def _width(measure: Measure, told: Sequence[float | None], sums: Sequence[Protected | None]) -> float | None:
    """How far the figure may be off: each sum moved by its own width, the changes added as independent ones are."""
    value = _figure(measure, told)
    if value is None:
        return None
    changes = []
    for at, one in enumerate(sums):
        moved = [*told]
        moved[at] = (told[at] or 0.0) + (0.0 if one is None else one.give_or_take)
        other = _figure(measure, moved)
        changes.append(0.0 if other is None else other - value)
    return math.hypot(*changes)


def as_key(value: str | int | date | None) -> Key:
    """A value of a dimension as it is told."""
    return value.isoformat() if isinstance(value, date) else value


def in_order(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Cells by their keys, those that are not known last."""
    return tuple(sorted(cells, key=lambda cell: tuple(map(_rank, (*cell.keys, cell.currency)))))


def _rank(key: Key) -> tuple[bool, int, str]:
    return key is None, key if isinstance(key, int) else 0, "" if isinstance(key, int) else str(key)
