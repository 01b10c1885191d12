"""Rejects: events that were refused, kept whole, so that they can be replayed when the cause is gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, and_, func, or_, select, update

from oneshelf.books.bulk import among, chunks, put
from oneshelf.books.schema.arrivals import reject

Stage = Literal["border", "decode", "fold"]


class RejectRow(msgspec.Struct, frozen=True, kw_only=True):
    """One refused event: at the border (never in the journal), or when the journal was decoded or folded (then `offset` says where).

    `at` is its index in the batch or its line in the file. The id is its maker's: the same id is the same refusal.
    """

    id: str
    source: str
    stage: Stage
    codec: str
    offset: int | None = None
    at: int
    field: str
    value: str
    cause: str
    remedy: str
    raw: bytes
    rejected_at: datetime
    replayed_at: datetime | None = None


def add(connection: Connection, rows: Iterable[RejectRow]) -> None:
    """Keep refused events; an id that is there already stays as it is."""
    unique = {row.id: msgspec.structs.asdict(row) for row in rows}
    put(connection, reject, list(unique.values()))


def listing(
    connection: Connection,
    *,
    source: str | None = None,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
    replayed: bool | None = None,
) -> list[RejectRow]:
    """Refused events, the newest first; `after` is the (rejected_at, id) of the last one of the page before.

    `replayed` limits the list to those that were replayed, or to those that were not.
    """
    query = select(reject).order_by(reject.c.rejected_at.desc(), reject.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(reject.c.source == source)
    if replayed is not None:
        query = query.where(reject.c.replayed_at.is_not(None) if replayed else reject.c.replayed_at.is_(None))
    if after is not None:
        at, last_id = after
        same = and_(reject.c.rejected_at == at, reject.c.id < last_id)
        query = query.where(or_(reject.c.rejected_at < at, same))
    return [_row(row) for row in connection.execute(query)]


def get(connection: Connection, ids: Iterable[str]) -> dict[str, RejectRow]:
    """Those of the refused events that are known, by id."""
    found: dict[str, RejectRow] = {}
    for chunk in chunks(sorted(set(ids))):
        for row in connection.execute(select(reject).where(among(connection, reject.c.id, chunk))):
            found[row.id] = _row(row)
    return found


def between(connection: Connection, after: int, until: int) -> set[tuple[int, int]]:
    """Where in the journal events lie that could not be read, behind the offset `after` up to `until`: (offset, index)."""
    query = select(reject.c.offset, reject.c.at).where(reject.c.offset > after, reject.c.offset <= until)
    return {(row.offset, row.at) for row in connection.execute(query)}


def mark_replayed(connection: Connection, ids: Iterable[str], at: datetime) -> None:
    """Note that refused events went in after all. They stay for the record."""
    for chunk in chunks(sorted(set(ids))):
        connection.execute(update(reject).where(among(connection, reject.c.id, chunk)).values(replayed_at=at))


def counts(connection: Connection) -> dict[str, int]:
    """How many refused events of each source have not been replayed."""
    query = (
        select(reject.c.source, func.count()).where(reject.c.replayed_at.is_(None)).group_by(reject.c.source)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _row(row: Row[Any]) -> RejectRow:
    return RejectRow(**row._mapping)
