"""What a night's run over everybody leaves for the till and the app."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Table

from oneshelf.books.columns import Key, Moment
from oneshelf.books.schema.metadata import metadata

modelled = Table(
    "modelled",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("modelled_at", Moment, nullable=False, index=True),
    Column("price_index", Float(53)),
    Column("expected_orders_90_days", Float(53)),
    Column("expected_spend_90_days_minor", Float(53)),
    Column("p_active", Float(53)),
    Column("simulated", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

#: Everybody's share of baskets by category and by brand.
everybody_share = Table(
    "everybody_share",
    metadata,
    Column("subject", Key, primary_key=True),  # "category" or "brand"
    Column("name", Key, primary_key=True),
    Column("share", Float(53), nullable=False),
    sqlite_with_rowid=False,
)
