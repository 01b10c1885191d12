"""What is known of days to come: promotions and prices from the price list, holidays and closed days from the shop's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from oneshelf.app.core import Core
from oneshelf.app.goods import calendar
from oneshelf.app.goods.calendar import CalendarDay
from oneshelf.books import places, prices
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.panel import ALWAYS, Panel
from oneshelf.insight.goods.forecast.promotions import NAME as PROMOTION
from oneshelf.words.prices import Price, PriceRecord
from oneshelf.words.time import business_day

#: A price that was told so many days after its start was brought in from elsewhere, where it had been known before.
LATE_DAYS = 28


def on_calendar(core: Core, panel: Panel, days: Sequence[CalendarDay], ahead: int) -> Panel:
    """The panel with the days of the shop's own calendar: its holidays and events, and the days on which places are closed."""
    if not days:
        return panel
    with core.database.read() as connection:
        count = len(places.places(connection))
    known = replace(panel, regressors={**panel.regressors, **calendar.regressors(days, panel, ahead, count)})
    shut = calendar.closed(days, panel, ahead, count)
    if shut is None:
        return known
    return replace(known, closed=shut if panel.closed is None else panel.closed | shut)


def promotions_and_prices(core: Core, panel: Panel, ahead: int, *, now: bool = False) -> Panel:
    """The panel of products with whether each is promoted, at the place or everywhere, and its price against its usual one.

    The price is not a number where nobody said it. What says the same of every day is left out. What was told late counts from then on;
    `now` says that what was told since the last step counts for those ahead, as nothing was sold since.
    """
    found = _said(core, panel, panel.steps + ahead)
    if not found:
        return panel
    shape = (len(panel), panel.steps + ahead)
    promoted, paid = np.zeros(shape), np.full(shape, np.nan)
    told: Ints = np.full(shape, ALWAYS, dtype=np.int32)
    today = (core.today() - panel.first_day).days
    for said, rows, days in found:
        paid[np.ix_(rows, days)] = said.price.amount_minor
        after = _told_after(core, panel, said)
        # a plan of this afternoon knows what was told today, though today is not over
        told[np.ix_(rows, days)] = min(after, panel.steps - 1, today - 1) if now else after
        if said.price.kind == "promotion":
            promoted[np.ix_(rows, days)] = 1.0
    known = np.isfinite(paid[:, : panel.steps])
    priced = known.any(axis=1)
    usual = np.ones(len(panel))
    if priced.any():
        usual[priced] = np.nanmedian(paid[priced, : panel.steps], axis=1)
    against = paid / np.maximum(usual, 1.0)[:, None]
    against[~priced] = np.nan
    out = {PROMOTION: promoted} if promoted.any() else {}
    if _moves(against[:, : panel.steps]):
        out["price"] = against
    late = dict.fromkeys(out, told) if (told >= 0).any() else {}
    return replace(panel, regressors={**panel.regressors, **out}, known_after={**panel.known_after, **late})


def _told_after(core: Core, panel: Panel, said: PriceRecord) -> int:
    """The step after which a price was known."""
    day = business_day(said.recorded_at, core.settings.time_zone)
    late = (day - said.price.starts_on).days > LATE_DAYS
    return ALWAYS if late else (day - panel.first_day).days


def _moves(values: Floats) -> bool:
    seen = values[np.isfinite(values)]
    return bool(seen.size) and bool(np.ptp(seen) > 0)


def _said(core: Core, panel: Panel, days: int) -> list[tuple[PriceRecord, Ints, Bools]]:
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
        record
        for record in records.values()
        if not record.withdrawn
        and (
            record.price.kind == "promotion"
            or (record.price.kind == "regular" and record.price.channel is None)
        )
    ]
    every.sort(key=lambda each: (each.price.kind == "promotion", _width(each.price), each.price.starts_on))
    found = []
    for record in every:
        price = record.price
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
                    record,
                    np.array(rows, dtype=np.intp),
                    np.asarray((np.arange(days) >= first) & (np.arange(days) < last)),
                )
            )
    return found


def _width(price: Price) -> int:
    """0 for everywhere, 1 for a zone, 2 for a place."""
    return 2 if price.place_id is not None else 1 if price.zone is not None else 0
