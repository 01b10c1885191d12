"""Places: shops, web shops and warehouses."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select

from oneshelf.books.bulk import put, replace
from oneshelf.books.schema import place
from oneshelf.words.places import Place


def upsert_places(connection: Connection, places: Iterable[Place]) -> None:
    """Insert or replace places; of two with one id the last wins."""
    rows = {given.id: msgspec.structs.asdict(given) for given in places}
    put(connection, place, list(rows.values()), update=replace(place))


def places(connection: Connection) -> dict[str, Place]:
    """Every place, by id."""
    return {row.id: Place(**row._mapping) for row in connection.execute(select(place).order_by(place.c.id))}
