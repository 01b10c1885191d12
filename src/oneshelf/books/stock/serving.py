"""Serving buyers: reserve, release and sell, many callers by one transaction, and never more than there is.

All that waits at the writer is served together: what it is about is read once, decided one after the other, and written once. So a
hot product costs a row a group, not a row a buyer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection

from oneshelf.books.bulk import chunks, present, unanswered
from oneshelf.books.journal import Batch
from oneshelf.books.schema.stock import stock_move
from oneshelf.books.stock import reservations
from oneshelf.books.stock.ledger import Ledger, Pair
from oneshelf.books.stock.reading import recorded
from oneshelf.books.stock.reservations import Reservation, Status
from oneshelf.errors import Conflict, NotEnough, NotFound, OneShelfError, Problem
from oneshelf.insight.goods.stock.moves import Move, MoveKind

#: Opens the journal in the transaction at hand, to append batches by one statement.
OpenJournal = Callable[[Connection], Callable[[Sequence[Batch]], object]]


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Hold pieces by product for an order until a moment. `day` is the place's business day."""

    place_id: str
    order_id: str
    lines: dict[str, int]
    at: datetime
    day: date
    expires_at: datetime


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Give up what is held for an order."""

    place_id: str
    order_id: str
    at: datetime
    day: date


class Sell(msgspec.Struct, frozen=True, kw_only=True):
    """Sell to an order, out of what is held for it or else out of what is free, and record the event with it.

    A `document` that was posted before is the same sale again.
    """

    document: str
    place_id: str
    order_id: str
    lines: dict[str, int]
    at: datetime
    day: date
    batch: Batch


Command = Reserve | Release | Sell


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command. `repeated`: it had been done before, and nothing was done now."""

    repeated: bool = False
    reservation: Reservation | None = None


def serve(
    connection: Connection, commands: Sequence[Command], open_journal: OpenJournal
) -> list[Served | OneShelfError]:
    """Serve commands in their order, each as if it were alone; a refusal is its command's answer."""
    counter = _Counter(connection, commands, max(command.at for command in commands))
    answers = [counter.serve(command) for command in commands]
    append = open_journal(connection)
    with unanswered(connection):
        counter.save()
        if counter.batches:
            append(counter.batches)
    return answers


def expire(connection: Connection, now: datetime) -> None:
    """Release what was held too long."""
    _Counter(connection, (), now).save()


