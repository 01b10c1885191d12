"""People: the folded state of each.

A row is the history of one id. Where two ids turned out to be one person, the row of the one that gives the name holds the state of the
whole person and beside it what is its own; the other's row keeps its own and says to whom it is joined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, func, or_, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.people import buyer, person

#: More than the longest history comes to, as a state is bounded in all that it keeps.
HISTORY_BYTES_MAX: Final = 2**20


class PersonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person: the encoded state, and the few figures that lists are ordered and shown by."""

    person_id: str
    state: bytes
    first_seen_at: datetime
    last_seen_at: datetime
    orders: int
    spend_minor: int
    simulated: bool = False
    #: the person whom this one turned out to be; None for a person of their own
    joined_to: str | None = None
    #: what came under this id alone, where `state` holds the whole person and that is more
    own: bytes | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What one id has seen: the encoded state, what is its own of it, and whose it is."""

    state: bytes
    own: bytes | None
    joined_to: str | None


def states(connection: Connection, person_ids: Iterable[str]) -> dict[str, bytes]:
    """The states of those people that are known."""
    found: dict[str, bytes] = {}
    for chunk in chunks(sorted(set(person_ids))):
        query = select(person.c.person_id, person.c.state).where(among(connection, person.c.person_id, chunk))
        found.update((row.person_id, row.state) for row in connection.execute(query))
    return found


def histories(connection: Connection, person_ids: Iterable[str]) -> dict[str, History]:
    """The histories of those ids that have one, whether they are people of their own or joined to somebody."""
    found: dict[str, History] = {}
    for chunk in chunks(sorted(set(person_ids))):
        query = select(person.c.person_id, person.c.state, person.c.own, person.c.joined_to)
        for row in connection.execute(query.where(among(connection, person.c.person_id, chunk))):
            found[row.person_id] = History(state=row.state, own=row.own, joined_to=row.joined_to)
    return found


def bytes_of(connection: Connection, person_ids: Collection[str], *, enough: int) -> int:
    """How large the histories of those ids are; 0 for so few that they cannot come to `enough`."""
    if len(person_ids) * HISTORY_BYTES_MAX < enough:
        return 0
    size = func.length(person.c.state) + func.coalesce(func.length(person.c.own), 0)
    return sum(
        connection.execute(
            select(func.coalesce(func.sum(size), 0)).where(among(connection, person.c.person_id, chunk))
        ).scalar_one()
        for chunk in chunks(sorted(person_ids))
    )


def save(connection: Connection, rows: Sequence[PersonRow]) -> None:
    """Insert or replace people."""
    put(connection, person, [msgspec.structs.asdict(row) for row in rows], update=replace(person))


def get(connection: Connection, person_id: str) -> PersonRow | None:
    """One person's row."""
    row = connection.execute(select(person).where(person.c.person_id == person_id)).one_or_none()
    return None if row is None else _row(row)


def search(
    connection: Connection,
    text: str,
    *,
    limit: int,
    after: tuple[int, str] | None = None,
    places: Sequence[str] = (),
) -> list[PersonRow]:
    """People whose id begins with `text`, the greatest spenders first; with `places`, only those who buy at one of them.

    `after` is the (spend_minor, person_id) of the last one of the page before.
    """
    query = select(person).where(person.c.joined_to.is_(None))
    query = _at(connection, query, places)
    query = query.order_by(person.c.spend_minor.desc(), person.c.person_id).limit(limit)
    if text:
        query = query.where(person.c.person_id >= text, person.c.person_id < text + "\U0010ffff")
    if after is not None:
        spend_minor, person_id = after
        same = and_(person.c.spend_minor == spend_minor, person.c.person_id > person_id)
        query = query.where(or_(person.c.spend_minor < spend_minor, same))
    return [_row(row) for row in connection.execute(query)]


def count(connection: Connection, places: Sequence[str] = ()) -> int:
    """How many people there are, or buy at one of some places."""
    query = select(func.count()).select_from(person).where(person.c.joined_to.is_(None))
    found: int = connection.execute(_at(connection, query, places)).scalar_one()
    return found


def buys_at(connection: Connection, places: Mapping[str, Collection[str]]) -> None:
    """Say where people buy: person to places, all of them. Where there are none, the person bought nowhere yet."""
    for chunk in chunks(sorted(places)):
        connection.execute(delete(buyer).where(among(connection, buyer.c.person_id, chunk)))
    rows = [
        {"place_id": place_id, "person_id": person_id}
        for person_id, found in sorted(places.items())
        for place_id in sorted(found)
    ]
    put(connection, buyer, rows)


def _at(connection: Connection, query: Select[Any], places: Sequence[str]) -> Select[Any]:
    """Only the people who buy at one of these places; everybody where none is named."""
    if not places:
        return query
    here = select(buyer.c.person_id).where(among(connection, buyer.c.place_id, places))
    return query.where(person.c.person_id.in_(here))


def _row(row: Row[Any]) -> PersonRow:
    return PersonRow(**row._mapping)
