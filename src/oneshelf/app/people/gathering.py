"""Gathering: what a turn's events come to for people, while identifiers turn out to be one person's or not.

Every id keeps its own history, and a person is a set of ids. An event is folded into the history of its strongest identifier and into the
person whose that is; so a join merges summaries, and a split puts every history back exactly where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from oneshelf.books import identity, people
from oneshelf.books.database import Connection
from oneshelf.events.catalogue import (
    OrderCompleted,
    OrderRefunded,
    PersonAliased,
    PersonJoined,
    PersonParted,
)
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.people import state as states
from oneshelf.insight.people.fold import enters
from oneshelf.insight.people.identity import Change, Edge, Graph, Joined, Known, Parted, Refused, Shared
from oneshelf.insight.people.merge import merge
from oneshelf.insight.people.state import PersonState
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who, identifier_of, kind_of
from oneshelf.words.time import moment

RULE = "rule"

#: Whole numbers of the databases end here.
AMOUNT_MAX: Final = 2**63 - 1

#: Encoded histories that one turn may read before it is taken in smaller parts: decoded they are seven times as large.
HISTORIES_BYTES_MAX: Final = 256 * 2**20


class Crowded(Exception):  # no error: the turn is taken again, shorter
    """The people of this turn are more than the memory should hold at a time."""


#: Adds one event to a state.
Fold = Callable[[PersonState | None, Event], PersonState]


@dataclass(slots=True)
class _History:
    """The history of one id, decoded; `own` only where `state` holds more than that."""

    state: PersonState = field(default_factory=PersonState)
    own: PersonState | None = None
    joined_to: str | None = None
    last_at: datetime | None = None
    #: where the person was known to buy before this turn
    places: frozenset[str] = frozenset()

    @property
    def alone(self) -> PersonState:
        return self.state if self.own is None else self.own


@dataclass(slots=True)
class Gathered:
    """What a turn comes to for people, ready to be saved."""

    people: list[people.PersonRow] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    ties: tuple[set[Edge], set[Edge]] = (set(), set())
    apart: tuple[set[Edge], set[Edge]] = (set(), set())
    claims: set[tuple[str, str]] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    reasons: list[identity.ReasonRow] = field(default_factory=list)
    #: whoever bought, gave back, was joined or parted in this turn: the whole person's state
    judged: dict[str, PersonState] = field(default_factory=dict)
    #: who is no person of their own any more
    absorbed: set[str] = field(default_factory=set)
    #: person -> all places where they buy, for those for whom that changed
    places: dict[str, frozenset[str]] = field(default_factory=dict)
    #: joins and splits that a rule made in this turn, to be recorded as events
    decided: list[Event] = field(default_factory=list)


def gather(
    connection: Connection, events: Sequence[Event], fold: Fold, *, bytes_max: int = HISTORIES_BYTES_MAX
) -> Gathered:
    """Fold a turn's events into people; reads only. Raises Crowded when their histories are more than `bytes_max`."""
    return _Gathering(connection, events, fold, bytes_max).run()


def save(connection: Connection, gathered: Gathered, at: datetime) -> None:
    """Write what a turn came to; `at` is when its newest events were recorded."""
    people.save(connection, gathered.people)
    people.buys_at(connection, gathered.places)
    if not gathered.reasons and not any(gathered.apart):
        return
    identity.point(connection, gathered.links, at)
    identity.untie(connection, gathered.ties[1])
    identity.tie_together(connection, gathered.ties[0])
    identity.let_together(connection, gathered.apart[1])
    identity.keep_apart(connection, gathered.apart[0])
    identity.claim(connection, gathered.claims)
    identity.share(connection, gathered.shared)
    identity.give_reasons(connection, gathered.reasons)


