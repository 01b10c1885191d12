"""The ledger: holdings are read, moves posted on them, and both saved.

It must be used within a work of the writer: writers take turns, so nobody else changes a holding between reading and saving.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, select

from oneshelf.books.bulk import add, are_keys, change, chunks, keys_given, put, replace
from oneshelf.books.schema.stock import stock_level, stock_lot, stock_move
from oneshelf.insight.goods.stock.lots import Lot, Lots
from oneshelf.insight.goods.stock.moves import Move, Parts, Posted
from oneshelf.insight.goods.stock.posting import Holding, is_late, note, post, repost

#: A place and a product.
Pair = tuple[str, str]

#: Pairs in one statement: two parameters each.
_PAIRS_MAX: Final = 4_000


_HOLDINGS: Final = select(
    stock_level.c.place_id,
    stock_level.c.product_id,
    stock_level.c.reserved,
    stock_level.c.last_at,
    stock_level.c.fixed_at,
    stock_level.c.simulated,
    stock_lot.c.lot_id,
    stock_lot.c.pieces,
    stock_lot.c.expires_on,
    stock_lot.c.owner_id,
).outerjoin(
    stock_lot,
    and_(
        stock_lot.c.place_id == stock_level.c.place_id,
        stock_lot.c.product_id == stock_level.c.product_id,
        stock_lot.c.pieces > 0,
    ),
)
_NEWEST: Final = select(func.max(stock_move.c.id))


class Ledger:
    """The holdings of some pairs, with moves posted on them. Nothing is written before `save`."""

    def __init__(self, connection: Connection, pairs: Collection[Pair]) -> None:
        self._connection = connection
        self._holdings: dict[Pair, Holding] = {pair: Holding(lots={}) for pair in pairs}
        #: what each lot was when it was read, so that only those that changed are written
        self._read: dict[tuple[str, str, str], tuple[Any, ...]] = {}
        self._touched: set[Pair] = set()
        self._new: list[tuple[Move, Parts]] = []
        self._changed: dict[int, tuple[Posted, Parts]] = {}
        self._load(sorted(pairs))
        self._newest: int = connection.execute(_NEWEST).scalar() or 0

    def holding(self, pair: Pair) -> Holding:
        """What lies at one place of one product, with all that was posted here so far."""
        return self._holdings[pair]

    def post(self, move: Move) -> None:
        """Post a move that comes in its order, or one after which the order does not matter."""
        self._touched.add(move.pair)
        self._new.append((move, post(self._holdings[move.pair], move)))

    def post_all(self, moves: Iterable[Move]) -> None:
        """Post moves whenever they happened: those that come late are put among those after them. Once before a `save`."""
        late: defaultdict[Pair, list[Move]] = defaultdict(list)
        for move in sorted(moves, key=attrgetter("happened_at")):
            # once one is late, those after it wait for it: they are not in the books yet, where what is to be undone is read
            if move.pair in late or is_late(self._holdings[move.pair], move):
                late[move.pair].append(move)
            else:
                self.post(move)
        if late:
            self._repost(late)

    def split(self, into: Callable[[Move, Parts, Lots], Iterable[tuple[Move, Parts]]]) -> None:
        """Put others that do the same for the moves that are posted and not saved; `into` sees what each did, and the lots."""
        self._new = [
            one for move, parts in self._new for one in into(move, parts, self._holdings[move.pair].lots)
        ]

    def save(self, recorded_at: datetime) -> None:
        """Write what was posted."""
        if self._new:
            rows = [
                move_row(id_, move, parts, recorded_at)
                for id_, (move, parts) in enumerate(self._new, self._newest + 1)
            ]
            add(self._connection, stock_move, rows)
            self._newest += len(rows)
        change(
            self._connection,
            stock_move,
            [
                {"id": posted.id, "effect": sum(parts.values()), "parts": parts}
                for posted, parts in self._changed.values()
            ],
        )
        self._save_levels()
        self._save_lots()
        self._touched.clear()
        self._new.clear()
        self._changed.clear()

    def _repost(self, late: dict[Pair, list[Move]]) -> None:
        """Post late moves: read what happened after them, put them in between, note what changes."""
        self._load_empty_lots(sorted(late))
        for pair, moves in late.items():
            holding = self._holdings[pair]
            later = self._later(pair, moves[0].happened_at)
            done, changed = repost(holding.lots, later, moves)
            self._new += zip(moves, done, strict=True)
            self._changed |= {posted.id: (posted, parts) for posted, parts in changed}
            self._touched.add(pair)
            for move in moves:
                note(holding, move)

    def _later(self, pair: Pair, after: datetime) -> list[Posted]:
        """The moves of a pair after a moment, in order."""
        table = stock_move.c
        query = (
            select(stock_move)
            .where(table.place_id == pair[0], table.product_id == pair[1], table.happened_at > after)
            .where(table.kind.not_in(("reserved", "released")))
            .order_by(table.happened_at, table.id)
        )
        return [posted_of(row) for row in self._connection.execute(query)]

    def _load(self, pairs: Sequence[Pair]) -> None:
        """Read levels with the lots that have any pieces, by one statement."""
        level = stock_level.c
        query = _HOLDINGS.where(are_keys(self._connection, level.place_id, level.product_id))
        for chunk in chunks(pairs, _PAIRS_MAX):
            for row in self._connection.execute(query, keys_given(self._connection, chunk)):
                place_id, product_id, reserved, last_at, fixed_at, simulated, lot_id, *of_lot = row
                holding = self._holdings[place_id, product_id]
                holding.reserved, holding.simulated = reserved, simulated
                holding.last_at, holding.fixed_at = last_at, fixed_at
                if lot_id is not None:
                    self._note_lot((place_id, product_id), lot_id, *of_lot)

    def _load_empty_lots(self, pairs: Sequence[Pair]) -> None:
        """Undoing may fill lots that are empty now: their age is needed."""
        table = stock_lot.c
        found = are_keys(self._connection, table.place_id, table.product_id)
        query = select(stock_lot).where(found, table.pieces == 0)
        for chunk in chunks(pairs, _PAIRS_MAX):
            for row in self._connection.execute(query, keys_given(self._connection, chunk)):
                self._note_lot(
                    (row.place_id, row.product_id), row.lot_id, row.pieces, row.expires_on, row.owner_id
                )

    def _note_lot(
        self, pair: Pair, lot_id: str, pieces: int, expires_on: date | None, owner_id: str | None
    ) -> None:
        lots = self._holdings[pair].lots
        if lot_id not in lots:
            lots[lot_id] = Lot(pieces=pieces, expires_on=expires_on, owner_id=owner_id)
            self._read[(*pair, lot_id)] = _state(lots[lot_id])

    def _save_levels(self) -> None:
        rows = []
        for place_id, product_id in sorted(self._touched):
            holding = self._holdings[place_id, product_id]
            rows.append(
                {
                    "place_id": place_id,
                    "product_id": product_id,
                    "on_hand": holding.on_hand,
                    "reserved": holding.reserved,
                    "last_at": holding.last_at,
                    "fixed_at": holding.fixed_at,
                    "simulated": holding.simulated,
                }
            )
        put(self._connection, stock_level, rows, update=replace(stock_level))

    def _save_lots(self) -> None:
        rows = []
        for pair in sorted(self._touched):
            for lot_id, lot in self._holdings[pair].lots.items():
                key = (*pair, lot_id)
                if self._read.get(key) != _state(lot):
                    rows.append(
                        {
                            "place_id": pair[0],
                            "product_id": pair[1],
                            "lot_id": lot_id,
                            "pieces": lot.pieces,
                            "expires_on": lot.expires_on,
                            "owner_id": lot.owner_id,
                        }
                    )
        put(self._connection, stock_lot, rows, update=replace(stock_lot))


def _state(lot: Lot) -> tuple[Any, ...]:
    return lot.pieces, lot.expires_on, lot.owner_id


def move_row(id_: int, move: Move, parts: Parts, recorded_at: datetime) -> dict[str, Any]:
    """A move as a row of the ledger."""
    return {
        "id": id_,
        "place_id": move.place_id,
        "product_id": move.product_id,
        "happened_at": move.happened_at,
        "day": move.day,
        "kind": move.kind,
        "pieces": move.pieces,
        "held": move.held,
        "effect": sum(parts.values()),
        "parts": parts,
        "lot_id": move.lot_id,
        "expires_on": move.expires_on,
        "owner_id": move.owner_id,
        "document": move.document,
        "reason": move.reason,
        "simulated": move.simulated,
        "recorded_at": recorded_at,
    }


def posted_of(row: Row[Any]) -> Posted:
    """A row of the ledger as a move."""
    move = Move(
        document=row.document,
        place_id=row.place_id,
        product_id=row.product_id,
        kind=row.kind,
        pieces=row.pieces,
        happened_at=row.happened_at,
        day=row.day,
        held=row.held,
        lot_id=row.lot_id,
        expires_on=row.expires_on,
        owner_id=row.owner_id,
        reason=row.reason,
        simulated=row.simulated,
    )
    return Posted(id=row.id, move=move, parts=row.parts)
