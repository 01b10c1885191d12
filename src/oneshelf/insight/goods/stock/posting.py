"""Posting: what a move does to the lots, and what a late one changes in those after it.

A move that comes in its order is applied to what lies there now. A late one is put where it belongs: the moves after it are undone,
and applied again until everything is as it was. A count absorbs the difference, so that is mostly the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from oneshelf.insight.goods.stock.lots import Lot, Lots, bring, count, find, lot_of, sellable, take, total
from oneshelf.insight.goods.stock.moves import Move, Parts, Posted

#: Before any move.
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class Holding(msgspec.Struct, kw_only=True):
    """What lies at one place of one product, and what of it is promised."""

    lots: Lots
    reserved: int = 0
    #: the newest move, and the newest that later ones must not be slipped in front of (see `is_late`)
    last_at: datetime = NEVER
    fixed_at: datetime = NEVER
    simulated: bool = False

    @property
    def on_hand(self) -> int:
        """Pieces that lie there."""
        return total(self.lots)

    def available(self, day: date, mine: int = 0) -> int:
        """Pieces that can be promised: not expired on the day, and promised to nobody but the one who has `mine` of them."""
        return max(0, sellable(self.lots, day) - self.reserved + mine)


def is_late(holding: Holding, move: Move) -> bool:
    """Whether moves after this one must be looked at again.

    Sales commute with sales, so that tills whose clocks differ a little cost nothing.
    """
    if not move.moves_goods:
        return False
    return move.happened_at < (holding.fixed_at if move.is_free else holding.last_at)


def post(holding: Holding, move: Move) -> Parts:
    """Apply a move to what lies there now, and return what it did to each lot."""
    note(holding, move)
    return apply(holding.lots, move)


def note(holding: Holding, move: Move) -> None:
    """Note all of a move but what it does to the lots."""
    holding.reserved += move.held
    if not move.moves_goods:
        return
    holding.last_at = max(holding.last_at, move.happened_at)
    if not move.is_free:
        holding.fixed_at = max(holding.fixed_at, move.happened_at)
    if move.kind in ("counted", "received"):
        holding.simulated = move.simulated


def apply(lots: Lots, move: Move) -> Parts:
    """What a move does to the lots; they are changed."""
    match move.kind:
        case "reserved" | "released":
            return {}
        case "counted":
            return count(lots, move)
        case "returned":
            return find(lots, move.pieces, move.lot_id, move.expires_on)
        case _ if move.pieces < 0:
            lot_id = None if move.lot_id is None else lot_of(move)
            return take(
                lots,
                -move.pieces,
                lot_id,
                move.day,
                expires_on=move.expires_on,
                owner_id=move.owner_id,
                oldest_first=move.kind == "wasted",
            )
        case _:
            return bring(lots, move)


def undo(lots: Lots, later: Iterable[Posted]) -> None:
    """Bring the lots back to before some moves."""
    for posted in later:
        for lot_id, pieces in posted.parts.items():
            lots.setdefault(lot_id, Lot()).pieces -= pieces


def repost(
    lots: Lots, later: Sequence[Posted], late: Sequence[Move]
) -> tuple[list[Parts], list[tuple[Posted, Parts]]]:
    """Put `late` moves, in order of time, among those `later` than the first of them (by time, then by id).

    Changes `lots` to what lies there now. Returns what each late move did, and of the later ones those that now do something else.
    """
    undo(lots, later)
    before = {lot_id: lot.pieces for lot_id, lot in lots.items()}
    done: list[Parts] = []
    changed: list[tuple[Posted, Parts]] = []
    at = 0
    for index, posted in enumerate(later):
        while at < len(late) and late[at].happened_at < posted.move.happened_at:
            done.append(apply(lots, late[at]))
            at += 1
        if at == len(late) and _same(lots, before):
            _redo(lots, later[index:])
            return done, changed
        parts = apply(lots, posted.move)
        if parts != posted.parts:
            changed.append((posted, parts))
        for lot_id, pieces in posted.parts.items():
            before[lot_id] = before.get(lot_id, 0) + pieces
    done += [apply(lots, move) for move in late[at:]]
    return done, changed


def _same(lots: Lots, before: dict[str, int]) -> bool:
    return all(before.get(lot_id, 0) == lot.pieces for lot_id, lot in lots.items())


def _redo(lots: Lots, rest: Iterable[Posted]) -> None:
    """Do again what is known to come out as before."""
    for posted in rest:
        for lot_id, pieces in posted.parts.items():
            lots.setdefault(lot_id, Lot()).pieces += pieces
