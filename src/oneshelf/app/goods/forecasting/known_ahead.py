"""What is known of days to come: promotions and prices from the price list, holidays and closed days from the shop's calendar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oneshelf.app.core import Core
from oneshelf.app.goods import calendar
from oneshelf.books import places, prices
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.words.prices import Price


def on_calendar(core: Core, panel: Panel, ahead: int) -> Panel:
    """The panel with the days of the shop's own calendar: its holidays and events, and the days on which places are closed."""
    days = calendar.calendar_in_force(core.settings)
    if not days:
        return panel
    with core.database.read() as connection:
        count = len(places.places(connection))
    known = replace(panel, regressors={**panel.regressors, **calendar.regressors(days, panel, ahead, count)})
    shut = calendar.closed(days, panel, ahead, count)
    if shut is None:
        return known
    return replace(known, closed=shut if panel.closed is None else panel.closed | shut)


def promotions_and_prices(core: Core, panel: Panel, ahead: int) -> dict[str, Floats]:
    """By series and day: whether the product is promoted, at the place or everywhere, and its price against its usual one.

    The price is not a number where nobody said it. What says the same of every day is left out.
    """
    shape = (len(panel), panel.steps + ahead)
    promoted, paid = np.zeros(shape), np.full(shape, np.nan)
    for price, rows, days in _said(core, panel, shape[1]):
        paid[np.ix_(rows, days)] = price.amount_minor
        if price.kind == "promotion":
            promoted[np.ix_(rows, days)] = 1.0
    known = np.isfinite(paid[:, : panel.steps])
    told = known.any(axis=1)
    usual = np.ones(len(panel))
    if told.any():
        usual[told] = np.nanmedian(paid[told, : panel.steps], axis=1)
    against = paid / np.maximum(usual, 1.0)[:, None]
    against[~told] = np.nan
    out = {"promotion": promoted} if promoted.any() else {}
    if _moves(against[:, : panel.steps]):
        out["price"] = against
    return out


def _moves(values: Floats) -> bool:
    seen = values[np.isfinite(values)]
    return bool(seen.size) and bool(np.ptp(seen) > 0)


def _said(core: Core, panel: Panel, days: int) -> list[tuple[Price, Ints, Bools]]:
    """The prices of the panel's products in the order in which they hold over one another: the rows and days of each.

    A narrower scope holds over a wider one, of one scope the later start, and a promotion over all of them. Prices of members and
    regular ones of one channel are not what most people pay.
    """
    of_product: dict[str, list[int]] = {}
    for at, series in enumerate(panel.series):
        of_product.setdefault(series.product_id, []).append(at)
    with core.database.read() as connection:
        zones = prices.zones(connection)
        # of the records with one key the last counts
        records = {record.key: record for record in prices.records(connection, of_product)}
    every = [
        record.price
        for record in records.values()
        if not record.withdrawn
        and (
            record.price.kind == "promotion"
            or (record.price.kind == "regular" and record.price.channel is None)
        )
    ]
    every.sort(key=lambda each: (each.kind == "promotion", _width(each), each.starts_on))
    found = []
    for price in every:
        first = max((price.starts_on - panel.first_day).days, 0)
        last = days if price.ends_on is None else (price.ends_on - panel.first_day).days + 1
        rows = [
            at
            for at in of_product[price.product_id]
            if price.place_id in (None, panel.series[at].place_id)
            and price.zone in (None, zones.get(panel.series[at].place_id or ""))
        ]
        if rows and last > first:
            found.append(
                (
                    price,
                    np.array(rows, dtype=np.intp),
                    np.asarray((np.arange(days) >= first) & (np.arange(days) < last)),
                )
            )
    return found


def _width(price: Price) -> int:
    """0 for everywhere, 1 for a zone, 2 for a place."""
    return 2 if price.place_id is not None else 1 if price.zone is not None else 0
