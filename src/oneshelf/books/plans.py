"""Plans in the books: made once, edited with reasons, approved once, and scored when their day is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from oneshelf.books.bulk import put, replace
from oneshelf.books.schema.plans import plan, plan_edit, plan_order, plan_part, plan_score


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One plan without its lines."""

    id: str
    as_of: date
    for_day: date
    scenario: str | None = None
    made_at: datetime
    made_by: str
    approved_at: datetime | None = None
    approved_by: str | None = None
    summary: bytes
    outlook: bytes = b""


class EditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One changed quantity, who changed it, and why. Of two of one line the later counts."""

    plan_id: str
    number: int
    place_id: str
    product_id: str
    quantity: int
    reason: str
    made_at: datetime
    made_by: str


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One document that an approved plan raised."""

    id: str
    plan_id: str
    kind: str
    supplier_id: str | None
    pieces: int
    raised_at: datetime
    document: bytes


def add(connection: Connection, row: PlanRow, parts: Sequence[bytes]) -> None:
    """Keep a new plan with its lines."""
    put(connection, plan, [msgspec.structs.asdict(row)])
    put(
        connection,
        plan_part,
        [{"plan_id": row.id, "number": number, "lines": lines} for number, lines in enumerate(parts)],
    )


def next_number(connection: Connection, for_day: date) -> int:
    """How the next plan for a day is numbered, from 1."""
    made = select(func.count()).select_from(plan).where(plan.c.for_day == for_day)
    return connection.execute(made).scalar_one() + 1


def get(connection: Connection, plan_id: str) -> PlanRow | None:
    """The plan of that id."""
    row = connection.execute(select(plan).where(plan.c.id == plan_id)).one_or_none()
    return None if row is None else PlanRow(**row._mapping)


def newest(
    connection: Connection, *, before: date | None = None, for_day: date | None = None
) -> PlanRow | None:
    """The plan that counts, of the newest day or of one, or of the newest before one: an approved one, else the last made.

    Scenarios never count.
    """
    query = select(plan).where(plan.c.scenario.is_(None))
    if before is not None:
        query = query.where(plan.c.for_day < before)
    if for_day is not None:
        query = query.where(plan.c.for_day == for_day)
    order = (plan.c.for_day.desc(), plan.c.approved_at.is_(None), plan.c.made_at.desc(), plan.c.id.desc())
    row = connection.execute(query.order_by(*order).limit(1)).one_or_none()
    return None if row is None else PlanRow(**row._mapping)


def listing(connection: Connection, *, limit: int, after: tuple[date, str] | None = None) -> list[PlanRow]:
    """Plans and scenarios, the newest day first; `after` is the day and id of the last one seen."""
    query = select(plan).order_by(plan.c.for_day.desc(), plan.c.id.desc()).limit(limit)
    if after is not None:
        day, plan_id = after
        query = query.where((plan.c.for_day < day) | ((plan.c.for_day == day) & (plan.c.id < plan_id)))
    return [PlanRow(**row._mapping) for row in connection.execute(query)]


def parts(connection: Connection, plan_id: str) -> Iterator[bytes]:
    """The packed lines of a plan, in its order."""
    query = select(plan_part.c.lines).where(plan_part.c.plan_id == plan_id).order_by(plan_part.c.number)
    for row in connection.execution_options(yield_per=1).execute(query):
        yield row.lines


def add_edits(connection: Connection, rows: Iterable[EditRow]) -> None:
    """Keep edits."""
    put(connection, plan_edit, [msgspec.structs.asdict(row) for row in rows])


def edits(connection: Connection, plan_id: str) -> list[EditRow]:
    """The edits of a plan, in their order."""
    query = select(plan_edit).where(plan_edit.c.plan_id == plan_id).order_by(plan_edit.c.number)
    return [EditRow(**row._mapping) for row in connection.execute(query)]


def approve(connection: Connection, plan_id: str, *, by: str, at: datetime) -> bool:
    """Approve a plan; False when it was already, or when another plan for its day was."""
    day = select(plan.c.for_day).where(plan.c.id == plan_id).scalar_subquery()
    other = plan.alias()
    taken = select(other.c.id).where(other.c.for_day == day, other.c.approved_at.is_not(None)).exists()
    done: Any = connection.execute(
        update(plan).where(plan.c.id == plan_id, ~taken).values(approved_at=at, approved_by=by)
    )
    return bool(done.rowcount)


def add_orders(connection: Connection, rows: Iterable[OrderRow]) -> None:
    """Keep what was raised."""
    put(connection, plan_order, [msgspec.structs.asdict(row) for row in rows])


def orders(connection: Connection, plan_id: str) -> list[OrderRow]:
    """What a plan raised, by id."""
    query = select(plan_order).where(plan_order.c.plan_id == plan_id).order_by(plan_order.c.id)
    return [OrderRow(**row._mapping) for row in connection.execute(query)]


def put_score(connection: Connection, for_day: date, plan_id: str, score: bytes, at: datetime) -> None:
    """Keep what a day's plan came to; late sales may score it again."""
    row = {"for_day": for_day, "plan_id": plan_id, "scored_at": at, "score": score}
    put(connection, plan_score, [row], update=replace(plan_score))


def scores(connection: Connection, *, limit: int) -> list[bytes]:
    """The scores of the newest days, the newest first."""
    query = select(plan_score.c.score).order_by(plan_score.c.for_day.desc()).limit(limit)
    return [row.score for row in connection.execute(query)]
