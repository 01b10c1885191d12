"""One customer: join two people, take a join back, and say why somebody is who they are.

A decision is an event like any other; it is in force once the live projection has passed it, which these use cases wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from oneshelf.app.arriving.passing import append_and_pass
from oneshelf.app.core import Core, utc_now
from oneshelf.app.people.looking import People
from oneshelf.books import identity
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.events.catalogue import PersonJoined, PersonParted, kind_of
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who

REASONS_SHOWN_MAX = 200
REASON_LENGTH_MAX = 500


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the reason log."""

    id: str
    at: datetime
    #: "joined", "parted", "refused" (a claim against a limit) or "shared" (an identifier that is nobody's)
    action: str
    #: who goes on after it, and who was joined to them, parted from or refused
    person_id: str
    from_person_id: str
    #: the two identifiers that the evidence ties, or does not
    identifier: str
    other: str
    reason: str
    evidence: tuple[str, ...]
    #: "rule", or who decided
    decided_by: str
    #: whether this is a join that still holds and can be undone
    undoable: bool


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is: every identifier, the person's own id first, and why, newest first."""

    person_id: str
    identifiers: tuple[str, ...]
    reasons: tuple[Reason, ...]


class Identity:
    """Use cases about who is who."""

    def __init__(self, core: Core, people: People, step: Callable[[], int]) -> None:
        self._core = core
        self._people = people
        self._step = step

    def of(self, person_id: str, *, actor: Actor = OPERATOR, purpose: str = "service") -> Identified:
        """Every identifier of a person, and why each is theirs. Raises NotFound, NotAllowed."""
        known_as, _ = self._people.look_at(person_id, actor, "people.read", purpose=purpose)
        cluster = self._cluster(known_as)
        with self._core.database.read() as connection:
            rows = identity.reasons(connection, cluster, limit=REASONS_SHOWN_MAX)
            held = identity.ties(connection, cluster)
        return Identified(
            person_id=known_as,
            identifiers=(known_as, *sorted(cluster - {known_as})),
            reasons=tuple(_reason(row, held) for row in rows),
        )

    def join(
        self,
        person_a: str,
        person_b: str,
        *,
        reason: str,
        evidence: tuple[str, ...] = (),
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> str:
        """Say that two people are one, whatever the rules say; return the id that goes on.

        Raises NotFound when one of them is not here, InvalidInput when they are one already, NotAllowed.
        """
        one, other = (self._known(who, actor) for who in (person_a, person_b))
        if one == other:
            raise InvalidInput.of(
                "person", person_b, "is one with the other already.", "Name two different people."
            )
        body = PersonJoined(
            identifier=one, other=other, reason=_checked(reason), evidence=evidence, decided_by=actor.name
        )
        self._decide(body, now or utc_now())
        return self._people.state(one)[0]

    def split(
        self,
        identifier: str,
        other: str,
        *,
        reason: str,
        evidence: tuple[str, ...] = (),
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> None:
        """Say that two identifiers of one person are not one person's: the join between them is undone, for good.

        Raises InvalidInput when they are not one person's, NotFound, NotAllowed.
        """
        known_as = self._known(identifier, actor)
        body = _parted(identifier, other, reason=reason, evidence=evidence, actor=actor)
        if other == identifier or other not in self._cluster(known_as):
            raise InvalidInput.of(
                "other", other, "is not one person with the first.", "See the person's identifiers."
            )
        self._decide(body, now or utc_now())

    def keep_apart(
        self,
        person_a: str,
        person_b: str,
        *,
        reason: str,
        evidence: tuple[str, ...] = (),
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> None:
        """Say that two people are not one, so that no rule ever joins them.

        Raises NotFound, InvalidInput when they are one already, NotAllowed.
        """
        one, other = (self._known(who, actor) for who in (person_a, person_b))
        if one == other:
            raise InvalidInput.of(
                "person", person_b, "is one with the other.", "Undo their join, or split them."
            )
        body = _parted(one, other, reason=reason, evidence=evidence, actor=actor)
        self._decide(body, now or utc_now())

    def undo(
        self, reason_id: str, *, reason: str, actor: Actor = OPERATOR, now: datetime | None = None
    ) -> str:
        """Undo one join of the reason log; return its first identifier.

        Raises NotFound, InvalidInput when the join no longer holds, NotAllowed.
        """
        with self._core.database.read() as connection:
            row = identity.reason(connection, reason_id)
        if row is None or row.action != "joined":
            raise NotFound("There is no such join.", "Take the id of a join from the person's reasons.")
        self._known(row.identifier, actor)
        with self._core.database.read() as connection:
            held = identity.ties(connection, [row.identifier])
        if (row.identifier, row.other) not in held:
            raise InvalidInput.of(
                "join", reason_id, "no longer holds.", "It was undone already; see the person's reasons."
            )
        evidence = (f"undoes {reason_id}",)
        body = _parted(row.identifier, row.other, reason=reason, evidence=evidence, actor=actor)
        self._decide(body, now or utc_now())
        return row.identifier

    def _known(self, person_id: str, actor: Actor) -> str:
        """The person behind an id, for an actor who may decide about them."""
        return self._people.look_at(person_id, actor, "people.join", purpose="identity")[0]

    def _cluster(self, known_as: str) -> set[str]:
        with self._core.database.read() as connection:
            return {known_as, *identity.identifiers_of(connection, [known_as]).get(known_as, ())}

    def _decide(self, body: PersonJoined | PersonParted, at: datetime) -> None:
        event = Event(
            id=derived_id(kind_of(body), body.identifier, body.other, body.decided_by, at.isoformat()),
            source=OWN_SOURCE,
            happened_at=at,
            who=Who.of(body.identifier),
            body=body,
        )
        append_and_pass(self._core, self._step, OWN_SOURCE, [event], at)


def _parted(
    identifier: str, other: str, *, reason: str, evidence: tuple[str, ...], actor: Actor
) -> PersonParted:
    return PersonParted(
        identifier=identifier,
        other=other,
        reason=_checked(reason),
        evidence=evidence,
        decided_by=actor.name,
    )


def _checked(reason: str) -> str:
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX:
        raise InvalidInput.of(
            "reason", reason[:40], "is no reason.", f"Say why in 1 to {REASON_LENGTH_MAX} characters."
        )
    return reason.strip()


def _reason(row: identity.ReasonRow, held: set[identity.Pair]) -> Reason:
    return Reason(
        id=row.id,
        at=row.at,
        action=row.action,
        person_id=row.person_id,
        from_person_id=row.from_person_id,
        identifier=row.identifier,
        other=row.other,
        reason=row.reason,
        evidence=tuple(row.evidence),
        decided_by=row.decided_by,
        undoable=row.action == "joined" and (row.identifier, row.other) in held,
    )
