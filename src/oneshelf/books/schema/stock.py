"""The stock ledger: its moves, what they add up to, what is promised and what is due."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Table, Text

from oneshelf.books.columns import Json, Key, Moment, Number
from oneshelf.books.schema.metadata import metadata

stock_move = Table(
    "stock_move",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("place_id", Key, nullable=False),
    Column("product_id", Key, nullable=False),
    Column("happened_at", Moment, nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pieces", Number, nullable=False),
    Column("held", Number, nullable=False),
    #: derived: the change of what lies there, and of which lots
    Column("effect", Number, nullable=False),
    Column("parts", Json, nullable=False),
    Column("lot_id", Key),
    Column("expires_on", Date),
    Column("owner_id", Key),
    Column("document", Key, nullable=False),
    Column("reason", Text),
    Column("simulated", Boolean, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index("ix_stock_move_pair", "place_id", "product_id", "happened_at"),
    Index("ix_stock_move_document", "document"),
)

stock_level = Table(
    "stock_level",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("product_id", Key, primary_key=True),
    Column("on_hand", Number, nullable=False),
    Column("reserved", Number, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("fixed_at", Moment, nullable=False),
    Column("simulated", Boolean, nullable=False),
    CheckConstraint("on_hand >= 0 AND reserved >= 0", name="ck_stock_level"),
)

stock_lot = Table(
    "stock_lot",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("product_id", Key, primary_key=True),
    Column("lot_id", Key, primary_key=True),
    Column("pieces", Number, nullable=False),
    Column("expires_on", Date),
    Column("owner_id", Key),
    CheckConstraint("pieces >= 0", name="ck_stock_lot"),
)

#: Places whose stock is kept: they counted or received something.
stock_place = Table(
    "stock_place",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("simulated", Boolean, nullable=False),
)

reservation = Table(
    "reservation",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    Column("status", Text, nullable=False),
    Column("lines", Json, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_reservation_status", "status", "expires_at"),
)

inbound = Table(
    "inbound",
    metadata,
    Column("place_id", Key, primary_key=True),
    Column("product_id", Key, primary_key=True),
    Column("order_id", Key, primary_key=True),
    Column("supplier_id", Key),
    Column("due_on", Date, nullable=False),
    Column("ordered", Number, nullable=False),
    Column("received", Number, nullable=False),
    Column("ordered_at", Moment, nullable=False),
)
