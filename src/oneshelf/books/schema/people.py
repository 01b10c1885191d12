"""People and who is who."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from oneshelf.books.columns import Blob, Json, Key, Moment, Number
from oneshelf.books.schema.metadata import metadata

person = Table(
    "person",
    metadata,
    Column("person_id", Key, primary_key=True),
    Column("first_seen_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("spend_minor", Number, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("joined_to", Key, index=True),  # the person whom this one turned out to be
    Column("state", Blob, nullable=False),
    Column("own", Blob),  # what came under this id alone, where the state holds more
)
Index("ix_person_spend", person.c.spend_minor.desc(), person.c.person_id)

#: Where people buy: what staff of some places may see.
buyer = Table(
    "buyer",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("person_id", Key, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

link = Table(
    "link",
    metadata,
    Column("identifier", Key, primary_key=True),
    Column("person_id", Key, nullable=False, index=True),
    Column("linked_at", Moment, nullable=False),
)

#: The joins that hold: two identifiers that evidence tied together.
tie = Table(
    "tie",
    metadata,
    Column("identifier", Key, primary_key=True),
    Column("other", Key, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

#: Who claimed an identifier in vain; counted until it is known as a shared one.
identity_claim = Table(
    "identity_claim",
    metadata,
    Column("identifier", Key, primary_key=True),
    Column("person_id", Key, primary_key=True),
    sqlite_with_rowid=False,
)

#: Identifiers that too many people claim: nobody's.
shared_identifier = Table(
    "shared_identifier",
    metadata,
    Column("identifier", Key, primary_key=True),
    sqlite_with_rowid=False,
)

#: Pairs that somebody told apart.
kept_apart = Table(
    "kept_apart",
    metadata,
    Column("identifier", Key, primary_key=True),
    Column("other", Key, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

#: Why: every join, split and refusal with its evidence, oldest first.
identity_reason = Table(
    "identity_reason",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("action", Text, nullable=False),
    Column("person_id", Key, nullable=False, index=True),
    Column("from_person_id", Key, nullable=False, index=True),
    Column("identifier", Key, nullable=False),
    Column("other", Key, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("decided_by", Text, nullable=False),
)
