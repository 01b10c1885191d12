"""Lots: pieces of one product that came together, so that they are equally old and have one owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from oneshelf.insight.goods.stock.moves import Move, Parts

#: Pieces of unknown age: found by a count or brought back when no lot was left.
UNKNOWN: Final = ""


class Lot(msgspec.Struct, kw_only=True):
    """What is left of a lot. `expires_on` is the last day on which it may be sold; `owner_id` is empty for goods of our own."""

    pieces: int = 0
    expires_on: date | None = None
    owner_id: str | None = None


#: The lots of one place and product, by id.
Lots = dict[str, Lot]


def lot_of(move: Move) -> str:
    """The lot that a move names, or that goods without one make: of one expiry or else one day of arrival, and one owner."""
    name = move.lot_id
    if name is None:
        name = f"in-{move.day}" if move.expires_on is None else f"exp-{move.expires_on}"
    return _key(name, move.owner_id)


def _key(name: str, owner_id: str | None) -> str:
    """A lot's id in the books: that of two owners is two lots, and our own `L@farm` is not the farm's `L`."""
    return _plain(name) if owner_id is None else f"{_plain(name)}@{_plain(owner_id)}"


def _plain(name: str) -> str:
    return name.replace("%", "%25").replace("@", "%40")


def name_of(lot_id: str) -> str:
    """What documents call a lot, whoever owns it."""
    return lot_id.partition("@")[0].replace("%40", "@").replace("%25", "%")


def total(lots: Lots) -> int:
    """Pieces of all lots."""
    return sum(lot.pieces for lot in lots.values())


def sellable(lots: Lots, day: date) -> int:
    """Pieces that may still be sold on a day."""
    return sum(lot.pieces for lot in lots.values() if lot.expires_on is None or lot.expires_on >= day)


def bring(lots: Lots, move: Move) -> Parts:
    """Put what came into its lot. Of two expiries told of one lot the earlier one holds."""
    lot_id = lot_of(move)
    lot = lots.setdefault(lot_id, Lot(expires_on=move.expires_on, owner_id=move.owner_id))
    if move.expires_on is not None and (lot.expires_on is None or move.expires_on < lot.expires_on):
        lot.expires_on = move.expires_on
    lot.pieces += move.pieces
    return {lot_id: move.pieces}


def find(lots: Lots, pieces: int, lot_id: str | None, expires_on: date | None) -> Parts:
    """Put what turned up into the lot it names, or into the oldest that has any, which promises nothing that is not there."""
    if lot_id is None:
        lot_id = next((i for i in by_age(lots) if lots[i].pieces > 0), UNKNOWN)
    lots.setdefault(lot_id, Lot(expires_on=expires_on)).pieces += pieces
    return {lot_id: pieces}


def take(
    lots: Lots,
    pieces: int,
    lot_id: str | None,
    day: date,
    *,
    expires_on: date | None = None,
    owner_id: str | None = None,
    oldest_first: bool = False,
) -> Parts:
    """Take pieces out of the lot named, whoever owns it, else of the expiry and the owner named, then of those that expire first.

    Of what has expired by `day` only as a last resort, unless it is the `oldest_first`. Takes no more than there is.
    """
    parts: Parts = {}
    order = sorted(
        lots,
        key=lambda i: (
            i != lot_id,
            not is_named(i, lot_id),
            expires_on is not None and lots[i].expires_on != expires_on,
            owner_id is not None and lots[i].owner_id != owner_id,
            not oldest_first and _expired(lots[i], day),
            _age(lots[i]),
            i,
        ),
    )
    for each in order:
        if pieces <= 0:
            break
        taken = min(lots[each].pieces, pieces)
        if taken > 0:
            lots[each].pieces -= taken
            parts[each] = -taken
            pieces -= taken
    return parts


def is_named(id_: str, lot_id: str | None) -> bool:
    """Whether a lot is the one that a document means by `lot_id`: of the same name, where the document names no owner."""
    if lot_id is None or "@" in lot_id:
        return id_ == lot_id
    return name_of(id_) == name_of(lot_id)


def count(lots: Lots, move: Move) -> Parts:
    """Make the product, or what of it the count names, what was counted. What is missing is what expired first: somebody threw it away."""
    if move.lot_id is not None:
        return _count_lot(lots, move)
    change = move.pieces - total(lots)
    if change < 0:
        return take(lots, -change, None, move.day, oldest_first=True)
    return find(lots, change, None, move.expires_on) if change else {}


def _count_lot(lots: Lots, move: Move) -> Parts:
    """Who counts sees a lot's number or its date, not its owner: all lots of the number, or of the date, are what was counted."""
    lot_id = lot_of(move)
    of_date = lot_id == f"exp-{move.expires_on}"
    meant = {
        i: lot
        for i, lot in lots.items()
        if lot.pieces > 0 and (is_named(i, lot_id) or (of_date and lot.expires_on == move.expires_on))
    }
    change = move.pieces - total(meant)
    if change < 0:
        return take(meant, -change, None, move.day, oldest_first=True)
    if lot_id in meant or not meant:
        return bring(lots, msgspec.structs.replace(move, pieces=change))
    return find(lots, change, next(iter(by_age(meant))), None) if change else {}


def by_age(lots: Lots) -> Iterable[str]:
    """Lots from the one that expires first; those of unknown age last."""
    return sorted(lots, key=lambda lot_id: (_age(lots[lot_id]), lot_id))


def _age(lot: Lot) -> date:
    return lot.expires_on or date.max


def _expired(lot: Lot, day: date) -> bool:
    return lot.expires_on is not None and lot.expires_on < day
