"""The days ahead of a plan: what the night forecast where it knows the newest day, else a forecast made now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods.forecasting import table
from oneshelf.app.goods.plans.past import Past
from oneshelf.books import prices
from oneshelf.decisions.plan.arrays import Bools, Floats, Rows
from oneshelf.insight.goods.demand import UNPLACED
from oneshelf.insight.goods.forecast.forecaster import HORIZON, fit
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import LEVELS
from oneshelf.words.time import zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Demand of a plan's lines on the `HORIZON` days after the last known one."""

    #: lines x days
    mean: Floats
    levels: tuple[float, ...]
    #: lines x days x levels
    quantiles: Floats
    #: by line: how wrong such forecasts were before; NaN: nothing was sold
    wape: Floats
    #: by line: what a reader should know of its forecast
    notes: tuple[tuple[str, ...], ...]

    def only(self, rows: Rows) -> Ahead:
        """Some of the lines."""
        return Ahead(
            mean=self.mean[rows],
            levels=self.levels,
            quantiles=self.quantiles[rows],
            wape=self.wape[rows],
            notes=tuple(self.notes[row] for row in rows),
        )


def look_ahead(core: Core, past: Past, level: str) -> Ahead:
    """Demand of each line on each of the next days. `level` is that of the lines: "type" over the chain, "id" at places.

    The night's forecasts are taken where they were made after the close of the past's last day. Lines that sell too rarely for the
    night are forecast now, by the methods that need no fitting of trees; so are types without a night, whose plan is but a first look, and lines of which
    a promotion was told since; products at places are then forecast by every method. What never sold begins as its like did.
    """
    never = past.panel.starts == past.panel.steps
    if never.any():
        new, old = np.flatnonzero(never), np.flatnonzero(~never)
        known = past.only(old)
        return _together(old, look_ahead(core, known, level), new, _begun(known.panel, past.panel.take(new)))
    night = _from_night(core, past, level)
    if night is None:
        return _made(past.panel, boost=level == "id")
    rows, kept = night
    if level == "id":
        same = np.flatnonzero(~_told_since(core, past)[rows])
        rows, kept = rows[same], kept.only(same)
    rest = np.setdiff1d(np.arange(len(past.lines), dtype=np.intp), rows)
    return kept if not rest.size else _together(rows, kept, rest, _made(past.panel.take(rest), boost=False))


def _told_since(core: Core, past: Past) -> Bools:
    """By line: whether a promotion of its product was told, or called off, after the past's last day, and so perhaps after its night."""
    first = past.last_day + timedelta(days=1)
    over = datetime.combine(first, time(), zone(core.settings.time_zone))
    with core.database.read() as connection:
        products = prices.promotions_told_since(connection, over, first, first + timedelta(days=HORIZON - 1))
    return np.array([product in products for _, product in past.lines], dtype=np.bool_)


def _begun(known: Panel, new: Panel) -> Ahead:
    """What never sold, by what is new among the known; nothing where it stands in no group."""
    made = fit(known, HORIZON, boost=False).begin(new)
    placed = np.array([name != UNPLACED for name in next(iter(new.groups.values()))])
    return Ahead(
        mean=made.mean * placed[:, None], levels=made.levels, quantiles=made.quantiles * placed[:, None, None],
        wape=made.wape, notes=made.notes,
    )  # fmt: skip


def _made(panel: Panel, *, boost: bool) -> Ahead:
    made = fit(panel, HORIZON, boost=boost).forecast(panel)
    return Ahead(
        mean=made.mean, levels=made.levels, quantiles=made.quantiles, wape=made.wape, notes=made.notes
    )


def _from_night(core: Core, past: Past, level: str) -> tuple[Rows, Ahead] | None:
    """The lines that the night forecast, and what it expects of them; None when there was no such night."""
    if past.last_day not in table.nights(core):
        return None
    at_places = past.lines[0][0] is not None
    with core.analysis:
        night = table.of_night(core, past.last_day)
        here = night.place_id.notnull() if at_places else night.place_id.isnull()
        found = core.engine.run(night.filter((night.level == level) & here))
    row = _rows_of(found, past.lines)
    found, row = found.filter(pa.array(row >= 0)), row[row >= 0]
    if not row.size:
        return None
    days = _days_since(found["for_day"], past.last_day)
    rows, at = np.unique(row, return_inverse=True)
    shape = (len(rows), HORIZON)
    mean, quantiles = np.zeros(shape), np.zeros((*shape, len(LEVELS)))
    mean[at, days] = found["mean"].to_numpy()
    for column, name in enumerate(table.QUANTILES.values()):
        quantiles[at, days, column] = found[name].to_numpy()
    first = np.flatnonzero(days == 0)
    wape = np.full(len(rows), np.nan)
    wape[at[first]] = found["wape"].to_numpy()[first]
    said = dict(zip(at[first].tolist(), found["notes"].take(pa.array(first)).to_pylist(), strict=True))
    notes = tuple(tuple(said.get(one, ())) for one in range(len(rows)))
    return rows.astype(np.intp), Ahead(mean=mean, levels=LEVELS, quantiles=quantiles, wape=wape, notes=notes)


def _rows_of(found: pa.Table, lines: tuple[tuple[str | None, str], ...]) -> Rows:
    """By row of the night, the line that it is of; -1 for none."""
    place, series = (found[name].combine_chunks().dictionary_encode() for name in ("place_id", "series"))
    of_place = np.asarray(place.indices.fill_null(-1), dtype=np.int64)
    of_series = np.asarray(series.indices, dtype=np.int64)
    pairs, at = np.unique(of_place * max(len(series.dictionary), 1) + of_series, return_inverse=True)
    places, names = [*place.dictionary.to_pylist(), None], series.dictionary.to_pylist()
    row_of = {(line[0], line[1]): row for row, line in enumerate(lines)}
    width = max(len(names), 1)
    rows = [row_of.get((places[pair // width], names[pair % width]), -1) for pair in pairs.tolist()]
    return np.array(rows, dtype=np.intp)[at.ravel()] if rows else np.empty(0, dtype=np.intp)


def _days_since(days: pa.ChunkedArray, last: date) -> Rows:
    after: Rows = (days.to_numpy().astype("datetime64[D]") - np.datetime64(last)).astype(np.intp)
    return after - 1


def _together(rows: Rows, some: Ahead, rest: Rows, others: Ahead) -> Ahead:
    """Two parts as one, each in the rows of its lines."""
    order = np.argsort(np.concatenate([rows, rest]))
    notes = (*some.notes, *others.notes)
    return Ahead(
        mean=np.concatenate([some.mean, others.mean])[order],
        levels=some.levels,
        quantiles=np.concatenate([some.quantiles, others.quantiles])[order],
        wape=np.concatenate([some.wape, others.wape])[order],
        notes=tuple(notes[at] for at in order),
    )
