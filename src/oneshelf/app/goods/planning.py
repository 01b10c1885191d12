"""Goods: the catalogue, what was sold, and the plan for the next day."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from oneshelf.app.core import Core
from oneshelf.app.goods.forecasting.forecasts import Forecasts
from oneshelf.app.goods.importing import Imports
from oneshelf.app.goods.plans import past
from oneshelf.app.goods.plans.plans import Plans
from oneshelf.app.goods.prices import Prices
from oneshelf.app.goods.products import Products
from oneshelf.app.goods.stock.stock import Stock
from oneshelf.app.goods.supply import Supply
from oneshelf.decisions.plan.result import Plan
from oneshelf.errors import NotFound
from oneshelf.insight.goods.forecast.next_day_backtest import Backtest, backtest
from oneshelf.trust.access import OPERATOR, Actor


class DayValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a series sold on one day, in pieces."""

    day: date
    quantity: float


class Goods:
    """Use cases about goods."""

    def __init__(self, core: Core, stock: Stock) -> None:
        self._core = core
        self.catalogue = Products(core)
        self.prices = Prices(core)
        self.supply = Supply(core)
        self.imports = Imports(core, self.prices)
        self.stock = stock
        self.plans = Plans(core)
        self.forecasts = Forecasts(core)

    def last_day(self) -> date | None:
        """The newest day with sales that are not simulated; None before the first."""
        return past.last_day(self._core)

    def plan_next_day(self, as_of: date | None = None, *, actor: Actor = OPERATOR) -> Plan:
        """The plan for the day after `as_of` (default: the newest day with sales), made and not kept; `plans` keeps and approves.

        Only sales up to and including `as_of` enter. Raises NotFound when there are none.
        """
        return self.plans.next_day(as_of, actor=actor)

    def backtest(self, as_of: date | None = None, *, actor: Actor = OPERATOR) -> Backtest:
        """How wrong the forecasts behind the plan of that day would have been on the days before it."""
        actor.require("plan.read")
        return backtest(self.plans.gathered(as_of).past.history)

    def history(
        self,
        series: str,
        *,
        place_id: str | None = None,
        until: date | None = None,
        days: int = 56,
        actor: Actor = OPERATOR,
    ) -> tuple[DayValue, ...]:
        """What one line of the plan sold on each of the last `days` days up to `until`. Raises NotFound for an unknown one."""
        actor.require("plan.read")
        known = self.plans.gathered(until).past
        if (place_id, series) not in known.lines:
            raise NotFound(
                f"The plan has no line {series!r}.", "See the plan for those that sold in the year before."
            )
        column = known.quantities[-days:, known.lines.index((place_id, series))]
        first = known.history.last_day - timedelta(days=len(column) - 1)
        return tuple(
            DayValue(day=first + timedelta(days=at), quantity=float(sold)) for at, sold in enumerate(column)
        )

    def units_by_day(self, *, until: date, days: int) -> tuple[float, ...]:
        """Pieces sold over the whole chain on each of the last `days` days, oldest first."""
        quantities = self.plans.gathered(until).past.quantities
        totals = [float(total) for total in quantities[-days:].sum(axis=1)]
        return (0.0,) * (days - len(totals)) + tuple(totals)