class _Counter:
    """The counter where buyers are served: what lies behind it is read first and written last."""

    def __init__(self, connection: Connection, commands: Sequence[Command], now: datetime) -> None:
        self._connection = connection
        self._now = now
        keys = {(command.place_id, command.order_id) for command in commands}
        found = reservations.concerning(connection, keys, now)
        self._reservations = {given.key: given for given in found}
        documents = {c.document for c in commands if isinstance(c, Sell)}
        #: what each document sold, by product; None where the ledger has to be asked
        self._sold: dict[str, dict[str, int] | None] = dict.fromkeys(known(connection, documents))
        self._changed: dict[tuple[str, str], Reservation] = {}
        pairs: set[Pair] = set()
        for command in commands:
            if not isinstance(command, Release):
                pairs.update((command.place_id, product_id) for product_id in command.lines)
        for given in self._reservations.values():
            pairs.update((given.place_id, product_id) for product_id in given.lines)
        self._ledger = Ledger(connection, pairs)
        self.batches: list[Batch] = []
        for given in found:
            if given.status == "open" and given.expires_at <= now:
                self._end(given, "expired", given.expires_at, given.expires_at.date())

    def serve(self, command: Command) -> Served | OneShelfError:
        """Serve one command; a refusal has changed nothing."""
        held = self._reservations.get((command.place_id, command.order_id))
        match command:
            case Reserve():
                return self._reserve(command, held)
            case Release():
                return self._release(command, held)
            case Sell():
                return self._sell(command, held)

    def save(self) -> None:
        """Write all of it."""
        self._ledger.save(self._now)
        reservations.keep(self._connection, self._changed.values())

    def _reserve(self, command: Reserve, held: Reservation | None) -> Served | OneShelfError:
        if held is not None and held.status in ("open", "sold"):
            if held.lines == command.lines:
                return Served(repeated=True, reservation=held)
            return Conflict(
                f"The order {command.order_id} already holds other goods here.",
                "Release them first, or use an order id of its own.",
            )
        refusal = self._short(command.place_id, command.lines, command.day, {})
        if refusal is not None:
            return refusal
        made = Reservation(
            place_id=command.place_id,
            order_id=command.order_id,
            status="open",
            lines=command.lines,
            made_at=command.at,
            expires_at=command.expires_at,
        )
        self._note(made)
        self._hold(made, "reserved", +1, command.at, command.day)
        return Served(reservation=made)

    def _release(self, command: Release, held: Reservation | None) -> Served | OneShelfError:
        if held is None:
            return NotFound(f"Nothing is held for the order {command.order_id} here.", "Check both ids.")
        if held.status != "open":
            return Served(repeated=True, reservation=held)
        return Served(reservation=self._end(held, "released", command.at, command.day))

    def _sell(self, command: Sell, held: Reservation | None) -> Served | OneShelfError:
        if command.document in self._sold:
            if self._sold_by(command) == command.lines:
                return Served(repeated=True, reservation=held)
            return Conflict(
                f"The order {command.order_id} was sold with other goods here.",
                "Use an order id of its own; what comes back is a refund.",
            )
        if held is not None and held.status == "sold":
            return Served(repeated=True, reservation=held)
        mine = held.lines if held is not None and held.status == "open" else {}
        refusal = self._short(command.place_id, command.lines, command.day, mine)
        if refusal is not None:
            return refusal
        for product_id in {**command.lines, **mine}:
            pieces, kept = command.lines.get(product_id, 0), mine.get(product_id, 0)
            kind: MoveKind = "sold" if pieces else "released"
            self._post(command, kind, product_id, -pieces or kept, -kept)
        ended = None
        if held is not None and mine:
            ended = self._note(msgspec.structs.replace(held, status="sold"))
        self._sold[command.document] = command.lines
        self.batches.append(command.batch)
        return Served(reservation=ended)

    def _sold_by(self, command: Sell) -> dict[str, int]:
        """What the command's document sold before, by product."""
        lines = self._sold[command.document]
        if lines is None:
            told = recorded(self._connection, {command.document}).get(command.document, {})
            lines = {product_id: -pieces for (_, product_id), pieces in told.items() if pieces < 0}
        return lines

    def _short(
        self, place_id: str, lines: Mapping[str, int], day: date, mine: Mapping[str, int]
    ) -> NotEnough | None:
        """The refusal when something is not there; what is held for the order itself counts as free."""
        problems = []
        for at, (product_id, pieces) in enumerate(lines.items()):
            holding = self._ledger.holding((place_id, product_id))
            free = holding.available(day, mine.get(product_id, 0))
            if pieces > free:
                problems.append(
                    Problem(
                        at=at,
                        field="quantity",
                        value=str(pieces),
                        cause=f"is more than the {free} of {product_id} that are free at {place_id}.",
                        remedy="Take fewer, or ask another place.",
                    )
                )
        return NotEnough.of_all(problems) if problems else None

    def _end(self, held: Reservation, status: Status, at: datetime, day: date) -> Reservation:
        self._hold(held, "released", -1, at, day)
        return self._note(msgspec.structs.replace(held, status=status))

    def _note(self, given: Reservation) -> Reservation:
        self._reservations[given.key] = self._changed[given.key] = given
        return given

    def _hold(self, given: Reservation, kind: MoveKind, sign: int, at: datetime, day: date) -> None:
        for product_id, pieces in given.lines.items():
            self._ledger.post(
                Move(
                    document=f"reservation/{given.order_id}",
                    place_id=given.place_id,
                    product_id=product_id,
                    kind=kind,
                    pieces=pieces,
                    held=sign * pieces,
                    happened_at=at,
                    day=day,
                )
            )

    def _post(self, command: Sell, kind: MoveKind, product_id: str, pieces: int, held: int) -> None:
        # A sale served now is of what lies there now, whatever its till's clock says.
        fixed_at = self._ledger.holding((command.place_id, product_id)).fixed_at
        self._ledger.post(
            Move(
                document=command.document,
                place_id=command.place_id,
                product_id=product_id,
                kind=kind,
                pieces=pieces,
                held=held,
                happened_at=max(command.at, fixed_at),
                day=command.day,
            )
        )


def known(connection: Connection, documents: set[str]) -> set[str]:
    """Those of the documents that the ledger has."""
    found: set[str] = set()
    for chunk in chunks(sorted(documents)):
        found.update(present(connection, stock_move.c.document, chunk))
    return found
