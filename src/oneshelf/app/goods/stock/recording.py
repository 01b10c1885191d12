"""Recording what moved stock: ordered, received, wasted, transferred, counted. Each document is an event, in force when it returns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec

from oneshelf.app.arriving.passing import append_and_pass
from oneshelf.app.core import utc_now
from oneshelf.app.goods.stock.answers import Recorded
from oneshelf.app.goods.stock.base import StockBase, document_id
from oneshelf.app.goods.stock.files import FileReport, Form, documents, read_rows
from oneshelf.books import goods, places
from oneshelf.books.database import Connection
from oneshelf.books.stock import reading
from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events.catalogue import kind_of
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.events.stock import (
    CountedLine,
    GoodsOrdered,
    GoodsReceived,
    GoodsWasted,
    StockCounted,
    StockLine,
    StockTransferred,
)
from oneshelf.insight.goods.stock.documents import document_of
from oneshelf.insight.goods.stock.lots import UNKNOWN, Lot, is_named, take
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import derived_id
from oneshelf.words.time import check_plausible

#: What can be recorded.
Document = GoodsOrdered | GoodsReceived | GoodsWasted | StockTransferred | StockCounted

#: Events appended at a time.
_BATCH: Final = 500


class Recording(StockBase):
    """What moves stock besides being sold."""

    def record(
        self,
        body: Document,
        place_id: str,
        *,
        id: str | None = None,  # the document's own id
        happened_at: datetime | None = None,
        now: datetime | None = None,
        actor: Actor = OPERATOR,
    ) -> Recorded:
        """Record a document of a place, however late. The same `id` again is the same document.

        Raises InvalidInput with every problem at once: products and places must be known.
        """
        actor.require("stock.change", place_id)
        at = now or self._core.now()
        event = self._event(body, place_id, happened_at or at, id)
        check_plausible(event.happened_at, at)
        with self._core.database.read() as connection:
            _refuse(_problems(connection, event))
            _refuse(_contradictions(connection, [event]))
            [event] = _by_lot(connection, [event], lambda place_id: self._day(at, place_id))
        append_and_pass(self._core, self._step, OWN_SOURCE, [event], utc_now())
        return Recorded(id=event.id, kind=event.kind, lines=len(body.lines))

    def record_file(
        self,
        path: Path | str,
        form: Form,
        *,
        dry_run: bool = False,
        now: datetime | None = None,
        actor: Actor = OPERATOR,
    ) -> FileReport:
        """Record a CSV file of counts, receipts, waste, transfers or orders; see `files` for its columns.

        It is judged whole: raises InvalidInput with every problem at once, and then nothing was recorded. The same file again is the
        same documents.
        """
        at = now or self._core.now()
        with self._core.database.read() as connection:
            rows = read_rows(Path(path), form, connection, at, self._core.settings.time_zone)
        for place_id in sorted({row.place_id for row in rows}):
            actor.require("stock.change", place_id)
        events = list(documents(rows, form))
        with self._core.database.read() as connection:
            _refuse(_contradictions(connection, events))
            told = _by_lot(connection, events, lambda place_id: self._day(at, place_id))
        if not dry_run:
            for first in range(0, len(events), _BATCH):
                append_and_pass(self._core, self._step, OWN_SOURCE, told[first : first + _BATCH], utc_now())
        return FileReport(
            form=form,
            documents=len(events),
            rows=len(rows),
            places=len({row.place_id for row in rows}),
            pieces=sum(row.pieces for row in rows),
            dry_run=dry_run,
        )

    def _event(self, body: Document, place_id: str, at: datetime, id_: str | None) -> Event:
        name = id_ or derived_id(at.isoformat(), msgspec.json.encode(body).decode())
        made = document_id(kind_of(body), place_id, name)
        return msgspec.convert(
            {"id": made, "source": OWN_SOURCE, "happened_at": at, "body": body, "place_id": place_id}, Event
        )


def _refuse(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise InvalidInput("The documents cannot be recorded.", found[0].remedy, problems=found)


def _problems(connection: Connection, event: Event) -> Iterator[Problem]:
    """Products and places that nobody knows."""
    body = event.body
    assert isinstance(body, Document)  # noqa: S101  # made by `record`
    named = {"place_id": event.place_id}
    if isinstance(body, StockTransferred):
        named["to_place_id"] = body.to_place_id
    known_places = places.zones(connection, named.values())
    for field, place_id in named.items():
        if place_id not in known_places:
            yield Problem(
                at=0, field=field, value=place_id, cause="is no place that is known.",
                remedy="Import it: oneshelf places import.",
            )  # fmt: skip
    if isinstance(body, GoodsWasted) and "\0" in (body.reason or ""):
        yield Problem(
            at=0, field="reason", value=brief(body.reason), cause="cannot be kept.", remedy="Write plain text."
        )  # fmt: skip
    lines = _lines(event)
    known = goods.products(connection, {line.product_id for line in lines})
    for at, line in enumerate(lines):
        if line.product_id not in known:
            yield Problem(
                at=at, field="product_id", value=line.product_id, cause="is no product that is known.",
                remedy="Load the catalogue first.",
            )  # fmt: skip


def _by_lot(connection: Connection, events: Sequence[Event], day_of: Callable[[str], date]) -> list[Event]:
    """The documents, those of transfers with the lots that go, so that they are as old where they arrive and belong to the same."""
    moved = [event for event in events if isinstance(event.body, StockTransferred)]
    if not moved:
        return list(events)
    products = {line.product_id for event in moved for line in _lines(event)}
    held: defaultdict[tuple[str, str], dict[str, Lot]] = defaultdict(dict)
    for lot in reading.lots(
        connection, place_ids=sorted({event.place_id for event in moved}), product_ids=sorted(products)
    ):
        held[lot.place_id, lot.product_id][lot.lot_id] = Lot(
            pieces=lot.pieces, expires_on=lot.expires_on, owner_id=lot.owner_id
        )
    return [_by_lots(event, held, day_of(event.place_id)) for event in events]


def _by_lots(event: Event, held: Mapping[tuple[str, str], dict[str, Lot]], day: date) -> Event:
    body = event.body
    if not isinstance(body, StockTransferred):
        return event
    lines = [part for line in body.lines for part in _parts(line, held[event.place_id, line.product_id], day)]
    return msgspec.structs.replace(event, body=msgspec.structs.replace(body, lines=tuple(lines)))


def _parts(line: StockLine, held: dict[str, Lot], day: date) -> Iterator[StockLine]:
    """A line as one for each lot that it is taken from; `held` is what is left for the lines after it."""
    mine = {
        lot_id: lot
        for lot_id, lot in held.items()
        if (line.lot_id is None or is_named(lot, lot_id, line.lot_id))
        and line.owner_id in (None, lot.owner_id)
    }
    parts = take(mine, line.quantity, line.lot_id, day, expires_on=line.expires_on)
    for lot_id, pieces in parts.items():
        yield _of_lot(line, lot_id, held[lot_id], -pieces)
    if rest := line.quantity + sum(parts.values()):
        yield msgspec.structs.replace(line, quantity=rest)


def _contradictions(connection: Connection, events: Sequence[Event]) -> Iterator[Problem]:
    """Documents that were recorded before, with other goods: to take one for the other would lose what it says."""
    before = reading.recorded(connection, {document_of(event) for event in events})
    for event in events:
        told = before.get(document_of(event))
        if told is None:
            continue
        now = Counter[str]()
        for line in _lines(event):
            now[line.product_id] += line.on_hand if isinstance(line, CountedLine) else line.quantity
        then = {
            product: abs(pieces) for (place_id, product), pieces in told.items() if place_id == event.place_id
        }
        for product_id in sorted(
            product for product in {*now, *then} if now[product] != then.get(product, 0)
        ):
            yield Problem(
                at=0, field="document", value=brief(event.id),
                cause=f"was recorded before with {then.get(product_id, 0)} of {product_id}, not {now[product_id]}.",
                remedy="Give it a number of its own, or correct the stock by a count.",
            )  # fmt: skip


def _lines(event: Event) -> Sequence[StockLine | CountedLine]:
    assert isinstance(event.body, Document)  # noqa: S101  # made here
    return event.body.lines


def _of_lot(line: StockLine, lot_id: str, lot: Lot, pieces: int) -> StockLine:
    name = lot_id if lot.owner_id is None else lot_id.removesuffix(f"@{lot.owner_id}")
    return msgspec.structs.replace(
        line,
        quantity=pieces,
        lot_id=None if name == UNKNOWN else name,
        expires_on=lot.expires_on,
        owner_id=lot.owner_id,
    )
