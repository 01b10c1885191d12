"""One customer: which identifiers are one person's, decided claim by claim, with reasons, and undone exactly.

An event that carries two identifiers claims that both are one person's. A claim joins two clusters at once unless that would give one
person more identifiers of a kind than a person has (two members' own ids are two people, whatever tablet, card or mailbox they share).
An identifier that more people claim than may share it belongs to nobody from then on, so that no kiosk, family card or test
account can chain strangers together.

The joins of a cluster form a tree over its identifiers. Undoing a join therefore parts the cluster in exactly two, and whatever was
joined later stays with the side to which it was joined. Nothing here reads or writes: a `Graph` is given what is known of the
clusters that a turn may touch, and tells what changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from oneshelf.words.people import STRENGTH, IdentifierKind, kind_of


class Limit(NamedTuple):
    """What bounds the identifiers of one kind."""

    #: how many of this kind one person has; a claim that would bring more together is refused
    per_person: int
    #: how many people may claim one identifier of this kind before it is taken for a shared one
    people: int


LIMITS: Final[Mapping[IdentifierKind, Limit]] = {
    "user": Limit(per_person=1, people=10**9),
    "card": Limit(per_person=5, people=2),
    "email": Limit(per_person=5, people=2),
    "phone": Limit(per_person=5, people=2),
    "payment": Limit(per_person=20, people=2),
    "anonymous": Limit(per_person=200, people=2),
    "device": Limit(per_person=20, people=2),
}

#: A person with more identifiers is a fault in the data, whatever their kinds.
IDENTIFIERS_MAX: Final = 300

Reason = Literal["limit", "size", "apart"]


class Edge(NamedTuple):
    """Two identifiers that a join tied together."""

    identifier: str
    other: str


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Two clusters became one: `absorbed` is `person_id` from here on."""

    edge: Edge
    person_id: str
    absorbed: str


class Parted(msgspec.Struct, frozen=True, kw_only=True):
    """`identifiers` left the cluster of `left` and are `person_id` from here on. `edges` are those that no longer hold."""

    person_id: str
    left: str
    identifiers: frozenset[str]
    edges: frozenset[Edge]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that joins nobody, and why: it was made by `person_id` for an identifier of `owner`."""

    edge: Edge
    person_id: str
    owner: str
    reason: Reason
    #: the kind whose limit stands against it, where `reason` is "limit"
    kind: IdentifierKind | None = None


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that too many people claim: nobody's from here on."""

    identifier: str
    owner: str
    people: int


Change = Joined | Parted | Refused | Shared


class Known(msgspec.Struct, kw_only=True):
    """What is known of the clusters that a turn may touch. What is not mentioned stands alone."""

    #: identifier -> person, of linked identifiers whose clusters the turn does not change
    persons: dict[str, str] = {}
    #: person -> all identifiers of theirs, the person's own id among them
    clusters: dict[str, set[str]] = {}
    edges: set[Edge] = set()
    #: identifier -> the people who claimed it in vain
    claims: dict[str, set[str]] = {}
    shared: set[str] = set()
    #: pairs that somebody told apart, both ways round
    apart: set[Edge] = set()
    #: identifier -> when it was first seen, in seconds since 1970
    first_seen: dict[str, float] = {}


