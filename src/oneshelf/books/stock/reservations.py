"""Reservations: what an order was promised at a place, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, select

from oneshelf.books.bulk import are_keys, chunks, keys_given, put, replace
from oneshelf.books.schema.stock import reservation

Status = Literal["open", "sold", "released", "expired"]

#: Two parameters each in one statement.
_KEYS_MAX: Final = 4_000


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces by product that are held for an order at a place."""

    place_id: str
    order_id: str
    status: Status
    lines: dict[str, int]
    made_at: datetime
    expires_at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """The place and the order."""
        return self.place_id, self.order_id


def find(connection: Connection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Reservation]:
    """Those of the (place, order) keys that have one, whatever became of it."""
    found = {}
    table = reservation.c
    query = select(reservation).where(are_keys(connection, table.place_id, table.order_id))
    for chunk in chunks(sorted(keys), _KEYS_MAX):
        for row in connection.execute(query, keys_given(connection, chunk)):
            found[row.place_id, row.order_id] = _reservation(row)
    return found


def concerning(
    connection: Connection, keys: Collection[tuple[str, str]], now: datetime, limit: int = 1_000
) -> list[Reservation]:
    """Those of `find`, and at most `limit` open ones whose time is over, by one statement: every group of buyers asks for both.

    However many are over, those of the keys are always among them: one that is overlooked would be held twice.
    """
    table = reservation.c
    over = select(reservation).where(table.status == "open", table.expires_at <= now)
    query: Any = select(over.order_by(table.expires_at).limit(limit).subquery())
    given: dict[str, Any] = {}
    if keys:
        mine = are_keys(connection, table.place_id, table.order_id)
        query = select(reservation).where(mine).union_all(query)
        given = keys_given(connection, sorted(keys))
    found = {one.key: one for one in map(_reservation, connection.execute(query, given))}
    return list(found.values())


def expired(connection: Connection, now: datetime, limit: int = 1_000) -> list[Reservation]:
    """Open ones whose time is over, the oldest first."""
    table = reservation.c
    query = select(reservation).where(table.status == "open", table.expires_at <= now)
    return [_reservation(row) for row in connection.execute(query.order_by(table.expires_at).limit(limit))]


def open_at(connection: Connection, place_id: str | None = None) -> list[Reservation]:
    """Open ones, of one place or of all, the next to expire first."""
    table = reservation.c
    query = select(reservation).where(table.status == "open").order_by(table.expires_at, table.order_id)
    if place_id is not None:
        query = query.where(table.place_id == place_id)
    return [_reservation(row) for row in connection.execute(query)]


def keep(connection: Connection, reservations: Iterable[Reservation]) -> None:
    """Write reservations; of one place and order the last holds."""
    rows: Mapping[Any, dict[str, Any]] = {given.key: msgspec.structs.asdict(given) for given in reservations}
    ordered: Sequence[dict[str, Any]] = [rows[key] for key in sorted(rows)]
    put(connection, reservation, ordered, update=replace(reservation))


def _reservation(row: Row[Any]) -> Reservation:
    return Reservation(**row._mapping)
