"""The first books.

Steps are frozen: they never import the tables of today, which go on changing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_pre"
down_revision = None
branch_labels = ("pre",)
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _journal()
    _arrivals()
    _people()
    _goods_and_places()
    _offers()
    _staff()
    _jobs()


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("offset", NUMBER, autoincrement=False, nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("offset", name="pk_journal"),
    )
    op.create_table(
        "cursor",
        sa.Column("name", KEY, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursor"),
    )
    op.create_table(
        "seen",
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_seen"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "repeat",
        sa.Column("offset", NUMBER, autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("offset", "index", name="pk_repeat"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "touched_day",
        sa.Column("table_name", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("offset", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "day", name="pk_touched_day"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # The data is packed already: trying to compress it again costs time at every append.
        op.execute("ALTER TABLE journal ALTER COLUMN data SET STORAGE EXTERNAL")


def _arrivals() -> None:
    op.create_table(
        "arrival",
        sa.Column("source", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.Column("repeats", NUMBER, nullable=False),
        sa.Column("failed", NUMBER, nullable=False),
        sa.Column("simulated", NUMBER, nullable=False),
        sa.Column("last_recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name="pk_arrival"),
    )
    op.create_table(
        "reject",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("offset", NUMBER),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("rejected_at", MOMENT, nullable=False),
        sa.Column("replayed_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_reject"),
    )
    op.create_index(
        "ix_reject_newest", "reject", [sa.literal_column("rejected_at DESC"), sa.literal_column("id DESC")]
    )
    op.create_index("ix_reject_source", "reject", ["source"])
    op.create_table(
        "load",
        sa.Column("source", KEY, nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("events", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_load"),
    )


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("spend_minor", NUMBER, nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_person"),
    )
    op.create_index("ix_person_spend", "person", [sa.literal_column("spend_minor DESC"), "person_id"])
    op.create_table(
        "link",
        sa.Column("identifier", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_link"),
    )
    op.create_index("ix_link_person_id", "link", ["person_id"])


def _goods_and_places() -> None:
    op.create_table(
        "product",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text()),
        sa.Column("category", sa.Text()),
        sa.Column("type", sa.Text()),
        sa.Column("brand", sa.Text()),
        sa.Column("size", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
    )
    op.create_table(
        "stock",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", "product_id", name="pk_stock"),
    )
    op.create_table(
        "place",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_place"),
    )


def _offers() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("holdout_share", sa.Float(), nullable=False),
        sa.Column("place_id", KEY),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
    )
    op.create_table(
        "assignment",
        sa.Column("campaign_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("assigned_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_assignment_campaign_id"),
        sa.PrimaryKeyConstraint("campaign_id", "person_id", name="pk_assignment"),
    )
    op.create_table(
        "message",
        sa.Column("id", KEY, nullable=False),
        sa.Column("campaign_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("products", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_message_campaign_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_campaign_id", "message", ["campaign_id"])
    op.create_index("ix_message_person_id", "message", ["person_id"])
    op.create_table(
        "outbox",
        sa.Column("id", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_at"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("name", KEY, nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("places", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name="pk_staff"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_name", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["staff_name"], ["staff.name"], name="fk_session_staff_name"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_index("ix_session_staff_name", "session", ["staff_name"])
    op.create_table(
        "write_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("key_hash", name="pk_write_key"),
    )
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_name", KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.ForeignKeyConstraint(["staff_name"], ["staff.name"], name="fk_api_token_staff_name"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_api_token"),
    )
    op.create_index("ix_api_token_staff_name", "api_token", ["staff_name"])
    op.create_table(
        "access_log",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("person_id", KEY),
        sa.Column("place_id", KEY),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_person_id", "access_log", ["person_id"])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("args", JSON, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("run_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("heartbeat", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_status_run_at", "job", ["status", "run_at"])
