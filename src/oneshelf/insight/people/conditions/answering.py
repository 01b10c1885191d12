"""Answering: for whom does a condition hold? Once in Python for a person at a time, once in Ibis for everybody, with equal answers.

The logic has three values, as SQL's. A comparison with an unknown (null) field is unknown; `not` leaves unknown as it is; `and` is false
as soon as a part is, `or` true as soon as a part is, and unknown otherwise where a part is. A condition holds for a person only where
it is true: so `not coupon_share > 0.5` leaves those out whose coupon share is unknown, and `or coupon_share is unknown` takes them in.

A day stands for the whole day in the shop's time zone: `<= "2017-11-30"` holds until its end, `> "2017-11-30"` from the next one on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from oneshelf.insight.people.conditions.nodes import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Scalar,
    Test,
    Top,
    Within,
)
from oneshelf.insight.people.conditions.vocabulary import VOCABULARY
from oneshelf.words.time import zone

#: What a person's fields are: the flat portrait. A name that is missing is unknown.
Record = Mapping[str, Any]

#: (field, share) -> the value from which the top share begins. Without one, `top` is unknown.
Cutpoints = Mapping[tuple[str, float], float]

#: True, False, or None for unknown
Judge = Callable[[Record], bool | None]

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def matches(
    condition: Condition, record: Record, *, cutpoints: Cutpoints | None = None, time_zone: str = "UTC"
) -> bool:
    """Whether a checked condition holds for one person."""
    judge = compiled(condition, cutpoints, time_zone) if cutpoints else _cached(condition, time_zone)
    return judge(record) is True


def compiled(condition: Condition, cutpoints: Cutpoints | None = None, time_zone: str = "UTC") -> Judge:
    """A checked condition as a function of a person's fields, to be called many times."""
    return _judge(condition, cutpoints or {}, time_zone)


@lru_cache(maxsize=256)
def _cached(condition: Condition, time_zone: str) -> Judge:
    return _judge(condition, {}, time_zone)


def _judge(condition: Condition, cutpoints: Cutpoints, time_zone: str) -> Judge:
    judge: Judge
    match condition:
        case Everybody():
            judge = _always
        case All(parts=parts):
            judge = _every([_judge(part, cutpoints, time_zone) for part in parts], decisive=False)
        case AnyOf(parts=parts):
            judge = _every([_judge(part, cutpoints, time_zone) for part in parts], decisive=True)
        case Not(part=part):
            judge = _negated(_judge(part, cutpoints, time_zone))
        case Known(field=field, known=known):
            judge = _presence(field, known=known)
        case Within(field=field, values=values):
            judge = _found(field, frozenset(values))
        case _:
            judge = _every(
                [
                    _compared(condition.field, op, bound)
                    for op, bound in bounds(condition, cutpoints, time_zone)
                ],
                decisive=False,
            )
    return judge


def _always(record: Record) -> bool:
    del record
    return True


def _presence(field: str, *, known: bool) -> Judge:
    return lambda record: (record.get(field) is not None) is known


def _every(parts: list[Judge], *, decisive: bool) -> Judge:
    if len(parts) == 1:
        return parts[0]

    def judge(record: Record) -> bool | None:
        unknown = False
        for part in parts:
            found = part(record)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive

    return judge


def _negated(part: Judge) -> Judge:
    def judge(record: Record) -> bool | None:
        found = part(record)
        return None if found is None else not found

    return judge


def _found(field: str, values: frozenset[Scalar]) -> Judge:
    def judge(record: Record) -> bool | None:
        value = record.get(field)
        return None if value is None else value in values

    return judge


def _compared(field: str, op: str, bound: Any) -> Judge:
    if bound is None:
        return lambda record: None
    compare = _OPERATORS[op]

    def judge(record: Record) -> bool | None:
        value = record.get(field)
        return None if value is None else bool(compare(value, bound))

    return judge


def where(
    condition: Condition, table: ir.Table, *, cutpoints: Cutpoints | None = None, time_zone: str = "UTC"
) -> ir.BooleanValue:
    """The same condition over a table with the portrait's columns: null where it is unknown, so that a filter keeps only true rows.

    A field that the table lacks is unknown.
    """
    known = cutpoints or {}

    def of(part: Condition) -> ir.BooleanValue:
        match part:
            case Everybody():
                return ibis.literal(True)
            case All(parts=parts):
                return _folded(operator.and_, [of(one) for one in parts])
            case AnyOf(parts=parts):
                return _folded(operator.or_, [of(one) for one in parts])
            case Not(part=inner):
                return ~of(inner)
            case _:
                return _tested(part, table, known, time_zone)

    return of(condition)


def _folded(join: Callable[[Any, Any], Any], parts: list[ir.BooleanValue]) -> ir.BooleanValue:
    folded = parts[0]
    for part in parts[1:]:
        folded = join(folded, part)
    return folded


def _tested(test: Test, table: ir.Table, cutpoints: Cutpoints, time_zone: str) -> ir.BooleanValue:
    present = test.field in table.columns
    if isinstance(test, Known):
        if not present:
            return ibis.literal(not test.known)
        return table[test.field].notnull() if test.known else table[test.field].isnull()
    if not present:
        return _unknown()
    column = table[test.field]
    if isinstance(test, Within):
        return column.isin(list(test.values))
    return _folded(
        operator.and_,
        [
            _unknown() if bound is None else _OPERATORS[op](column, _literal(bound))
            for op, bound in bounds(test, cutpoints, time_zone)
        ],
    )


def _unknown() -> Any:
    return ibis.null("boolean")


def _literal(bound: Any) -> ir.Value:
    return (
        ibis.literal(bound, type="timestamp('UTC')") if isinstance(bound, datetime) else ibis.literal(bound)
    )


def bounds(test: Compare | Between, cutpoints: Cutpoints, time_zone: str) -> list[tuple[str, Any]]:
    """A comparison as (operator, bound) pairs that must all hold; a bound of None is unknown."""
    if isinstance(test, Compare) and isinstance(test.value, Top):
        return [(test.op, cutpoints.get((test.field, test.value.share)))]
    moments = VOCABULARY[test.field].type == "moment" if test.field in VOCABULARY else False
    pairs = [(">=", test.low), ("<=", test.high)] if isinstance(test, Between) else [(test.op, test.value)]
    return [_moment_bound(op, str(value), time_zone) for op, value in pairs] if moments else pairs  # type: ignore[return-value]


def _moment_bound(op: str, text: str, time_zone: str) -> tuple[str, datetime]:
    if len(text) > len("2017-11-30"):
        return op, datetime.fromisoformat(text).astimezone(UTC)
    day = date.fromisoformat(text)
    if op in ("<=", ">"):  # the day is over when the next one begins
        day, op = day + timedelta(days=1), "<" if op == "<=" else ">="
    return op, datetime(day.year, day.month, day.day, tzinfo=zone(time_zone)).astimezone(UTC)
