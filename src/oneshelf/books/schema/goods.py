"""Goods and places."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, Table, Text, text, true

from oneshelf.books.columns import Key, Moment
from oneshelf.books.schema.metadata import metadata

product = Table(
    "product",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("department", Text),
    Column("category", Text),
    Column("type", Text),
    Column("brand", Text),
    Column("size", Text),
    Column("gtin", Key, index=True),
    # defaults of the database: the program of before knows no such columns and goes on inserting
    Column("unit", Text, nullable=False, server_default=text("'each'")),
    Column("case_pack", Integer, nullable=False, server_default=text("1")),
    Column("shelf_life_days", Integer),
    Column("temperature", Text),
    Column("supplier_id", Key),
    Column("category_path", Text),  # a JSON list of names
    Column("active", Boolean, nullable=False, server_default=true()),
)

#: What a product is called in other systems: their reference to our id.
product_reference = Table(
    "product_reference",
    metadata,
    Column("source", Key, primary_key=True),
    Column("reference", Key, primary_key=True),
    Column("product_id", Key, nullable=False, index=True),
    sqlite_with_rowid=False,
)

#: The counts of before the ledger of `schema.stock`, which opened with them. Read by nobody; the next post step drops it.
stock = Table(
    "stock",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("product_id", Key, primary_key=True),
    Column("on_hand", Integer, nullable=False),
    Column("counted_at", Moment, nullable=False),
    Column("simulated", Boolean, nullable=False),
)

place = Table(
    "place",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("latitude", Float(53)),
    Column("longitude", Float(53)),
)
