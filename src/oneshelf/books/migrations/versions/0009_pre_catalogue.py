"""The catalogue: what products are and who sends them, their references elsewhere, and prices with their history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_pre"
down_revision = "0008_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("gtin", KEY),
        sa.Column("unit", sa.Text(), nullable=False, server_default=sa.text("'each'")),
        sa.Column("case_pack", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("shelf_life_days", sa.Integer()),
        sa.Column("temperature", sa.Text()),
        sa.Column("supplier_id", KEY),
        sa.Column("category_path", sa.Text()),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()),
    ):
        op.add_column("product", column)
    op.create_index("ix_product_gtin", "product", ["gtin"])
    op.create_table(
        "product_reference",
        sa.Column("source", KEY, nullable=False),
        sa.Column("reference", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("source", "reference", name="pk_product_reference"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_reference_product_id", "product_reference", ["product_id"])
    _create_supply()
    _create_prices()


def _create_supply() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("gln", KEY),
        sa.Column("capacity_pieces", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_supplier"),
    )
    op.create_table(
        "supply_term",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("supplier_id", KEY, nullable=False),
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=False),
        sa.Column("case_pack", sa.Integer(), nullable=False),
        sa.Column("minimum_order_pieces", sa.Integer(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("order_by", sa.Text()),
        sa.Column("capacity_pieces", sa.Integer()),
        sa.PrimaryKeyConstraint("product_id", "supplier_id", "place_id", name="pk_supply_term"),
        sqlite_with_rowid=False,
    )


def _create_prices() -> None:
    scope = ("product_id", "kind", "place_id", "zone", "channel")
    op.create_table(
        "price",
        *(sa.Column(name, KEY, nullable=False) for name in scope),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", KEY, nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(*scope, "starts_on", "recorded_at", name="pk_price"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "price_zone",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("zone", KEY, nullable=False),
        sa.PrimaryKeyConstraint("place_id", name="pk_price_zone"),
        sqlite_with_rowid=False,
    )
