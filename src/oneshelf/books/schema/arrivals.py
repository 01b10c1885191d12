"""What arrives, and what was refused."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, Table, Text

from oneshelf.books.columns import Blob, Key, Moment, Number
from oneshelf.books.schema.metadata import metadata

arrival = Table(
    "arrival",
    metadata,
    Column("source", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("events", Number, nullable=False),
    Column("repeats", Number, nullable=False),
    Column("failed", Number, nullable=False),
    Column("simulated", Number, nullable=False),
    Column("last_recorded_at", Moment, nullable=False),
)

reject = Table(
    "reject",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", Key, nullable=False),
    Column("stage", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("offset", Number),
    Column("at", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("raw", Blob, nullable=False),
    Column("rejected_at", Moment, nullable=False),
    Column("replayed_at", Moment),
    Index("ix_reject_source", "source"),
)
Index("ix_reject_newest", reject.c.rejected_at.desc(), reject.c.id.desc())

load = Table(
    "load",
    metadata,
    Column("source", Key, primary_key=True),
    Column("position", Text, nullable=False),
    Column("events", Number, nullable=False),
    Column("at", Moment, nullable=False),
)
