"""Trends: nights, their flags, and what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_pre"
down_revision = "0010_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "trend_night",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_trend_night"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trend_flag",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("signal", KEY, nullable=False),
        sa.Column("level", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("went_on", sa.Boolean()),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("day", "signal", "level", "name", name="pk_trend_flag"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trend_flag_night", "trend_flag", ["day", "rank"])
    op.create_index("ix_trend_flag_series", "trend_flag", ["level", "name", "day"])
