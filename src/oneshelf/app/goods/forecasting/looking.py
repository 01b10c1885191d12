"""Looking at what the nights forecast."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.forecasting.answers import (
    AnyLevel,
    DayAhead,
    DaySold,
    ForecastLine,
    ForecastPage,
    SeriesForecast,
)
from oneshelf.app.goods.forecasting.panels import GROUPS
from oneshelf.app.goods.forecasting.table import QUANTILES, SCHEMA, TABLE, newest
from oneshelf.app.goods.products_table import products_table
from oneshelf.app.pages import read_cursor, write_cursor
from oneshelf.errors import NotFound
from oneshelf.insight.goods.demand import daily_by

#: The days by which series are put in order.
WEEK_DAYS = 7


def listing(
    core: Core, level: AnyLevel, place_id: str | None, *, text: str, limit: int, after: str | None
) -> ForecastPage:
    """The newest night's series of a level, the largest first."""
    first = 0
    with core.analysis:
        night, day = newest(core)
        if (position := read_cursor(after, tuple[date, int])) is not None:
            # a page of an older night goes on in the new one, at the same place
            first = position[1]
        chosen = _at(night, level, place_id)
        week = chosen.filter(chosen.for_day <= day + timedelta(days=WEEK_DAYS))
        total = week.group_by("series").aggregate(total=week["mean"].sum())
        found = core.engine.run(total).sort_by([("total", "descending"), ("series", "ascending")])
        names = _names(core, level, found["series"].to_pylist())
        wanted = [each for each in found["series"].to_pylist() if text.casefold() in names[each].casefold()]
        page = wanted[first : first + limit]
        rows = core.engine.run(chosen.filter(chosen.series.isin(page))) if page else SCHEMA.empty_table()
    by_series = _grouped(rows)
    return ForecastPage(
        as_of=day,
        first_day=day + timedelta(days=1),
        items=tuple(_outlook(by_series[one], names[one]) for one in page),
        next=write_cursor((day, first + limit)) if len(wanted) > first + limit else None,
        total=len(wanted),
    )


def series(core: Core, level: AnyLevel, place_id: str | None, name: str, *, past_days: int) -> SeriesForecast:
    """One series of the newest night, with its past."""
    with core.analysis:
        night, day = newest(core)
        chosen = _at(night, level, place_id)
        rows = core.engine.run(chosen.filter(chosen.series == name))
        if not rows.num_rows:
            raise NotFound(
                f"The night of {day} did not forecast {name!r}.",
                "See the list for those that it did; products that hardly sell have no forecast of their own.",
            )
        past = _past(core, _Which(level, place_id, name), day, past_days)
    ordered = rows.sort_by("for_day").to_pylist()
    some = ordered[0]
    return SeriesForecast(
        as_of=day,
        level=level,
        place_id=place_id,
        series=name,
        name=_names(core, level, [name])[name],
        method=some["method"],
        notes=tuple(some["notes"]),
        simulated=some["simulated"],
        past=past,
        days=tuple(_day(row) for row in ordered),
    )


def _at(night: Any, level: AnyLevel, place_id: str | None) -> Any:
    here = night.place_id.isnull() if place_id is None else night.place_id == place_id
    return night.filter((night.level == level) & here)


def _grouped(rows: pa.Table) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for row in rows.sort_by("for_day").to_pylist():
        out.setdefault(row["series"], []).append(row)
    return out


def _outlook(rows: list[dict[str, Any]], name: str) -> ForecastLine:
    first = rows[0]
    return ForecastLine(
        level=first["level"],
        place_id=first["place_id"],
        series=first["series"],
        name=name,
        means=tuple(row["mean"] for row in rows),
        low=first[QUANTILES[0.1]],
        high=first[QUANTILES[0.9]],
        method=first["method"],
        notes=tuple(first["notes"]),
        simulated=first["simulated"],
    )


def _day(row: dict[str, Any]) -> DayAhead:
    return DayAhead(
        day=row["for_day"],
        mean=row["mean"],
        quantiles={str(level): row[column] for level, column in QUANTILES.items()},
    )


def _names(core: Core, level: AnyLevel, series: Iterable[str]) -> dict[str, str]:
    """What people call each series."""
    found = {one: one for one in series}
    if level == "id":
        known = core.products(set(found))
        found |= {one: known[one].name for one in found if one in known}
    return found


class _Which(NamedTuple):
    """One series."""

    level: AnyLevel
    place_id: str | None
    name: str


def _past(core: Core, which: _Which, as_of: date, days: int) -> tuple[DaySold, ...]:
    """What a series sold on each of the last days, and what the night before had expected."""
    first = as_of - timedelta(days=days - 1)
    sold = _sold(core, which, first, as_of)
    made = core.engine.derived(TABLE, SCHEMA, days=(first - timedelta(days=1), as_of))
    chosen = _at(made, which.level, which.place_id)
    chosen = chosen.filter(chosen.series == which.name)
    ahead = chosen.filter(chosen.for_day.delta(chosen.day, unit="day") == 1)
    rows = core.engine.run(ahead.select("for_day", "mean")).to_pylist()
    expected = {row["for_day"]: row["mean"] for row in rows}
    span = (first + timedelta(days=at) for at in range(days))
    return tuple(DaySold(day=day, sold=sold.get(day, 0.0), expected=expected.get(day)) for day in span)


def _sold(core: Core, which: _Which, first: date, last: date) -> dict[date, float]:
    sales: Any = daily.sales(core)
    chosen = sales.filter(sales.day.between(first, last))
    if which.level == "all":
        by_day = chosen.group_by("day").aggregate(quantity=chosen.quantity.sum())
    else:
        named = daily_by(chosen, products_table(core, GROUPS), which.level, place_id=which.place_id)
        by_day = named.filter(named.series == which.name)
    return {row["day"]: float(row["quantity"]) for row in core.engine.run(by_day).to_pylist()}
