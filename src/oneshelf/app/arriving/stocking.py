"""Stocking: what a stretch of the journal does to the stock ledger.

Events are facts: a till has sold, whatever the books knew. Moves are made in the turn of the live projection, before its transaction;
they are posted within it, as buyers that are served meanwhile (`books.stock.serving`) change the same holdings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from oneshelf.app.goods.stock.base import document_id
from oneshelf.books import goods, places
from oneshelf.books.database import Connection
from oneshelf.books.stock import inbound, kept, reservations
from oneshelf.books.stock.ledger import Ledger
from oneshelf.books.stock.reservations import Reservation
from oneshelf.books.stock.serving import known
from oneshelf.events.catalogue import OrderCompleted, OrderRefunded
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.events.stock import GoodsOrdered, GoodsReceived, StockTransferred
from oneshelf.insight.goods.stock.documents import (
    MOVING,
    OPENING,
    document_of,
    expiry,
    moves_of,
    opened_by,
    places_of,
)
from oneshelf.insight.goods.stock.lots import Lots
from oneshelf.insight.goods.stock.moves import Move, Parts
from oneshelf.insight.goods.stock.transfers import by_lot, leaves
from oneshelf.words.time import business_day


@dataclass(slots=True)
class Document:
    """An event that moves stock, with its moves."""

    event: Event
    moves: list[Move]


@dataclass(slots=True)
class Stocked:
    """What a turn does to stock, ready to be saved."""

    documents: list[Document] = field(default_factory=list)
    opened: dict[str, bool] = field(default_factory=dict)
    ordered: list[inbound.Due] = field(default_factory=list)
    received: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def gather(connection: Connection, events: Iterable[Event], time_zone: str) -> Stocked:
    """The stock documents among new events, with their moves; reads only."""
    stocked = Stocked()
    moving = [event for event in events if isinstance(event.body, (*MOVING, GoodsOrdered))]
    if not moving:
        return stocked  # as most turns of a web shop: the books are not asked
    known_places = kept.kept(connection)
    mine = []
    # in the order of the journal, so that it does not matter how the journal is cut into turns
    for event in moving:
        if isinstance(event.body, OPENING):
            _open(event, known_places, stocked)
        if isinstance(event.body, GoodsOrdered) or any(
            _enters(event, place_id, known_places) for place_id in places_of(event)
        ):
            mine.append(event)
    if not mine:
        return stocked
    day_of = _days(connection, mine, time_zone)
    expiry_of = _expiries(connection, mine)
    for event in mine:
        if isinstance(event.body, GoodsOrdered):
            stocked.ordered += _dues(event, event.body)
            continue
        moves = [
            move for move in moves_of(event, day_of, expiry_of) if _enters(event, move.place_id, known_places)
        ]
        stocked.documents.append(Document(event, moves))
        if isinstance(event.body, GoodsReceived) and event.body.order_id is not None:
            for line in event.body.lines:
                stocked.received[event.place_id, line.product_id, event.body.order_id] += line.quantity
    return stocked


def save(connection: Connection, stocked: Stocked, recorded_at: datetime) -> None:
    """Post the moves of a turn, within its transaction."""
    kept.keep(connection, stocked.opened)
    inbound.order(connection, stocked.ordered)
    inbound.receive(connection, stocked.received, recorded_at.date())
    if not stocked.documents:
        return
    promises = _Promises(connection, stocked.documents)
    for documents in _rounds(promises.fresh):
        _post(connection, [promises.settle(document) for document in documents], recorded_at)
    reservations.keep(connection, promises.changed.values())


def _rounds(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """The documents in runs: before something moves that a transfer brings, the transfer must have been posted."""
    run: list[Document] = []
    brought: set[tuple[str, str]] = set()
    for document in documents:
        if not brought.isdisjoint(move.pair for move in document.moves):
            yield run
            run, brought = [], set()
        run.append(document)
        if isinstance(document.event.body, StockTransferred):
            brought.update(move.pair for move in document.moves if not leaves(move))
    yield run


def _post(connection: Connection, documents: Iterable[list[Move]], recorded_at: datetime) -> None:
    """Post the moves of some documents; what a transfer brings arrives as the lots that it left as."""
    moves: list[Move] = []
    told: dict[int, Move] = {}
    for document in documents:
        left = [move for move in document if leaves(move)]
        arrive = [move for move in document if not leaves(move)]
        if left and arrive:
            told.update(zip(map(id, left), arrive, strict=True))
            moves += left
        else:
            moves += document
    arrived: list[Move] = []

    def by_lots(move: Move, parts: Parts, lots: Lots) -> Iterator[tuple[Move, Parts]]:
        if id(move) not in told:
            yield move, parts
            return
        for left, of_lot, there in by_lot(move, parts, lots, told[id(move)]):
            arrived.append(there)
            yield left, of_lot

    ledger = Ledger(connection, {move.pair for move in moves})
    ledger.post_all(moves)
    if told:
        ledger.split(by_lots)
    ledger.save(recorded_at)
    if arrived:
        there = Ledger(connection, {move.pair for move in arrived})
        there.post_all(arrived)
        there.save(recorded_at)


class _Promises:
    """What orders of a turn were promised before, and which were served at the counter, so that nothing is taken twice."""

    def __init__(self, connection: Connection, documents: Sequence[Document]) -> None:
        orders = [d for d in documents if isinstance(d.event.body, OrderCompleted | OrderRefunded)]
        served = known(connection, {name for d in orders for name in _names(d.event)})
        self.fresh = [d for d in documents if served.isdisjoint(_names(d.event))]
        self._held = reservations.find(connection, {key for d in orders if (key := _key(d.event))})
        self.changed: dict[tuple[str, str], Reservation] = {}

    def settle(self, document: Document) -> list[Move]:
        """The document's moves, with what is held for its order given up."""
        body, key = document.event.body, _key(document.event)
        held = self._held.get(key) if key else None
        if key is None or held is None or held.status != "open":
            return document.moves
        cancelled = isinstance(body, OrderRefunded)
        status = "released" if cancelled else "sold"
        self._held[key] = self.changed[key] = msgspec.structs.replace(held, status=status)
        moves = [] if cancelled else document.moves
        sold = {move.product_id for move in moves}
        kept_moves = [
            msgspec.structs.replace(move, held=-held.lines.get(move.product_id, 0)) for move in moves
        ]
        return kept_moves + [
            _given_up(document, product_id, pieces)
            for product_id, pieces in held.lines.items()
            if product_id not in sold
        ]


