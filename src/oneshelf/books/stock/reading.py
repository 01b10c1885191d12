"""Reading the ledger: what lies where, how old it is, and what moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select, tuple_

from oneshelf.books.bulk import among, chunks
from oneshelf.books.schema.stock import stock_level, stock_lot, stock_move
from oneshelf.books.stock.ledger import Pair, posted_of
from oneshelf.insight.goods.stock.lots import name_of
from oneshelf.insight.goods.stock.moves import Move, Posted


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at a place of a product, in pieces, and how much of it is promised. `simulated`: its last count was."""

    place_id: str
    product_id: str
    on_hand: int
    reserved: int
    simulated: bool

    @property
    def available(self) -> int:
        """Pieces that are promised to nobody."""
        return max(0, self.on_hand - self.reserved)


class LotLevel(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one lot. `expires_on` is the last day on which it may be sold; without an owner it is our own."""

    place_id: str
    product_id: str
    lot_id: str
    expires_on: date | None
    owner_id: str | None
    pieces: int


class PlaceStock(msgspec.Struct, frozen=True, kw_only=True):
    """A place's stock in one line."""

    place_id: str
    products: int
    pieces: int
    reserved: int
    sold_out: int


def recorded(connection: Connection, documents: set[str]) -> dict[str, dict[Pair, int]]:
    """Of those documents that the ledger has, the pieces that each told of, with their sign, by place and product."""
    found: defaultdict[str, dict[Pair, int]] = defaultdict(dict)
    table = stock_move.c
    for chunk in chunks(sorted(documents)):
        query = (
            select(table.document, table.place_id, table.product_id, func.sum(table.pieces))
            .where(among(connection, table.document, chunk))
            .group_by(table.document, table.place_id, table.product_id)
        )
        for document, place_id, product_id, pieces in connection.execute(query):
            found[document][place_id, product_id] = int(pieces)
    return found


def told(connection: Connection, documents: set[str]) -> dict[str, list[Move]]:
    """The moves of those documents that the ledger has, by document, as they were told."""
    found: defaultdict[str, list[Move]] = defaultdict(list)
    for chunk in chunks(sorted(documents)):
        query = select(stock_move).where(among(connection, stock_move.c.document, chunk))
        for row in connection.execute(query):
            found[row.document].append(posted_of(row).move)
    return found


def levels(
    connection: Connection,
    *,
    place_ids: Sequence[str] | None = None,
    product_ids: Sequence[str] | None = None,
    after: Pair | None = None,
    limit: int | None = None,
) -> list[Level]:
    """Levels in order of place and product, those behind `after`."""
    table = stock_level.c
    query: Select[Any] = select(*(table[name] for name in Level.__struct_fields__))
    query = _within(connection, query, table, place_ids, product_ids).order_by(
        table.place_id, table.product_id
    )
    if after is not None:
        query = query.where(tuple_(table.place_id, table.product_id) > after)
    if limit is not None:
        query = query.limit(limit)
    return [Level(**row._mapping) for row in connection.execute(query)]


def lots(
    connection: Connection,
    *,
    place_ids: Sequence[str] | None = None,
    product_ids: Sequence[str] | None = None,
) -> list[LotLevel]:
    """Lots that have any pieces, in order of place, product and expiry; those of unknown age last."""
    table = stock_lot.c
    query = _within(connection, select(stock_lot).where(table.pieces > 0), table, place_ids, product_ids)
    order = (table.place_id, table.product_id, table.expires_on.nulls_last(), table.lot_id)
    return [_lot(row._mapping) for row in connection.execute(query.order_by(*order))]


def places(connection: Connection) -> list[PlaceStock]:
    """Every place whose stock is kept, in order of id."""
    table = stock_level.c
    query = select(
        table.place_id,
        func.count().label("products"),
        func.sum(table.on_hand).label("pieces"),
        func.sum(table.reserved).label("reserved"),
        func.count().filter(table.on_hand == 0).label("sold_out"),
    )
    rows = connection.execute(query.group_by(table.place_id).order_by(table.place_id))
    return [PlaceStock(**row._mapping) for row in rows]


def moves(
    connection: Connection, pair: Pair, *, before: tuple[datetime, int] | None = None, limit: int
) -> list[Posted]:
    """The moves of a product at a place, the newest first; those older than `before` (time and id)."""
    table = stock_move.c
    query = select(stock_move).where(table.place_id == pair[0], table.product_id == pair[1])
    if before is not None:
        query = query.where(tuple_(table.happened_at, table.id) < before)
    query = query.order_by(table.happened_at.desc(), table.id.desc()).limit(limit)
    return [posted_of(row) for row in connection.execute(query)]


def lots_as_of(
    connection: Connection,
    day: date,
    *,
    place_ids: Sequence[str] | None = None,
    product_ids: Sequence[str] | None = None,
) -> list[LotLevel]:
    """`lots` at the end of a business day: those of now, without what happened later."""
    table, lot = stock_move.c, stock_lot.c
    rows = connection.execute(_within(connection, select(stock_lot), lot, place_ids, product_ids))
    found = {(row.place_id, row.product_id, row.lot_id): dict(row._mapping) for row in rows}
    later = select(table.place_id, table.product_id, table.parts).where(table.day > day)
    for row in connection.execute(_within(connection, later, table, place_ids, product_ids)):
        for lot_id, pieces in row.parts.items():
            found[row.place_id, row.product_id, lot_id]["pieces"] -= pieces
    left = [_lot(row) for row in found.values() if row["pieces"] > 0]
    return sorted(
        left, key=lambda lot: (lot.place_id, lot.product_id, lot.expires_on or date.max, lot.lot_id)
    )


def _lot(row: Mapping[Any, Any]) -> LotLevel:
    """A lot under the name that stands on the goods; in the books' own id of it its owner is named, too."""
    return LotLevel(**{**row, "lot_id": name_of(row["lot_id"])})


def _within(
    connection: Connection,
    query: Select[Any],
    table: Any,
    place_ids: Sequence[str] | None,
    product_ids: Sequence[str] | None,
) -> Select[Any]:
    for column, ids in ((table.place_id, place_ids), (table.product_id, product_ids)):
        if ids is not None:
            query = query.where(among(connection, column, ids))
    return query
