"""What a night's run over everybody leaves: modelled figures of each person, and everybody's shares of baskets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_pre"
down_revision = "0006_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "modelled",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("modelled_at", MOMENT, nullable=False),
        sa.Column("price_index", sa.Float(53)),
        sa.Column("expected_orders_90_days", sa.Float(53)),
        sa.Column("expected_spend_90_days_minor", sa.Float(53)),
        sa.Column("p_active", sa.Float(53)),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_modelled"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_modelled_modelled_at", "modelled", ["modelled_at"])
    op.create_table(
        "everybody_share",
        sa.Column("subject", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("share", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("subject", "name", name="pk_everybody_share"),
        sqlite_with_rowid=False,
    )
