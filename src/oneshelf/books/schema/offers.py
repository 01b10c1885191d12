"""Offers and what leaves the house."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, text

from oneshelf.books.columns import Blob, Json, Key, Moment
from oneshelf.books.schema.metadata import metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Key, nullable=False),
    Column("holdout_share", Float, nullable=False),
    Column("place_id", Key),
    Column("status", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
)

assignment = Table(
    "assignment",
    metadata,
    Column("campaign_id", Key, ForeignKey("campaign.id"), primary_key=True),
    Column("person_id", Key, primary_key=True),
    Column("arm", Text, nullable=False),
    Column("assigned_at", Moment, nullable=False),
)

message = Table(
    "message",
    metadata,
    Column("id", Key, primary_key=True),
    Column("campaign_id", Key, ForeignKey("campaign.id"), nullable=False, index=True),
    Column("person_id", Key, nullable=False, index=True),
    Column("products", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("payload", Blob, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("error", Text),
    # Only what still has to leave is indexed: the rest grows for ever.
    Index(
        "ix_outbox_due",
        "next_at",
        sqlite_where=text("sent_at IS NULL"),
        postgresql_where=text("sent_at IS NULL"),
    ),
)
