"""What is answered about stock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import msgspec
import pyarrow as pa

from oneshelf.books.stock.reading import LotLevel
from oneshelf.insight.goods.stock.moves import MoveKind, Posted

#: Lots as a table: one row a lot that has any pieces.
BY_AGE = pa.schema(
    [
        ("place_id", pa.string()),
        ("product_id", pa.string()),
        ("lot_id", pa.string()),
        ("expires_on", pa.date32()),
        ("owner_id", pa.string()),
        ("pieces", pa.int64()),
    ]
)


class Available(msgspec.Struct, frozen=True, kw_only=True):
    """What of a product can be promised at a place for a day: `pieces` = on_hand - expiring - reserved + due, and not below 0.

    `expiring` can no longer be sold on the day; `due` arrives by then. All in pieces.
    """

    place_id: str
    product_id: str
    on: date
    pieces: int
    on_hand: int
    reserved: int
    expiring: int
    due: int


class MoveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger. `effect` is the change of what lay there, by lot in `lots`; `pieces` is what the document says.

    They differ where more left than the books knew of (`unexplained` pieces), and for a count, whose pieces are all that lay there.
    """

    id: int
    at: datetime
    kind: MoveKind
    document: str
    pieces: int
    effect: int
    held: int
    unexplained: int
    lots: dict[str, int]
    reason: str | None
    simulated: bool


class Consigned(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one owner's goods: pieces sold (less what came back) and pieces wasted. They are paid when they are sold."""

    owner_id: str
    place_id: str
    product_id: str
    sold: int
    wasted: int


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The document that was recorded."""

    id: str
    kind: str
    lines: int


def move_line(posted: Posted) -> MoveLine:
    """A posted move as faces show it."""
    move = posted.move
    left = move.pieces < 0
    return MoveLine(
        id=posted.id,
        at=move.happened_at,
        kind=move.kind,
        document=move.document,
        pieces=move.pieces,
        effect=posted.effect,
        held=move.held,
        unexplained=posted.effect - move.pieces if left else 0,
        lots=posted.parts,
        reason=move.reason,
        simulated=move.simulated,
    )


def by_age_table(lots: Iterable[LotLevel]) -> pa.Table:
    """Lots as a table."""
    return pa.Table.from_pylist([msgspec.structs.asdict(lot) for lot in lots], schema=BY_AGE)
