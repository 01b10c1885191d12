"""Same person? Pairs of people who may be one, found by their records and decided by a person.

A run compares the records that are new or changed with all others, and puts what is probable enough into a queue. Accepting a pair
joins it, refusing keeps it apart for good; both are decisions of `app.identity`, with their evidence, and can be undone there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import msgspec

from oneshelf.app.arriving.projections import LIVE
from oneshelf.app.core import Core, utc_now
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.app.people.looking import People
from oneshelf.books import cursors, identity
from oneshelf.books import matching as books
from oneshelf.books.database import Connection
from oneshelf.errors import Conflict, InvalidInput, NotFound
from oneshelf.insight.people import state as states
from oneshelf.insight.people.matching import (
    Evidence,
    Model,
    Proposals,
    Scored,
    evidence_of,
    expected_precision,
    propose,
)
from oneshelf.insight.people.records import Record, record_of, written
from oneshelf.insight.people.state import PersonState
from oneshelf.lake.matching import Matcher, table_of
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import derived_id, digest
from oneshelf.words.time import moment

CURSOR: Final = "matching"
SEED: Final = 1

#: A model is learned anew when the records have become so many times more or fewer.
RETRAIN_GROWTH: Final = 1.5
#: For so many people at a time their linked identifiers are looked up.
_CHUNK: Final = 2_000


class Decides(Protocol):
    """Who makes decisions about people: `app.identity.Identity`."""

    def join(
        self, person_a: str, person_b: str, *, reason: str, evidence: tuple[str, ...], actor: Actor
    ) -> str:
        """Make two people one."""

    def keep_apart(
        self, person_a: str, person_b: str, *, reason: str, evidence: tuple[str, ...], actor: Actor
    ) -> None:
        """Keep two people apart for good."""


class MatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did."""

    #: people with something to compare, and those of them that were new or changed
    records: int
    compared: int
    #: pairs that wait for a decision now, and the share of them that the model expects to be right
    open: int
    expected_precision: float | None
    #: pairs that this run put into the queue, and took out of it
    proposed: int
    closed: int
    #: people whom too many pairs name, of whom none is proposed
    crowded: int
    #: whether the model was learned anew
    trained: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Two people who may be one. `household`: how probably they are two people of one household."""

    id: str
    person_a: str
    person_b: str
    probability: float
    household: float
    evidence: tuple[Evidence, ...]
    status: books.Status
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two, as their own traits tell it."""

    person_id: str
    #: by field of a record, as it was written; the whole name is `name`
    written: dict[str, str]
    orders: int
    last_seen_at: datetime | None


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with both people side by side."""

    candidate: Candidate
    a: Side
    b: Side


class Matching:
    """Use cases about people who may be one."""

    def __init__(
        self,
        core: Core,
        people: People,
        decides: Decides,
        matcher: Callable[..., Matcher] = Matcher,
    ) -> None:
        self._core = core
        self._people = people
        self._decides = decides
        self._matcher = matcher

    def run(self, *, now: datetime | None = None, everything: bool = False) -> MatchReport:
        """Compare what is new or changed with all others, or everything with everything. Raises Unavailable without Splink.

        Raises Conflict when another run has finished meanwhile.
        """
        at = now or utc_now()
        matcher = self._matcher(memory=self._core.settings.matching_memory)
        with self._core.database.read() as connection:
            passed, turn = cursors.position(connection, LIVE), cursors.position(connection, CURSOR)
            records = {record.person_id: record for record in _records(connection, at)}
            before, kept = books.digests(connection), books.model(connection)
            apart = _apart(connection)
        digests = {person_id: _digest(record) for person_id, record in records.items()}
        table = table_of(records.values())
        model = None if kept is None else msgspec.convert(kept, Model)
        trained = model is None or everything or _outgrown(model, len(records))
        if model is None or trained:
            model = matcher.train(table, seed=SEED)
        new = {one for one, value in digests.items() if trained or before.get(one) != value}
        found = (
            matcher.candidates(
                table,
                model,
                probability=self._core.settings.matching_precision,
                new_since=None if trained else new,
            )
            if new
            else ()
        )
        run = _Run(at=at, records=len(records), new=new, trained=trained)

        def write(connection: Connection) -> MatchReport:
            cursors.advance(connection, CURSOR, expected=turn, to=max(turn, passed))
            if run.trained:
                books.keep_model(connection, msgspec.to_builtins(model), at)
            books.remember(connection, {one: digests[one] for one in new}, before.keys() - digests.keys())
            return _file(connection, run, list(scored), apart)

        scored = list(found)
        return self._core.database.writer.write(write)

    def list(
        self,
        *,
        status: books.Status = "open",
        actor: Actor = OPERATOR,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Candidate]:
        """Pairs of one status, the most probable first. Staff of some places see pairs of whom both buy there. Raises NotAllowed."""
        self._core.look(actor, "people.read", purpose="matching")
        self._close_stale()
        position = read_cursor(after, tuple[float, str])
        with self._core.database.read() as connection:
            rows = books.queue(connection, status, limit=limit + 1, after=position)
            total = None if actor.places else books.counts(connection).get(status, 0)
        items = tuple(_candidate(row) for row in rows[:limit] if self._may_see(actor, row))
        last = rows[limit - 1] if len(rows) > limit else None
        following = None if last is None else write_cursor((last.probability, last.id))
        return Page(items=items, next=following, total=total)

    def show(self, candidate_id: str, *, actor: Actor = OPERATOR, purpose: str = "matching") -> Pair:
        """One pair side by side; both looks are logged. Raises NotFound, NotAllowed."""
        row = self._get(candidate_id, actor)
        a, b = (self._side(person_id, actor, purpose) for person_id in (row.person_a, row.person_b))
        return Pair(candidate=_candidate(row), a=a, b=b)

    def crowded(self, *, actor: Actor = OPERATOR) -> tuple[str, ...]:
        """The people whom too many pairs name: shared accounts and tests, of whom no pair is proposed. Raises NotAllowed."""
        self._core.look(actor, "people.read", purpose="matching")
        with self._core.database.read() as connection:
            found = tuple(books.crowded(connection))
        if not actor.places:
            return found
        return tuple(one for one in found if set(actor.places) & set(self._people.state(one)[1].places))

    def accept(self, candidate_id: str, *, actor: Actor = OPERATOR, now: datetime | None = None) -> Candidate:
        """Say that both are one person. Raises NotFound, Conflict when it is decided already, NotAllowed."""
        return self._decide(candidate_id, "accepted", actor, now or utc_now())

    def refuse(self, candidate_id: str, *, actor: Actor = OPERATOR, now: datetime | None = None) -> Candidate:
        """Say that both are two people, for good. Raises NotFound, Conflict when it is decided already, NotAllowed."""
        return self._decide(candidate_id, "refused", actor, now or utc_now())

    def _decide(
        self, candidate_id: str, status: Literal["accepted", "refused"], actor: Actor, at: datetime
    ) -> Candidate:
        if not actor.may("people.join"):
            self._core.look(actor, "people.join", purpose="matching")  # refuses, and says so in the log
        self._close_stale()
        row = self._get(candidate_id, actor)
        if row.status != "open":
            raise Conflict(f"This pair is {row.status} already.", "Take the next one of the queue.")
        said = tuple(f"{each['field']}: {each['verdict']}" for each in row.evidence)
        evidence = (f"probability {row.probability:.4f}", *said)
        try:
            if status == "accepted":
                reason = "One person, decided on a proposed pair."
                self._decides.join(row.person_a, row.person_b, reason=reason, evidence=evidence, actor=actor)
            else:
                reason = "Two people, decided on a proposed pair."
                self._decides.keep_apart(
                    row.person_a, row.person_b, reason=reason, evidence=evidence, actor=actor
                )
        except InvalidInput as error:  # they are one already
            self._core.database.writer.write(lambda c: books.close(c, [row.id], at))
            raise Conflict(error.cause, "Take the next one of the queue.") from None
        self._core.database.writer.write(lambda c: books.decide(c, row.id, status, actor.name, at))
        decided = msgspec.structs.replace(row, status=status, decided_by=actor.name, decided_at=at)
        return _candidate(decided)

    def _get(self, candidate_id: str, actor: Actor) -> books.CandidateRow:
        with self._core.database.read() as connection:
            row = books.get(connection, candidate_id)
        if row is None:
            if not actor.may("people.read"):
                self._core.look(actor, "people.read", purpose="matching")
            raise NotFound("There is no such pair.", "Take an id from the list of pairs.")
        return row

    def _side(self, person_id: str, actor: Actor, purpose: str) -> Side:
        known_as, state = self._people.look_at(person_id, actor, "people.read", purpose=purpose)
        return Side(
            person_id=known_as,
            written=written(_traits(state)),
            orders=state.orders,
            last_seen_at=None if state.last_seen is None else moment(state.last_seen[0]),
        )

    def _may_see(self, actor: Actor, row: books.CandidateRow) -> bool:
        if not actor.places:
            return True
        try:
            both = [self._people.state(one)[1] for one in (row.person_a, row.person_b)]
        except NotFound:
            return False
        return all(set(actor.places) & set(state.places) for state in both)

    def _close_stale(self) -> None:
        """Pairs of whom one was joined or is gone need no decision any more."""
        with self._core.database.read() as connection:
            ids = books.stale(connection)
        if ids:
            at = utc_now()
            self._core.database.writer.write(lambda connection: books.close(connection, ids, at))


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    records: int
    new: set[str]
    trained: bool


def _file(connection: Connection, run: _Run, scored: list[Scored], apart: set[frozenset[str]]) -> MatchReport:
    """Bring the queue to what was found: pairs of records that were compared again are in it or leave it."""
    decided = {row.id for status in ("accepted", "refused") for row in books.by_status(connection, status)}
    waiting = {row.id: row for row in books.by_status(connection, "open")}
    untouched = [row for row in waiting.values() if not {row.person_a, row.person_b} & run.new]
    was = set(books.crowded(connection))
    flagged = was - run.new  # of those only the pairs with new records were looked at again
    pairs = [
        pair for pair in scored if _id(pair) not in decided and not {pair.person_a, pair.person_b} & flagged
    ]
    proposals: Proposals = propose(
        [*pairs, *map(_scored, untouched)], apart=lambda one, other: frozenset((one, other)) in apart
    )
    kept = {_id(pair): pair for pair in proposals.pairs}
    found = {_id(pair) for pair in pairs}
    fresh = [_new_row(pair, run.at) for key, pair in kept.items() if key in found]
    dropped = {key for key in waiting if key not in kept} | set(books.stale(connection))
    books.propose(connection, [_since(row, waiting.get(row.id)) for row in fresh])
    books.close(connection, dropped, run.at)
    books.unflag(connection, (was & run.new) - set(proposals.crowded))
    books.flag(connection, proposals.crowded, run.at)
    open_now = [pair for key, pair in kept.items() if key not in dropped]
    return MatchReport(
        records=run.records,
        compared=len(run.new),
        open=len(open_now),
        expected_precision=expected_precision(open_now),
        proposed=sum(row.id not in waiting for row in fresh),
        closed=len(dropped & waiting.keys()),
        crowded=len(books.crowded(connection)),
        trained=run.trained,
    )


def _since(row: books.CandidateRow, before: books.CandidateRow | None) -> books.CandidateRow:
    """A pair that waits already has waited since it came."""
    return row if before is None else msgspec.structs.replace(row, proposed_at=before.proposed_at)


def _records(connection: Connection, now: datetime) -> Iterator[Record]:
    """The records of all people who have one, in order of person."""
    today = now.date()
    people: list[tuple[str, dict[str, Any]]] = []
    for person_id, data in books.walk(connection):
        traits = _traits(states.decode(data))
        if traits:
            people.append((person_id, traits))
        if len(people) >= _CHUNK:
            yield from _read(connection, people, today)
            people = []
    yield from _read(connection, people, today)


def _read(connection: Connection, people: list[tuple[str, dict[str, Any]]], today: Any) -> Iterator[Record]:
    linked = identity.identifiers_of(connection, [person_id for person_id, _ in people])
    for person_id, traits in people:
        record = record_of(person_id, traits, linked.get(person_id, ()), today=today)
        if record is not None:
            yield record


def _traits(state: PersonState) -> dict[str, Any]:
    return {name: msgspec.json.decode(text) for name, (_, text) in state.traits.items()}


def _apart(connection: Connection) -> set[frozenset[str]]:
    """The pairs of people between whose identifiers somebody told two apart."""
    pairs = books.apart(connection)
    person_of = identity.resolve(connection, {one for pair in pairs for one in pair})
    return {frozenset(person_of.get(one, one) for one in pair) for pair in pairs}


def _outgrown(model: Model, records: int) -> bool:
    least, most = sorted((max(model.records, 1), max(records, 1)))
    return most >= least * RETRAIN_GROWTH


def _digest(record: Record) -> bytes:
    return digest(*(str(value) for value in msgspec.structs.astuple(record)))


def _id(pair: Scored) -> str:
    return derived_id("candidate", pair.person_a, pair.person_b)


def _new_row(pair: Scored, at: datetime) -> books.CandidateRow:
    return books.CandidateRow(
        id=_id(pair),
        person_a=pair.person_a,
        person_b=pair.person_b,
        probability=pair.probability,
        household=pair.household,
        evidence=[msgspec.to_builtins(each) for each in evidence_of(pair)],
        proposed_at=at,
    )


def _scored(row: books.CandidateRow) -> Scored:
    return Scored(
        person_a=row.person_a,
        person_b=row.person_b,
        probability=row.probability,
        household=row.household,
        levels={},
        bits={},
    )


def _candidate(row: books.CandidateRow) -> Candidate:
    fields = msgspec.structs.asdict(row) | {"evidence": msgspec.convert(row.evidence, tuple[Evidence, ...])}
    return Candidate(**fields)


def described(evidence: Iterable[Evidence]) -> str:
    """The evidence of a pair in one line: what is the same, similar and different."""
    verdicts = ("same", "similar", "different")
    said = {verdict: [each.field for each in evidence if each.verdict == verdict] for verdict in verdicts}
    return "; ".join(f"{verdict}: {', '.join(fields)}" for verdict, fields in said.items() if fields)
