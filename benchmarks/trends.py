"""Trends: every method on Complete Journey and on weekly search interest for foods, false alarms on shuffled weeks, and a night's size.

    python benchmarks/trends.py [--rounds 100] [--series 50000]

Complete Journey is read from its package: households by product and whole week of 2017. Search interest is `google-trends-foods-world` in
the folder of $ONESHELF_BENCH_DATA (default: ../shared/data beside the repository). Each panel holds what was sold (or searched) steadily up to
its week, and nothing of later weeks; the learnt ranker sees the first half and is scored on the second. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from oneshelf.connect.sources.completejourney import CompleteJourney
from oneshelf.insight.goods.trends.alarms import RATE, alarms, calibrated, chance, false_alarms
from oneshelf.insight.goods.trends.backtest import KNOWN_WEEKS_MIN, TrendBacktest, backtest
from oneshelf.insight.goods.trends.growth import growth
from oneshelf.insight.goods.trends.night import night
from oneshelf.insight.goods.trends.panel import Panel, panel_of
from oneshelf.insight.goods.trends.windows import ESTABLISHED, established

DATA = Path(os.environ.get("ONESHELF_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
WEEKS = 52
LAST_DAY = date(2017, 12, 30)


def complete_journey() -> Panel:
    """Households by product and week, from 1 January 2017 on; every place is counted, as the panel's are too small to tell new ones."""
    folder = CompleteJourney().folder
    lines = duckdb.sql(
        f"""select cast(product_id as varchar) as about, household_id as who,
                   date_diff('day', date '2017-01-01', cast(transaction_timestamp as date)) // 7 as week,
                   sales_value as paid, retail_disc + coupon_disc as off
            from read_parquet('{folder}/transactions.parquet')"""  # our own path
    )
    rows = _weekly(lines, "about")
    total = _weekly(lines, "''")
    found = duckdb.sql(
        f"select cast(product_id as varchar), product_category from read_parquet('{folder}/products.parquet')"
    ).fetchall()
    return panel_of(
        rows,
        total,
        signal="purchases",
        level="product",
        last_day=LAST_DAY,
        weeks=WEEKS,
        category=dict(found),
    )


def _weekly(lines: duckdb.DuckDBPyRelation, name: str) -> pa.Table:
    return lines.query(
        "lines",
        f"""select {name} as name, week, count(distinct who) as people, count(distinct who) as settled,
                   cast(100 * sum(paid + off) as bigint) as full_minor, cast(100 * sum(off) as bigint) as off_minor, false as simulated
            from lines where week < {WEEKS} group by 1, 2""",
    ).to_arrow_table()


def food_searches() -> Panel:
    """Weekly interest by term, each in the group in which it was largest before the first origin.

    Interest is an index, not a count: it is divided by how much it varies from week to week over its level before the first origin,
    so that it varies as a count of that size would.
    """
    path = DATA / "google-trends-foods-world" / "trends_weekly.parquet"
    rows = duckdb.sql(
        f"""select "group" as part, coalesce(name, query) as name, dense_rank() over (order by date) - 1 as week, interest
            from read_parquet('{path}')"""
    ).fetchnumpy()
    keys = np.array([f"{part}\t{name}" for part, name in zip(rows["part"], rows["name"], strict=True)])
    series, at = np.unique(keys, return_inverse=True)
    interest = np.zeros((len(series), int(rows["week"].max()) + 1))
    interest[at, rows["week"]] = rows["interest"]
    names = np.array([key.split("\t")[1] for key in series])
    early = interest[:, :KNOWN_WEEKS_MIN]
    order = np.lexsort((-early.mean(axis=1), names))
    _, first = np.unique(names[order], return_index=True)
    chosen = order[first]
    chosen = chosen[early[chosen].mean(axis=1) > 0]
    early, interest = early[chosen], interest[chosen]
    varies = (np.diff(early, axis=1) ** 2).mean(axis=1) / 2 / early.mean(axis=1)
    counts = interest / np.clip(varies, 0.05, 20)[:, None]
    return Panel(
        signal="searches",
        level="topic",
        last_day=date(2020, 8, 1),
        names=tuple(names[chosen]),
        people=counts,
        everywhere=counts,
        discount=np.full(counts.shape, np.nan),
        total=np.ones(counts.shape[1]),
        group=np.full(len(counts), -1),
        simulated=np.zeros(len(counts), dtype=np.bool_),
    )


def large(series: int, weeks: int = 64, *, together: float = 0.0, seed: int = 1) -> Panel:
    """So many series in which nothing grows, of sizes and unrest as products have them; `together` is how far a week's rate follows the last one's."""
    random = np.random.default_rng(seed)
    level = random.lognormal(1.5, 0.8, (series, 1))
    unrest = random.choice([0.02, 0.1, 0.4], (series, 1))
    if together:
        spread = np.sqrt(np.log1p(unrest))
        rate = np.empty((series, weeks))
        rate[:, :1] = random.normal(0, spread)
        for week in range(1, weeks):
            fresh = random.normal(0, spread * np.sqrt(1 - together**2))[:, 0]
            rate[:, week] = together * rate[:, week - 1] + fresh
        people = random.poisson(level * np.exp(rate - spread**2 / 2)).astype(float)
    else:
        people = random.poisson(level * random.gamma(1 / unrest, unrest, (series, weeks))).astype(float)
    return Panel(
        signal="purchases",
        level="product",
        last_day=LAST_DAY,
        names=tuple(f"p{n}" for n in range(series)),
        people=people,
        everywhere=people,
        discount=np.zeros(people.shape),
        total=np.full(weeks, 1e5),
        group=np.arange(series) % 300,
        simulated=np.zeros(series, dtype=np.bool_),
    )


def told(found: TrendBacktest) -> dict[str, Any]:
    """A backtest as JSON holds it."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain


def a_night(series: int) -> dict[str, Any]:
    """How long a night over one large panel takes, and what it flags where nothing grows."""
    panel = large(series)
    started, processor = time.monotonic(), time.process_time()
    found = night([panel])
    taken = {
        "series": found.series,
        "certain": sum(flag.certain for flag in found.flags),
        "seconds": round(time.monotonic() - started, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    shown = false_alarms(
        panel.people, panel.exposure, ESTABLISHED, rounds=20, seed=3, block=ESTABLISHED.recent
    )
    return taken | {"false_alarms": msgspec.to_builtins(shown)}


def hanging_together(series: int, nights: int) -> list[dict[str, Any]]:
    """Nights over series in which nothing grows though weeks hang together: how many have any flag beyond chance."""
    out = []
    for together in (0.36, 0.6, 0.9):
        flags = []
        for each in range(nights):
            panel = large(series, together=together, seed=10 + each)
            panel = panel.only(established(panel.people))
            grown = growth(panel.people, panel.exposure, ESTABLISHED)
            by_chance = chance(panel.people, panel.exposure, ESTABLISHED, seed=1)
            flags.append(int(alarms(calibrated(grown, by_chance), RATE).sum()))
        out.append(
            {
                "together": together,
                "series": series,
                "nights": nights,
                "rate": RATE,
                "with_any": sum(n > 0 for n in flags),
                "flags": sum(flags),
            }
        )
    return out


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--series", type=int, default=50_000)
    arguments = parser.parse_args()
    found: dict[str, Any] = {"large": a_night(arguments.series)}
    found["together"] = hanging_together(20_000, 20)
    found["completejourney"] = told(backtest(complete_journey(), rounds=arguments.rounds))
    if (DATA / "google-trends-foods-world").exists():
        found["searches"] = told(backtest(food_searches(), rounds=arguments.rounds))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
