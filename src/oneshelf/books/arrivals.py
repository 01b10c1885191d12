"""Arrivals: what came from each source, counted by the day on which it was recorded (UTC)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import Connection, case, func, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.arrivals import arrival


class ArrivalRow(msgspec.Struct, frozen=True, kw_only=True):
    """Counts to add for a source and day: new events, repeats, batches' events that failed; simulated ones among the new."""

    source: str
    day: date
    events: int = 0
    repeats: int = 0
    failed: int = 0
    simulated: int = 0
    last_recorded_at: datetime


class SourceTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ever came from one source."""

    source: str
    events: int
    repeats: int
    failed: int
    simulated: int
    last_recorded_at: datetime


_COUNTS = ("events", "repeats", "failed", "simulated")


def add(connection: Connection, rows: Iterable[ArrivalRow]) -> None:
    """Add counts to what is there."""
    sums: dict[tuple[str, date], ArrivalRow] = {}
    for row in rows:
        key = (row.source, row.day)
        sums[key] = _sum(sums[key], row) if key in sums else row
    put(
        connection,
        arrival,
        [msgspec.structs.asdict(row) for row in sums.values()],
        update=lambda given: {
            **{name: arrival.c[name] + given[name] for name in _COUNTS},
            "last_recorded_at": case(
                (given.last_recorded_at > arrival.c.last_recorded_at, given.last_recorded_at),
                else_=arrival.c.last_recorded_at,
            ),
        },
    )


def summary(connection: Connection) -> list[SourceTotal]:
    """The total of each source, in order of source."""
    totals = [func.sum(arrival.c[name]).label(name) for name in _COUNTS]
    last = func.max(arrival.c.last_recorded_at).label("last_recorded_at")
    query = select(arrival.c.source, *totals, last).group_by(arrival.c.source).order_by(arrival.c.source)
    return [
        SourceTotal(
            source=row.source,
            last_recorded_at=row.last_recorded_at,
            **{name: int(getattr(row, name)) for name in _COUNTS},
        )
        for row in connection.execute(query)
    ]


def by_day(connection: Connection, *, until: date, days: int = 28) -> dict[str, tuple[int, ...]]:
    """New events of each source on each of the last `days` days up to `until`, oldest first."""
    first = until - timedelta(days=days - 1)
    query = select(arrival.c.source, arrival.c.day, arrival.c.events).where(
        arrival.c.day.between(first, until)
    )
    series: dict[str, list[int]] = {}
    for row in connection.execute(query):
        series.setdefault(row.source, [0] * days)[(row.day - first).days] = row.events
    return {source: tuple(counts) for source, counts in sorted(series.items())}


def _sum(a: ArrivalRow, b: ArrivalRow) -> ArrivalRow:
    return ArrivalRow(
        source=a.source,
        day=a.day,
        events=a.events + b.events,
        repeats=a.repeats + b.repeats,
        failed=a.failed + b.failed,
        simulated=a.simulated + b.simulated,
        last_recorded_at=max(a.last_recorded_at, b.last_recorded_at),
    )