class Graph:
    """The clusters of one turn. `claim`, `join` and `part` change it and tell what changed."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._person_of = dict(known.persons)
        for person, cluster in known.clusters.items():
            self._person_of |= dict.fromkeys(cluster, person)

    def person_of(self, identifier: str) -> str:
        """The person of an identifier; of one that stands alone, itself."""
        return self._person_of.get(identifier, identifier)

    def cluster(self, person_id: str) -> set[str]:
        """All identifiers of a person."""
        return self._known.clusters.get(person_id, {person_id})

    def claim(self, identifier: str, other: str) -> list[Change]:
        """An event carries both. Empty when that is nothing new."""
        known, edge = self._known, Edge(identifier, other)
        person, owner = self.person_of(identifier), self.person_of(other)
        if person == owner or identifier in known.shared or other in known.shared:
            return []
        reason, kind = self._against(person, owner)
        if reason is None:
            return [self._join(edge)]
        claimants = known.claims.setdefault(other, set())
        if reason == "apart" or person in claimants:
            return []
        claimants.add(person)
        changes: list[Change] = [Refused(edge=edge, person_id=person, owner=owner, reason=reason, kind=kind)]
        people = len(claimants) + 1
        if people > LIMITS[kind_of(other)].people:
            known.shared.add(other)
            del known.claims[other]
            changes.append(Shared(identifier=other, owner=owner, people=people))
            changes += self._part(owner, {each for each in known.edges if other in each})
        return changes

    def join(self, identifier: str, other: str) -> list[Change]:
        """Somebody decided that both are one person, whatever the limits of a kind say."""
        person, owner = self.person_of(identifier), self.person_of(other)
        edge = Edge(identifier, other)
        if person == owner:
            return []
        if len(self.cluster(person)) + len(self.cluster(owner)) > IDENTIFIERS_MAX:
            return [Refused(edge=edge, person_id=person, owner=owner, reason="size")]
        self._known.apart -= self._apart(self.cluster(person), self.cluster(owner))
        return [self._join(edge)]

    def part(self, identifier: str, other: str) -> list[Change]:
        """Somebody decided that these two are not one person: undo the join between them, and never make it again.

        Of an identifier and itself, and where no join holds between them, nothing is left to undo.
        """
        if identifier == other:
            return []
        self._known.apart |= {Edge(identifier, other), Edge(other, identifier)}
        person = self.person_of(identifier)
        if person != self.person_of(other):
            return []
        edge = self._edge_between(identifier, other)
        return [] if edge is None else list(self._part(person, {edge}))

    def _apart(self, ours: set[str], theirs: set[str]) -> set[Edge]:
        """The pairs between two clusters that somebody told apart, both ways round; they are few, clusters may be large."""
        return {
            edge
            for edge in self._known.apart
            if (edge.identifier in ours and edge.other in theirs)
            or (edge.identifier in theirs and edge.other in ours)
        }

    def _edge_between(self, identifier: str, other: str) -> Edge | None:
        """The last edge on the only way from one to the other."""
        came_from: dict[str, Edge] = {}
        reached = [identifier]
        while reached and other not in came_from:
            here = reached.pop()
            for edge in self._known.edges:
                if here in edge:
                    there = edge.other if edge.identifier == here else edge.identifier
                    if there != identifier and there not in came_from:
                        came_from[there] = edge
                        reached.append(there)
        return came_from.get(other)

    def _against(self, person: str, owner: str) -> tuple[Reason | None, IdentifierKind | None]:
        """What stands against a join: nothing, or the reason and, for a limit, the kind whose limit it is."""
        ours, theirs = self.cluster(person), self.cluster(owner)
        if self._apart(ours, theirs):
            return "apart", None
        if len(ours) + len(theirs) > IDENTIFIERS_MAX:
            return "size", None
        for kind, limit in LIMITS.items():
            mine = sum(kind_of(one) == kind for one in ours)
            yours = sum(kind_of(one) == kind for one in theirs)
            if mine and yours and mine + yours > limit.per_person:
                return "limit", kind
        return None, None

    def _join(self, edge: Edge) -> Joined:
        person, owner = self.person_of(edge.identifier), self.person_of(edge.other)
        survivor, absorbed = sorted((person, owner), key=self._seniority)
        self._known.clusters[survivor] = self.cluster(survivor) | self.cluster(absorbed)
        self._known.clusters.pop(absorbed, None)
        self._person_of |= dict.fromkeys(self._known.clusters[survivor], survivor)
        self._known.edges.add(edge)
        return Joined(edge=edge, person_id=survivor, absorbed=absorbed)

    def _part(self, person: str, without: set[Edge]) -> Iterable[Parted]:
        """Drop edges of a cluster; whatever is no longer tied to the person's own id becomes people of their own."""
        self._known.edges -= without
        cluster = self.cluster(person)
        neighbours: dict[str, set[str]] = {one: set() for one in cluster}
        for edge in self._known.edges:
            if edge.identifier in cluster:
                neighbours[edge.identifier].add(edge.other)
                neighbours[edge.other].add(edge.identifier)
        parts = _components(neighbours)
        for part in parts:
            name = person if person in part else min(part, key=self._seniority)
            self._known.clusters[name] = part
            self._person_of |= dict.fromkeys(part, name)
            if name != person:
                dropped = frozenset(edge for edge in without if part & set(edge))
                yield Parted(person_id=name, left=person, identifiers=frozenset(part), edges=dropped)

    def _seniority(self, identifier: str) -> tuple[int, float, str]:
        """Whose name a cluster bears: the strongest kind, then who was seen first."""
        first = self._known.first_seen.get(identifier, float("inf"))
        return STRENGTH[kind_of(identifier)], first, identifier


def _components(neighbours: Mapping[str, set[str]]) -> list[set[str]]:
    left, parts = set(neighbours), []
    while left:
        part, reached = set(), [min(left)]
        while reached:
            here = reached.pop()
            if here not in part:
                part.add(here)
                reached += neighbours[here] - part
        parts.append(part)
        left -= part
    return parts
