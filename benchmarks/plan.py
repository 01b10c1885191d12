"""Profit of the plan as a share of perfect foresight over real sales, beside plain ways of ordering; and the time of large plans.

python benchmarks/plan.py [--data /work/shared/data] [--days 365] [--lines 3000 30000 50000]

Each day every method orders in the evening for the next morning, from the days before it alone; the oldest goods are sold first and what
outlives its life is thrown away. A piece sells for 100 and costs 100 less the margin. The forecast is fitted, chosen and calibrated anew
every four weeks, on the days before; promotions, holidays and closed days are known ahead, as they are to a shop. Rossmann: 100 stores, a
piece is 100 of turnover. Bakery: its items that sold before the test. Nothing was tuned on these days.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

import forecast_data
from forecast import made_up
from oneshelf.decisions.plan.inputs import Inputs, Terms
from oneshelf.decisions.plan.making import make_plan
from oneshelf.decisions.plan.result import PlanPolicy
from oneshelf.insight.goods.forecast.forecaster import HORIZON, fit
from oneshelf.insight.goods.forecast.methods import SIMPLE
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Forecast

MARGINS, LIVES, AHEAD, FIT_EVERY = (0.3, 0.5, 0.7), (1, 3, 7), 7, 28
PRICE = 100.0
PLAIN = {"moving average 28": "moving_average", "seasonal naive": "seasonal_naive"}


def rossmann(folder: Path) -> Panel:
    """100 stores by day, a piece is 100 of turnover."""
    panel = forecast_data.rossmann(folder)
    return replace(panel, sold=np.rint(panel.sold / 100))


class Shop:
    """The shelves of one method: pieces by the days that they have left."""

    def __init__(self, lines: int, life: int) -> None:
        self.left = np.zeros((lines, life))
        self.ordered = self.sold = self.wasted = 0.0

    def day(self, order: np.ndarray, demand: np.ndarray) -> None:
        self.left[:, -1] += order
        before = np.cumsum(self.left, axis=1) - self.left
        taken = np.clip(demand[:, None] - before, 0, self.left)
        self.left -= taken
        self.ordered += order.sum()
        self.sold += taken.sum()
        self.wasted += self.left[:, 0].sum()
        self.left = np.hstack([self.left[:, 1:], np.zeros((len(order), 1))])

    def profit(self, margin: float) -> float:
        cost = PRICE * (1 - margin)
        return PRICE * self.sold - cost * (
            self.ordered - self.left.sum()
        )  # what can still be sold is worth its cost


@dataclass(frozen=True, slots=True)
class Evening:
    """What is known when tomorrow is ordered: the forecast, and what plain methods expect of tomorrow."""

    panel: Panel
    forecast: Forecast
    plain: dict[str, np.ndarray]


def evenings(panel: Panel, start: int) -> Iterator[Evening]:
    """The evening before each day from `start` on, from the days before it alone."""
    fitted = None
    for day in range(start, panel.steps):
        known = panel.until(day)
        if fitted is None or (day - start) % FIT_EVERY == 0:
            fitted = fit(known, HORIZON)
        look = fitted.look(known)
        plain = {name: SIMPLE[method](look, day, 1)[:, 0] for name, method in PLAIN.items()}
        yield Evening(known, fitted.forecast(known), plain)


def judge(panel: Panel, days: int, *, until: int | None = None) -> dict[str, dict[str, float]]:
    """By margin and life: each method's profit as a share of perfect foresight's, on the last `days` before step `until`."""
    panel = panel if until is None else panel.until(until)
    start = panel.steps - days
    panel = panel.take(panel.sold[:, :start].sum(axis=1) > 0)
    lines, is_open = len(panel), panel.open(0, panel.steps)
    sold = np.where(is_open, np.maximum(panel.sold, 0.0), 0.0)
    methods = ("plan", "order the mean", *PLAIN)
    shops = {(m, share, life): Shop(lines, life) for m in methods for share in MARGINS for life in LIVES}
    for day, evening in enumerate(evenings(panel, start), start):
        points = {"order the mean": evening.forecast.mean[:, 0], **evening.plain}
        for (method, share, life), shop in shops.items():
            if method == "plan":
                order = planned(evening, shop.left, share=share, life=life)
            else:
                order = np.maximum(np.rint(points[method]) - shop.left.sum(axis=1), 0) * is_open[:, day]
            shop.day(order, sold[:, day])
    demand = float(sold[:, start:].sum())
    return {
        f"margin {share:.0%}, life {life}": {
            method: round(shops[method, share, life].profit(share) / (PRICE * share * demand), 3)
            for method in methods
        }
        for share in MARGINS
        for life in LIVES
    }


def planned(evening: Evening, left: np.ndarray, *, share: float, life: int) -> np.ndarray:
    """What the plan orders for tomorrow, with what is `left` by the days that it can still be sold."""
    lines, forecast, steps = len(left), evening.forecast, evening.panel.steps
    full, nothing = np.full(lines, PRICE), np.zeros(lines)
    terms = replace(
        Terms.plain(lines),
        price_minor=full,
        cost_minor=full * (1 - share),
        holding_minor=nothing,
        life_days=np.full(lines, life),
    )
    arriving, expiring = np.zeros((lines, AHEAD)), np.zeros((lines, AHEAD))
    arriving[:, 0] = left.sum(axis=1)
    expiring[:, :life] = left
    plan = make_plan(
        Inputs(
            as_of=forecast.first_day - timedelta(days=1),
            lines=tuple((f"{at:06}", "goods") for at in range(lines)),
            mean=forecast.mean[:, :AHEAD],
            levels=forecast.levels,
            quantiles=forecast.quantiles[:, :AHEAD],
            terms=terms,
            arriving=arriving,
            expiring=expiring,
            open=evening.panel.open(steps, steps + AHEAD),
            last_week=nothing,
            late=nothing > 0,
            simulated=nothing > 0,
        )
    )
    return np.array(
        [line.quantity for line in sorted(plan.lines, key=lambda line: line.place_id)], dtype=float
    )


def large(lines: int) -> dict[str, float]:
    """Forecast and plan of so many made-up place-products with a year of sales and promotions: seconds of each."""
    panel = made_up(lines)
    random = np.random.default_rng(1)
    started = time.perf_counter()
    forecast = fit(panel, HORIZON).forecast(panel)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    terms = replace(
        Terms.plain(lines),
        price_minor=np.full(lines, 200.0),
        cost_minor=np.full(lines, 100.0),
        life_days=random.choice([1, 3, 7, 0], lines),
        lead_days=random.choice([1, 2], lines),
        pack_pieces=random.choice([1, 6], lines),
    )
    nothing = np.zeros((lines, AHEAD))
    make_plan(
        Inputs(
            as_of=forecast.first_day - timedelta(days=1),
            lines=tuple((f"{at % 500}", f"{at}") for at in range(lines)),
            mean=forecast.mean[:, :AHEAD],
            levels=forecast.levels,
            quantiles=forecast.quantiles[:, :AHEAD],
            terms=terms,
            arriving=nothing,
            expiring=nothing,
            open=nothing == 0,
            last_week=panel.sold[:, -7],
            late=nothing[:, 0] > 0,
            simulated=nothing[:, 0] > 0,
        ),
        policy=PlanPolicy(),
    )
    return {
        "lines": lines,
        "forecast_seconds": round(seconds, 1),
        "plan_seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, default=Path("/work/shared/data"))
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--bakery-days", type=int, default=63)
    arguments.add_argument("--lines", type=int, nargs="*", default=[3_000, 30_000, 50_000])
    given = arguments.parse_args()
    found: dict[str, object] = {"large": [large(lines) for lines in given.lines]}
    if given.data.exists():
        found["rossmann"] = judge(rossmann(given.data), given.days)
        found["bakery"] = judge(forecast_data.bakery(given.data), given.bakery_days)
        found["days"] = {"rossmann": given.days, "bakery": given.bakery_days}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
