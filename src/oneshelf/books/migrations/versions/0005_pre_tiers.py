"""Tiers and audiences: who is in which tier, the cut-points of the night, and saved conditions in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_pre"
down_revision = "0004_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tier",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("tier", KEY, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_tier"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tier_tier", "tier", ["tier"])
    op.create_table(
        "cutpoint",
        sa.Column("field", KEY, nullable=False),
        sa.Column("share", sa.Float(53), nullable=False),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("field", "share", name="pk_cutpoint"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audience",
        sa.Column("name", KEY, nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audience"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audience_version",
        sa.Column("name", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("created_by", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["name"], ["audience.name"], name="fk_audience_version_name"),
        sa.PrimaryKeyConstraint("name", "version", name="pk_audience_version"),
        sqlite_with_rowid=False,
    )
