"""What sales say about a day and the days after it, kept while the sales stay the same: it is most of the work of a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.forecasting import table
from oneshelf.app.goods.forecasting.panels import Scope
from oneshelf.app.goods.plans import past as pasts
from oneshelf.app.goods.plans.ahead import Ahead, look_ahead
from oneshelf.app.goods.plans.past import BY_PLACE, BY_TYPE, Past, Told
from oneshelf.app.goods.plans.today import passed
from oneshelf.books import cursors

T = TypeVar("T")

#: How many results are kept; each may hold a year of sales.
KEPT = 6


class Sight:
    """Sales and forecasts by day. Whatever else a plan reads (stock, terms, prices) is read anew each time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._turn = -1
        self._known: dict[tuple[object, ...], Any] = {}

    def by_type(self, until: date, told: Told) -> Past:
        """Product types over the whole chain. Raises NotFound when nothing was sold."""
        return self._past(BY_TYPE, until, told)

    def by_place(self, until: date, told: Told) -> Past:
        """Products by place. Raises NotFound when nothing was sold."""
        return self._past(BY_PLACE, until, told)

    def _past(self, scope: Scope, until: date, told: Told) -> Past:
        return self.keep((scope.level, until, told), lambda: pasts.past_of(self._core, scope, until, told))

    def ahead(self, past: Past, level: str) -> Ahead:
        """The days after a past, whose lines are of a level."""
        key = ("ahead", past.last_day, past.lines, past.told, self._core.lake.rewrites(table.TABLE))
        return self.keep(key, lambda: look_ahead(self._core, past, level))

    def passed(self, day: date, now: datetime) -> dict[str | None, float]:
        """By place (None: over the whole chain), the share of a day's business that is usually done by now."""
        return self.keep(
            ("passed", day, now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)),
            lambda: passed(self._core, day, now),
        )

    def keep(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What was made under this key from the same sales, else made now."""
        with self._core.analysis:
            with self._core.database.read() as connection:
                turn = cursors.position(connection, daily.CURSOR)
            if turn != self._turn:
                self._turn, self._known = turn, {}
            if key not in self._known:
                self._known = dict(list(self._known.items())[-(KEPT - 1) :])
                self._known[key] = make()
            found: T = self._known[key]
            return found
