"""Files: CSV, Parquet and JSON lines from a till, a web shop or an ERP, read by a mapping.

Every row is judged before anything is given out. The policy then decides:
- `refuse_all`: one bad row, and the whole file is refused;
- `refuse_bad`: bad rows are refused, and with a bad line the whole receipt that it belongs to, since half a receipt is a lie;
  a line so broken that its order cannot be read refuses only itself;
- `accept`: as `refuse_bad`, but a bad optional field (person, place, channel, discount, coupon, rating) is dropped and told.

Lines with the same order are one receipt, wherever they stand in the file; it happened at its earliest line's time. Service
lines, such as postage, stay lines of their receipt: they are part of what the customer paid.

Ids repeat when a file is read again. A receipt's is made of its kind and order, so a receipt that grew between two files stays
as it was first recorded. A row's is made of what it says and,
among rows that say the same, of its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec

from oneshelf.connect.hashing import sha256_of
from oneshelf.connect.ports import LineProblem, Reference, SourceBatch
from oneshelf.connect.sources.judging import Judge
from oneshelf.connect.sources.mapping import RECEIPTS, Mapping, read_mapping
from oneshelf.connect.sources.records import check_columns, read
from oneshelf.connect.sources.rejects import write_rejects
from oneshelf.connect.sources.spool import Spool, SpooledRow
from oneshelf.errors import InvalidInput, Problem
from oneshelf.events.catalogue import OrderCompleted, OrderRefunded
from oneshelf.events.envelope import NOWHERE, Event
from oneshelf.words.goods import Product
from oneshelf.words.ids import derived_id
from oneshelf.words.places import Place
from oneshelf.words.time import business_day

Policy = Literal["refuse_all", "refuse_bad", "accept"]

_BATCH = 2_000
_HELD_ROWS = 10_000
_HELD_PRODUCTS = 50_000
#: An InvalidInput carries this many problems; `problems()` and the reject file have all.
_PROBLEMS_SHOWN = 1_000
_ENCODE = msgspec.msgpack.Encoder().encode


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What would be read, before anything is."""

    rows: int
    #: rows that a rule leaves out, and rows that are refused with their receipts
    left_out: int
    refused: int
    problems: int
    #: kind -> events
    events: dict[str, int]


