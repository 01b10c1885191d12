"""Moves: the lines of the stock ledger. The moves of a place and product add up to what lies there and what is promised."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

MoveKind = Literal["received", "sold", "returned", "wasted", "counted", "transferred", "reserved", "released"]

#: Pieces by lot, with their sign; together the change of what lies there.
Parts = dict[str, int]


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One product of one document at one place, as the document says it.

    `pieces` is what came (above 0) or went (below 0); of a count it is what was counted. `held` is what it adds to the promised
    pieces, or takes off them. `day` is the place's business day.
    """

    document: str
    place_id: str
    product_id: str
    kind: MoveKind
    pieces: int
    happened_at: datetime
    day: date
    held: int = 0
    lot_id: str | None = None
    expires_on: date | None = None
    owner_id: str | None = None
    reason: str | None = None
    simulated: bool = False

    @property
    def pair(self) -> tuple[str, str]:
        """The place and the product."""
        return self.place_id, self.product_id

    @property
    def is_free(self) -> bool:
        """Whether it goes out of no lot in particular: of two such the order does not matter to what is left.

        Lots are taken in a circle by age, from where the move begins (waste at the first, a sale at the first that has not expired); and which
        places of a circle are filled does not depend on who was seated first, as in linear probing. A transfer's lots go on elsewhere.
        """
        return self.kind in ("sold", "wasted") and self.lot_id is None and self.owner_id is None

    @property
    def moves_goods(self) -> bool:
        """Whether it changes what lies there, rather than only what is promised."""
        return self.kind not in ("reserved", "released")


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A move with its place in the ledger and what it did to the lots.

    `parts` may come to less than `move.pieces` says: the books never go below nothing, so what left without the books knowing of
    it is the difference.
    """

    id: int
    move: Move
    parts: Parts

    @property
    def effect(self) -> int:
        """The change of what lies there, in pieces."""
        return sum(self.parts.values())
