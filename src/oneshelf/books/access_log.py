"""The access log: every look at a person's data. Rows are added, never changed.

Beside SQLite books it has a file of its own; the table of that name in the books holds what a backup brought, until they are opened.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, inspect, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.schema import CreateIndex, CreateTable

from oneshelf.books.engines import Engines
from oneshelf.books.schema.staff import access_log

#: Rows that are moved at a time.
_ROWS = 1_000


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


def looks_file(books: Path) -> Path:
    """Where the log stands beside the books of a SQLite file."""
    return books.with_name(f"{books.stem}-looks{books.suffix}")


def move_looks(books: Engines, looks: Engines) -> None:
    """Make the file beside SQLite books, and bring into it what the books themselves hold: of a backup, or of before.

    A run that dies between the two files is done again: an id that is there already is the same look. Mostly there is nothing to do,
    and then nobody's turn to write is taken.
    """
    if not inspect(looks.reading).has_table(access_log.name):
        with looks.writing.begin() as beside:
            beside.execute(CreateTable(access_log, if_not_exists=True))
            for index in access_log.indexes:
                beside.execute(CreateIndex(index, if_not_exists=True))
    with books.reading.connect() as connection:
        if connection.execute(select(access_log.c.id).limit(1)).first() is None:
            return
    with books.writing.begin() as within, looks.writing.begin() as beside:
        while (
            rows := within.execute(select(access_log).order_by(access_log.c.id).limit(_ROWS)).mappings().all()
        ):
            beside.execute(insert(access_log).on_conflict_do_nothing(), [dict(row) for row in rows])
            within.execute(delete(access_log).where(access_log.c.id <= rows[-1]["id"]))
