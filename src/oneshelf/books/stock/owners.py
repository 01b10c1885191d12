"""Whose goods moved: sales and waste of lots that belong to somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, exists, select

from oneshelf.books.schema.stock import stock_lot, stock_move
from oneshelf.books.stock.ledger import posted_of
from oneshelf.insight.goods.stock.moves import Posted


def moves(connection: Connection, since: date, until: date) -> Iterator[tuple[str, Posted, int]]:
    """(owner, move, pieces of the owner's with their sign) of sales, returns and waste from one business day to another."""
    move, lot = stock_move.c, stock_lot.c
    owned = select(lot.place_id, lot.product_id, lot.lot_id, lot.owner_id).where(lot.owner_id.is_not(None))
    owner = {(row.place_id, row.product_id, row.lot_id): row.owner_id for row in connection.execute(owned)}
    has_owner = exists().where(
        lot.place_id == move.place_id, lot.product_id == move.product_id, lot.owner_id.is_not(None)
    )
    query = (
        select(stock_move)
        .where(move.kind.in_(("sold", "returned", "wasted")), move.day.between(since, until), has_owner)
        .order_by(move.id)
    )
    for row in connection.execute(query):
        posted = posted_of(row)
        for lot_id, pieces in posted.parts.items():
            owner_id = owner.get((row.place_id, row.product_id, lot_id))
            if owner_id is not None:
                yield owner_id, posted, pieces
