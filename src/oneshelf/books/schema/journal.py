"""The journal and those who read it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Integer, Table, Text

from oneshelf.books.columns import Blob, Key, Moment, Number
from oneshelf.books.schema.metadata import metadata

journal = Table(
    "journal",
    metadata,
    Column("offset", Number, primary_key=True, autoincrement=False),
    Column("codec", Text, nullable=False),
    Column("source", Key, nullable=False),
    Column("events", Integer, nullable=False),
    Column("packed", Boolean, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("data", Blob, nullable=False),  # last: SQLite reads the others without walking the blob's pages
)

cursor = Table(
    "cursor",
    metadata,
    Column("name", Key, primary_key=True),
    Column("position", Number, nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("digest", Blob(16), primary_key=True),
    sqlite_with_rowid=False,
)

repeat = Table(
    "repeat",
    metadata,
    Column("offset", Number, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

touched_day = Table(
    "touched_day",
    metadata,
    Column("table_name", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("offset", Number, nullable=False),
)
