"""Serving buyers at the counter: reserve, release, sell. Web and stores share it, and it never promises what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from oneshelf.app.core import utc_now
from oneshelf.app.goods.stock.base import StockBase, document_id
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch
from oneshelf.books.stock import reservations, serving
from oneshelf.books.stock.reservations import Reservation
from oneshelf.books.stock.serving import Command, Release, Reserve, Sell, Served
from oneshelf.errors import InvalidInput, NotFound, OneShelfError, Problem, brief
from oneshelf.events import codecs
from oneshelf.events.catalogue import OrderCompleted
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.goods.stock.documents import document_of, sold
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import Id
from oneshelf.words.people import Who
from oneshelf.words.places import Channel
from oneshelf.words.quantity import QUANTITY_MAX

#: How long goods are held for an order that says nothing else, and at most.
HOLD_MINUTES: Final = 15
HOLD_MINUTES_MAX: Final = 60 * 24 * 14

LINES_MAX: Final = 1_000

#: What a command counts for at the writer, besides the batch that it brings.
_COMMAND_BYTES: Final = 500


class Serving(StockBase):
    """What buyers ask for. Each call is answered once it is durable, or refused with NotEnough and has changed nothing."""

    def reserve(
        self,
        order_id: str,
        place_id: str,
        lines: Mapping[str, int],
        *,
        minutes: int = HOLD_MINUTES,
        now: datetime | None = None,
        actor: Actor = OPERATOR,
    ) -> Reservation:
        """Hold pieces by product for an order at a place, for some minutes; after that they are free again by themselves.

        The same order with the same lines again changes nothing. Raises NotEnough with every product that is short, Conflict when the
        order holds other goods here.
        """
        wanted = self._reserving(order_id, place_id, lines, minutes=minutes, now=now, actor=actor)
        return _held(self._serve(wanted), order_id)

    async def reserve_async(
        self,
        order_id: str,
        place_id: str,
        lines: Mapping[str, int],
        *,
        minutes: int = HOLD_MINUTES,
        actor: Actor = OPERATOR,
    ) -> Reservation:
        """`reserve` for callers on an event loop."""
        wanted = self._reserving(order_id, place_id, lines, minutes=minutes, now=None, actor=actor)
        return _held(await self._serve_async(wanted), order_id)

    def release(
        self, order_id: str, place_id: str, *, now: datetime | None = None, actor: Actor = OPERATOR
    ) -> Reservation:
        """Give up what is held for an order. What was sold, released or has expired stays so. Raises NotFound."""
        actor.require("stock.change", place_id)
        _check_ids(order_id, place_id)
        at = now or self._core.now()
        served = self._serve(
            Release(place_id=place_id, order_id=order_id, at=at, day=self._day(at, place_id))
        )
        return _held(served, order_id)

    def sell(
        self,
        order: OrderCompleted,
        place_id: str,
        *,
        who: Who | None = None,
        channel: Channel = "web",
        now: datetime | None = None,
        actor: Actor = OPERATOR,
    ) -> Served:
        """Sell to an order, out of what is held for it or else out of what is free; the order's event is recorded with it.

        The same order again changes nothing. Raises NotEnough with every product that is short, Conflict when the order was sold with other
        goods here; then nothing was sold.
        """
        return self._serve(self._selling(order, place_id, who=who, channel=channel, now=now, actor=actor))

    async def sell_async(
        self,
        order: OrderCompleted,
        place_id: str,
        *,
        who: Who | None = None,
        channel: Channel = "web",
        actor: Actor = OPERATOR,
    ) -> Served:
        """`sell` for callers on an event loop: many buyers, one thread."""
        return await self._serve_async(
            self._selling(order, place_id, who=who, channel=channel, now=None, actor=actor)
        )

    def expire(self, *, now: datetime | None = None) -> None:
        """Release what was held too long. Whoever is served next does the same, so this is for hours without buyers."""
        at = now or self._core.now()
        while True:
            with self._core.database.read() as connection:
                if not reservations.expired(connection, at, limit=1):
                    return
            self._core.database.writer.write(lambda connection: serving.expire(connection, at))

    def _reserving(
        self,
        order_id: str,
        place_id: str,
        lines: Mapping[str, int],
        *,
        minutes: int,
        now: datetime | None,
        actor: Actor,
    ) -> Reserve:
        actor.require("stock.change", place_id)
        _check(order_id, place_id, lines)
        if not 0 < minutes <= HOLD_MINUTES_MAX:
            raise InvalidInput.of(
                "minutes", minutes, "is no time to hold goods.", f"Give 1 to {HOLD_MINUTES_MAX}."
            )
        at = now or self._core.now()
        return Reserve(
            place_id=place_id,
            order_id=order_id,
            lines=dict(lines),
            at=at,
            day=self._day(at, place_id),
            expires_at=at + timedelta(minutes=minutes),
        )

    def _selling(
        self,
        order: OrderCompleted,
        place_id: str,
        *,
        who: Who | None,
        channel: Channel,
        now: datetime | None,
        actor: Actor,
    ) -> Sell:
        actor.require("stock.change", place_id)
        lines = sold(order.lines)
        _check(order.order_id, place_id, lines)
        at = now or self._core.now()
        event = Event(
            # at one place an order is sold once, whoever says it how often
            id=document_id("sale", place_id, order.order_id),
            source=OWN_SOURCE,
            happened_at=at,
            body=order,
            who=who or Who(),
            place_id=place_id,
            channel=channel,
        )
        return Sell(
            document=document_of(event),
            place_id=place_id,
            order_id=order.order_id,
            lines=lines,
            at=at,
            day=self._day(at, place_id),
            batch=Batch(codecs.ONESHELF, OWN_SOURCE, 1, codecs.encode([event]), utc_now()),
        )

    def _serve(self, command: Command) -> Served:
        return _answer(self._core.database.writer.gather(self._serve_all, command, _size(command)).result())

    async def _serve_async(self, command: Command) -> Served:
        return _answer(
            await self._core.database.writer.gather_async(self._serve_all, command, _size(command))
        )

    def _serve_all(self, connection: Connection, commands: Sequence[Command]) -> list[Served | OneShelfError]:
        return serving.serve(connection, commands, self._core.journal.open_in)


#: Made once: it is looked up by its hash.
_IDS: Final = tuple[Id, ...]


def _size(command: Command) -> int:
    return _COMMAND_BYTES + (len(command.batch.data) if isinstance(command, Sell) else 0)


def _answer(answer: Served | OneShelfError) -> Served:
    if isinstance(answer, OneShelfError):
        raise answer
    return answer


def _check_ids(order_id: str, place_id: str) -> None:
    if problems := _unusable_ids(order_id, place_id):
        raise InvalidInput("The order cannot be served.", problems[0].remedy, problems=problems)


def _unusable_ids(order_id: str, place_id: str) -> list[Problem]:
    return [
        Problem(
            at=0,
            field=field,
            value=brief(value),
            cause="cannot be an id.",
            remedy="Use 1 to 200 printable characters.",
        )
        for field, value in (("order_id", order_id), ("place_id", place_id))
        if not _are_ids(value)
    ]


def _check(order_id: str, place_id: str, lines: Mapping[str, int]) -> None:
    """Raise InvalidInput with everything that is wrong. What the database would refuse must not get into a group."""
    all_ids = _are_ids(order_id, place_id, *lines)  # at once: this is asked of every buyer
    problems = [] if all_ids else _unusable_ids(order_id, place_id)
    if not 0 < len(lines) <= LINES_MAX:
        problems.append(
            Problem(
                at=0,
                field="lines",
                value=str(len(lines)),
                cause="is no number of lines.",
                remedy=f"Give 1 to {LINES_MAX} products with at least one piece.",
            )
        )
    for at, (product_id, pieces) in enumerate(lines.items()):
        if not (all_ids or _are_ids(product_id)):
            problems.append(
                Problem(
                    at=at,
                    field="product_id",
                    value=brief(product_id),
                    cause="cannot be an id.",
                    remedy="Use printable characters.",
                )
            )
        if not 0 < pieces <= QUANTITY_MAX:
            problems.append(
                Problem(
                    at=at,
                    field="quantity",
                    value=str(pieces),
                    cause="cannot be sold.",
                    remedy=f"Give 1 to {QUANTITY_MAX}.",
                )
            )
    if problems:
        raise InvalidInput("The order cannot be served.", problems[0].remedy, problems=problems)


def _are_ids(*values: str) -> bool:
    try:
        msgspec.convert(values, _IDS)
    except msgspec.ValidationError:
        return False
    return True


def _held(served: Served, order_id: str) -> Reservation:
    if served.reservation is None:
        raise NotFound(f"Nothing is held for the order {order_id}.", "Reserve it first.")
    return served.reservation
