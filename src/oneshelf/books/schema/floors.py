"""The table of floor plans."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table

from oneshelf.books.columns import Json, Key, Moment
from oneshelf.books.schema.metadata import metadata

floor = Table(
    "floor",
    metadata,
    Column("place_id", Key, ForeignKey("place.id"), primary_key=True),
    Column("plan", Json, nullable=False),
    Column("loaded_at", Moment, nullable=False),
)
