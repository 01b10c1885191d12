"""Sources: what arrives, what was refused, and trying it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import arrivals, rejects
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch
from oneshelf.books.rejects import RejectRow, Stage
from oneshelf.errors import InvalidInput, NotFound, Problem
from oneshelf.events import codecs
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import derived_id

#: How many days of arrivals a sparkline shows.
DAYS_SHOWN = 28


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one source sent. `by_day` counts the last 28 days on which it was recorded, oldest first."""

    source: str
    events: int
    repeats: int
    rejected: int
    #: how many of the events are simulated
    simulated: int
    last_recorded_at: datetime
    by_day: tuple[int, ...]


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """One refused event or row. `at` is its index in the batch, or its line in the file."""

    id: str
    source: str
    stage: Stage
    at: int
    field: str
    value: str
    cause: str
    remedy: str
    rejected_at: datetime
    replayed_at: datetime | None


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many refused events went into the journal now, and how many still cannot be read."""

    replayed: int
    still_bad: int
    dry_run: bool


class Sources:
    """Use cases about what comes in."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def summary(self, *, actor: Actor = OPERATOR, today: date | None = None) -> tuple[SourceSummary, ...]:
        """Every source that ever sent something, the last heard first."""
        actor.require("sources.read")
        with self._core.database.read() as connection:
            totals = arrivals.summary(connection)
            series = arrivals.by_day(connection, until=today or utc_now().date(), days=DAYS_SHOWN)
            refused = rejects.counts(connection)
        return tuple(
            SourceSummary(
                source=total.source,
                events=total.events,
                repeats=total.repeats,
                rejected=refused.get(total.source, 0),
                simulated=total.simulated,
                last_recorded_at=total.last_recorded_at,
                by_day=series.get(total.source, (0,) * DAYS_SHOWN),
            )
            for total in sorted(totals, key=lambda t: t.last_recorded_at, reverse=True)
        )

    def rejects(
        self, *, actor: Actor = OPERATOR, source: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Reject]:
        """What was refused, newest first. The raw bytes stay in the books: they may hold personal data."""
        actor.require("sources.read")
        position = read_cursor(after, tuple[datetime, str])
        with self._core.database.read() as connection:
            rows = rejects.listing(connection, source=source, limit=limit + 1, after=position)
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(
            items=tuple(_shown(row, actor) for row in rows[:limit]),
            next=None if last is None else write_cursor((last.rejected_at, last.id)),
        )

    def replay(
        self,
        ids: Sequence[str],
        *,
        actor: Actor = OPERATOR,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> ReplayReport:
        """Read refused events again as they came; those that can be read now go into the journal. A repeat stays one event."""
        actor.require("sources.replay")
        at = now or utc_now()
        with self._core.database.read() as connection:
            found = rejects.get(connection, ids)
        if missing := [i for i in ids if i not in found]:
            raise NotFound(
                f"{len(missing)} of these rejects are not here.", "List them with `oneshelf rejects list`."
            )
        fresh = [row for row in found.values() if row.replayed_at is None]
        good = [row for row in fresh if row.codec and _readable(row)]

        def again(connection: Connection) -> None:
            for row in good:
                self._core.journal.append_in(
                    connection, Batch(row.codec, row.source, 1, row.raw, row.rejected_at)
                )
            rejects.mark_replayed(connection, [row.id for row in good], at)

        if good and not dry_run:
            self._core.database.writer.write(again)
        return ReplayReport(replayed=len(good), still_bad=len(fresh) - len(good), dry_run=dry_run)

    def keep_refused(
        self, source: str, codec: str, refused: Sequence[tuple[Problem, bytes]], *, now: datetime
    ) -> None:
        """Keep what the border refused, with the reason, so that nothing is lost."""
        rows = [
            RejectRow(
                # the same refused bytes, sent again, are one reject
                id=derived_id("border", source, codec, raw.hex(), str(problem.at), problem.field),
                source=source,
                stage="border",
                codec=codec,
                at=problem.at,
                field=problem.field,
                value=problem.value,
                cause=problem.cause,
                remedy=problem.remedy,
                raw=raw,
                rejected_at=now,
            )
            for problem, raw in refused
        ]
        self._core.database.writer.write(lambda connection: rejects.add(connection, rows))


def _readable(row: RejectRow) -> bool:
    try:
        outcomes = codecs.decode(row.codec, row.raw, row.source, row.rejected_at)
    except InvalidInput:
        return False
    return bool(outcomes) and not any(isinstance(outcome, Problem) for outcome in outcomes)


def _shown(row: RejectRow, actor: Actor) -> Reject:
    return Reject(
        id=row.id,
        source=row.source,
        stage=row.stage,
        at=row.at,
        field=row.field,
        # a refused value may be somebody's name or address
        value=row.value if actor.may("people.read") else "(not shown)",
        cause=row.cause,
        remedy=row.remedy,
        rejected_at=row.rejected_at,
        replayed_at=row.replayed_at,
    )
