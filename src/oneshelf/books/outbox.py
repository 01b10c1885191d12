"""The outbox: what has to leave the house, written in the transaction that decided it and sent afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select, update

from oneshelf.books import bulk
from oneshelf.books.bulk import among, chunks
from oneshelf.books.schema.offers import outbox

#: The wait after the first failure; it doubles with each further one.
BACK_OFF_FIRST: Final = timedelta(seconds=30)
BACK_OFF_MAX: Final = timedelta(hours=6)

#: How long a sender has what it took, before another may take it: a sender that dies loses nothing.
LEASE: Final = timedelta(minutes=5)


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Something to send. The receiver may get it twice; the id tells it so."""

    id: str
    channel: str
    payload: bytes
    created_at: datetime


class DueParcel(msgspec.Struct, frozen=True, kw_only=True):
    """Something to send now, and how many attempts have failed already."""

    id: str
    channel: str
    payload: bytes
    created_at: datetime
    attempts: int


def put(connection: Connection, parcels: Iterable[Parcel]) -> None:
    """Keep parcels to be sent at once; an id that is there already stays as it is."""
    rows = {
        parcel.id: {**msgspec.structs.asdict(parcel), "attempts": 0, "next_at": parcel.created_at}
        for parcel in parcels
    }
    bulk.put(connection, outbox, list(rows.values()))


def due(connection: Connection, now: datetime, limit: int) -> list[DueParcel]:
    """Take parcels whose time has come, the longest due first. They are the taker's for the length of LEASE."""
    columns = [outbox.c[name] for name in DueParcel.__struct_fields__]
    query = select(*columns).where(outbox.c.sent_at.is_(None), outbox.c.next_at <= now)
    query = query.order_by(outbox.c.next_at, outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    taken = [DueParcel(**row._mapping) for row in connection.execute(query)]
    for chunk in chunks([parcel.id for parcel in taken]):
        connection.execute(
            update(outbox).where(among(connection, outbox.c.id, chunk)).values(next_at=now + LEASE)
        )
    return taken


def sent(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Note that parcels have left; their content is no longer kept."""
    for chunk in chunks(ids):
        left = update(outbox).where(among(connection, outbox.c.id, chunk))
        connection.execute(left.values(sent_at=now, payload=b"", error=None))


def failed(connection: Connection, parcel: DueParcel, error: str, now: datetime) -> datetime:
    """Note that an attempt failed and answer when the next one is due. `error` must not name a person."""
    wait: timedelta = min(BACK_OFF_FIRST * (1 << min(parcel.attempts, 16)), BACK_OFF_MAX)
    again = update(outbox).where(outbox.c.id == parcel.id, outbox.c.sent_at.is_(None))
    connection.execute(again.values(attempts=parcel.attempts + 1, next_at=now + wait, error=error[:500]))
    return now + wait


def waiting(connection: Connection) -> tuple[int, int]:
    """How many parcels have not left, and how many of those have failed at least once."""
    query = select(func.count(), func.count().filter(outbox.c.attempts > 0)).where(outbox.c.sent_at.is_(None))
    row = connection.execute(query).one()
    return row[0], row[1]
