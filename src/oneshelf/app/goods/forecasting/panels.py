"""Panels of the shop's own sales: what the lake and the books know of a year, as the forecast takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import msgspec
import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.calendar import CalendarDay, calendar_in_force
from oneshelf.app.goods.forecasting.known_ahead import on_calendar, promotions_and_prices
from oneshelf.app.goods.products_table import products_table
from oneshelf.books import goods
from oneshelf.books.stock import closing
from oneshelf.errors import NotFound
from oneshelf.insight.goods.demand import UNPLACED, Level, daily_series
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.closing import closed_days
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.words.goods import Product

#: How much of the past a forecast reads: a year and the weeks before it, so that last year's season can be seen.
HISTORY_DAYS = 420
#: How far ahead promotions and closed days are looked up.
AHEAD_DAYS = 28
#: A product that sold on fewer days of the last `RECENT_DAYS` is too rare for a forecast of its own; a new one on so great a share of
#: the days since it came, and on more than one.
SOLD_DAYS_MIN, RECENT_DAYS = 8, 91
_NEW_SOLD_DAYS_MIN = 2

#: The levels above each, the narrowest first: whose season and beginnings its series borrow, and what they add up to.
ABOVE: dict[Level, tuple[Level, ...]] = {
    "id": ("type", "category", "department"),
    "type": ("category", "department"),
    "category": ("department",),
    "department": (),
}


#: What products are grouped by.
GROUPS = ABOVE["id"]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which series: products ("id") or groups of them, over the whole chain or at each place."""

    level: Level = "type"
    by_place: bool = False
    #: only at these places; None for all
    places: tuple[str, ...] | None = None
    #: also products that hardly sell, at places that are known
    rare: bool = False


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """A panel, and by series whether simulated events are among its sales."""

    panel: Panel
    simulated: Bools


def gather(core: Core, scope: Scope, as_of: date, calendar: Sequence[CalendarDay] | None = None) -> Gathered:
    """Everything known of a scope's series by the end of `as_of`. Raises NotFound when nothing was sold.

    `calendar` is the shop's; None: it is read.
    """
    if calendar is None:
        calendar = calendar_in_force(core.settings)
    with core.analysis:
        sales = daily.sales(core)
        since = as_of - timedelta(days=HISTORY_DAYS - 1)
        sold = sales.filter(sales.day.between(since, as_of))
        if scope.rare:
            sold = sold.filter(sold.place_id.notnull())
        if scope.places is not None:
            sold = sold.filter(sold.place_id.isin(scope.places))
        with core.database.read() as connection:
            products = list(goods.all_products(connection))
        rows = core.engine.run(
            daily_series(sold, products_table(core, GROUPS, products), scope.level, by_place=scope.by_place)
        )
    if not rows.num_rows:
        raise NotFound(f"Nothing was sold in the year up to {as_of}.", "Choose a day on which the shop sold.")
    rows = rows.sort_by([("place_id", "ascending"), ("series", "ascending")])
    first = min(rows["day"].to_pylist())
    series, at = _series(rows)
    day = (rows["day"].to_numpy().astype("datetime64[D]") - np.datetime64(first)).astype(np.intp)
    matrix = np.zeros((len(series), (as_of - first).days + 1))
    np.add.at(matrix, (at, day), rows["quantity"].to_numpy())
    simulated = np.zeros(len(series), dtype=np.bool_)
    np.logical_or.at(simulated, at, rows["simulated"].to_numpy(zero_copy_only=False))
    keep = sold_enough(matrix) if scope.level == "id" and not scope.rare else np.ones(len(series), np.bool_)
    if not keep.any():
        raise NotFound(
            f"No product sold on {SOLD_DAYS_MIN} of the {RECENT_DAYS} days up to {as_of}.",
            "Forecast their types instead.",
        )
    closed = _closed(series, matrix)
    panel = Panel(
        series=series,
        first_day=first,
        sold=matrix,
        closed=closed,
        groups=_groups(series, scope.level, products),
    )
    return Gathered(panel=_known(core, panel.take(keep), scope, calendar), simulated=simulated[keep])


