"""Trends: what rises, why, what to do about it, and what became of earlier flags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from oneshelf.app.core import Core
from oneshelf.app.goods.planning import Goods
from oneshelf.app.goods.trends import nightly
from oneshelf.app.goods.trends.nightly import TrendNight
from oneshelf.app.goods.trends.reading import LEVELS_OF, Reading
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import goods, trends
from oneshelf.books.trends import FlagRow, Record
from oneshelf.decisions.trends import Advice, advise
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.goods.trends.backtest import TrendBacktest, backtest
from oneshelf.insight.goods.trends.flag import Flag, Kind, Outcome
from oneshelf.insight.goods.trends.signals import SIGNALS, Level, Signal
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day

#: Days of the daily evidence.
DAYS: Final = 182
_FLAGS_OF_SERIES: Final = 100


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A flag as people see it: its title, since when it is flagged, what to do, and what became of it once that is known."""

    title: str
    flag: Flag
    since: date
    advice: tuple[Advice, ...]
    outcome: Outcome | None


class DayPeople(msgspec.Struct, frozen=True, kw_only=True):
    """People who did something about a series on one day, through one channel."""

    signal: Signal
    day: date
    channel: str | None
    people: int


class TrendSeries(msgspec.Struct, frozen=True, kw_only=True):
    """One series: its flags, the newest first, and what people did about it by day and channel."""

    level: Level
    name: str
    title: str
    trends: tuple[Trend, ...]
    first_day: date
    last_day: date
    days: tuple[DayPeople, ...]


