"""Tiers by night: a million and a half people judged anew.

    python benchmarks/tiers.py [--people 1500000]

Over a seeded, synthetic table of portraits (as the nightly job hands it on): the first night, in which everybody comes into a tier, and a night
a day later, in which time has passed for all and a few in a hundred bought. Each is `tiering.retier`: cut-points, tiers, the
moves into the books and their events into the journal, on SQLite. In the same run, as the physical limit, DuckDB judges the same table by
the same rules and writes nothing. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import oneshelf
from audiences import everybody
from oneshelf.app.people import tiering
from oneshelf.app.settings import Settings
from oneshelf.insight.people.tiers import default_tiers, tier_of

AIM_SECONDS = 600
NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


def a_day_later(rows: pa.Table, seed: int) -> pa.Table:
    """Everybody's last order is a day longer ago, but for three in a hundred, who bought today."""
    bought = pa.array(np.random.default_rng(seed).random(rows.num_rows) < 0.03)
    changed = {
        "recency_days": pc.if_else(bought, 0, pc.add(rows["recency_days"], 1)),
        "customer_age_days": pc.add(rows["customer_age_days"], 1),
        "monetary_minor": pc.add(rows["monetary_minor"], pc.if_else(bought, 2_000, 0)),
        "frequency": pc.add(rows["frequency"], pc.if_else(bought, 1, 0)),
    }
    for name, values in changed.items():
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), values)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_500_000)
    given = parser.parse_args()
    rows = everybody(given.people, 7)
    with (
        tempfile.TemporaryDirectory(prefix="tiers-") as folder,
        oneshelf.open(Settings(data=Path(folder))) as shelf,
    ):
        start = time.perf_counter()
        first = tiering.retier(shelf.core, rows, NOW)
        first_seconds = time.perf_counter() - start
        rows = a_day_later(rows, 8)
        start = time.perf_counter()
        later = tiering.retier(shelf.core, rows, NOW + timedelta(days=1))
        later_seconds = time.perf_counter() - start
        table, engine = shelf.core.engine.memory(rows), shelf.core.engine
        start = time.perf_counter()
        cutpoints = tiering.compute_cutpoints(shelf.core, table, default_tiers().tops)
        engine.run(table.select("person_id", tier=tier_of(default_tiers(), table, cutpoints)))
        judged_seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "benchmark": "tiers",
                "people": given.people,
                "first_moves": first.moves,
                "first_seconds": round(first_seconds, 1),
                "later_moves": later.moves,
                "later_seconds": round(later_seconds, 1),
                "judged_seconds": round(judged_seconds, 2),
                "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
                "aim_seconds": AIM_SECONDS,
            }
        )
    )


if __name__ == "__main__":
    main()
