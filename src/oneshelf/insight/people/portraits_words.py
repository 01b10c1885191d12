"""Small expressions that the parts of the nightly portraits share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import ibis
import ibis.expr.types as ir

from oneshelf.insight.people.state import DAY_SECONDS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def whole_seconds(at: ir.Value) -> ir.Value:
    """Seconds since 1970, rounded down.

    Counted as a difference of two moments, because epoch_seconds() goes through the session's own time zone on some engines.
    """
    return at.delta(ibis.literal(_EPOCH), unit="second").cast("int64")


def utc_day(at: ir.Value) -> ir.Value:
    """The day (UTC), counted since 1970."""
    return whole_seconds(at) // DAY_SECONDS


def total(values: ir.Value) -> ir.Value:
    """A sum that stays an integer of 64 bits on every engine."""
    return values.sum().cast("int64")


def first_of(counts: Mapping[str, ir.Value]) -> ir.Value:
    """The name of the greatest count, of equal ones the first; null where all are nothing."""
    # comparisons and not greatest(), which skips nulls on some engines and not on others
    name: ir.Value = ibis.null("string")
    most: ir.Value = ibis.literal(0, "int64")
    for each, count in counts.items():
        name = (count > most).ifelse(ibis.literal(each), name)
        most = (count > most).ifelse(count, most)
    return name


def best(table: ir.Table, by: str, *order: ir.Value) -> ir.Table:
    """The first row of each group of the column `by`, in the order given."""
    turn = ibis.row_number().over(ibis.window(group_by=by, order_by=list(order)))
    ranked = table.mutate(turn=turn)
    return ranked.filter(ranked.turn == 0).drop("turn")
