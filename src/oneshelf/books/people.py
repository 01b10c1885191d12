"""People: the folded state of each, and which identifiers belong to whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema import link as link_table
from oneshelf.books.schema import person


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person: the encoded state, and the few figures that lists are ordered and shown by."""

    person_id: str
    state: bytes
    first_seen_at: datetime
    last_seen_at: datetime
    orders: int
    spend_minor: int
    simulated: bool = False


def states(connection: Connection, person_ids: Iterable[str]) -> dict[str, bytes]:
    """The states of those people that are known."""
    found: dict[str, bytes] = {}
    for chunk in chunks(sorted(set(person_ids))):
        query = select(person.c.person_id, person.c.state).where(among(connection, person.c.person_id, chunk))
        found.update((row.person_id, row.state) for row in connection.execute(query))
    return found


def save(connection: Connection, rows: Sequence[PersonRow]) -> None:
    """Insert or replace people."""
    put(connection, person, [msgspec.structs.asdict(row) for row in rows], update=replace(person))


def remove(connection: Connection, person_ids: Iterable[str]) -> None:
    """Forget the rows of people, such as after two turned out to be one. Their links stay."""
    for chunk in chunks(sorted(set(person_ids))):
        connection.execute(delete(person).where(among(connection, person.c.person_id, chunk)))


def get(connection: Connection, person_id: str) -> PersonRow | None:
    """One person's row."""
    row = connection.execute(select(person).where(person.c.person_id == person_id)).one_or_none()
    return None if row is None else _row(row)


def search(
    connection: Connection, text: str, *, limit: int, after: tuple[int, str] | None = None
) -> list[PersonRow]:
    """People whose id begins with `text`, the greatest spenders first.

    `after` is the (spend_minor, person_id) of the last one of the page before.
    """
    query = select(person).order_by(person.c.spend_minor.desc(), person.c.person_id).limit(limit)
    if text:
        query = query.where(person.c.person_id >= text, person.c.person_id < text + "\U0010ffff")
    if after is not None:
        spend_minor, person_id = after
        same = and_(person.c.spend_minor == spend_minor, person.c.person_id > person_id)
        query = query.where(or_(person.c.spend_minor < spend_minor, same))
    return [_row(row) for row in connection.execute(query)]


def count(connection: Connection) -> int:
    """How many people there are."""
    return connection.execute(select(func.count()).select_from(person)).scalar_one()


def resolve(connection: Connection, identifiers: Iterable[str]) -> dict[str, str]:
    """Identifier to person, for those identifiers that are linked."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(set(identifiers))):
        query = select(link_table.c.identifier, link_table.c.person_id)
        query = query.where(among(connection, link_table.c.identifier, chunk))
        found.update((row.identifier, row.person_id) for row in connection.execute(query))
    return found


def link(connection: Connection, pairs: dict[str, str], at: datetime) -> None:
    """Link identifiers to people. Whoever was linked to an identifier that is itself linked now moves along.

    So `resolve` needs one step, always. A pair that would close a circle is left out.
    """
    known = resolve(connection, [*pairs, *pairs.values()])
    for identifier, target in pairs.items():
        goal = _follow(target, known)
        if goal != _follow(identifier, known):
            known[_follow(identifier, known)] = goal
        known.setdefault(identifier, goal)
    settled = {identifier: _follow(identifier, known) for identifier in known}
    rows = [
        {"identifier": identifier, "person_id": person_id, "linked_at": at}
        for identifier, person_id in sorted(settled.items())
        if identifier != person_id
    ]
    for identifier in _targets(connection, [str(row["identifier"]) for row in rows]):
        moved = update(link_table).where(link_table.c.person_id == identifier)
        connection.execute(moved.values(person_id=settled[identifier]))
    put(
        connection,
        link_table,
        rows,
        update=lambda given: {"person_id": given.person_id, "linked_at": given.linked_at},
        where=lambda given: link_table.c.person_id != given.person_id,
    )


def _targets(connection: Connection, identifiers: Sequence[str]) -> set[str]:
    """Which of these somebody is linked to: few, if any."""
    found: set[str] = set()
    for chunk in chunks(identifiers):
        query = select(link_table.c.person_id).where(among(connection, link_table.c.person_id, chunk))
        found.update(connection.execute(query).scalars())
    return found


def links(connection: Connection) -> list[tuple[str, str]]:
    """Every (identifier, person), in order."""
    query = select(link_table.c.identifier, link_table.c.person_id).order_by(link_table.c.identifier)
    return [(row.identifier, row.person_id) for row in connection.execute(query)]


def identifiers_of(connection: Connection, person_id: str) -> list[str]:
    """The identifiers that are linked to a person."""
    return list(
        connection.execute(
            select(link_table.c.identifier).where(link_table.c.person_id == person_id)
        ).scalars()
    )


def _follow(identifier: str, known: dict[str, str]) -> str:
    """Walk links to their end; there are no circles in `known`."""
    while (target := known.get(identifier, identifier)) != identifier:
        identifier = target
    return identifier


def _row(row: Row[Any]) -> PersonRow:
    return PersonRow(**row._mapping)
