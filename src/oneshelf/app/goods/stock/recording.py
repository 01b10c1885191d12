"""Recording what moved stock: ordered, received, wasted, transferred, counted. Each document is an event, in force when it returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from oneshelf.errors import InvalidInput, Problem
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
from oneshelf.insight.goods.stock.lots import UNKNOWN, Lot, take
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
            if problems := list(_problems(connection, event)):
                raise InvalidInput("The document cannot be recorded.", problems[0].remedy, problems=problems)
            if isinstance(body, StockTransferred):
                event = msgspec.structs.replace(
                    event, body=_by_lot(connection, event, body, self._day(at, place_id))
                )
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
        if not dry_run:
            for first in range(0, len(events), _BATCH):
                append_and_pass(self._core, self._step, OWN_SOURCE, events[first : first + _BATCH], utc_now())
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
    lines: Sequence[StockLine | CountedLine] = body.lines
    known = goods.products(connection, {line.product_id for line in lines})
    for at, line in enumerate(lines):
        if line.product_id not in known:
            yield Problem(
                at=at, field="product_id", value=line.product_id, cause="is no product that is known.",
                remedy="Load the catalogue first.",
            )  # fmt: skip


def _by_lot(connection: Connection, event: Event, body: StockTransferred, day: date) -> StockTransferred:
    """A transfer whose lines name the lots that go, so that they are as old where they arrive."""
    ids = sorted({line.product_id for line in body.lines if line.lot_id is None})
    lots: dict[str, dict[str, Lot]] = {}
    for lot in reading.lots(connection, place_ids=[event.place_id], product_ids=ids):
        lots.setdefault(lot.product_id, {})[lot.lot_id] = Lot(
            pieces=lot.pieces, expires_on=lot.expires_on, owner_id=lot.owner_id
        )
    lines: list[StockLine] = []
    for line in body.lines:
        held = lots.get(line.product_id, {})
        parts = {} if line.lot_id is not None else take(held, line.quantity, None, day)
        lines += [_of_lot(line, lot_id, held[lot_id], -pieces) for lot_id, pieces in parts.items()]
        if rest := line.quantity + sum(parts.values()):
            lines.append(msgspec.structs.replace(line, quantity=rest))
    return msgspec.structs.replace(body, lines=tuple(lines))


def _of_lot(line: StockLine, lot_id: str, lot: Lot, pieces: int) -> StockLine:
    name = lot_id if lot.owner_id is None else lot_id.removesuffix(f"@{lot.owner_id}")
    return msgspec.structs.replace(
        line,
        quantity=pieces,
        lot_id=None if name == UNKNOWN else name,
        expires_on=lot.expires_on,
        owner_id=lot.owner_id,
    )
