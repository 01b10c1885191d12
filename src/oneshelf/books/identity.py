"""Who is who: which identifiers are whose, what ties them together, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Column, Connection, Table, and_, delete, or_, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.people import (
    identity_claim,
    identity_reason,
    kept_apart,
    link,
    shared_identifier,
    tie,
)

Pair = tuple[str, str]


class ReasonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the reason log."""

    id: str
    at: datetime
    #: "joined", "parted", "refused" or "shared"
    action: str
    #: who goes on after it, and who was joined to them, parted from or refused
    person_id: str
    from_person_id: str
    #: the two identifiers that the evidence speaks of
    identifier: str
    other: str
    reason: str
    evidence: list[str]
    #: "rule", or who decided
    decided_by: str


def resolve(connection: Connection, identifiers: Iterable[str]) -> dict[str, str]:
    """Identifier to person, for those identifiers that are linked."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(set(identifiers))):
        query = select(link.c.identifier, link.c.person_id).where(among(connection, link.c.identifier, chunk))
        found.update((row.identifier, row.person_id) for row in connection.execute(query))
    return found


def links(connection: Connection) -> list[Pair]:
    """Every (identifier, person), in order."""
    query = select(link.c.identifier, link.c.person_id).order_by(link.c.identifier)
    return [(row.identifier, row.person_id) for row in connection.execute(query)]


def identifiers_of(connection: Connection, person_ids: Iterable[str]) -> dict[str, set[str]]:
    """The identifiers that are linked to each of some people."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(sorted(set(person_ids))):
        query = select(link.c.identifier, link.c.person_id).where(among(connection, link.c.person_id, chunk))
        for row in connection.execute(query):
            found.setdefault(row.person_id, set()).add(row.identifier)
    return found


def point(connection: Connection, pairs: Mapping[str, str], at: datetime) -> None:
    """Say whose identifiers are. Those that are a person's own id from here on are linked no more."""
    _delete(connection, link, link.c.identifier, [one for one, person in pairs.items() if one == person])
    rows = [
        {"identifier": one, "person_id": person, "linked_at": at}
        for one, person in sorted(pairs.items())
        if one != person
    ]
    put(connection, link, rows, update=replace(link))


def ties(connection: Connection, identifiers: Iterable[str]) -> set[Pair]:
    """The joins that hold between identifiers; those of which either side is among them."""
    return _pairs(connection, tie, identifiers)


def apart(connection: Connection, identifiers: Iterable[str]) -> set[Pair]:
    """The pairs that somebody told apart, of which either side is among the identifiers."""
    return _pairs(connection, kept_apart, identifiers)


def claims(connection: Connection, identifiers: Iterable[str]) -> dict[str, set[str]]:
    """The people who claimed each identifier in vain."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(sorted(set(identifiers))):
        query = select(identity_claim).where(among(connection, identity_claim.c.identifier, chunk))
        for row in connection.execute(query):
            found.setdefault(row.identifier, set()).add(row.person_id)
    return found


def shared(connection: Connection, identifiers: Iterable[str]) -> set[str]:
    """Those of the identifiers that are nobody's."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(identifiers))):
        column = shared_identifier.c.identifier
        found.update(connection.scalars(select(column).where(among(connection, column, chunk))))
    return found


def tie_together(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Keep joins."""
    put(connection, tie, _rows(pairs, "other"))


def untie(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Forget joins."""
    _delete_pairs(connection, tie, pairs)


def keep_apart(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Remember pairs that somebody told apart."""
    put(connection, kept_apart, _rows(pairs, "other"))


def let_together(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Forget that somebody told pairs apart."""
    _delete_pairs(connection, kept_apart, pairs)


def claim(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Remember who claimed an identifier in vain: (identifier, person)."""
    put(connection, identity_claim, _rows(pairs, "person_id"))


def share(connection: Connection, identifiers: Iterable[str]) -> None:
    """Remember identifiers that are nobody's; who claimed them no longer matters."""
    given = sorted(set(identifiers))
    put(connection, shared_identifier, [{"identifier": one} for one in given])
    _delete(connection, identity_claim, identity_claim.c.identifier, given)


def give_reasons(connection: Connection, rows: Sequence[ReasonRow]) -> None:
    """Add lines to the reason log; one that is there already stays."""
    put(connection, identity_reason, [msgspec.structs.asdict(row) for row in rows])


def reasons(connection: Connection, person_ids: Iterable[str], *, limit: int) -> list[ReasonRow]:
    """The newest lines about some people, whichever side they were on."""
    given = sorted(set(person_ids))
    query = select(identity_reason).where(
        or_(
            among(connection, identity_reason.c.person_id, given),
            among(connection, identity_reason.c.from_person_id, given),
        )
    )
    query = query.order_by(identity_reason.c.at.desc(), identity_reason.c.id).limit(limit)
    return [ReasonRow(**row._mapping) for row in connection.execute(query)]


def reason(connection: Connection, reason_id: str) -> ReasonRow | None:
    """One line of the reason log."""
    query = select(identity_reason).where(identity_reason.c.id == reason_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else ReasonRow(**row._mapping)


def _pairs(connection: Connection, table: Table, identifiers: Iterable[str]) -> set[Pair]:
    found: set[Pair] = set()
    for chunk in chunks(sorted(set(identifiers))):
        for column in (table.c.identifier, table.c.other):
            query = select(table.c.identifier, table.c.other).where(among(connection, column, chunk))
            found.update((row.identifier, row.other) for row in connection.execute(query))
    return found


def _rows(pairs: Iterable[Pair], second: str) -> list[dict[str, str]]:
    return [{"identifier": one, second: other} for one, other in sorted(set(pairs))]


def _delete(connection: Connection, table: Table, column: Column[str], values: Iterable[str]) -> None:
    for chunk in chunks(sorted(set(values))):
        connection.execute(delete(table).where(among(connection, column, chunk)))


def _delete_pairs(connection: Connection, table: Table, pairs: Iterable[Pair]) -> None:
    for one, other in sorted(set(pairs)):
        connection.execute(delete(table).where(and_(table.c.identifier == one, table.c.other == other)))
