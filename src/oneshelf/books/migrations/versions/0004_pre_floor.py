"""Where places are, and the floors of stores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_pre"
down_revision = "0003_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("place", sa.Column("latitude", sa.Float(53)))
    op.add_column("place", sa.Column("longitude", sa.Float(53)))
    op.create_table(
        "floor",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name="fk_floor_place_id"),
        sa.PrimaryKeyConstraint("place_id", name="pk_floor"),
    )
