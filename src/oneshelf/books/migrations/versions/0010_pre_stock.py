"""Stock becomes a ledger of moves, with lots, promises and what is due. The counts of before open it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_pre"
down_revision = "0009_pre"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _moves()
    _sums()
    _promises()
    _open()


def _moves() -> None:
    op.create_table(
        "stock_move",
        sa.Column("id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("effect", sa.Integer(), nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("lot_id", KEY),
        sa.Column("expires_on", sa.Date()),
        sa.Column("owner_id", KEY),
        sa.Column("document", KEY, nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_move"),
    )
    op.create_index("ix_stock_move_pair", "stock_move", ["place_id", "product_id", "happened_at"])
    op.create_index("ix_stock_move_document", "stock_move", ["document"])


def _sums() -> None:
    op.create_table(
        "stock_level",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("fixed_at", MOMENT, nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", "product_id", name="pk_stock_level"),
        sa.CheckConstraint("on_hand >= 0 AND reserved >= 0", name="ck_stock_level"),
    )
    op.create_table(
        "stock_lot",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date()),
        sa.Column("owner_id", KEY),
        sa.PrimaryKeyConstraint("place_id", "product_id", "lot_id", name="pk_stock_lot"),
        sa.CheckConstraint("pieces >= 0", name="ck_stock_lot"),
    )
    op.create_table(
        "stock_place",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place_id", name="pk_stock_place"),
    )


def _promises() -> None:
    op.create_table(
        "reservation",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("place_id", "order_id", name="pk_reservation"),
    )
    op.create_index("ix_reservation_status", "reservation", ["status", "expires_at"])
    op.create_table(
        "inbound",
        sa.Column("place_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("supplier_id", KEY),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ordered", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("ordered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("place_id", "product_id", "order_id", name="pk_inbound"),
    )


def _open() -> None:
    """Each count of before becomes the first move of its place and product."""
    stock = sa.table(
        "stock",
        *(sa.column(name) for name in ("place_id", "product_id", "on_hand", "counted_at", "simulated")),
    )
    old = stock.c
    pair = [old.place_id, old.product_id]

    def fill(table: str, columns: dict[str, sa.ColumnElement[Any]]) -> None:
        target = sa.table(table, *map(sa.column, columns))
        op.execute(target.insert().from_select(list(columns), sa.select(*columns.values())))

    on_postgres = op.get_bind().dialect.name == "postgresql"
    parts: sa.ColumnElement[Any] = (
        sa.func.jsonb_build_object("", old.on_hand) if on_postgres else sa.func.json_object("", old.on_hand)
    )
    day: sa.ColumnElement[Any] = (
        sa.cast(old.counted_at, sa.Date())
        if on_postgres
        else sa.func.date(old.counted_at / 1_000_000, "unixepoch")
    )
    fill(
        "stock_move",
        {
            "id": sa.func.row_number().over(order_by=[old.counted_at, *pair]),
            "place_id": old.place_id,
            "product_id": old.product_id,
            "happened_at": old.counted_at,
            "day": day,
            "kind": sa.literal_column("'counted'"),
            "pieces": old.on_hand,
            "held": sa.literal_column("0"),
            "effect": old.on_hand,
            "parts": parts,
            "document": sa.literal_column("'oneshelf/opening'"),
            "simulated": old.simulated,
            "recorded_at": old.counted_at,
        },
    )
    fill(
        "stock_level",
        {
            "place_id": old.place_id,
            "product_id": old.product_id,
            "on_hand": old.on_hand,
            "reserved": sa.literal_column("0"),
            "last_at": old.counted_at,
            "fixed_at": old.counted_at,
            "simulated": old.simulated,
        },
    )
    fill(
        "stock_lot",
        {
            "place_id": old.place_id,
            "product_id": old.product_id,
            "lot_id": sa.literal_column("''"),
            "pieces": old.on_hand,
        },
    )
    every = sa.func.bool_and(old.simulated) if on_postgres else sa.func.min(old.simulated)
    target = sa.table("stock_place", sa.column("place_id"), sa.column("simulated"))
    op.execute(
        target.insert().from_select(
            ["place_id", "simulated"], sa.select(old.place_id, every).group_by(old.place_id)
        )
    )
