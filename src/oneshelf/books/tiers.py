"""Tiers: who is in which since when and why, and the cut-points that the night computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, delete, func, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.tiers import cutpoint, tier


class TierRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person's tier."""

    person_id: str
    tier: str
    since: datetime
    reason: str


def tiers(connection: Connection, person_ids: Iterable[str]) -> dict[str, TierRow]:
    """The tiers of those people that have one."""
    found: dict[str, TierRow] = {}
    for chunk in chunks(sorted(set(person_ids))):
        for row in connection.execute(select(tier).where(among(connection, tier.c.person_id, chunk))):
            found[row.person_id] = TierRow(**row._mapping)
    return found


def everybody(connection: Connection) -> tuple[list[str], list[str], list[datetime], list[str]]:
    """Everybody with a tier, column by column: person, tier, since, reason, in order of person."""
    columns: tuple[list[str], list[str], list[datetime], list[str]] = ([], [], [], [])
    rows = connection.execution_options(yield_per=20_000).execute(select(tier).order_by(tier.c.person_id))
    for part in rows.partitions():
        for column, values in zip(columns, zip(*part, strict=True), strict=True):
            cast(list[Any], column).extend(values)
    return columns


def save(connection: Connection, rows: Sequence[TierRow], left: Sequence[str] = ()) -> None:
    """Put people into tiers; those of `left` have none any more."""
    put(connection, tier, [msgspec.structs.asdict(row) for row in rows], update=replace(tier))
    for chunk in chunks(left):
        connection.execute(delete(tier).where(among(connection, tier.c.person_id, chunk)))


def counts(connection: Connection) -> dict[str, int]:
    """How many people are in each tier."""
    query = select(tier.c.tier, func.count().label("people")).group_by(tier.c.tier)
    return {row.tier: row.people for row in connection.execute(query)}


def cutpoints(connection: Connection) -> dict[tuple[str, float], float]:
    """The cut-points by (field, share)."""
    return {(row.field, row.share): row.value for row in connection.execute(select(cutpoint))}


def cutpoints_at(connection: Connection) -> datetime | None:
    """When the newest cut-point was computed; None before the first night."""
    at: datetime | None = connection.execute(select(func.max(cutpoint.c.computed_at))).scalar()
    return at


def put_cutpoints(connection: Connection, values: Mapping[tuple[str, float], float], now: datetime) -> None:
    """Replace all cut-points by these."""
    connection.execute(delete(cutpoint))
    rows = [
        {"field": field, "share": share, "value": value, "computed_at": now}
        for (field, share), value in values.items()
    ]
    put(connection, cutpoint, rows)
