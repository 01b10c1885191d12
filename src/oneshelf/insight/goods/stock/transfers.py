"""Transfers: goods arrive as the lots that they left as, so that they are as old there and belong to the same owner."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oneshelf.insight.goods.stock.lots import UNKNOWN, Lot, Lots, name_of
from oneshelf.insight.goods.stock.moves import Move, Parts


def leaves(move: Move) -> bool:
    """Whether a move takes goods off for another place."""
    return move.kind == "transferred" and move.pieces < 0


def by_lot(left: Move, parts: Parts, lots: Lots, told: Move) -> Iterator[tuple[Move, Parts, Move]]:
    """What `left` a place and what arrives of it, a lot at a time; what no lot meant there explains arrives as it was `told`.

    `lots` are those of the place that it left, `parts` what of them it took.
    """
    others: Parts = {}
    rest = told.pieces
    for lot_id, pieces in parts.items():
        lot = lots[lot_id]
        if not _is_meant(left, told, lot_id, lot):
            others[lot_id] = pieces
            continue
        name = name_of(lot_id)
        known = {
            "lot_id": None if name == UNKNOWN else name,
            "expires_on": lot.expires_on,
            "owner_id": lot.owner_id,
        }
        rest += pieces
        yield (
            msgspec.structs.replace(left, pieces=pieces, **known),
            {lot_id: pieces},
            msgspec.structs.replace(told, pieces=-pieces, **known),
        )
    if rest:
        yield (
            msgspec.structs.replace(left, pieces=-rest),
            others,
            msgspec.structs.replace(told, pieces=rest),
        )


def _is_meant(left: Move, told: Move, lot_id: str, lot: Lot) -> bool:
    """Whether the document means a lot: it names none, or this one, or its date."""
    if left.owner_id not in (None, lot.owner_id):
        return False
    if left.lot_id is None or name_of(lot_id) == left.lot_id:
        return True
    return told.lot_id is None and lot.expires_on == left.expires_on
