"""Documents that are known already: one that comes again is the same, and must say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from oneshelf.books import seen
from oneshelf.books.database import Connection
from oneshelf.books.stock import inbound, reading
from oneshelf.errors import Problem, brief
from oneshelf.events.envelope import Event
from oneshelf.events.stock import GoodsOrdered
from oneshelf.insight.goods.stock.documents import document_of, moves_of
from oneshelf.insight.goods.stock.moves import Move
from oneshelf.insight.goods.stock.transfers import leaves
from oneshelf.words.ids import digest

#: A product, and what else a document says of it.
_Said = tuple[object, ...]


def contradictions(connection: Connection, events: Sequence[Event]) -> Iterator[Problem]:
    """Documents that were recorded before and said something else: to take one for the other would lose what it says."""
    yield from _replaced(connection, [event for event in events if isinstance(event.body, GoodsOrdered)])
    before = reading.told(connection, {document_of(event) for event in events})
    for event in events:
        if told := before.get(document_of(event)):
            yield from _differences(event, told)


def _differences(event: Event, told: Sequence[Move]) -> Iterator[Problem]:
    kept = {move.place_id for move in told}
    moves = [
        move
        for move in moves_of(event, lambda at, _: at.date(), lambda *_: None)
        if move.place_id in kept or not leaves(move)
    ]
    # a shelf life fills in what a receipt leaves open
    dated = {move.product_id for move in moves if move.expires_on is not None}
    now, then = _said(moves, dated), _said(told, dated)
    for product_id in sorted({str(said[0]) for said in {*now, *then} if now[said] != then[said]}):
        pieces, before = _pieces(now, product_id), _pieces(then, product_id)
        yield _problem(
            event,
            f"was recorded before with another place, lot, owner, day or reason of {product_id}."
            if pieces == before
            else f"was recorded before with {before} of {product_id}, not {pieces}.",
        )


def _said(moves: Sequence[Move], dated: set[str]) -> Counter[_Said]:
    """The pieces by what is said of them; of a transfer, whose lots are the ledger's, it is where they arrived."""
    said = Counter[_Said]()
    for move in moves:
        if move.kind == "transferred":
            said[move.product_id, move.place_id] += 0 if leaves(move) else move.pieces
        else:
            day = move.expires_on if move.product_id in dated else None
            said[move.product_id, move.lot_id, move.owner_id, move.reason, day] += abs(move.pieces)
    return said


def _pieces(said: Counter[_Said], product_id: str) -> int:
    return sum(pieces for (product, *_), pieces in said.items() if product == product_id)


def _replaced(connection: Connection, events: Sequence[Event]) -> Iterator[Problem]:
    """Orders that are known, and another version of the same moment in force: of two, nobody can tell which is the newer."""
    keys = {event.id: digest(event.source, event.id) for event in events}
    new = seen.unseen(connection, list(keys.values()))
    for event in events:
        body = event.body
        if keys[event.id] in new or not isinstance(body, GoodsOrdered):
            continue
        pieces = Counter[str]()
        for line in body.lines:
            pieces[line.product_id] += line.quantity
        in_force = inbound.find(connection, event.place_id, body.order_id, pieces)
        for due in in_force:
            told = (pieces[due.product_id], body.due_on, body.supplier_id)
            if due.ordered_at == event.happened_at and told != (due.ordered, due.due_on, due.supplier_id):
                yield _problem(
                    event, f"was replaced by {due.ordered} of {due.product_id}, ordered at the same time."
                )


def _problem(event: Event, cause: str) -> Problem:
    return Problem(
        at=0,
        field="document",
        value=brief(event.id),
        cause=cause,
        remedy="Give it a number of its own, or correct the stock by a count."
        if not isinstance(event.body, GoodsOrdered)
        else "Give the newer one a later time in `at`.",
    )