class FileSource:
    """The source `files`: one file and one mapping. `now` bounds what can have happened; the events carry the mapping's source."""

    summary = "A CSV, Parquet or JSON lines file, read by a mapping."

    def __init__(
        self, path: Path | str, mapping: Mapping | Path | str, *, now: datetime, policy: Policy = "refuse_all"
    ) -> None:
        self.path = Path(path)
        self.mapping = mapping if isinstance(mapping, Mapping) else read_mapping(Path(mapping))
        self.name = self.mapping.source
        self._now = now
        self._policy = policy
        self._columns = self.mapping.columns()
        check_columns(self.path, self.mapping.file, self._columns)

    def total(self) -> int | None:
        """How many events the file holds; judges the file first."""
        return sum(self.judgement.events.values())

    def references(self) -> Iterator[Reference]:
        """None: a file of events."""
        return iter(())

    def products(self) -> Iterator[Product]:
        """The products that rows name, each by its last name in the file."""
        return self._accepted.products()

    def places(self) -> Iterator[Place]:
        """The places that the mapping declares, and those that rows name, in the mapping's time zone."""
        named = self._accepted.places()
        declared = {place.id: place for place in self.mapping.places}
        yield from declared.values()
        for place in named:
            if place not in declared and place != NOWHERE:
                yield Place(id=place, name=place, time_zone=self.mapping.time_zone)

    def problems(self) -> Iterator[LineProblem]:
        """Every problem of the file, by line."""
        return self._judged[0].problems()

    @property
    def judgement(self) -> Judgement:
        """The report of a dry run: what would be read."""
        return self._judged[1]

    def write_rejects(self, target: Path) -> int:
        """Copy every refused row to a file that can be corrected and loaded by the same mapping; returns how many."""
        return write_rejects(self.path, self.mapping.file, self._judged[0].refused_lines(), target)

    def batches(self, *, until: date | None = None, after: str | None = None) -> Iterator[SourceBatch]:
        """Problems first, then the events. Raises InvalidInput under `refuse_all` when anything is wrong."""
        spool = self._accepted
        done = self._done(after)
        if done is None:
            problems = spool.problems()
            while some := list(islice(problems, _BATCH)):
                yield SourceBatch(position=self._position(0), problems=some)
        number = done or 0
        events = islice(self._events(spool), number, None)
        while chunk := list(islice(events, _BATCH)):
            number += len(chunk)
            wanted = chunk if until is None else [event for event in chunk if self._day(event) <= until]
            yield SourceBatch(position=self._position(number), events=wanted)

    def close(self) -> None:
        """Remove what was put aside on disk."""
        if "_judged" in self.__dict__:
            self._judged[0].close()
            del self.__dict__["_judged"]

    @cached_property
    def _judged(self) -> tuple[Spool, Judgement]:
        """Judge the whole file, once; what can be loaded waits on disk."""
        spool = Spool()
        judge = Judge(self.mapping, self._columns, now=self._now, lenient=self._policy == "accept")
        rows: list[SpooledRow] = []
        products: dict[str, Product] = {}
        places: set[str] = set()
        number = left_out = 0
        for number, (line, record) in enumerate(read(self.path, self.mapping.file, self._columns), start=1):
            if isinstance(record, Problem):
                spool.refuse([(LineProblem(problem=record), None)])
                continue
            verdict = judge.judge(line, record)
            event = verdict.event
            if verdict.problems:
                spool.refuse((problem, verdict.key) for problem in verdict.problems)
            if event is not None and verdict.key is not None:
                rows.append((line, number, verdict.key, event.kind, *_columns_of(event)))
                places.add(event.place_id)
            left_out += event is None and not verdict.problems
            if verdict.product is not None:
                products[verdict.product.id] = verdict.product
            if len(rows) >= _HELD_ROWS or len(products) >= _HELD_PRODUCTS or len(places) >= _HELD_ROWS:
                _put_aside(spool, rows, products, places)
        _put_aside(spool, rows, products, places)
        spool.settle(sorted(RECEIPTS))
        kinds = spool.rows_by_kind()
        events = {kind: groups if kind in RECEIPTS else count for kind, (groups, count) in kinds.items()}
        kept = sum(count for _, count in kinds.values())
        refused = number - kept - left_out
        judgement = Judgement(
            rows=number, left_out=left_out, refused=refused, problems=spool.problem_count(), events=events
        )
        return spool, judgement

    @property
    def _accepted(self) -> Spool:
        """What waits on disk, unless the policy refuses all of it: then not even a product may be loaded."""
        spool, judgement = self._judged
        if self._policy == "refuse_all" and judgement.problems:
            raise self._refusal(judgement)
        return spool

    def _events(self, spool: Spool) -> Iterator[Event]:
        """What happened, in time order, with ids."""
        for key, kind, rows in spool.groups():
            if kind in RECEIPTS:
                yield _receipt(self.name, rows)
                continue
            for occurrence, event in enumerate(rows):
                id_ = derived_id(key.hex(), str(occurrence))
                yield msgspec.structs.replace(event, id=id_, source=self.name)

    def _day(self, event: Event) -> date:
        return business_day(event.happened_at, self._zones.get(event.place_id, self.mapping.time_zone))

    @cached_property
    def _zones(self) -> dict[str, str]:
        return {place.id: place.time_zone for place in self.mapping.places}

    @cached_property
    def _fingerprint(self) -> str:
        """The file and the mapping that positions belong to."""
        return derived_id(sha256_of(self.path), repr(self.mapping), self._policy)

    def _position(self, number: int) -> str:
        return f"{self._fingerprint}/{number}"

    def _done(self, after: str | None) -> int | None:
        """How many events an earlier run read; None for a start, also when file or mapping changed (repeats are counted)."""
        fingerprint, _, number = (after or "").partition("/")
        return int(number) if fingerprint == self._fingerprint and number.isdecimal() else None

    def _refusal(self, judgement: Judgement) -> InvalidInput:
        shown = [told.problem for told in islice(self.problems(), _PROBLEMS_SHOWN)]
        return InvalidInput(
            f"{self.path.name}: {judgement.problems} problems in {judgement.rows} rows; nothing was loaded.",
            "Correct the rows or the mapping, or choose the policy refuse_bad or accept.",
            problems=shown,
        )


def _columns_of(event: Event) -> tuple[int, str | None, str, bytes]:
    """An event as the spool keeps it: microseconds, person, place, the whole."""
    at = event.happened_at.astimezone(UTC)
    micros = int(at.timestamp()) * 1_000_000 + at.microsecond
    return micros, event.who.user_id, event.place_id, _ENCODE(event)


def _put_aside(spool: Spool, rows: list[SpooledRow], products: dict[str, Product], places: set[str]) -> None:
    spool.add(rows)
    spool.name_products(products.values())
    spool.name_places(places)
    rows.clear()
    products.clear()
    places.clear()


def _receipt(source: str, rows: list[Event]) -> Event:
    """Join the lines of one receipt, in the file's order; a person whom only some lines name is the receipt's."""
    first = min(rows, key=lambda event: event.happened_at)
    who = next((event.who for event in rows if event.who.user_id), first.who)
    bodies = [event.body for event in rows if isinstance(event.body, OrderCompleted | OrderRefunded)]
    body = msgspec.structs.replace(bodies[0], lines=tuple(line for each in bodies for line in each.lines))
    order_id = body.order_id if isinstance(body, OrderCompleted) else body.refund_id
    return msgspec.structs.replace(first, id=f"{first.kind}/{order_id}", source=source, body=body, who=who)
