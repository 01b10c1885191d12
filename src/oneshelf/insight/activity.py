"""Activity: how much happened on each day."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def events_by_day(events: ir.Table) -> ir.Table:
    """Events of one kind by business day: day, events, simulated (how many of them were)."""
    return events.group_by("day").aggregate(
        events=events.count(), simulated=events.simulated.ifelse(ibis.literal(1), ibis.literal(0)).sum()
    )
