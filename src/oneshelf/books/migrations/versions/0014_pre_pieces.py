"""Pieces of stock in 64 bits: what one document may say fits 32, what many add up to need not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_pre"
down_revision = "0013_pre"
branch_labels = None
depends_on = None

PIECES = {
    "stock_move": ("pieces", "held", "effect"),
    "stock_level": ("on_hand", "reserved"),
    "stock_lot": ("pieces",),
    "inbound": ("ordered", "received"),
}


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        return  # its integers have 64 bits
    for table, columns in PIECES.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_nullable=False)
