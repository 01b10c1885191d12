"""What the nightly search for trends found, and what became of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text

from oneshelf.books.columns import Key, Moment
from oneshelf.books.schema.metadata import metadata

trend_night = Table(
    "trend_night",
    metadata,
    Column("day", Date, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("report", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)

trend_flag = Table(
    "trend_flag",
    metadata,
    Column("day", Date, primary_key=True),
    Column("signal", Key, primary_key=True),
    Column("level", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("rank", Integer, nullable=False),
    # the first night of the nights in a row, with gaps of less than four weeks, in which it was flagged
    Column("since", Date, nullable=False),
    Column("flag", Text, nullable=False),  # JSON
    # both null until the weeks after it are known
    Column("went_on", Boolean),
    Column("outcome", Text),  # JSON
    Index("ix_trend_flag_night", "day", "rank"),
    Index("ix_trend_flag_series", "level", "name", "day"),
    sqlite_with_rowid=False,
)
