"""Forecasts as one door: made for whoever plans, made in the night for everybody, looked at, and tested."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.forecasting import looking, table
from oneshelf.app.goods.forecasting.answers import AnyLevel, ForecastPage, NightDone, SeriesForecast
from oneshelf.app.goods.forecasting.panels import AHEAD_DAYS, Gathered, Scope, gather
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.goods.demand import Level
from oneshelf.insight.goods.forecast.arrays import Bools
from oneshelf.insight.goods.forecast.backtest import backtest
from oneshelf.insight.goods.forecast.forecaster import HORIZON, fit
from oneshelf.insight.goods.forecast.hierarchy import ALL, forecast_levels
from oneshelf.insight.goods.forecast.report import ForecastBacktest
from oneshelf.insight.goods.forecast.result import Forecast
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day

#: The forecasts of product groups over the whole chain, which a night makes first: this level and those above it.
GROUPS: Level = "type"


class Forecasts:
    """Use cases about forecasts: `shelf.goods.forecasts`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def make(
        self,
        as_of: date | None = None,
        *,
        level: Level = "id",
        by_place: bool = True,
        places: tuple[str, ...] | None = None,
        days: int = HORIZON,
        boost: bool = True,
        actor: Actor = OPERATOR,
    ) -> Forecast:
        """Forecast the `days` after `as_of` (default: the newest day with sales) now, from the sales up to it.

        Products that hardly sell are left out. Raises NotFound when nothing was sold, InvalidInput for more than 28 days.
        """
        _require(actor, places if by_place else None)
        _check_days(days)
        panel = gather(
            self._core,
            Scope(level=level, by_place=by_place, places=places),
            as_of or self._last_day(),
        ).panel
        return fit(panel, days, boost=boost).forecast(panel)

    def run(self, as_of: date | None = None, *, products: bool = True, boost: bool = True) -> NightDone:
        """Forecast product groups over the chain, reconciled, then products over the chain and at each place; keep them in the lake.

        Running it again puts the same in its place. Without `products` only the groups. Raises NotFound when nothing was sold.
        """
        day = as_of or self._last_day()
        gathered = gather(self._core, Scope(level=GROUPS), day)
        made = forecast_levels(gathered.panel, bottom=GROUPS, boost=boost)
        of_groups = gathered.simulated
        parts = [
            # a group above has what is simulated in any of its members
            table.rows_of(level, each, of_groups if level == GROUPS else _any(gathered, each, level), day)
            for level, each in made.items()
        ]
        series = {level: len(each.series) for level, each in made.items()}
        for by_place in (False, True) if products else ():
            try:
                of_products = gather(self._core, Scope(level="id", by_place=by_place), day)
            except NotFound:
                continue  # a shop whose products all sell too seldom has its groups
            each = fit(of_products.panel, boost=boost).forecast(of_products.panel)
            parts.append(table.rows_of("id", each, of_products.simulated, day))
            series["id at places" if by_place else "id"] = len(each.series)
        table.write(self._core, pa.concat_tables(parts), day)
        return NightDone(as_of=day, series=series)

    def listing(
        self,
        *,
        level: AnyLevel = "type",
        place_id: str | None = None,
        text: str = "",
        limit: int = 50,
        after: str | None = None,
        actor: Actor = OPERATOR,
    ) -> ForecastPage:
        """The newest night's forecasts of a level, over the chain or at a place, what sells most first.

        Raises NotFound before the first night, NotAllowed when the role does not cover plans or the place is not theirs.
        """
        _require(actor, None if place_id is None else (place_id,))
        return looking.listing(self._core, level, place_id, text=text, limit=limit, after=after)

    def series(
        self,
        series: str,
        *,
        level: AnyLevel = "type",
        place_id: str | None = None,
        past_days: int = 56,
        actor: Actor = OPERATOR,
    ) -> SeriesForecast:
        """One series: what it sold, what had been expected of these days, and the newest night's days to come.

        Raises NotFound when the night did not forecast it, NotAllowed as `listing` does.
        """
        _require(actor, None if place_id is None else (place_id,))
        return looking.series(self._core, level, place_id, series, past_days=past_days)

    def backtest(
        self,
        until: date | None = None,
        *,
        level: Level = "type",
        by_place: bool = False,
        horizon: int = 7,
        origins: int = 4,
        actor: Actor = OPERATOR,
    ) -> ForecastBacktest:
        """Forecast the shop's own past from `origins` earlier days, a horizon apart, and score it against what came.

        Raises NotFound when nothing was sold by `until`, InvalidInput when too little past would be left.
        """
        _require(actor, None)
        _check_days(horizon)
        until = check_day(until, "until") if until else None
        gathered = gather(self._core, Scope(level=level, by_place=by_place), until or self._last_day())
        return backtest(gathered.panel, horizon=horizon, origins=origins)

    def _last_day(self) -> date:
        """The newest day with sales that are not simulated and that is over, else the newest. Raises NotFound before the first."""
        with self._core.analysis:
            sales: Any = daily.sales(self._core)
            real = sales.filter(~sales.simulated)
            today = self._core.today()
            newest = self._core.engine.run(
                real.aggregate(day=real.day.max(), over=real.day.max(where=real.day < today))
            )
        over, whole = (newest[name][0].as_py() for name in ("over", "day"))
        day: date | None = over or whole
        if day is None:
            raise NotFound("Nothing was sold yet, so there is nothing to forecast.", "Load receipts first.")
        return day


def _any(gathered: Gathered, forecast: Forecast, level: str) -> Bools:
    """By group of a level: whether any of its members has simulated sales."""
    if level == ALL:
        return np.array([gathered.simulated.any()])
    names = np.array(gathered.panel.groups[level])
    return np.array(
        [gathered.simulated[names == series.product_id].any() for series in forecast.series], np.bool_
    )


def _check_days(days: int) -> None:
    if not 1 <= days <= AHEAD_DAYS:
        raise InvalidInput.of("days", days, "cannot be forecast.", f"Expected 1 to {AHEAD_DAYS}.")


def _require(actor: Actor, places: tuple[str, ...] | None) -> None:
    actor.require("plan.read")
    if places is None and actor.places:
        raise NotAllowed("Forecasts of the whole chain are not yours.", "Name a place of yours.")
    for place_id in places or ():
        actor.require_place(place_id)