def _names(event: Event) -> set[str]:
    """The names under which the ledger may have an event; an order may have been sold at the counter already."""
    names = {document_of(event)}
    if isinstance(event.body, OrderCompleted):
        names.add(f"{OWN_SOURCE}/{document_id('sale', event.place_id, event.body.order_id)}")
    return names


def _given_up(document: Document, product_id: str, pieces: int) -> Move:
    event = document.event
    return Move(
        document=document_of(event),
        place_id=event.place_id,
        product_id=product_id,
        kind="released",
        pieces=pieces,
        held=-pieces,
        happened_at=event.happened_at,
        day=event.happened_at.date(),
        simulated=event.simulated,
    )


def _key(event: Event) -> tuple[str, str] | None:
    """The place and the order that something may be held for."""
    if isinstance(event.body, OrderCompleted | OrderRefunded) and event.body.order_id is not None:
        return event.place_id, event.body.order_id
    return None


def _open(event: Event, known_places: dict[str, bool], stocked: Stocked) -> None:
    """Keep a place's stock from its first count or receipt on; it counts as simulated until a real one comes."""
    place_id = opened_by(event)
    if place_id not in known_places or (known_places[place_id] and not event.simulated):
        known_places[place_id] = stocked.opened[place_id] = event.simulated


def _enters(event: Event, place_id: str, known_places: dict[str, bool]) -> bool:
    """Whether a place's stock is kept, and takes the event: simulated goods do not enter where real ones are counted."""
    return place_id in known_places and (known_places[place_id] or not event.simulated)


def _days(connection: Connection, events: Iterable[Event], time_zone: str) -> Callable[[datetime, str], date]:
    zones = places.zones(connection, {place_id for event in events for place_id in places_of(event)})
    return lambda at, place_id: business_day(at, zones.get(place_id, time_zone))


def _expiries(connection: Connection, events: Iterable[Event]) -> Callable[[str, date], date | None]:
    """Shelf lives of what came without saying how long it keeps."""
    wanted = {
        line.product_id
        for event in events
        if isinstance(event.body, GoodsReceived)
        for line in event.body.lines
        if line.expires_on is None
    }
    lives = {i: product.shelf_life_days for i, product in goods.products(connection, wanted).items()}
    return lambda product_id, arrived_on: expiry(arrived_on, lives.get(product_id))


def _dues(event: Event, body: GoodsOrdered) -> list[inbound.Due]:
    pieces: Counter[str] = Counter()
    for line in body.lines:
        pieces[line.product_id] += line.quantity
    return [
        inbound.Due(
            place_id=event.place_id,
            product_id=product_id,
            order_id=body.order_id,
            supplier_id=body.supplier_id,
            due_on=body.due_on,
            ordered=ordered,
            ordered_at=event.happened_at,
        )
        for product_id, ordered in pieces.items()
    ]
