"""Secrets: random values that are made once and never leave the house, such as the salt of protected figures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.staff import secret


def get(connection: Connection, name: str) -> bytes | None:
    """A secret by its name; None when it was never made."""
    value: bytes | None = connection.execute(
        select(secret.c.value).where(secret.c.name == name)
    ).scalar_one_or_none()
    return value


def keep(connection: Connection, name: str, value: bytes, now: datetime) -> bytes:
    """Keep a new secret unless there is one already; return the one that is kept."""
    put(connection, secret, [{"name": name, "value": value, "created_at": now}])
    kept = get(connection, name)
    return value if kept is None else kept