def _series(rows: pa.Table) -> tuple[tuple[Series, ...], Ints]:
    """The series in their order, and that of each row."""
    place = rows["place_id"].combine_chunks().dictionary_encode()
    name = rows["series"].combine_chunks().dictionary_encode()
    of_place = np.asarray(place.indices.fill_null(-1), dtype=np.intp)
    of_name = np.asarray(name.indices, dtype=np.intp)
    pairs, at = np.unique(of_place * len(name.dictionary) + of_name, return_inverse=True)
    places, names = place.dictionary.to_pylist(), name.dictionary.to_pylist()
    width = len(names)
    series = tuple(
        Series(places[pair // width] if pair // width >= 0 else None, names[pair % width])
        for pair in pairs.tolist()
    )
    return series, at.ravel().astype(np.intp)


def sold_enough(matrix: Floats) -> Bools:
    """By product (rows of products x days): whether it sold often enough for a forecast of its own."""
    sold = matrix > 0
    days = sold[:, -RECENT_DAYS:].sum(axis=1)
    age = np.where(sold.any(axis=1), matrix.shape[1] - sold.argmax(axis=1), RECENT_DAYS)
    least = np.ceil(SOLD_DAYS_MIN * np.minimum(age, RECENT_DAYS) / RECENT_DAYS)
    return np.asarray(days >= np.maximum(least, _NEW_SOLD_DAYS_MIN))


def _closed(series: tuple[Series, ...], matrix: Floats) -> Bools:
    """By series, whether its place (or the whole chain) was closed on each day, and will be."""
    places = sorted({each.place_id or "" for each in series})
    row = {place: at for at, place in enumerate(places)}
    of_place = np.array([row[each.place_id or ""] for each in series])
    totals = np.zeros((len(places), matrix.shape[1]))
    np.add.at(totals, of_place, np.maximum(matrix, 0.0))
    closed = closed_days(totals, AHEAD_DAYS)
    return np.asarray(closed if len(places) == 1 else closed[of_place])


def _groups(
    series: tuple[Series, ...], level: Level, products: Iterable[Product]
) -> dict[str, tuple[str, ...]]:
    """The groups above each series; of a group that stands below several, the one with most products."""
    above = ABOVE[level]
    votes: dict[str, dict[tuple[str, ...], int]] = {}
    for product in products:
        name = getattr(product, level) or UNPLACED
        path = tuple(getattr(product, each) or UNPLACED for each in above)
        votes.setdefault(name, {}).setdefault(path, 0)
        votes[name][path] += 1
    unknown = (UNPLACED,) * len(above)
    path_of = {name: max(sorted(paths), key=lambda path: paths[path]) for name, paths in votes.items()}
    paths = [path_of.get(each.product_id, unknown) for each in series]
    return {each: tuple(path[at] for path in paths) for at, each in enumerate(above)}


def _known(core: Core, panel: Panel, scope: Scope, calendar: Sequence[CalendarDay]) -> Panel:
    """The panel with what is known ahead, and of products where their shelves were empty."""
    panel = on_calendar(core, panel, calendar, AHEAD_DAYS)
    if scope.level != "id":
        return panel
    known = promotions_and_prices(core, panel, AHEAD_DAYS, now=_newest(core, panel.day(panel.steps - 1)))
    return replace(known, ran_out=_ran_out(core, panel) if scope.by_place else None)


def _newest(core: Core, as_of: date) -> bool:
    """Whether nothing was sold after a day: so a forecast from it is one of now, and no look back."""
    with core.analysis:
        sales = daily.sales(core)
        later = core.engine.run(sales.filter((sales.day > as_of) & ~sales.simulated).select("day").limit(1))
    return not later.num_rows


def _ran_out(core: Core, panel: Panel) -> Bools | None:
    """Series x days: whether the day ended with an empty shelf; None where no stock is kept."""
    rows = {(series.place_id, series.product_id): at for at, series in enumerate(panel.series)}
    places = sorted({series.place_id for series in panel.series if series.place_id is not None})
    change = np.zeros((len(panel), panel.steps))
    kept = np.full(len(panel), panel.steps)
    with core.database.read() as connection:
        for moved in closing.day_changes(connection, places, panel.day(panel.steps - 1)):
            at = rows.get((moved.place_id, moved.product_id))
            if at is not None:
                step = max((moved.day - panel.first_day).days, 0)
                change[at, step] += moved.pieces
                kept[at] = min(kept[at], step)
    if (kept == panel.steps).all():
        return None
    known = np.arange(panel.steps)[None, :] >= kept[:, None]
    return np.asarray(known & (np.cumsum(change, axis=1) <= 0))
