"""Tables of people-matching: pairs for a person to decide, what was compared already, and the trained model."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Table, Text

from oneshelf.books.columns import Blob, Json, Key, Moment
from oneshelf.books.schema.metadata import metadata

#: Pairs that may be one person. `evidence` says of each field how it compares, and holds no value of it.
candidate = Table(
    "candidate",
    metadata,
    Column("id", Key, primary_key=True),
    Column("person_a", Key, nullable=False, index=True),
    Column("person_b", Key, nullable=False, index=True),
    Column("probability", Float, nullable=False),
    Column("household", Float, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("decided_by", Key),
    Column("decided_at", Moment),
    Index("ix_candidate_queue", "status", "probability", "id"),
)

#: Records that were compared, by a digest of what they were then: another digest makes a record new.
matched_record = Table(
    "matched_record",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("digest", Blob, nullable=False),
)

#: People whom too many pairs name: shared accounts and tests, of whom no pair is proposed.
crowded_person = Table(
    "crowded_person",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("found_at", Moment, nullable=False),
)

#: What was learned, as JSON.
matching_model = Table(
    "matching_model",
    metadata,
    Column("name", Key, primary_key=True),
    Column("model", Json, nullable=False),
    Column("trained_at", Moment, nullable=False),
)
