"""The proof that the ledger adds up: sums of the moves against what is kept beside them, by the database itself."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, select

from oneshelf.books.schema.stock import reservation, stock_level, stock_lot, stock_move


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A place and product where sums that must be equal are not, in pieces."""

    place_id: str
    product_id: str
    on_hand: int
    by_moves: int
    by_lots: int
    reserved: int
    reserved_by_moves: int
    reserved_by_orders: int


def differences(connection: Connection, limit: int = 100) -> list[Difference]:
    """Where the ledger does not add up; empty when all is well.

    On hand must be the sum of the moves' effects and of the lots; promised the sum of what moves hold, and of what open
    reservations say.
    """
    by_orders = _by_orders(connection)
    found = []
    for row in connection.execute(_sums()):
        pair = (row.place_id, row.product_id)
        numbers = [row.on_hand, row.effect or 0, row.pieces or 0, row.reserved, row.held or 0]
        promised = by_orders.pop(pair, 0)
        if len(set(numbers[:3])) > 1 or len({*numbers[3:], promised}) > 1:
            found.append(_difference(pair, numbers, promised))
    found += [_difference(pair, [0] * 5, promised) for pair, promised in by_orders.items()]
    return found[:limit]


def _sums() -> Select[Any]:
    moves, lots, level = stock_move.c, stock_lot.c, stock_level.c
    by_move = (
        select(
            moves.place_id,
            moves.product_id,
            func.sum(moves.effect).label("effect"),
            func.sum(moves.held).label("held"),
        )
        .group_by(moves.place_id, moves.product_id)
        .subquery()
    )
    by_lot = (
        select(lots.place_id, lots.product_id, func.sum(lots.pieces).label("pieces"))
        .group_by(lots.place_id, lots.product_id)
        .subquery()
    )

    def same(other: Subquery) -> ColumnElement[bool]:
        return and_(level.place_id == other.c.place_id, level.product_id == other.c.product_id)

    return (
        select(level.place_id, level.product_id, level.on_hand, level.reserved)
        .add_columns(by_move.c.effect, by_move.c.held, by_lot.c.pieces)
        .outerjoin(by_move, same(by_move))
        .outerjoin(by_lot, same(by_lot))
    )


def _by_orders(connection: Connection) -> dict[tuple[str, str], int]:
    promised: dict[tuple[str, str], int] = {}
    query = select(reservation.c.place_id, reservation.c.lines).where(reservation.c.status == "open")
    for place_id, lines in connection.execute(query):
        for product_id, pieces in lines.items():
            promised[place_id, product_id] = promised.get((place_id, product_id), 0) + pieces
    return promised


def _difference(pair: tuple[str, str], numbers: list[int], promised: int) -> Difference:
    on_hand, by_moves, by_lots, reserved, held = numbers
    return Difference(
        place_id=pair[0],
        product_id=pair[1],
        on_hand=on_hand,
        by_moves=by_moves,
        by_lots=by_lots,
        reserved=reserved,
        reserved_by_moves=held,
        reserved_by_orders=promised,
    )
