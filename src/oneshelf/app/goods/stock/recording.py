"""Recording what moved stock: ordered, received, wasted, transferred, counted. Each document is an event, in force when it returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from oneshelf.app.arriving.passing import append_and_pass
from oneshelf.app.core import utc_now
from oneshelf.app.goods.stock.answers import Recorded
from oneshelf.app.goods.stock.base import StockBase, document_id, names_of
from oneshelf.app.goods.stock.files import FileReport, Form, documents, read_rows
from oneshelf.app.goods.stock.known import contradictions
from oneshelf.books import goods, places
from oneshelf.books.database import Connection
from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events.catalogue import kind_of
from oneshelf.events.codecs import problem_of
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
        event = _event(body, place_id, happened_at or at, id)
        check_plausible(event.happened_at, at)
        with self._core.database.read() as connection:
            _refuse(_problems(connection, event))
            _refuse(contradictions(connection, [event]))
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
            _refuse(contradictions(connection, events))
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


def _event(body: Document, place_id: str, at: datetime, id_: str | None) -> Event:
    """The document as an event. Raises InvalidInput for what no event may hold."""
    try:
        # its ids and texts have been made in Python: only what is read is judged
        number = id_ or derived_id(at.isoformat(), msgspec.json.encode(body).decode())
        event = Event(
            id=document_id(kind_of(body), place_id, *names_of(body, at, number)),
            source=OWN_SOURCE,
            happened_at=at,
            body=body,
            place_id=place_id,
        )
        return msgspec.json.decode(msgspec.json.encode(event), type=Event)
    except (msgspec.MsgspecError, UnicodeError) as error:
        problem = problem_of(error, 0)
        raise InvalidInput("The document cannot be recorded.", problem.remedy, problems=[problem]) from None


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
    if isinstance(body, StockTransferred) and body.to_place_id == event.place_id:
        yield Problem(
            at=0, field="to_place_id", value=brief(body.to_place_id), cause="is where the goods are.",
            remedy="Name the place that they go to.",
        )  # fmt: skip
    lines = _lines(event)
    known = goods.products(connection, {line.product_id for line in lines})
    if not lines:
        yield Problem(
            at=0, field="lines", value="[]", cause="name no goods.", remedy="Name at least one product."
        )
    for at, line in enumerate(lines):
        if line.product_id not in known:
            yield Problem(
                at=at, field="product_id", value=brief(line.product_id), cause="is no product that is known.",
                remedy="Load the catalogue first.",
            )  # fmt: skip
        elif line.unit not in ("each", known[line.product_id].unit):
            yield Problem(
                at=at, field="unit", value=line.unit, cause=f"is not how {line.product_id} is counted ({known[line.product_id].unit}).",
                remedy="Give its quantity in the product's unit, or mend the unit in the catalogue.",
            )  # fmt: skip


def _lines(event: Event) -> Sequence[StockLine | CountedLine]:
    assert isinstance(event.body, Document)  # noqa: S101  # made here
    return event.body.lines
