"""Folding: what one turn of the live projection makes of a stretch of the journal, and how it is saved.

A turn is computed outside the write transaction, from reads alone, so that the writer is held for the saving only. That is safe
because nothing but this projection writes these tables, and its cursor moves by compare-and-set. Stock, which buyers change too, is
posted within the transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from oneshelf.app.arriving import stocking
from oneshelf.app.people import gathering
from oneshelf.books import arrivals, places, rejects, repeats, seen
from oneshelf.books.database import Connection
from oneshelf.books.journal import JournalRow
from oneshelf.books.rejects import Stage
from oneshelf.errors import InvalidInput, Problem
from oneshelf.events import codecs
from oneshelf.events.catalogue import OrderCompleted
from oneshelf.events.envelope import Event, Recorded
from oneshelf.insight.people.fold import fold as fold_person
from oneshelf.insight.people.state import PersonState
from oneshelf.words.ids import derived_id, digest
from oneshelf.words.time import zone

#: An event's place in the journal: the offset of its batch, and its index within.
Place = tuple[int, int]
NOTHING: Mapping[Place, Problem] = MappingProxyType({})


@dataclass(slots=True)
class Turn:
    """What a stretch of the journal comes to, ready to be saved."""

    #: when the newest of its rows was recorded
    recorded_at: datetime
    marks: list[bytes] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    stock: stocking.Stocked = field(default_factory=stocking.Stocked)
    rejected: list[rejects.RejectRow] = field(default_factory=list)
    arrived: dict[tuple[str, date], _Tally] = field(default_factory=dict)
    people: gathering.Gathered = field(default_factory=gathering.Gathered)


@dataclass(slots=True)
class _Tally:
    last_recorded_at: datetime
    events: int = 0
    repeats: int = 0
    failed: int = 0
    simulated: int = 0


def fold(
    connection: Connection,
    rows: Sequence[JournalRow],
    time_zone: str,
    refused: Mapping[Place, Problem] = NOTHING,
) -> Turn:
    """Judge and fold a stretch of the journal on top of what the books hold; reads only.

    `time_zone` is that of places that are not known. Events at the places of `refused` are put with what cannot be read. Raises Crowded
    for more people than one turn should hold; a single row is taken whatever it holds.
    """
    turn = Turn(recorded_at=rows[-1].recorded_at)
    judged = list(_judge(rows, turn, refused))
    keys = [digest(recorded.event.source, recorded.event.id) for recorded in judged]
    unseen = seen.unseen(connection, keys)
    fresh: list[Event] = []
    for key, recorded in zip(keys, judged, strict=True):
        tally = _tally(turn, recorded.event.source, recorded.recorded_at)
        if key not in unseen:
            turn.repeated.append((recorded.offset, recorded.index))
            tally.repeats += 1
            continue
        unseen.discard(key)
        turn.marks.append(key)
        tally.events += 1
        tally.simulated += recorded.event.simulated
        fresh.append(recorded.event)
    zones = places.zones(connection, {e.place_id for e in fresh if isinstance(e.body, OrderCompleted)})

    def enter(state: PersonState | None, event: Event) -> PersonState:
        return fold_person(state, event, zone(zones.get(event.place_id, time_zone)))

    bytes_max = gathering.HISTORIES_BYTES_MAX if len(rows) > 1 else sys.maxsize
    turn.people = gathering.gather(connection, fresh, enter, bytes_max=bytes_max)
    turn.stock = stocking.gather(connection, fresh, time_zone)
    return turn


def save(connection: Connection, turn: Turn) -> None:
    """Write a turn; the caller moves the cursor in the same transaction."""
    seen.mark(connection, turn.marks)
    repeats.add(connection, turn.repeated)
    rejects.add(connection, turn.rejected)
    gathering.save(connection, turn.people, turn.recorded_at)
    stocking.save(connection, turn.stock, turn.recorded_at)
    arrivals.add(
        connection,
        [
            arrivals.ArrivalRow(
                source=source,
                day=day,
                events=tally.events,
                repeats=tally.repeats,
                failed=tally.failed,
                simulated=tally.simulated,
                last_recorded_at=tally.last_recorded_at,
            )
            for (source, day), tally in turn.arrived.items()
        ],
    )


def recorded_events(rows: Sequence[JournalRow]) -> Iterator[Recorded | tuple[JournalRow, Problem]]:
    """Decode journal rows in order: each event with its place, or the reason why it could not be read."""
    for row in rows:
        try:
            outcomes = codecs.decode(row.codec, row.data, row.source, row.recorded_at)
        except InvalidInput as error:
            outcomes = [codecs.problem_of(error, 0)]
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, Problem):
                yield row, outcome
            else:
                yield Recorded(offset=row.offset, index=index, recorded_at=row.recorded_at, event=outcome)


def _judge(rows: Sequence[JournalRow], turn: Turn, refused: Mapping[Place, Problem]) -> Iterator[Recorded]:
    by_offset = {row.offset: row for row in rows}
    for outcome in recorded_events(rows):
        if not isinstance(outcome, Recorded):
            _reject(turn, *outcome, stage="decode")
        elif (problem := refused.get((outcome.offset, outcome.index))) is not None:
            _reject(turn, by_offset[outcome.offset], problem, stage="fold")
        else:
            yield outcome


def _reject(turn: Turn, row: JournalRow, problem: Problem, *, stage: Stage) -> None:
    _tally(turn, row.source, row.recorded_at).failed += 1
    turn.rejected.append(
        rejects.RejectRow(
            # the place in the journal is the reject's id: a turn that is taken again says the same
            id=derived_id("journal", str(row.offset), str(problem.at)),
            source=row.source,
            stage=stage,
            codec=row.codec,
            offset=row.offset,
            at=problem.at,
            field=problem.field,
            value=problem.value,
            cause=problem.cause,
            remedy=problem.remedy,
            raw=_alone(row, problem.at),
            rejected_at=row.recorded_at,
            replayed_at=None,
        )
    )


def _alone(row: JournalRow, index: int) -> bytes:
    """One event of a batch as a batch of its own; the whole batch when even its codec is unknown here."""
    try:
        parts = codecs.split(row.codec, row.data)
    except InvalidInput:
        return row.data
    return parts[index] if index < len(parts) else row.data


def _tally(turn: Turn, source: str, recorded_at: datetime) -> _Tally:
    tally = turn.arrived.setdefault((source, recorded_at.date()), _Tally(recorded_at))
    tally.last_recorded_at = max(tally.last_recorded_at, recorded_at)
    return tally
