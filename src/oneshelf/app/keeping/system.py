"""The system: how it is, what it holds, what ran."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from oneshelf.app.arriving.projections import LAKE, LIVE
from oneshelf.app.core import Core, utc_now
from oneshelf.app.keeping.doctor import Check, examine
from oneshelf.books import cursors, jobs, outbox
from oneshelf.books.jobs import JobRow
from oneshelf.lake.tables import TableInfo
from oneshelf.trust.access import OPERATOR, Actor

#: A projection that is further behind than this needs somebody to look.
BEHIND_SECONDS = {LIVE: 10.0, LAKE: 120.0}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether events flow: `lag_batches` and `lag_seconds` say how far each projection is behind the journal."""

    status: Literal["ok", "behind"]
    journal_head: int
    lag_batches: dict[str, int]
    lag_seconds: dict[str, float]
    outbox_waiting: int
    outbox_failing: int


class System:
    """Use cases about OneShelf itself."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def health(self, now: datetime | None = None) -> Health:
        """How far each projection is behind, in batches and in the age of the oldest batch that it has not dealt with."""
        at = now or utc_now()
        head = self._core.journal.head()
        with self._core.database.read() as connection:
            positions = cursors.positions(connection)
            waiting, failing = outbox.waiting(connection)
        lags = {name: head - positions.get(name, 0) for name in (LIVE, LAKE)}
        ages = {name: self._age(positions.get(name, 0), at) if lag else 0.0 for name, lag in lags.items()}
        behind = any(ages[name] > BEHIND_SECONDS[name] for name in ages)
        return Health(
            status="behind" if behind else "ok",
            journal_head=head,
            lag_batches=lags,
            lag_seconds=ages,
            outbox_waiting=waiting,
            outbox_failing=failing,
        )

    def doctor(self, *, actor: Actor = OPERATOR) -> tuple[Check, ...]:
        """What is in force and what is missing."""
        actor.require("system.read")
        return examine(self._core.settings)

    def tables(self, *, actor: Actor = OPERATOR) -> tuple[TableInfo, ...]:
        """The tables of the lake."""
        actor.require("system.read")
        return tuple(self._core.lake.tables())

    def jobs(self, *, actor: Actor = OPERATOR, limit: int = 30) -> tuple[JobRow, ...]:
        """Jobs that ran or wait, newest first."""
        actor.require("system.read")
        with self._core.database.read() as connection:
            return tuple(jobs.recent(connection, limit))

    def _age(self, position: int, now: datetime) -> float:
        oldest = self._core.journal.read(position, events_max=1)
        return max(0.0, (now - oldest[0].recorded_at).total_seconds()) if oldest else 0.0
