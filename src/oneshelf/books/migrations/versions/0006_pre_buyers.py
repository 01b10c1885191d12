"""Where people buy, so that staff of some places find them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_pre"
down_revision = "0005_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "buyer",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("place_id", "person_id", name="pk_buyer"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_buyer_person_id", "buyer", ["person_id"])
