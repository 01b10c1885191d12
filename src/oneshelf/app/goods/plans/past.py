"""What was sold, as the matrices that a plan forecasts from: by product type over the chain, or by place and product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.goods.products_table import products_table
from oneshelf.decisions.plan.arrays import Bools, Floats, Rows
from oneshelf.errors import NotFound
from oneshelf.insight.goods.demand import daily_by
from oneshelf.insight.goods.forecast.history import History

#: How much of the past a plan reads: a year shows every season once.
HISTORY_DAYS = 365

#: Days whose sales say what a piece is sold for, where no price list does.
PRICE_DAYS = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Net sales of some lines up to a day."""

    #: (place or None for the whole chain, product or product type)
    lines: tuple[tuple[str | None, str], ...]
    history: History
    #: by line: what a piece brought lately, in minor units; NaN: nothing was sold
    price_minor: Floats
    currency: str | None

    @property
    def quantities(self) -> Floats:
        """Days x lines."""
        return self.history.quantities

    def only(self, rows: Rows) -> Past:
        """Some of the lines."""
        history = self.history
        chosen = History(
            series=tuple(history.series[row] for row in rows),
            first_day=history.first_day,
            quantities=history.quantities[:, rows],
            simulated=history.simulated[rows],
        )
        lines = tuple(self.lines[row] for row in rows)
        return Past(lines=lines, history=chosen, price_minor=self.price_minor[rows], currency=self.currency)

    @property
    def simulated(self) -> Bools:
        """By line: whether simulated events are among its sales."""
        return self.history.simulated


def last_day(core: Core) -> date | None:
    """The newest day with sales that are not simulated; None before the first."""
    with core.analysis:
        sales = daily.sales(core)
        newest = core.engine.run(sales.filter(~sales.simulated).aggregate(day=sales.day.max()))
    day: date | None = newest["day"][0].as_py()
    return day


def by_type(core: Core, until: date) -> Past:
    """Product types over the whole chain. Raises NotFound when nothing was sold in the year before."""
    with core.analysis:
        rows = core.engine.run(
            daily_by(_sold(core, until, HISTORY_DAYS), products_table(core, ["type"]), "type")
        )
        _check(rows, until)
        lately = core.engine.run(_earned_by_type(core, until))
    columns = (rows[name].to_pylist() for name in ("series", "day", "quantity", "simulated"))
    history = History.of(zip(*columns, strict=True), first_day=_first_day(rows, until), last_day=until)
    lines: tuple[tuple[str | None, str], ...] = tuple((None, name) for name in history.series)
    return _priced(lines, history, lately, keys=lately["series"].to_pylist(), names=history.series)


def by_place(core: Core, until: date) -> Past:
    """Products at each place where they were sold in the year before. Raises NotFound when nothing was."""
    with core.analysis:
        sold = _sold(core, until, HISTORY_DAYS).filter(lambda t: t.place_id.notnull())
        grouped = sold.group_by("place_id", "product_id", "day").aggregate(
            quantity=sold.quantity.sum().cast("int64"), simulated=sold.simulated.any()
        )
        rows = core.engine.run(grouped)
        _check(rows, until)
        lately = core.engine.run(_earned_by_place(core, until))
    history, pairs = _spread(rows, _first_day(rows, until), until)
    keys = list(zip(lately["place_id"].to_pylist(), lately["product_id"].to_pylist(), strict=True))
    return _priced(pairs, history, lately, keys=keys, names=pairs)


def _sold(core: Core, until: date, days: int) -> Any:
    sales = daily.sales(core)
    return sales.filter(sales.day.between(until - timedelta(days=days - 1), until))


def _check(rows: pa.Table, until: date) -> None:
    if not rows.num_rows:
        raise NotFound(f"Nothing was sold in the year up to {until}.", "Choose a day on which the shop sold.")


def _first_day(rows: pa.Table, until: date) -> date:
    first_sold: date = min(rows["day"].to_pylist())
    return max(until - timedelta(days=HISTORY_DAYS - 1), first_sold)


def _earned_by_type(core: Core, until: date) -> Any:
    sold = _sold(core, until, PRICE_DAYS)
    catalogue = products_table(core, ["type"])
    placed = catalogue.select(catalogued_id=catalogue.id, series=catalogue.type)
    joined = sold.left_join(placed, sold.product_id == placed.catalogued_id)
    return joined.group_by("series", "currency").aggregate(
        pieces=joined.quantity.sum(), amount_minor=joined.amount_minor.sum()
    )


def _earned_by_place(core: Core, until: date) -> Any:
    sold = _sold(core, until, PRICE_DAYS)
    return sold.group_by("place_id", "product_id", "currency").aggregate(
        pieces=sold.quantity.sum(), amount_minor=sold.amount_minor.sum()
    )


def _spread(
    rows: pa.Table, first_day: date, last: date
) -> tuple[History, tuple[tuple[str | None, str], ...]]:
    """A dense matrix from rows of place, product, day, quantity and simulated."""
    places, products = (
        rows[name].combine_chunks().dictionary_encode() for name in ("place_id", "product_id")
    )
    width = max(len(products.dictionary), 1)
    code = places.indices.to_numpy().astype(np.int64) * width + products.indices.to_numpy()
    codes, column = np.unique(code, return_inverse=True)
    day = rows["day"].combine_chunks().cast(pa.int32()).to_numpy() - (first_day - date(1970, 1, 1)).days
    quantities = np.zeros(((last - first_day).days + 1, len(codes)))
    np.add.at(quantities, (day, column), rows["quantity"].to_numpy())
    simulated = np.zeros(len(codes), dtype=np.bool_)
    np.logical_or.at(simulated, column, rows["simulated"].to_numpy())
    place_names, product_names = places.dictionary.to_pylist(), products.dictionary.to_pylist()
    pairs: tuple[tuple[str | None, str], ...] = tuple(
        (place_names[one // width], product_names[one % width]) for one in codes.tolist()
    )
    names = tuple(f"{product} @ {place}" for place, product in pairs)
    return History(series=names, first_day=first_day, quantities=quantities, simulated=simulated), pairs


def _priced(
    lines: tuple[tuple[str | None, str], ...],
    history: History,
    lately: pa.Table,
    *,
    keys: list[Any],
    names: tuple[Any, ...],
) -> Past:
    """With what a piece brought lately, in the currency in which most was sold."""
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
    known = np.array([price.get(name, np.nan) for name in names], dtype=float)
    return Past(lines=lines, history=history, price_minor=np.where(known > 0, known, np.nan), currency=main)
