"""Profit of the plan as a share of perfect foresight over real sales, beside plain ways of ordering; and the time of large plans.

python benchmarks/plan.py [--data /work/shared/data] [--days 365] [--lines 3000 30000 50000]

Each day every method orders in the evening for the next morning, from the days before it alone; the oldest goods are sold first and what
outlives its life is thrown away. A piece sells for 100 and costs 100 less the margin. Rossmann: 100 stores, a piece is 100 of turnover, on
days that the store is open. Bakery: its items that sold before the test. Nothing was tuned on these days.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from oneshelf.app.goods.plans.ahead import look_ahead
from oneshelf.decisions.plan.inputs import Inputs, Terms
from oneshelf.decisions.plan.making import make_plan
from oneshelf.decisions.plan.result import PlanPolicy
from oneshelf.insight.goods.forecast.history import History
from oneshelf.insight.goods.forecast.next_day import moving_averages, seasonal_naive
from oneshelf.insight.goods.forecast.result import LEVELS

MARGINS, LIVES, AHEAD, PAST = (0.3, 0.5, 0.7), (1, 3, 7), 7, 400
PRICE = 100.0


def rossmann(folder: Path) -> tuple[date, np.ndarray, np.ndarray]:
    """Days x stores, pieces of 100 turnover; and whether the store was open."""
    table = pq.read_table(folder / "rossmann-100-stores" / "sales.parquet")
    days = table["Date"].cast("timestamp[s]").to_numpy().astype("datetime64[D]")
    stores = table["Store"].to_numpy()
    first = days.min()
    at, column = (days - first).astype(int), np.unique(stores, return_inverse=True)[1]
    sold = np.zeros((at.max() + 1, column.max() + 1))
    is_open = np.zeros(sold.shape, dtype=bool)
    sold[at, column] = np.rint(table["Sales"].to_numpy() / 100)
    is_open[at, column] = table["Open"].to_numpy() == 1
    return first.astype(date), sold, is_open


def bakery(folder: Path) -> tuple[date, np.ndarray, np.ndarray]:
    """Days x items, pieces; open on days with any sale."""
    table = pq.read_table(folder / "bakery-edinburgh-breadbasket" / "breadbasket.parquet")
    rows = [
        (d, i)
        for d, i in zip(table["Date"].to_pylist(), table["Item"].to_pylist(), strict=True)
        if i != "NONE"
    ]
    first = date.fromisoformat(min(rows)[0])
    items = {item: at for at, item in enumerate(sorted({item for _, item in rows}))}
    last = date.fromisoformat(max(rows)[0])
    sold = np.zeros(((last - first).days + 1, len(items)))
    for day, item in rows:
        sold[(date.fromisoformat(day) - first).days, items[item]] += 1
    return first, sold, np.repeat(sold.any(axis=1)[:, None], len(items), axis=1)


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


def judge(first: date, sold: np.ndarray, is_open: np.ndarray, days: int) -> dict[str, dict[str, float]]:
    """By margin and life: each method's profit as a share of perfect foresight's."""
    start = len(sold) - days
    kept = sold[:start].sum(axis=0) > 0
    sold, is_open = sold[:, kept], is_open[:, kept]
    lines = sold.shape[1]
    methods = ("plan", "order the mean", "moving average 28", "seasonal naive")
    shops = {(m, share, life): Shop(lines, life) for m in methods for share in MARGINS for life in LIVES}
    naive, average = seasonal_naive(sold), moving_averages(sold)
    for day in range(start, len(sold)):
        past = sold[max(0, day - PAST) : day]
        history = History(
            series=tuple(map(str, range(lines))),
            first_day=first + timedelta(days=day - len(past)),
            quantities=past,
            simulated=np.zeros(lines, dtype=bool),
        )
        ahead = look_ahead(history, AHEAD)
        coming = is_open[day : day + AHEAD]
        coming = np.vstack([coming, np.ones((AHEAD - len(coming), lines), dtype=bool)]).T
        points = {
            "order the mean": ahead.mean[:, 0],
            "moving average 28": average[day],
            "seasonal naive": naive[day],
        }
        for (method, share, life), shop in shops.items():
            if method == "plan":
                order = planned(history, ahead, coming, shop.left, share=share, life=life)
            else:
                order = np.maximum(np.rint(points[method]) - shop.left.sum(axis=1), 0) * is_open[day]
            shop.day(order, sold[day] * is_open[day])
    demand = float((sold[start:] * is_open[start:]).sum())
    return {
        f"margin {share:.0%}, life {life}": {
            method: round(shops[method, share, life].profit(share) / (PRICE * share * demand), 3)
            for method in methods
        }
        for share in MARGINS
        for life in LIVES
    }


def planned(history, ahead, coming, left, *, share: float, life: int) -> np.ndarray:
    lines = len(left)
    plain, full = Terms.plain(lines), np.full(lines, PRICE)
    terms = replace(
        plain,
        price_minor=full,
        cost_minor=full * (1 - share),
        holding_minor=np.zeros(lines),
        life_days=np.full(lines, life),
    )
    arriving, expiring = np.zeros((lines, AHEAD)), np.zeros((lines, AHEAD))
    arriving[:, 0] = left.sum(axis=1)
    expiring[:, :life] = left
    nothing = np.zeros(lines)
    inputs = Inputs(
        as_of=history.last_day,
        lines=tuple((f"{at:06}", "goods") for at in range(lines)),
        mean=ahead.mean,
        levels=ahead.levels,
        quantiles=ahead.quantiles,
        terms=terms,
        arriving=arriving,
        expiring=expiring,
        open=coming,
        last_week=nothing,
        late=nothing > 0,
        simulated=nothing > 0,
    )
    plan = make_plan(inputs)
    return np.array(
        [line.quantity for line in sorted(plan.lines, key=lambda line: line.place_id)], dtype=float
    )


def large(lines: int) -> dict[str, float]:
    """Forecast and plan of so many place-products with a year of Poisson sales: seconds of each."""
    random = np.random.default_rng(1)
    means = random.gamma(0.8, 6, lines)
    sold = random.poisson(means, (365, lines)).astype(float)
    history = History(
        series=tuple(map(str, range(lines))), first_day=date(2025, 1, 1), quantities=sold, simulated=means < 0
    )
    started = time.perf_counter()
    ahead = look_ahead(history, AHEAD)
    forecast = time.perf_counter() - started
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
            as_of=history.last_day,
            lines=tuple((f"{at % 500}", f"{at}") for at in range(lines)),
            mean=ahead.mean,
            levels=LEVELS,
            quantiles=ahead.quantiles,
            terms=terms,
            arriving=nothing,
            expiring=nothing,
            open=nothing == 0,
            last_week=sold[-7],
            late=nothing[:, 0] > 0,
            simulated=nothing[:, 0] > 0,
        ),
        policy=PlanPolicy(),
    )
    return {
        "lines": lines,
        "forecast_seconds": round(forecast, 1),
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
        found["rossmann"] = judge(*rossmann(given.data), given.days)
        found["bakery"] = judge(*bakery(given.data), given.bakery_days)
        found["days"] = {"rossmann": given.days, "bakery": given.bakery_days}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
