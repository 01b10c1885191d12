"""Touched days: which days of which table got events since they were last derived, and only those are derived again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Connection, delete, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.journal import touched_day


def touch(connection: Connection, rows: Iterable[tuple[str, date, int]]) -> None:
    """Note (table, day, offset): the day's rows changed with the batch at that offset. The greatest offset stays."""
    latest: dict[tuple[str, date], int] = {}
    for table, day, offset in rows:
        latest[table, day] = max(offset, latest.get((table, day), 0))
    put(
        connection,
        touched_day,
        [{"table_name": table, "day": day, "offset": offset} for (table, day), offset in latest.items()],
        update=lambda given: {"offset": given.offset},
        where=lambda given: given.offset > touched_day.c.offset,
    )


def touched(connection: Connection, table: str) -> dict[date, int]:
    """The days of a table to derive again, each with the offset that touched it last."""
    query = select(touched_day.c.day, touched_day.c.offset).where(touched_day.c.table_name == table)
    return {row.day: row.offset for row in connection.execute(query.order_by(touched_day.c.day))}


def clear(connection: Connection, table: str, days: Mapping[date, int]) -> None:
    """Forget days that were derived, unless a later batch has touched them since they were read."""
    for day, offset in days.items():
        connection.execute(
            delete(touched_day).where(
                touched_day.c.table_name == table, touched_day.c.day == day, touched_day.c.offset == offset
            )
        )
