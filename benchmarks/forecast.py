"""Forecasts on real sales beside plain methods in the same run; demand behind empty shelves; and the time of many series.

python benchmarks/forecast.py [--data /work/shared/data] [--sets completejourney rossmann ...] [--series 3000 30000 50000]

Sets: each is forecast from its last dates, every time fitted, chosen and calibrated on the days before. What the methods are was decided on
Complete Journey at the cuts 2017-08-28, 2017-10-09 and 2017-11-06 (28 days each), on Walmart and meals before their last eight weeks and on
Rossmann before its last eight; the bakery's last six weeks were seen while this was built, but nothing was chosen by them.
Empty shelves: real days are cut at what a shop would have stocked; the forecast of the cut sales with and without restoring demand is
compared with what was really sold. Many series: made up, a year of days with promotions; the last line is projected from the
measured shards.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from forecast_data import SETS
from oneshelf.insight.goods.forecast.backtest import backtest
from oneshelf.insight.goods.forecast.forecaster import SHARD, fit
from oneshelf.insight.goods.forecast.methods import SIMPLE
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.report import CHOSEN, ForecastBacktest
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.insight.goods.forecast.sharding import forecast_shards

#: name -> (set, steps ahead, origins, steps between them, origins between fits)
RUNS = {
    "completejourney, knowing the day before": ("completejourney", 1, 28, 1, 28),
    "completejourney, weekly": ("completejourney", 7, 4, 7, 1),
    "rossmann, 28 days": ("rossmann", 28, 2, 28, 1),
    "bakery, 7 days": ("bakery", 7, 4, 7, 1),
    "walmart, 4 weeks": ("walmart", 4, 2, 4, 1),
    "meals, 4 weeks": ("meals", 4, 2, 4, 1),
}
MILLION = 1_000_000


def accuracy(folder: Path, wanted: list[str]) -> dict[str, Any]:
    """The whole beside the plain methods, on the last dates of each set."""
    out = {}
    for name, (source, horizon, origins, every, fit_every) in RUNS.items():
        if source in wanted:
            began = time.perf_counter()
            report = backtest(
                SETS[source](folder), horizon=horizon, origins=origins, every=every, fit_every=fit_every
            )
            out[name] = told(report) | {"seconds": round(time.perf_counter() - began)}
    return out


def told(report: ForecastBacktest) -> dict[str, Any]:
    """The figures of a report that the page of benchmarks shows."""
    methods = {}
    for method in (CHOSEN, *SIMPLE):
        score = report.score(method)
        if score is not None:
            methods[method] = {
                "wape": score.wape,
                "rmsse": score.rmsse,
                "wrmsse": report.wrmsse[method],
                "bias": score.bias,
            }
    return {
        "series": report.series,
        "origins": [day.isoformat() for day in report.origins],
        "methods": methods,
        "calibration": {str(each.level): each.coverage for each in report.calibration},
        "pinball": {str(each.level): each.pinball for each in report.calibration},
        "chosen": {choice.segment: choice.method for choice in report.choices if choice.series},
    }


def empty_shelves(folder: Path, wanted: list[str]) -> dict[str, Any]:
    """Bias of forecasts when stock cut what was sold: as it is, restored, and where nothing was cut."""
    out = {}
    for source in ("rossmann", "bakery"):
        if source not in wanted:
            continue
        panel = SETS[source](folder)
        origin = panel.steps - 28
        known, horizon = panel.until(origin), 28
        stock = stocked(known)
        cut = replace(known, sold=np.minimum(known.sold, stock))
        ran_out = (known.sold >= stock) & (stock > 0) & known.open(0, origin)
        came = np.maximum(panel.sold[:, origin:], 0.0)
        seen = panel.open(origin, panel.steps) & (known.starts < origin)[:, None]
        forecasts = {
            "uncut": known,
            "cut": cut,
            "cut, restored": replace(cut, ran_out=ran_out),
        }
        found = {}
        for name, each in forecasts.items():
            mean = np.where(seen, fit(each, horizon).forecast(each).mean, 0.0)
            total = float(np.where(seen, came, 0.0).sum())
            found[name] = {
                "bias": float(mean.sum()) / total - 1,
                "wape": float(np.abs(mean - np.where(seen, came, 0.0)).sum()) / total,
            }
        out[source] = {
            "lost_share": 1 - float(cut.sold.sum() / known.sold.sum()),
            "days_cut": float(ran_out.sum() / known.open(0, origin).sum()),
            "forecasts": found,
        }
    return out


def stocked(panel: Panel) -> np.ndarray:
    """What a shop would have had: a tenth more than the mean of the last four same weekdays, and at least one."""
    sold, week = panel.sold, 7
    out = np.full(sold.shape, np.inf)
    for day in range(4 * week, panel.steps):
        out[:, day] = np.ceil(1.1 * sold[:, day - 4 * week : day : week].mean(axis=1))
    return np.maximum(out, 1.0)


def made_up(series: int, *, seed: int = 1, days: int = 365, ahead: int = 28) -> Panel:
    """Place-products of many sizes with weekdays and promotions."""
    r = np.random.default_rng(seed)
    week = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.4, 0.9])
    level = r.gamma(0.6, 2.0, series)
    weeks = (days + ahead) // 7 + 1
    promoted = np.repeat(r.random((series, weeks)) < 0.1, 7, axis=1)[:, : days + ahead].astype(float)
    mean = level[:, None] * np.tile(week, weeks)[None, :days] * (1 + promoted[:, :days])
    return Panel(
        series=tuple(Series(f"store-{at % 50}", f"product-{at // 50}") for at in range(series)),
        first_day=date(2025, 1, 1),
        sold=r.poisson(mean).astype(float),
        regressors={"promotion": promoted},
        groups={"category": tuple(f"category-{at % 40}" for at in range(series))},
    )


def sizes(counts: list[int], processes: int) -> dict[str, Any]:
    """Seconds and memory of a forecast of so many series, and of one shard by a pool; a million projected from it."""
    found: list[dict[str, Any]] = []
    for count in counts:
        panel = made_up(count)
        began = time.perf_counter()
        fitted = fit(panel)
        after = time.perf_counter()
        fitted.forecast(panel)
        found.append(
            {
                "series": count,
                "fit_seconds": round(after - began, 1),
                "forecast_seconds": round(time.perf_counter() - after, 1),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "methods": sorted({choice.method for choice in fitted.choices if choice.series}),
            }
        )
    shards = 2 * processes
    began = time.perf_counter()
    done = sum(
        len(each.series)
        for each in forecast_shards(fitted, (made_up(SHARD, seed=at) for at in range(shards)), processes)
    )
    seconds = time.perf_counter() - began
    return {
        "sizes": found,
        "pool": {"processes": processes, "series": done, "seconds": round(seconds, 1)},
        "million_minutes_projected": round(seconds / done * MILLION / 60),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("/work/shared/data"))
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--series", nargs="*", type=int, default=[3_000, 30_000, 50_000])
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    wanted = [name for name in given.sets if name == "completejourney" or given.data.exists()]
    found = {
        "accuracy": accuracy(given.data, wanted),
        "empty_shelves": empty_shelves(given.data, wanted),
        **(sizes(given.series, given.processes) if given.series else {}),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