class Trends:
    """Use cases about trends. They are of the whole chain, so who works at some places only is refused (NotAllowed)."""

    def __init__(self, core: Core, shop: Goods) -> None:
        self._core = core
        self._goods = shop

    def run(self, as_of: date | None = None) -> TrendNight:
        """Search for trends as of a day; by default the newest whole day with sales.

        Raises NotFound when nothing was sold, InvalidInput for a day that is not over: its search would take every earlier one for old.
        """
        last = self._last_whole_day()
        if as_of is not None and check_day(as_of, "as_of") > last:
            raise InvalidInput.of(
                "as_of", str(as_of), "is not a whole day with sales yet.", f"Give {last} or earlier."
            )
        return nightly.run(self._core, as_of or last)

    def night(self, day: date | None = None, *, actor: Actor = OPERATOR) -> TrendNight:
        """What the night of a day found, or the newest night. Raises NotFound when there is none."""
        actor.require_everywhere("plan.read")
        with self._core.database.read() as connection:
            found = trends.night(connection, day)
        if found is None:
            raise NotFound(
                "Nobody has searched for trends yet." if day is None else f"There was no search on {day}.",
                "Run `oneshelf run trends`.",
            )
        return msgspec.json.decode(found.report, type=TrendNight)

    def flags(
        self,
        day: date | None = None,
        *,
        signal: Signal | None = None,
        level: Level | None = None,
        kind: Kind | None = None,
        certain: bool | None = None,
        text: str = "",
        limit: int = 50,
        after: str | None = None,
        actor: Actor = OPERATOR,
    ) -> Page[Trend]:
        """The flags of a night (default: the newest), the certain ones first, then those most likely to go on.

        Raises NotFound when there was no such night.
        """
        last = self.night(day, actor=actor).day
        chosen = {"signal": signal, "level": level, "kind": kind, "certain": certain}
        only = {name: value for name, value in chosen.items() if value is not None}
        place = read_cursor(after, int) or 0
        with self._core.database.read() as connection:
            rows = trends.flags(connection, last, only=only, text=text, after=place, limit=limit + 1)
            total = trends.count(connection, last, only, text)
        shown = rows[:limit]
        return Page(
            items=self._trends(shown),
            next=write_cursor(shown[-1].flag.rank) if len(rows) > limit else None,
            total=total,
        )

    def outcomes(self, *, limit: int = 50, after: str | None = None, actor: Actor = OPERATOR) -> Page[Trend]:
        """What became of earlier flags, the newest nights first."""
        actor.require_everywhere("plan.read")
        with self._core.database.read() as connection:
            rows = trends.measured(connection, after=read_cursor(after, tuple[date, int]), limit=limit + 1)
        shown = rows[:limit]
        last = shown[-1].flag if len(rows) > limit else None
        return Page(
            items=self._trends(shown),
            next=None if last is None else write_cursor((last.day, last.rank)),
        )

    def records(self, *, actor: Actor = OPERATOR) -> tuple[Record, ...]:
        """How many earlier flags went on, the certain ones and the others apart."""
        actor.require_everywhere("plan.read")
        with self._core.database.read() as connection:
            return tuple(trends.records(connection))

    def flags_of(self, level: Level, name: str, *, actor: Actor = OPERATOR) -> tuple[Trend, ...]:
        """Every flag of one series, the newest first. Raises NotFound when it was never flagged."""
        actor.require_everywhere("plan.read")
        with self._core.database.read() as connection:
            rows = trends.of_series(connection, level, name, limit=_FLAGS_OF_SERIES)
        if not rows:
            raise NotFound("This was never flagged.", "Choose a series from the list of trends.")
        return self._trends(rows)

    def series(self, level: Level, name: str, *, days: int = DAYS, actor: Actor = OPERATOR) -> TrendSeries:
        """One series with its flags and its signals by day and channel. Raises NotFound when it was never flagged."""
        found = self.flags_of(level, name, actor=actor)
        last_day = found[0].flag.day
        first_day = last_day - timedelta(days=days - 1)
        with self._core.analysis:
            reading = Reading(self._core, last_day)
            seen = [
                DayPeople(signal=signal, day=row["day"], channel=row["channel"], people=row["people"])
                for signal in SIGNALS
                if level in LEVELS_OF[signal]
                for row in _in_order(reading.daily(signal, level, days=(first_day, last_day), names=[name]))
            ]
        return TrendSeries(
            level=level,
            name=name,
            title=found[0].title,
            trends=found,
            first_day=first_day,
            last_day=last_day,
            days=tuple(seen),
        )

    def backtest(
        self, level: Level = "product", *, signal: Signal = "purchases", actor: Actor = OPERATOR
    ) -> TrendBacktest:
        """Score every method of finding trends on the shop's own past, and its false alarms on shuffled weeks.

        Raises InvalidInput for a level that the signal does not have, NotFound when the past is too short.
        """
        actor.require_everywhere("plan.read")
        if level not in LEVELS_OF[signal]:
            raise InvalidInput.of(
                "level", level, f"is no level of {signal}.", f"Choose one of {', '.join(LEVELS_OF[signal])}."
            )
        with self._core.analysis:
            panels = Reading(self._core, self._last_whole_day()).panels((signal,), (level,))
            panel = next(iter(panels), None)
        if panel is None:
            raise NotFound(f"There are no {signal} yet.", "Load events first.")
        return backtest(panel)

    def _last_whole_day(self) -> date:
        newest = self._goods.last_day()
        if newest is None:
            raise NotFound("Nothing was sold yet, so nothing can rise.", "Load receipts first.")
        today = self._core.today()
        return newest - timedelta(days=1) if newest >= today else newest

    def _trends(self, rows: Sequence[FlagRow]) -> tuple[Trend, ...]:
        """With titles from the catalogue, and advice."""
        wanted = {row.flag.name for row in rows if row.flag.level == "product"}
        topics = {row.flag.name for row in rows if row.flag.level == "topic"}
        products = self._core.products(wanted)
        with self._core.database.read() as connection:
            unknown = {
                topic
                for topic in topics
                if not goods.search_products(connection, goods.Sought(text=topic), 1)
            }
        return tuple(
            Trend(
                title=products[row.flag.name].name if row.flag.name in products else row.flag.name,
                flag=row.flag,
                since=row.since,
                advice=advise(row.flag, sold_here=row.flag.name not in unknown),
                outcome=row.outcome,
            )
            for row in rows
        )


def _in_order(rows: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.to_pylist()
    return sorted(found, key=lambda row: (row["day"], row["channel"] or ""))
