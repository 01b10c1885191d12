"""Same person? Pairs to decide, what was compared, people in too many pairs, and the model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_pre"
down_revision = "0007_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "candidate",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_a", KEY, nullable=False),
        sa.Column("person_b", KEY, nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("household", sa.Float(), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("decided_by", KEY),
        sa.Column("decided_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_candidate"),
    )
    op.create_index("ix_candidate_person_a", "candidate", ["person_a"])
    op.create_index("ix_candidate_person_b", "candidate", ["person_b"])
    op.create_index("ix_candidate_queue", "candidate", ["status", "probability", "id"])
    op.create_table(
        "matched_record",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_matched_record"),
    )
    op.create_table(
        "crowded_person",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_crowded_person"),
    )
    op.create_table(
        "matching_model",
        sa.Column("name", KEY, nullable=False),
        sa.Column("model", JSON, nullable=False),
        sa.Column("trained_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_matching_model"),
    )
