"""Loads: how far each source has been read, moved in the transaction that journals what was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.arrivals import load


def position(connection: Connection, source: str) -> str | None:
    """Where reading the source stopped; None before its first batch."""
    return connection.execute(select(load.c.position).where(load.c.source == source)).scalar()


def events(connection: Connection, source: str) -> int:
    """How many events were read from the source so far."""
    return connection.execute(select(load.c.events).where(load.c.source == source)).scalar() or 0


def move(connection: Connection, source: str, *, position: str, events: int, at: datetime) -> None:
    """Remember where reading stands after `events` events in all."""
    put(
        connection,
        load,
        [{"source": source, "position": position, "events": events, "at": at}],
        update=lambda new: {"position": new.position, "events": new.events, "at": new.at},
    )
