"""Goods and places."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, Table, Text

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
)

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
