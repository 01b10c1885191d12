"""Loading: read a source into the journal.

Re-runnable and resumable: ids repeat exactly, and how far the source was read commits with what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import msgspec

from oneshelf.app.core import Core
from oneshelf.books import goods, loads, places
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch
from oneshelf.connect.ports import Reference, Source, SourceBatch
from oneshelf.errors import Problem
from oneshelf.events import codecs
from oneshelf.events.catalogue import ReferenceLoaded
from oneshelf.events.envelope import Event, check_source
from oneshelf.words.ids import derived_id

Policy = Literal["refuse_all", "refuse_bad", "accept"]

#: events done so far, and how many there are when that is known
Progress = Callable[[int, int | None], None]

#: A report keeps the first problems; the reject file has all of them.
PROBLEMS_KEPT = 10_000


class LoadedReference(msgspec.Struct, frozen=True, kw_only=True):
    """A table of reference data, and the version that it has in the lake now."""

    table: str
    rows: int
    version: int


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What loading did, or would do. `kinds` counts the events by what happened."""

    source: str
    events: int
    kinds: dict[str, int]
    references: tuple[LoadedReference, ...]
    problems: tuple[Problem, ...]
    problems_total: int
    reject_file: str | None
    dry_run: bool


@dataclass
class _Tally:
    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    problems_total: int = 0

    def see(self, batch: SourceBatch) -> None:
        self.events += len(batch.events)
        self.kinds.update(event.kind for event in batch.events)
        self.problems_total += len(batch.problems)
        self.problems += [line.problem for line in batch.problems[: PROBLEMS_KEPT - len(self.problems)]]


def load(
    core: Core,
    source: Source,
    *,
    now: datetime,
    key: str | None = None,
    until: date | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> LoadReport:
    """Read a source to its end (or to the business day `until`), from where the last run under `key` (its name) stopped."""
    key = key or source.name
    check_source(source.name)
    tally = _Tally()
    with core.database.read() as connection:
        after, before = loads.position(connection, key), loads.events(connection, key)
    if dry_run:
        references: tuple[LoadedReference, ...] = ()
        after, before = None, 0
    else:
        _load_catalogue(core, source)
        references = tuple(_load_references(core, source, now))
    total = source.total()
    for batch in source.batches(until=until, after=after):
        tally.see(batch)
        if not dry_run:
            _journal(core, source, key, batch, done=before + tally.events, now=now)
        if progress is not None:
            progress(before + tally.events, total)
    return LoadReport(
        source=source.name,
        events=tally.events,
        kinds=dict(tally.kinds),
        references=references,
        problems=tuple(tally.problems),
        problems_total=tally.problems_total,
        reject_file=None,
        dry_run=dry_run,
    )


def append_events(core: Core, source: str, events: Sequence[Event], now: datetime) -> None:
    """Journal events of our own making."""
    core.journal.append(Batch(codecs.ONESHELF, source, len(events), codecs.encode(events), now)).result()


def _journal(core: Core, source: Source, key: str, batch: SourceBatch, *, done: int, now: datetime) -> None:
    """Append a batch and move the load's position, together."""
    data = codecs.encode(batch.events)

    def write(connection: Connection) -> None:
        if batch.events:
            core.journal.append_in(
                connection, Batch(codecs.ONESHELF, source.name, len(batch.events), data, now)
            )
        loads.move(connection, key, position=batch.position, events=done, at=now)

    core.database.writer.write(write)


def _load_catalogue(core: Core, source: Source) -> None:
    products, shops = list(source.products()), list(source.places())

    def write(connection: Connection) -> None:
        goods.upsert_products(connection, products)
        places.upsert_places(connection, shops)

    core.database.writer.write(write)


def _load_references(core: Core, source: Source, now: datetime) -> Iterable[LoadedReference]:
    """Put reference data into the lake; one event names and hashes the file of each new version."""
    for reference in source.references():
        version = core.lake.load_reference(reference.table, reference.rows, sha256=reference.sha256)
        rows = next(t.rows for t in core.lake.tables() if (t.group, t.name) == ("reference", reference.table))
        append_events(core, source.name, [_reference_event(source, reference, version, rows, now)], now)
        yield LoadedReference(table=reference.table, rows=rows, version=version)


def _reference_event(source: Source, reference: Reference, version: int, rows: int, now: datetime) -> Event:
    return Event(
        # the same file again is the same event, and is counted as a repeat
        id=derived_id("reference", reference.table, reference.sha256),
        source=source.name,
        happened_at=now,
        body=ReferenceLoaded(
            table=reference.table, version=version, rows=rows, file=reference.file, sha256=reference.sha256
        ),
    )
