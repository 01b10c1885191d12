"""Prices, only ever added to, and the price zones of places.

An empty `place_id`, `zone` or `channel` stands for every one: a key has no nulls. Of the rows that differ in nothing but
`recorded_at`, the last says what is so, and the ones before it what was said earlier.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Table, Text

from oneshelf.books.columns import Key, Moment
from oneshelf.books.schema.metadata import metadata

price = Table(
    "price",
    metadata,
    Column("product_id", Key, primary_key=True),
    Column("kind", Key, primary_key=True),
    Column("place_id", Key, primary_key=True),
    Column("zone", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("recorded_at", Moment, primary_key=True),
    Column("recorded_by", Key, nullable=False),
    Column("ends_on", Date),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

price_zone = Table(
    "price_zone",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("zone", Key, nullable=False),
    sqlite_with_rowid=False,
)
