"""Jobs: the queue of named functions to run, and the history of their runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, and_, or_, select, update

from oneshelf.books.schema.staff import job
from oneshelf.errors import Conflict

Status = Literal["waiting", "running", "done", "failed"]

#: So often is a job begun whose runner fell silent: what kills its process every time must not be begun for ever.
ATTEMPTS_MAX: Final = 3

#: A runner that was silent for so long is dead, and its job is for another.
SILENCE_MAX: Final = timedelta(minutes=5)

_GIVEN_UP: Final = f"Its runner fell silent {ATTEMPTS_MAX} times: it was killed, or its machine stopped."


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """One job: what to run with which arguments, and how it went. `attempts` counts the claims."""

    id: int
    name: str
    args: dict[str, Any]
    status: Status
    created_at: datetime
    run_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    heartbeat: datetime | None = None
    attempts: int = 0
    error: str | None = None


def enqueue(
    connection: Connection,
    name: str,
    args: Mapping[str, Any],
    *,
    now: datetime,
    run_at: datetime | None = None,
) -> int:
    """Ask for a run, at once or from `run_at` on; answers the job's id. `args` must be what JSON can hold."""
    fields = {"name": name, "args": dict(args), "status": "waiting", "attempts": 0}
    insert = job.insert().values(**fields, created_at=now, run_at=run_at or now).returning(job.c.id)
    return int(connection.execute(insert).scalar_one())


def claim(connection: Connection, now: datetime) -> JobRow | None:
    """Take the job that is due the longest, or one whose runner fell silent; None when nothing is due.

    A job whose runners fell silent ATTEMPTS_MAX times has failed.
    """
    due = and_(job.c.status == "waiting", job.c.run_at <= now)
    silent = and_(job.c.status == "running", job.c.heartbeat < now - SILENCE_MAX)
    spent = update(job).where(silent, job.c.attempts >= ATTEMPTS_MAX)
    connection.execute(spent.values(status="failed", finished_at=now, error=_GIVEN_UP))
    query = select(job).where(or_(due, silent)).order_by(job.c.run_at, job.c.id).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    taken = {"status": "running", "started_at": now, "heartbeat": now, "attempts": row.attempts + 1}
    connection.execute(update(job).where(job.c.id == row.id).values(**taken))
    return JobRow(**{**row._mapping, **taken})


def beat(connection: Connection, claimed: JobRow, now: datetime) -> None:
    """Say that the runner still lives. Raises Conflict when the job was given to another."""
    _settle(connection, claimed, heartbeat=now)


def finish(connection: Connection, claimed: JobRow, now: datetime) -> None:
    """Note that a job is done. Raises Conflict when it was given to another."""
    _settle(connection, claimed, status="done", finished_at=now, error=None)


def fail(
    connection: Connection, claimed: JobRow, error: str, now: datetime, *, retry_at: datetime | None = None
) -> None:
    """Note that a job failed, for good or until `retry_at`. Raises Conflict when it was given to another."""
    again = (
        {"status": "failed", "finished_at": now}
        if retry_at is None
        else {"status": "waiting", "run_at": retry_at}
    )
    _settle(connection, claimed, error=error[:2_000], **again)


def recent(connection: Connection, limit: int) -> list[JobRow]:
    """Jobs, the newest first."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    return [JobRow(**row._mapping) for row in connection.execute(query)]


def _settle(connection: Connection, claimed: JobRow, **fields: object) -> None:
    # The number of the claim is what tells a runner that was taken for dead from the one that followed it.
    mine = and_(job.c.id == claimed.id, job.c.status == "running", job.c.attempts == claimed.attempts)
    if connection.execute(update(job).where(mine).values(**fields)).rowcount != 1:
        raise Conflict(
            f"Job {claimed.id} ({claimed.name}) is no longer this runner's: it was silent for too long.",
            "Drop the result; another runner has the job.",
        )
