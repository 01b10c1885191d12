"""Documents: what an event says about stock, as moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from oneshelf.events.catalogue import Line, OrderCompleted, OrderRefunded
from oneshelf.events.envelope import Event
from oneshelf.events.stock import (
    CountedLine,
    GoodsReceived,
    GoodsWasted,
    StockCounted,
    StockLine,
    StockTransferred,
)
from oneshelf.insight.goods.stock.moves import Move

#: What opens the stock of a place: from then on it is kept.
OPENING = (StockCounted, GoodsReceived, StockTransferred)

#: Every kind of event from which moves follow.
MOVING = (OrderCompleted, OrderRefunded, GoodsWasted, *OPENING)

#: The business day of a moment at a place.
DayOf = Callable[[datetime, str], date]

#: The last day of sale of a product that arrived on a day, where its shelf life is known.
ExpiryOf = Callable[[str, date], date | None]


def document_of(event: Event) -> str:
    """The name under which an event's moves stand in the ledger."""
    return f"{event.source}/{event.id}"


def places_of(event: Event) -> tuple[str, ...]:
    """The places whose stock an event moves."""
    if isinstance(event.body, StockTransferred):
        return event.place_id, event.body.to_place_id
    return (event.place_id,)


def opened_by(event: Event) -> str:
    """The place that an opening document shows to keep stock: where goods were counted, or where they arrived."""
    return places_of(event)[-1]


def moves_of(event: Event, day_of: DayOf, expiry_of: ExpiryOf) -> Iterator[Move]:
    """The moves that follow from an event; none from one that says nothing of stock."""
    at = {
        "document": document_of(event),
        "happened_at": event.happened_at,
        "day": day_of(event.happened_at, event.place_id),
        "simulated": event.simulated,
    }
    here = {**at, "place_id": event.place_id}
    match event.body:
        case OrderCompleted(lines=lines):
            yield from _sold(lines, here)
        case OrderRefunded(lines=lines, reason=reason):
            yield from _returned(lines, reason, here)
        case StockCounted(lines=lines):
            yield from _counted(lines, here)
        case GoodsReceived(lines=lines):
            yield from _arrived(lines, "received", expiry_of, here)
        case GoodsWasted(lines=lines, reason=reason):
            yield from _left(lines, "wasted", {**here, "reason": reason})
        case StockTransferred(lines=lines, to_place_id=to):
            yield from _left(lines, "transferred", here)
            there = {**at, "place_id": to, "day": day_of(event.happened_at, to)}
            yield from _arrived(lines, "transferred", expiry_of, there)


def sold(lines: Iterable[Line]) -> dict[str, int]:
    """Pieces of each product of an order."""
    pieces: Counter[str] = Counter()
    for line in lines:
        pieces[line.product_id] += line.quantity
    return {product_id: number for product_id, number in pieces.items() if number}


def _sold(lines: Iterable[Line], at: dict[str, Any]) -> Iterator[Move]:
    for product_id, pieces in sold(lines).items():
        yield Move(kind="sold", product_id=product_id, pieces=-pieces, **at)


def _returned(lines: Iterable[Line], reason: str | None, at: dict[str, Any]) -> Iterator[Move]:
    for product_id, pieces in sold(lines).items():
        yield Move(kind="returned", product_id=product_id, pieces=pieces, reason=reason, **at)


def _counted(lines: Iterable[CountedLine], at: dict[str, Any]) -> Iterator[Move]:
    for line in lines:
        yield _of_lot(
            Move(
                kind="counted",
                product_id=line.product_id,
                pieces=line.on_hand,
                lot_id=line.lot_id,
                expires_on=line.expires_on,
                **at,
            )
        )


def _arrived(
    lines: Iterable[StockLine], kind: Any, expiry_of: ExpiryOf, at: dict[str, Any]
) -> Iterator[Move]:
    for line in lines:
        if line.quantity:
            expires_on = line.expires_on
            if expires_on is None and kind == "received":
                expires_on = expiry_of(line.product_id, at["day"])
            yield Move(
                kind=kind,
                product_id=line.product_id,
                pieces=line.quantity,
                lot_id=line.lot_id,
                expires_on=expires_on,
                owner_id=line.owner_id,
                **at,
            )


def _left(lines: Iterable[StockLine], kind: Any, at: dict[str, Any]) -> Iterator[Move]:
    for line in lines:
        if line.quantity:
            yield _of_lot(
                Move(
                    kind=kind,
                    product_id=line.product_id,
                    pieces=-line.quantity,
                    lot_id=line.lot_id,
                    expires_on=line.expires_on,
                    owner_id=line.owner_id,
                    **at,
                )
            )


def _of_lot(move: Move) -> Move:
    """The same move of the lot that its expiry names, where it has no other."""
    if move.lot_id is None and move.expires_on is not None:
        return msgspec.structs.replace(move, lot_id=f"exp-{move.expires_on}")
    return move


def expiry(arrived_on: date, shelf_life_days: int | None) -> date | None:
    """The last day of sale of what arrived on a day: `shelf_life_days` later, where it is known how long it keeps."""
    return None if shelf_life_days is None else arrived_on + timedelta(days=shelf_life_days)
