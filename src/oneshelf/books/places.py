"""Places: shops, web shops and warehouses."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema import place
from oneshelf.words.places import Place


def upsert_places(connection: Connection, places: Iterable[Place]) -> None:
    """Insert or replace places; of two with one id the last wins."""
    rows = {given.id: msgspec.structs.asdict(given) for given in places}
    put(connection, place, list(rows.values()), update=replace(place))


def zones(connection: Connection, place_ids: Iterable[str]) -> dict[str, str]:
    """The time zones of those places that are known."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(set(place_ids))):
        query = select(place.c.id, place.c.time_zone).where(among(connection, place.c.id, chunk))
        found.update((row.id, row.time_zone) for row in connection.execute(query))
    return found


def places(connection: Connection) -> dict[str, Place]:
    """Every place, by id."""
    return {row.id: Place(**row._mapping) for row in connection.execute(select(place).order_by(place.c.id))}