class _Gathering:
    """One turn. What the books know is read before the first event is folded."""

    def __init__(self, connection: Connection, events: Sequence[Event], fold: Fold, bytes_max: int) -> None:
        self._fold = fold
        self._said = said = [
            (event, ids)
            for event in events
            if len(ids := identifiers_of(event)) > 1 or (ids and enters(event))
        ]
        self._links = identity.resolve(connection, {one for _, ids in said for one in ids})
        changing = {self._linked(one) for event, ids in said if self._may_change(event, ids) for one in ids}
        known = self._known(connection, changing)
        wanted = {who for _, ids in said if ids for who in (ids[0], self._linked(ids[0]))}
        wanted.update(*known.clusters.values())
        if people.bytes_of(connection, wanted, enough=bytes_max) > bytes_max:
            raise Crowded
        self._histories = {
            person_id: _History(
                state=states.decode(found.state),
                own=None if found.own is None else states.decode(found.own),
                joined_to=found.joined_to,
            )
            for person_id, found in people.histories(connection, wanted).items()
        }
        for history in self._histories.values():
            if history.joined_to is None:
                history.places = frozenset(history.state.places)
        known.first_seen = {
            one: history.alone.first_seen[0]
            for one, history in self._histories.items()
            if history.alone.first_seen is not None
        }
        self._before = msgspec.structs.replace(
            known, edges=set(known.edges), apart=set(known.apart), shared=set(known.shared),
            claims={one: set(who) for one, who in known.claims.items()},
        )  # fmt: skip
        self._known_now = known
        self._graph = Graph(known)
        self._touched: set[str] = set()
        self._judged: set[str] = set()
        self._gathered = Gathered()

    def run(self) -> Gathered:
        for event, identifiers in self._said:
            match event.body:
                case PersonJoined() | PersonParted():
                    self._decide(event, event.body)
                case _:
                    self._take(event, identifiers)
        gathered, before, now = self._gathered, self._before, self._known_now
        gathered.people = [self._row(one) for one in sorted(self._touched)]
        gathered.judged = {one: self._histories[one].state for one in self._judged if one in self._histories}
        gathered.places = {
            one: found
            for one in (*self._judged, *gathered.absorbed)
            if (found := self._places(one)) != self._histories.get(one, _History()).places
        }
        gathered.ties = (now.edges - before.edges, before.edges - now.edges)
        gathered.apart = (now.apart - before.apart, before.apart - now.apart)
        gathered.shared = now.shared - before.shared
        gathered.claims = {
            (one, who) for one, whos in now.claims.items() for who in whos - before.claims.get(one, set())
        }
        return gathered

    def _known(self, connection: Connection, person_ids: set[str]) -> Known:
        """All about the clusters that claims or decisions of this turn may change: mostly none."""
        if not person_ids:
            return Known(persons=self._links)
        linked = identity.identifiers_of(connection, person_ids)
        clusters = {person: {person, *linked.get(person, ())} for person in person_ids}
        identifiers = set().union(*clusters.values())
        return Known(
            persons=self._links,
            clusters=clusters,
            edges={Edge(*pair) for pair in identity.ties(connection, identifiers)},
            claims=identity.claims(connection, identifiers),
            shared=identity.shared(connection, identifiers),
            apart={Edge(*pair) for pair in identity.apart(connection, identifiers)},
        )

    def _linked(self, identifier: str) -> str:
        return self._links.get(identifier, identifier)

    def _may_change(self, event: Event, identifiers: Sequence[str]) -> bool:
        """Whether an event says of identifiers that they are one person's, or not, and the books say otherwise."""
        if len(identifiers) < 2:
            return False
        return isinstance(event.body, PersonParted) or len({self._linked(one) for one in identifiers}) > 1

    def _take(self, event: Event, identifiers: Sequence[str]) -> None:
        own = identifiers[0]
        for other in identifiers[1:]:
            if self._graph.person_of(own) != self._graph.person_of(other):
                self._apply(self._graph.claim(own, other), event, kind_of(other), RULE)
        history = self._history(own)
        person_id = self._graph.person_of(own)
        self._enter(history, event)
        if (first := history.alone.first_seen) is not None:
            self._known_now.first_seen[own] = first[0]  # a later event of this turn may ask who came first
        self._touched.add(own)
        if isinstance(event.body, OrderCompleted | OrderRefunded):
            self._judged.add(person_id)
        if person_id != own:
            person = self._history(person_id)
            if person.own is None:
                person.own = merge(person.state, PersonState())
            person.state = self._fold(person.state, event)
            person.last_at = event.happened_at
            history.joined_to = person_id
            self._touched.add(person_id)

    def _enter(self, history: _History, event: Event) -> None:
        history.state = self._fold(history.state, event)
        if history.own is not None:
            history.own = self._fold(history.own, event)
        history.last_at = event.happened_at

    def _decide(self, event: Event, body: PersonJoined | PersonParted) -> None:
        """What somebody decided. What a rule decided was done in the turn that recorded it."""
        if body.decided_by == RULE or event.source != OWN_SOURCE:
            return
        if isinstance(body, PersonJoined):
            changes = self._graph.join(body.identifier, body.other)
        else:
            changes = self._graph.part(body.identifier, body.other)
        self._apply(changes, event, body.reason, body.decided_by, body.evidence)

    def _apply(
        self,
        changes: Iterable[Change],
        event: Event,
        reason: str,
        decided_by: str,
        evidence: tuple[str, ...] = (),
    ) -> None:
        evidence = evidence or (f"event {event.source} {event.id}",)
        parted: set[str] = set()
        for change in changes:
            match change:
                case Joined():
                    self._join(change)
                case Parted():
                    self._part(change)
                    parted |= {change.person_id, change.left}
            row = _reason(change, event, reason, decided_by, evidence)
            self._gathered.reasons.append(row)
            if decided_by == RULE and (decided := _decision(change, row, event)) is not None:
                self._gathered.decided.append(decided)
        for person_id in sorted(
            parted
        ):  # once each, into however many people a shared identifier falls apart
            self._judged.add(person_id)
            self._rebuild(person_id, self._graph.cluster(person_id))

    def _join(self, joined: Joined) -> None:
        person_id, absorbed = joined.person_id, joined.absorbed
        cluster = self._graph.cluster(person_id)
        self._judged.add(person_id)
        self._judged.discard(absorbed)
        self._gathered.absorbed.add(absorbed)
        self._gathered.links |= dict.fromkeys(cluster, person_id)
        guest = self._histories.get(absorbed)
        if guest is None:
            return
        host = self._history(person_id)
        if host.own is None:
            host.own = host.state
        host.state = merge(host.state, guest.state)
        host.last_at = max(filter(None, (host.last_at, guest.last_at)), default=None)
        if guest.own is not None:
            guest.state, guest.own = guest.own, None
        for one in cluster & self._histories.keys() - {person_id}:
            self._histories[one].joined_to = person_id
            self._touched.add(one)
        self._touched.add(person_id)

    def _part(self, parted: Parted) -> None:
        self._gathered.links |= dict.fromkeys(parted.identifiers, parted.person_id)
        self._gathered.absorbed.discard(parted.person_id)

    def _rebuild(self, person_id: str, cluster: set[str]) -> None:
        """Put a person together again from what each of their ids has seen."""
        alone = {one: self._histories[one].alone for one in sorted(cluster) if one in self._histories}
        if not alone:
            return
        others = [state for one, state in alone.items() if one != person_id]
        for one, state in alone.items():
            history = self._histories[one]
            history.state, history.own = state, None
            history.joined_to = None if one == person_id else person_id
            self._touched.add(one)
        if others:
            person = self._history(person_id)
            person.own = person.state
            for state in others:
                person.state = merge(person.state, state)
        self._touched.add(person_id)

    def _history(self, person_id: str) -> _History:
        history = self._histories.get(person_id)
        if history is None:
            history = self._histories[person_id] = _History()
        return history

    def _places(self, person_id: str) -> frozenset[str]:
        history = self._histories.get(person_id)
        return frozenset() if history is None or history.joined_to else frozenset(history.state.places)

    def _row(self, person_id: str) -> people.PersonRow:
        history = self._histories[person_id]
        state = history.state
        at = history.last_at or datetime.fromtimestamp(0).astimezone()
        return people.PersonRow(
            person_id=person_id,
            state=states.encode(state),
            own=None if history.own is None else states.encode(history.own),
            joined_to=history.joined_to,
            first_seen_at=at if state.first_seen is None else moment(state.first_seen[0]),
            last_seen_at=at if state.last_seen is None else moment(state.last_seen[0]),
            orders=state.orders,
            spend_minor=_storable(
                max((s.amount_minor - s.refunded_minor for s in state.spent.values()), default=0)
            ),
            simulated=any(state.simulated.values()),
        )


