"""What was sold, as the lines that a plan is made for: product types over the chain, or products by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.calendar import CalendarDay, calendar_in_force
from oneshelf.app.goods.forecasting.panels import GROUPS, Scope, gather
from oneshelf.app.goods.products_table import products_table
from oneshelf.books import prices
from oneshelf.decisions.plan.arrays import Bools, Floats, Rows
from oneshelf.insight.goods.demand import UNPLACED, Level, daily_series, earned_series
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.words.goods import Product

#: Days whose sales say what a piece is sold for, where no price list does.
PRICE_DAYS = 56

BY_TYPE = Scope(level="type")
BY_PLACE = Scope(level="id", by_place=True, rare=True)


class Told(NamedTuple):
    """What people said of days: while that and the sales stay the same, so does what follows from them."""

    calendar: tuple[CalendarDay, ...]
    #: how many records of prices there are: they are only ever added
    prices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Net sales of some lines up to a day, with all that is known about these days and those to come."""

    #: by (place or None for the whole chain, product or product type)
    panel: Panel
    #: by line: whether simulated events are among its sales
    simulated: Bools
    #: by line: what a piece brought lately, in minor units; NaN: nothing was sold
    price_minor: Floats
    currency: str | None
    #: what people said of days to come
    told: Told

    @property
    def lines(self) -> tuple[tuple[str | None, str], ...]:
        """(Place or None for the whole chain, product or product type)."""
        return self.panel.series

    @property
    def last_day(self) -> date:
        """The last day that is known."""
        return self.panel.day(self.panel.steps - 1)

    @property
    def quantities(self) -> Floats:
        """Days x lines."""
        return self.panel.sold.T

    @property
    def before_today(self) -> Past:
        """Without the last day, which is not over."""
        return replace(self, panel=self.panel.until(self.panel.steps - 1))

    def joined(self, lines: Sequence[tuple[str | None, str]], products: Mapping[str, Product]) -> Past:
        """With lines of places of ours that never sold. Their groups are those of the catalogue, their closed days their place's."""
        if not lines:
            return self
        panel, count = self.panel, len(lines)
        like = {place: row for row, (place, _) in enumerate(self.lines)}
        rows = np.array([like[place] for place, _ in lines], dtype=np.intp)
        beside = panel.take(rows)
        groups = {
            level: (*names, *(getattr(products[product], level) or UNPLACED for _, product in lines))
            for level, names in panel.groups.items()
        }

        def both(mine: Any, theirs: Any) -> Any:
            return mine if mine is None or len(mine) == 1 else np.concatenate([mine, theirs])

        def nothing(values: Any) -> Any:
            return np.zeros((count, values.shape[1]), dtype=values.dtype)

        joined = replace(
            panel,
            series=(*panel.series, *(Series(place, product) for place, product in lines)),
            sold=np.vstack([panel.sold, nothing(panel.sold)]),
            ran_out=None if panel.ran_out is None else np.vstack([panel.ran_out, nothing(panel.ran_out)]),
            closed=both(panel.closed, beside.closed),
            regressors={name: both(values, nothing(values)) for name, values in panel.regressors.items()},
            known_after={name: both(values, nothing(values)) for name, values in panel.known_after.items()},
            groups=groups,
        )
        unknown = np.full(count, np.nan)
        return replace(
            self,
            panel=joined,
            simulated=np.concatenate([self.simulated, np.zeros(count, dtype=np.bool_)]),
            price_minor=np.concatenate([self.price_minor, unknown]),
        )

    def only(self, rows: Rows) -> Past:
        """Some of the lines."""
        return Past(
            panel=self.panel.take(rows),
            simulated=self.simulated[rows],
            price_minor=self.price_minor[rows],
            currency=self.currency,
            told=self.told,
        )


def last_day(core: Core) -> date | None:
    """The newest day with sales that are not simulated; None before the first."""
    with core.analysis:
        sales = daily.sales(core)
        newest = core.engine.run(sales.filter(~sales.simulated).aggregate(day=sales.day.max()))
    day: date | None = newest["day"][0].as_py()
    return day


def told(core: Core) -> Told:
    """What people said by now. Raises SettingsError for a calendar that cannot be used."""
    with core.database.read() as connection:
        return Told(calendar_in_force(core.settings), prices.count(connection))


def past_of(core: Core, scope: Scope, until: date, said: Told) -> Past:
    """The lines of a scope. Raises NotFound when nothing was sold in the year before."""
    found = gather(core, scope, until, said.calendar)
    with core.analysis:
        lately = core.engine.run(_earned(core, scope, until))
    keys = list(zip(lately["place_id"].to_pylist(), lately["series"].to_pylist(), strict=True))
    price, currency = _priced(found.panel.series, lately, keys)
    return Past(panel=found.panel, simulated=found.simulated, price_minor=price, currency=currency, told=said)


def sold_on(core: Core, day: date, *, by_place: bool) -> dict[tuple[str | None, str], float]:
    """What each line sold on one day."""
    with core.analysis:
        sales: Any = daily.sales(core)
        level: Level = "id" if by_place else "type"
        named = daily_series(
            sales.filter(sales.day == day), products_table(core, GROUPS), level, by_place=by_place
        )
        rows = core.engine.run(named)
    return {
        (place_id, series): float(pieces)
        for place_id, series, pieces in zip(
            *(rows[name].to_pylist() for name in ("place_id", "series", "quantity")), strict=True
        )
    }


def line_by_day(core: Core, line: tuple[str | None, str], first: date, last: date) -> dict[date, float]:
    """What one line sold on each day on which it sold something."""
    place_id, series = line
    with core.analysis:
        sales: Any = daily.sales(core)
        chosen = sales.filter(sales.day.between(first, last))
        if place_id is not None:
            chosen = chosen.filter(chosen.place_id == place_id)
        named = daily_series(
            chosen,
            products_table(core, GROUPS),
            "type" if place_id is None else "id",
            by_place=place_id is not None,
        )
        rows = core.engine.run(named.filter(named.series == series)).to_pylist()
    return {row["day"]: float(row["quantity"]) for row in rows}


def units_by_day(core: Core, first: date, last: date) -> dict[date, float]:
    """Pieces sold over the whole chain on each day on which something was."""
    with core.analysis:
        sales: Any = daily.sales(core)
        chosen = sales.filter(sales.day.between(first, last))
        rows = core.engine.run(chosen.group_by("day").aggregate(pieces=chosen.quantity.sum())).to_pylist()
    return {row["day"]: float(row["pieces"]) for row in rows}


def _earned(core: Core, scope: Scope, until: date) -> Any:
    sales: Any = daily.sales(core)
    sold = sales.filter(sales.day.between(until - timedelta(days=PRICE_DAYS - 1), until))
    return earned_series(sold, products_table(core, GROUPS), scope.level, by_place=scope.by_place)


def _priced(
    lines: Sequence[tuple[str | None, str]], lately: pa.Table, keys: list[tuple[str | None, str]]
) -> tuple[Floats, str | None]:
    """What a piece brought lately by line, in the currency in which most was sold."""
    totals: dict[str, int] = {}
    found = list(
        zip(keys, *(lately[name].to_pylist() for name in ("currency", "pieces", "amount_minor")), strict=True)
    )
    for _, currency, _, amount in found:
        totals[currency] = totals.get(currency, 0) + amount
    main = max(totals, key=lambda name: totals[name], default=None)
    price = {
        key: amount / pieces for key, currency, pieces, amount in found if currency == main and pieces > 0
    }
    known = np.array([price.get(tuple(line), np.nan) for line in lines], dtype=float)
    return np.where(known > 0, known, np.nan), main
