"""Plans: as they were made, edited, approved, ordered from and scored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_pre"
down_revision = "0011_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", KEY, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("for_day", sa.Date(), nullable=False),
        sa.Column("scenario", sa.Text()),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.Column("approved_at", MOMENT),
        sa.Column("approved_by", KEY),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("outlook", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
    )
    op.create_index("ix_plan_for_day", "plan", ["for_day"])
    op.create_table(
        "plan_part",
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_part_plan_id"),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_part"),
    )
    op.create_table(
        "plan_edit",
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_edit_plan_id"),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_edit"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plan_order",
        sa.Column("id", KEY, nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("supplier_id", KEY),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_order_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_order"),
    )
    op.create_index("ix_plan_order_plan_id_id", "plan_order", ["plan_id", "id"])
    op.create_table(
        "plan_score",
        sa.Column("for_day", sa.Date(), nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("scored_at", MOMENT, nullable=False),
        sa.Column("score", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_score_plan_id"),
        sa.PrimaryKeyConstraint("for_day", name="pk_plan_score"),
    )
