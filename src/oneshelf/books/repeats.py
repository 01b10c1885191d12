"""Repeats: where in the journal an event lies that was there before, so that the lake leaves it out. Few."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.journal import repeat


def add(connection: Connection, places: Iterable[tuple[int, int]]) -> None:
    """Note (offset, index) of repeated events."""
    put(connection, repeat, [{"offset": offset, "index": index} for offset, index in sorted(set(places))])


def between(connection: Connection, after: int, until: int) -> set[tuple[int, int]]:
    """The repeats in the batches with after < offset <= until."""
    query = select(repeat.c.offset, repeat.c.index).where(repeat.c.offset > after, repeat.c.offset <= until)
    return {(row[0], row[1]) for row in connection.execute(query)}
