"""Audiences: saved conditions, each change a version of its own."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, func, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.tiers import audience, audience_version


class AudienceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an audience: its condition as text, who wrote it and when."""

    name: str
    version: int
    condition: str
    created_by: str
    created_at: datetime


def save(connection: Connection, name: str, condition: str, by: str, now: datetime) -> AudienceRow:
    """Keep a condition under a name: a new version, unless the newest says the same."""
    newest = get(connection, name)
    if newest is not None and newest.condition == condition:
        return newest
    row = AudienceRow(
        name=name,
        version=1 if newest is None else newest.version + 1,
        condition=condition,
        created_by=by,
        created_at=now,
    )
    put(connection, audience, [{"name": name, "created_by": by, "created_at": now}])
    connection.execute(audience_version.insert(), msgspec.structs.asdict(row))
    return row


def get(connection: Connection, name: str, version: int | None = None) -> AudienceRow | None:
    """One version of an audience, the newest where none is named; None when there is none."""
    query = select(audience_version).where(audience_version.c.name == name)
    if version is not None:
        query = query.where(audience_version.c.version == version)
    row = connection.execute(query.order_by(audience_version.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else AudienceRow(**row._mapping)


def listing(connection: Connection) -> list[AudienceRow]:
    """Every audience in its newest version, in order of name."""
    newest = (
        select(audience_version.c.name, func.max(audience_version.c.version).label("version"))
        .group_by(audience_version.c.name)
        .subquery()
    )
    same = and_(audience_version.c.name == newest.c.name, audience_version.c.version == newest.c.version)
    query = select(audience_version).join(newest, same).order_by(audience_version.c.name)
    return [AudienceRow(**row._mapping) for row in connection.execute(query)]


def versions(connection: Connection, name: str) -> list[AudienceRow]:
    """Every version of an audience, the newest first."""
    query = select(audience_version).where(audience_version.c.name == name)
    query = query.order_by(audience_version.c.version.desc())
    return [AudienceRow(**row._mapping) for row in connection.execute(query)]
