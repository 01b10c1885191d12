"""The tables of tiers and audiences."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

from oneshelf.books.columns import Key, Moment
from oneshelf.books.schema.metadata import metadata

tier = Table(
    "tier",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("tier", Key, nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)

cutpoint = Table(
    "cutpoint",
    metadata,
    Column("field", Key, primary_key=True),
    Column("share", Float(53), primary_key=True),
    Column("value", Float(53), nullable=False),
    Column("computed_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

audience = Table(
    "audience",
    metadata,
    Column("name", Key, primary_key=True),
    Column("created_by", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

audience_version = Table(
    "audience_version",
    metadata,
    Column("name", Key, ForeignKey("audience.name"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("condition", Text, nullable=False),
    Column("created_by", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
