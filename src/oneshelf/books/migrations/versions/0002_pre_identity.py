"""One customer: what ties identifiers together, why, and what each of them did alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_pre"
down_revision = "0001_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("person", sa.Column("joined_to", KEY))
    op.add_column("person", sa.Column("own", sa.LargeBinary()))
    op.create_index("ix_person_joined_to", "person", ["joined_to"])
    for name, second in (("tie", "other"), ("kept_apart", "other"), ("identity_claim", "person_id")):
        op.create_table(
            name,
            sa.Column("identifier", KEY, nullable=False),
            sa.Column(second, KEY, nullable=False),
            sa.PrimaryKeyConstraint("identifier", second, name=f"pk_{name}"),
            sqlite_with_rowid=False,
        )
        if second == "other":
            op.create_index(f"ix_{name}_other", name, ["other"])
    op.create_table(
        "shared_identifier",
        sa.Column("identifier", KEY, nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_shared_identifier"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity_reason",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("from_person_id", KEY, nullable=False),
        sa.Column("identifier", KEY, nullable=False),
        sa.Column("other", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_reason"),
    )
    op.create_index("ix_identity_reason_person_id", "identity_reason", ["person_id"])
    op.create_index("ix_identity_reason_from_person_id", "identity_reason", ["from_person_id"])
    # A link of before was a join, too: as a tie it can be undone like any other.
    link, tie = (
        sa.table(name, sa.column("identifier", KEY), sa.column(second, KEY))
        for name, second in (("link", "person_id"), ("tie", "other"))
    )
    held = sa.select(link.c.identifier, link.c.person_id).where(link.c.identifier != link.c.person_id)
    op.execute(tie.insert().from_select(["identifier", "other"], held))
