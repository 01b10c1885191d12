"""Plans as they were made, what people changed in them, what was ordered from them, and what they came to."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, Table, Text

from oneshelf.books.columns import Blob, Key, Moment
from oneshelf.books.schema.metadata import metadata

plan = Table(
    "plan",
    metadata,
    Column("id", Key, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("for_day", Date, nullable=False, index=True),
    # what was supposed otherwise, on a copy; NULL: the plan itself
    Column("scenario", Text),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Key, nullable=False),
    Column("approved_at", Moment),
    Column("approved_by", Key),
    # everything but the lines, as JSON
    Column("summary", Blob, nullable=False),
    # what suppliers are to be told about the days ahead, packed
    Column("outlook", Blob, nullable=False),
)

#: Runs of lines in the plan's order, packed: the exceptions are in the first.
plan_part = Table(
    "plan_part",
    metadata,
    Column("plan_id", Key, ForeignKey("plan.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("lines", Blob, nullable=False),
)

plan_edit = Table(
    "plan_edit",
    metadata,
    Column("plan_id", Key, ForeignKey("plan.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # empty for the whole chain
    Column("place_id", Key, nullable=False),
    Column("product_id", Key, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Key, nullable=False),
    sqlite_with_rowid=False,
)

#: What an approved plan asked others for: a purchase order, a production request, or an outlook.
plan_order = Table(
    "plan_order",
    metadata,
    Column("id", Key, primary_key=True),
    Column("plan_id", Key, ForeignKey("plan.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("supplier_id", Key),
    Column("pieces", Integer, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("document", Blob, nullable=False),
    Index("ix_plan_order_plan_id_id", "plan_id", "id"),
)

plan_score = Table(
    "plan_score",
    metadata,
    Column("for_day", Date, primary_key=True),
    Column("plan_id", Key, ForeignKey("plan.id"), nullable=False),
    Column("scored_at", Moment, nullable=False),
    Column("score", Blob, nullable=False),
)
