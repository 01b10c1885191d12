"""Goods: the catalogue, what was sold, and the plan for the next day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.importing import Imports
from oneshelf.app.goods.prices import Prices
from oneshelf.app.goods.products import Products
from oneshelf.app.goods.stock.stock import Stock
from oneshelf.app.goods.supply import Supply
from oneshelf.books import cursors, goods
from oneshelf.decisions.plan.chain import Plan, plan_next_day
from oneshelf.errors import NotFound
from oneshelf.insight.goods.demand import daily_by
from oneshelf.insight.goods.forecast.history import History
from oneshelf.trust.access import OPERATOR, Actor

#: How much of the past a plan reads: a year shows every season once.
HISTORY_DAYS = 365

#: How many plans of one turn are kept; each holds a year of sales.
PLANS_KEPT = 4

_CATALOGUE = pa.schema([(name, pa.string()) for name in ("id", "department", "category", "type")])


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
        #: plans by (turn of the lake, as_of): the same sales make the same plan
        self._plans: dict[tuple[int, date], tuple[Plan, History]] = {}

    def last_day(self) -> date | None:
        """The newest day with sales that are not simulated; None before the first."""
        with self._core.analysis:
            sales = daily.sales(self._core)
            newest = self._core.engine.run(sales.filter(~sales.simulated).aggregate(day=sales.day.max()))
        day: date | None = newest["day"][0].as_py()
        return day

    def plan_next_day(self, as_of: date | None = None, *, actor: Actor = OPERATOR) -> Plan:
        """Plan the day after `as_of` (default: the newest day with sales), by product type over the whole chain.

        Only sales up to and including `as_of` enter. Raises NotFound when there are none.
        """
        actor.require("plan.read")
        return self._planned(as_of)[0]

    def history(
        self, series: str, *, until: date | None = None, days: int = 56, actor: Actor = OPERATOR
    ) -> tuple[DayValue, ...]:
        """What one product type sold on each of the last `days` days up to `until`. Raises NotFound for an unknown one."""
        actor.require("plan.read")
        _, history = self._planned(until)
        if series not in history.series:
            raise NotFound(
                f"No product type {series!r} sold in the year before.", "See the plan for those that did."
            )
        column = history.quantities[-days:, history.series.index(series)]
        first = history.last_day - timedelta(days=len(column) - 1)
        return tuple(
            DayValue(day=first + timedelta(days=at), quantity=float(sold)) for at, sold in enumerate(column)
        )

    def units_by_day(self, *, until: date, days: int) -> tuple[float, ...]:
        """Pieces sold over the whole chain on each of the last `days` days, oldest first."""
        _, history = self._planned(until)
        totals = [float(total) for total in history.quantities[-days:].sum(axis=1)]
        return (0.0,) * (days - len(totals)) + tuple(totals)

    def _planned(self, as_of: date | None) -> tuple[Plan, History]:
        day = as_of or self.last_day()
        if day is None:
            raise NotFound("Nothing was sold yet, so there is nothing to plan from.", "Load receipts first.")
        with self._core.analysis:
            with self._core.database.read() as connection:
                key = (cursors.position(connection, daily.CURSOR), day)
            if key not in self._plans:
                history = self._history(day)
                newest = [(k, v) for k, v in self._plans.items() if k[0] == key[0]][-(PLANS_KEPT - 1) :]
                self._plans = dict(newest)
                self._plans[key] = (plan_next_day(history), history)
            return self._plans[key]

    def _history(self, last_day: date) -> History:
        first_day = last_day - timedelta(days=HISTORY_DAYS - 1)
        sales = daily.sales(self._core)
        sold = sales.filter(sales.day.between(first_day, last_day))
        rows = self._core.engine.run(daily_by(sold, self._catalogue(), "type"))
        if not rows.num_rows:
            raise NotFound(
                f"Nothing was sold in the year up to {last_day}.", "Choose a day on which the shop sold."
            )
        columns = (rows[name].to_pylist() for name in ("series", "day", "quantity", "simulated"))
        first_sold: date = min(rows["day"].to_pylist())
        return History.of(zip(*columns, strict=True), first_day=max(first_day, first_sold), last_day=last_day)

    def _catalogue(self) -> Any:
        """The catalogue's groups, for joins with sales."""
        with self._core.database.read() as connection:
            known = [
                {name: getattr(p, name) for name in _CATALOGUE.names} for p in goods.all_products(connection)
            ]
        return self._core.engine.memory(pa.Table.from_pylist(known, schema=_CATALOGUE))
