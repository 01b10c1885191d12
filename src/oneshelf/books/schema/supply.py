"""Suppliers and their terms. A term's empty `place_id` stands for every place: a key has no nulls."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from oneshelf.books.columns import Key
from oneshelf.books.schema.metadata import metadata

supplier = Table(
    "supplier",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("gln", Key),
    Column("capacity_pieces", BigInteger),
)

supply_term = Table(
    "supply_term",
    metadata,
    Column("product_id", Key, primary_key=True),
    Column("supplier_id", Key, primary_key=True),
    Column("place_id", Key, primary_key=True),
    Column("lead_time_days", Integer, nullable=False),
    Column("case_pack", Integer, nullable=False),
    Column("minimum_order_pieces", Integer, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("order_by", Text),
    Column("capacity_pieces", Integer),
    sqlite_with_rowid=False,
)
