"""The tables. Migrations bring a database to this form; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, MetaData, Table, Text, text

from oneshelf.books.columns import Blob, Json, Key, Moment, Number

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- The journal and those who read it ---------------------------------------------------------------------

journal = Table(
    "journal",
    metadata,
    Column("offset", Number, primary_key=True, autoincrement=False),
    Column("codec", Text, nullable=False),
    Column("source", Key, nullable=False),
    Column("events", Integer, nullable=False),
    Column("packed", Boolean, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("data", Blob, nullable=False),  # last: SQLite reads the others without walking the blob's pages
)

cursor = Table(
    "cursor",
    metadata,
    Column("name", Key, primary_key=True),
    Column("position", Number, nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("digest", Blob(16), primary_key=True),
    sqlite_with_rowid=False,
)

repeat = Table(
    "repeat",
    metadata,
    Column("offset", Number, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

touched_day = Table(
    "touched_day",
    metadata,
    Column("table_name", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("offset", Number, nullable=False),
)

# --- What arrives, and what was refused --------------------------------------------------------------------

arrival = Table(
    "arrival",
    metadata,
    Column("source", Key, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("events", Number, nullable=False),
    Column("repeats", Number, nullable=False),
    Column("failed", Number, nullable=False),
    Column("simulated", Number, nullable=False),
    Column("last_recorded_at", Moment, nullable=False),
)

reject = Table(
    "reject",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source", Key, nullable=False),
    Column("stage", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("offset", Number),
    Column("at", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("raw", Blob, nullable=False),
    Column("rejected_at", Moment, nullable=False),
    Column("replayed_at", Moment),
    Index("ix_reject_source", "source"),
)
Index("ix_reject_newest", reject.c.rejected_at.desc(), reject.c.id.desc())

load = Table(
    "load",
    metadata,
    Column("source", Key, primary_key=True),
    Column("position", Text, nullable=False),
    Column("events", Number, nullable=False),
    Column("at", Moment, nullable=False),
)

# --- People ------------------------------------------------------------------------------------------------

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

# --- Goods and places --------------------------------------------------------------------------------------

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

# --- Offers and what leaves the house ----------------------------------------------------------------------

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

# --- Staff, keys and who looked at whom --------------------------------------------------------------------

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
