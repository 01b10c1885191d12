"""Folding: what one turn of the live projection makes of a stretch of the journal, and how it is saved.

A turn is computed outside the write transaction, from reads alone, so that the writer is held for the saving only. That is safe
because nothing but this projection writes these tables, and its cursor moves by compare-and-set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from oneshelf.books import arrivals, goods, people, rejects, repeats, seen
from oneshelf.books.database import Connection
from oneshelf.books.journal import JournalRow
from oneshelf.errors import InvalidInput, Problem
from oneshelf.events import codecs
from oneshelf.events.catalogue import PersonAliased, StockCounted
from oneshelf.events.envelope import Event, Recorded
from oneshelf.insight.people import state as states
from oneshelf.insight.people.state import PersonState
from oneshelf.words.ids import derived_id, digest
from oneshelf.words.people import ANONYMOUS
from oneshelf.words.time import moment


@dataclass(slots=True)
class Turn:
    """What a stretch of the journal comes to, ready to be saved."""

    #: when the newest of its rows was recorded
    recorded_at: datetime
    marks: list[bytes] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    counts: list[goods.StockRow] = field(default_factory=list)
    rejected: list[rejects.RejectRow] = field(default_factory=list)
    arrived: dict[tuple[str, date], _Tally] = field(default_factory=dict)
    people: list[people.PersonRow] = field(default_factory=list)
    linked: dict[str, str] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Tally:
    last_recorded_at: datetime
    events: int = 0
    repeats: int = 0
    failed: int = 0
    simulated: int = 0


def fold(connection: Connection, rows: Sequence[JournalRow]) -> Turn:
    """Judge and fold a stretch of the journal on top of what the books hold; reads only."""
    turn = Turn(recorded_at=rows[-1].recorded_at)
    judged = list(_judge(rows, turn))
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
    _fold_people(connection, fresh, turn)
    turn.counts = [row for event in fresh for row in _stock_rows(event)]
    return turn


def save(connection: Connection, turn: Turn) -> None:
    """Write a turn; the caller moves the cursor in the same transaction."""
    seen.mark(connection, turn.marks)
    repeats.add(connection, turn.repeated)
    rejects.add(connection, turn.rejected)
    people.link(connection, turn.linked, turn.recorded_at)
    people.remove(connection, turn.joined)
    people.save(connection, turn.people)
    goods.record_counts(connection, turn.counts)
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


def _judge(rows: Sequence[JournalRow], turn: Turn) -> Iterator[Recorded]:
    for outcome in recorded_events(rows):
        if isinstance(outcome, Recorded):
            yield outcome
            continue
        row, problem = outcome
        _tally(turn, row.source, row.recorded_at).failed += 1
        turn.rejected.append(
            rejects.RejectRow(
                # the place in the journal is the reject's id: a turn that is taken again says the same
                id=derived_id("journal", str(row.offset), str(problem.at)),
                source=row.source,
                stage="decode",
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


def _fold_people(connection: Connection, events: Sequence[Event], turn: Turn) -> None:
    """Fold events into their people. The first member to use an anonymous id keeps it: devices are shared, people are not."""
    anonymous = {a for event in events for a in _anonymous_ids(event)}
    links = people.resolve(connection, anonymous)
    wanted = {p for event in events if (p := event.who.person_id)} | anonymous | set(links.values())
    known = {person_id: states.decode(data) for person_id, data in people.states(connection, wanted).items()}
    touched: dict[str, datetime] = {}
    for event in events:
        member = event.who.user_id
        if member is not None:
            for stranger in _anonymous_ids(event):
                if stranger in links:
                    continue
                links[stranger] = turn.linked[stranger] = member
                if (history := known.pop(stranger, None)) is not None:
                    own = known.get(member)
                    known[member] = history if own is None else states.merge(own, history)
                    touched.pop(stranger, None)
                    turn.joined.append(stranger)
        person_id = event.who.person_id
        if person_id is None:
            continue
        person_id = links.get(person_id, person_id)
        known[person_id] = states.fold(known.get(person_id), event)
        touched[person_id] = event.happened_at
    turn.people = [_person_row(person_id, known[person_id], at) for person_id, at in touched.items()]


def _anonymous_ids(event: Event) -> list[str]:
    """The anonymous people whom this event speaks of: the browser, and whoever a member says they were before."""
    ids = [] if event.who.anonymous_person_id is None else [event.who.anonymous_person_id]
    if isinstance(event.body, PersonAliased):
        ids.append(f"{ANONYMOUS}{event.body.previous_id}")
    return ids


def _person_row(person_id: str, state: PersonState, happened_at: datetime) -> people.PersonRow:
    return people.PersonRow(
        person_id=person_id,
        state=states.encode(state),
        first_seen_at=happened_at if state.first_seen is None else moment(state.first_seen[0]),
        last_seen_at=happened_at if state.last_seen is None else moment(state.last_seen[0]),
        orders=state.orders,
        spend_minor=max((s.amount_minor - s.refunded_minor for s in state.spent.values()), default=0),
        simulated=any(state.simulated.values()),
    )


def _stock_rows(event: Event) -> Iterator[goods.StockRow]:
    if isinstance(event.body, StockCounted):
        for line in event.body.lines:
            yield goods.StockRow(
                place_id=event.place_id,
                product_id=line.product_id,
                on_hand=line.on_hand,
                counted_at=event.happened_at,
                simulated=event.simulated,
            )