def _storable(amount_minor: int) -> int:
    """Within what the books can hold; beyond it stands nothing but abuse, which must not hold up anybody else."""
    return max(-AMOUNT_MAX, min(amount_minor, AMOUNT_MAX))


def identifiers_of(event: Event) -> tuple[str, ...]:
    """The identifiers that an event says are one person's, strongest first."""
    body = event.body
    if isinstance(body, PersonAliased):
        return tuple(dict.fromkeys((*event.who.every, identifier_of("anonymous", body.previous_id))))
    if isinstance(body, PersonJoined | PersonParted):
        return (body.identifier, body.other)
    return event.who.every


def _reason(
    change: Change, event: Event, reason: str, decided_by: str, evidence: tuple[str, ...]
) -> identity.ReasonRow:
    at, parts = event.happened_at, (event.source, event.id)

    def row(
        action: str, person_id: str, other_person: str, edge: Edge, why: str = reason
    ) -> identity.ReasonRow:
        return identity.ReasonRow(
            id=derived_id("identity", *parts, action, person_id, *edge), at=at, action=action, person_id=person_id,
            from_person_id=other_person, identifier=edge.identifier, other=edge.other, reason=why,
            evidence=list(evidence), decided_by=decided_by,
        )  # fmt: skip

    match change:
        case Joined():
            return row("joined", change.person_id, change.absorbed, change.edge)
        case Parted():
            edge = min(change.edges, default=Edge(change.person_id, change.left))
            return row("parted", change.person_id, change.left, edge)
        case Refused():
            why = change.reason if change.kind is None else f"{change.reason} {change.kind}"
            return row("refused", change.person_id, change.owner, change.edge, why)
        case Shared():
            edge = Edge(change.identifier, change.identifier)
            return row("shared", change.identifier, change.owner, edge, f"{change.people} people")


def _decision(change: Change, row: identity.ReasonRow, event: Event) -> Event | None:
    """A rule's join or split as an event of its own; its id is the reason's, so that a turn taken again says the same."""
    if not isinstance(change, Joined | Parted):
        return None
    body = PersonJoined if isinstance(change, Joined) else PersonParted
    return Event(
        id=row.id,
        source=OWN_SOURCE,
        happened_at=event.happened_at,
        who=Who.of(row.person_id),
        simulated=event.simulated,
        body=body(
            identifier=row.identifier, other=row.other, reason=row.reason, evidence=tuple(row.evidence)
        ),
    )
