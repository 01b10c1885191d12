"""Places: shops, web shops and warehouses, and the floors of shops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.floors import floor
from oneshelf.books.schema.goods import place
from oneshelf.words.places import FloorPlan, Place


def upsert_places(connection: Connection, places: Iterable[Place]) -> None:
    """Insert or replace places; of two with one id the last wins. A place without coordinates keeps those that it has.

    Receipts know places by their ids alone: one that is called by its id keeps the name and kind that it has.
    """
    rows = {given.id: msgspec.structs.asdict(given) for given in places}
    put(connection, place, list(rows.values()), update=_keeping)


def _keeping(given: Any) -> Mapping[str, Any]:
    kept = {name: func.coalesce(given[name], place.c[name]) for name in ("latitude", "longitude")}
    unnamed = given["name"] == given["id"]
    told = {name: case((unnamed, place.c[name]), else_=given[name]) for name in ("name", "kind")}
    return {**replace(place)(given), **kept, **told}


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


def set_floor(connection: Connection, place_id: str, plan: FloorPlan, now: datetime) -> None:
    """Keep the floor plan of a place that is there, in the place of the one before."""
    row = {"place_id": place_id, "plan": msgspec.to_builtins(plan), "loaded_at": now}
    put(connection, floor, [row], update=replace(floor))


def floor_of(connection: Connection, place_id: str) -> FloorPlan | None:
    """The floor plan of a place, if it has one."""
    kept = connection.execute(select(floor.c.plan).where(floor.c.place_id == place_id)).scalar_one_or_none()
    return None if kept is None else msgspec.convert(kept, FloorPlan)


def with_floor(connection: Connection) -> set[str]:
    """The places that have a floor plan."""
    return set(connection.execute(select(floor.c.place_id)).scalars())
