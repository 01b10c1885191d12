"""How much of a day's business is done by a moment of it, from the days before."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import ibis.expr.types as ir

#: Days from which the course of a day is measured.
DAYS = 28
_DAY_SECONDS = 86_400


def done_by(orders: ir.Table, day: date, at: datetime) -> ir.Table:
    """Lines of receipts by place: those of every business day that came before the same moment of it, and all.

    `orders` is the lake's table of `order.completed`, `at` a moment of the business day `day`. Columns: place_id, done, whole.
    """
    lines = orders.lines.length().cast("int64")
    back = ibis.literal(day).delta(orders.day, unit="day").cast("int64")
    # as long before the moment as the day lies back, or longer
    before = orders.happened_at.delta(ibis.literal(at), unit="second").cast("int64") <= -_DAY_SECONDS * back
    rows = orders.select("place_id", lines=lines, before=before)
    return rows.group_by("place_id").aggregate(
        done=rows.lines.sum(where=rows.before).fill_null(0).cast("int64"),
        whole=rows.lines.sum().cast("int64"),
    )
