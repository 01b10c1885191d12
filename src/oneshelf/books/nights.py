"""What a night's run over everybody leaves for the till and the app: modelled figures, and everybody's shares of baskets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, func, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.nights import everybody_share, modelled

Subject = Literal["category", "brand"]


class ModelledRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What only a night's run can tell of one person. Amounts in minor units of their currency."""

    person_id: str
    modelled_at: datetime
    price_index: float | None = None
    expected_orders_90_days: float | None = None
    expected_spend_90_days_minor: float | None = None
    p_active: float | None = None
    simulated: bool = False


def put_modelled(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace figures; each row has the fields of `ModelledRow`."""
    put(connection, modelled, rows, update=replace(modelled))


def forget_older(connection: Connection, than: datetime) -> None:
    """Drop the figures of people whom the night of `than` did not find any more."""
    connection.execute(delete(modelled).where(modelled.c.modelled_at < than))


def modelled_of(connection: Connection, person_ids: Iterable[str]) -> dict[str, ModelledRow]:
    """The figures of those people that have some."""
    found: dict[str, ModelledRow] = {}
    for chunk in chunks(sorted(set(person_ids))):
        query = select(modelled).where(among(connection, modelled.c.person_id, chunk))
        found.update((row.person_id, ModelledRow(**row._mapping)) for row in connection.execute(query))
    return found


def newest(connection: Connection) -> datetime | None:
    """The moment of the newest night; None before the first."""
    at: datetime | None = connection.execute(select(func.max(modelled.c.modelled_at))).scalar()
    return at


def put_shares(connection: Connection, shares: Mapping[Subject, Mapping[str, float]]) -> None:
    """Replace everybody's shares by these."""
    connection.execute(delete(everybody_share))
    rows = [
        {"subject": subject, "name": name, "share": share}
        for subject, named in shares.items()
        for name, share in named.items()
    ]
    put(connection, everybody_share, rows)


def shares(connection: Connection, subject: Subject, names: Iterable[str]) -> dict[str, float]:
    """Everybody's shares of those categories or brands that are known."""
    table = everybody_share.c
    found: dict[str, float] = {}
    for chunk in chunks(sorted(set(names))):
        query = select(table.name, table.share).where(
            table.subject == subject, among(connection, table.name, chunk)
        )
        found.update((row.name, row.share) for row in connection.execute(query))
    return found
