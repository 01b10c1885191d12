"""Explaining: why a condition holds for somebody, with the person's own figures, in one line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oneshelf.insight.people.conditions.answering import Cutpoints, Record, compiled
from oneshelf.insight.people.conditions.checking import written, written_value
from oneshelf.insight.people.conditions.nodes import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Top,
    Within,
)


def explained(
    condition: Condition, record: Record, *, cutpoints: Cutpoints | None = None, time_zone: str = "UTC"
) -> str:
    """Why the condition holds: `recency_days 12 <= 30 and monetary_minor 15000 >= 9800 (top 0.05)`.

    Of alternatives the first that holds is told. Empty when the condition does not hold.
    """
    known = cutpoints or {}

    def holds(part: Condition) -> bool:
        return compiled(part, known, time_zone)(record) is True

    def told(part: Condition) -> str:
        match part:
            case All(parts=parts):
                return " and ".join(told(one) for one in parts)
            case AnyOf(parts=parts):
                return next(told(one) for one in parts if holds(one))
            case Not(part=inner):
                return f"not {_with_figures(inner, record, known)}"
            case _:
                return _with_figures(part, record, known)

    return told(condition) if holds(condition) else ""


def _with_figures(part: Condition, record: Record, cutpoints: Cutpoints) -> str:
    match part:
        case Compare(field=field, op=op, value=Top(share=share)):
            cut = cutpoints.get((field, share))
            told = f"{field} {_shown(record.get(field))} {op} {_shown(cut)} (top {share!r})"
        case Compare(field=field, op=op, value=value):
            told = f"{field} {_shown(record.get(field))} {op} {written_value(value)}"
        case Within(field=field) | Between(field=field):
            told = f"{field} {_shown(record.get(field))} {written(part).removeprefix(f'{field} ')}"
        case Known() | Everybody():
            told = written(part)
        case Not(part=inner):
            told = f"not {_with_figures(inner, record, cutpoints)}"
        case All(parts=parts):
            told = f"({' and '.join(_with_figures(one, record, cutpoints) for one in parts)})"
        case AnyOf(parts=parts):
            told = f"({' or '.join(_with_figures(one, record, cutpoints) for one in parts)})"
    return told


def _shown(value: Any) -> str:
    match value:
        case None:
            return "unknown"
        case datetime():
            return value.date().isoformat()
        case bool() | str():
            return written_value(value)
        case float():
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
        case _:
            return str(value)
