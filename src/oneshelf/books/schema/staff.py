"""Staff, keys, who looked at whom, and jobs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from oneshelf.books.columns import Blob, Json, Key, Moment, Number
from oneshelf.books.schema.metadata import metadata

staff = Table(
    "staff",
    metadata,
    Column("name", Key, primary_key=True),
    Column("password_hash", Text),
    Column("role", Text, nullable=False),
    Column("places", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", Blob, primary_key=True),
    Column("staff_name", Key, ForeignKey("staff.name"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("csrf", Text, nullable=False),
)

write_key = Table(
    "write_key",
    metadata,
    Column("key_hash", Blob, primary_key=True),
    Column("source", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

api_token = Table(
    "api_token",
    metadata,
    Column("token_hash", Blob, primary_key=True),
    Column("staff_name", Key, ForeignKey("staff.name"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

access_log = Table(
    "access_log",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Key, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("person_id", Key, index=True),
    Column("place_id", Key),
    Column("allowed", Boolean, nullable=False),
)

secret = Table(
    "secret",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Blob, nullable=False),
    Column("created_at", Moment, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Key, nullable=False),
    Column("args", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("heartbeat", Moment),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Index("ix_job_status_run_at", "status", "run_at"),
)
