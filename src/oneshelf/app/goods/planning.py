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
from oneshelf.trust.access import OPERATOR, Actor

#: How far back a line's history is looked for.
YEAR_DAYS = 365


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
        last = until or self.last_day()
        sold = (
            {}
            if last is None
            else past.line_by_day(self._core, (place_id, series), last - timedelta(days=YEAR_DAYS - 1), last)
        )
        if last is None or not sold:
            raise NotFound(
                f"The plan has no line {series!r}.", "See the plan for those that sold in the year before."
            )
        span = (last - timedelta(days=back) for back in range(days - 1, -1, -1))
        return tuple(DayValue(day=day, quantity=sold.get(day, 0.0)) for day in span if day >= min(sold))

    def units_by_day(self, *, until: date, days: int) -> tuple[float, ...]:
        """Pieces sold over the whole chain on each of the last `days` days, oldest first."""
        first = until - timedelta(days=days - 1)
        sold = past.units_by_day(self._core, first, until)
        return tuple(sold.get(first + timedelta(days=at), 0.0) for at in range(days))
