"""Cursors: how far each reader of the journal has come. Moved in the transaction that keeps the reader's output."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from oneshelf.books.bulk import put
from oneshelf.books.schema.journal import cursor
from oneshelf.errors import Conflict


def position(connection: Connection, name: str) -> int:
    """The last offset that the reader has dealt with; 0 before the first."""
    return connection.execute(select(cursor.c.position).where(cursor.c.name == name)).scalar() or 0


def positions(connection: Connection) -> dict[str, int]:
    """Every reader's position."""
    return {row.name: row.position for row in connection.execute(select(cursor))}


def bump(connection: Connection, name: str) -> None:
    """Count one change more of something that readers keep a copy of: `position` tells them when theirs is old."""
    put(connection, cursor, [{"name": name, "position": 0}])
    connection.execute(update(cursor).where(cursor.c.name == name).values(position=cursor.c.position + 1))


def advance(connection: Connection, name: str, *, expected: int, to: int) -> None:
    """Move a cursor from `expected` to `to`. Raises Conflict when another runner has moved it meanwhile."""
    put(connection, cursor, [{"name": name, "position": 0}])
    moved = connection.execute(
        update(cursor).where(cursor.c.name == name, cursor.c.position == expected).values(position=to)
    )
    if moved.rowcount != 1:
        raise Conflict(
            f"The cursor {name} is no longer at {expected}: another process runs the same projection.",
            "Read the position again and go on from there.",
        )
