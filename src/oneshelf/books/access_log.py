"""The access log: every look at a person's data. Rows are added, never changed."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from oneshelf.books.schema.staff import access_log


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked at what, in which role and for what purpose, and whether it was allowed. `id` is 0 until it is kept."""

    id: int = 0
    at: datetime
    actor: str
    role: str
    purpose: str
    action: str
    person_id: str | None = None
    place_id: str | None = None
    allowed: bool


def add(connection: Connection, row: AccessRow) -> None:
    """Keep one look."""
    fields = msgspec.structs.asdict(row)
    del fields["id"]
    connection.execute(access_log.insert(), fields)


def listing(
    connection: Connection, *, limit: int = 50, after: int | None = None, person_id: str | None = None
) -> list[AccessRow]:
    """Looks, the newest first, at anybody or at one person; `after` is the id of the last one of the page before."""
    query = select(access_log).order_by(access_log.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(access_log.c.id < after)
    if person_id is not None:
        query = query.where(access_log.c.person_id == person_id)
    return [AccessRow(**row._mapping) for row in connection.execute(query)]
