"""Audiences: how many of a million people a condition holds for.

    python benchmarks/audiences.py [--people 1000000] [--repeats 15]

Writes a seeded, synthetic nightly table of portraits with every column (two nights, as the lake keeps several), then counts by
`shelf.audiences.size`, which parses the text, finds the files of the newest night and runs on DuckDB: the first time and the following
ones, a condition at a time. In the same run hand-written DuckDB SQL counts the same over the same files, on an open connection.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

import oneshelf
from oneshelf.app.people import nightly, portraits
from oneshelf.app.settings import Settings

AIM_MS = 300
NIGHT = date(2026, 5, 1)

#: our text, and what a person would write in SQL for it
ASKED = {
    "recency_days <= 30 and frequency >= 5": "recency_days <= 30 AND frequency >= 5",
    'monetary_minor >= 10000 and favourite_category in ("SNACKS", "BEER") and not coupon_share > 0.5': (
        "monetary_minor >= 10000 AND favourite_category IN ('SNACKS', 'BEER') AND NOT coupon_share > 0.5"
    ),
    'last_order_at >= "2026-03-01" or (p_active > 0.8 and tier = "drowsy") or price_index is unknown': (
        "last_order_at >= TIMESTAMPTZ '2026-03-01 00:00:00+00' OR (p_active > 0.8 AND tier = 'drowsy') OR price_index IS NULL"
    ),
    "monetary_minor >= top(0.05) and recency_days between 30 and 60": (
        "monetary_minor >= (SELECT min(monetary_minor) FROM (SELECT monetary_minor FROM night WHERE frequency > 0 "
        "ORDER BY monetary_minor DESC NULLS LAST LIMIT (SELECT ceil(0.05 * count(monetary_minor))::BIGINT FROM night WHERE frequency > 0))) "
        "AND recency_days BETWEEN 30 AND 60"
    ),
}


def everybody(people: int, seed: int, day: date = NIGHT) -> pa.Table:
    """A made-up night: every column of the nightly table, shaped roughly as a shop's people are, one value in ten unknown."""
    drawn = np.random.default_rng(seed)
    columns = []
    epoch = datetime(2026, 5, 1, tzinfo=UTC).timestamp()
    for field in portraits.SCHEMA:
        unknown = drawn.random(people) < 0.1 if field.name not in ("person_id", "frequency", "day") else None
        if field.name == "person_id":
            values: object = [f"person-{n:07}" for n in range(people)]
        elif field.name == "day":
            values = np.full(people, np.datetime64(day))
        elif field.name in ("favourite_category", "favourite_brand", "tier", "main_channel"):
            values = np.array(["SNACKS", "BEER", "MEAT", "drowsy", "core", "store", "web"])[
                drawn.integers(0, 7, people)
            ]
        elif pa.types.is_string(field.type):
            values = np.char.add("x", drawn.integers(0, 400, people).astype(str))
        elif pa.types.is_integer(field.type):
            scale = 20_000 if field.name.endswith("_minor") else 40
            values = drawn.exponential(scale, people).astype("int64")
        elif pa.types.is_floating(field.type):
            values = drawn.random(people)
        elif pa.types.is_timestamp(field.type):
            values = ((epoch - drawn.exponential(5e6, people)) * 1e6).astype("int64").astype("datetime64[us]")
        else:
            values = drawn.random(people) < 0.2
        columns.append(pa.array(values, mask=unknown).cast(field.type))
    return pa.Table.from_arrays(columns, schema=portraits.SCHEMA)


def milliseconds(work: Callable[[], object], repeats: int) -> list[float]:
    """How long each of the calls took."""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audiences-") as folder:
        with oneshelf.open(Settings(data=Path(folder))) as shelf:
            for day in (date(2026, 4, 30), NIGHT):
                shelf.core.lake.replace_days(nightly.TABLE, everybody(given.people, 7, day), {day})
            answers, first, following = {}, [], []
            for text in ASKED:
                start = time.perf_counter()
                answers[text] = shelf.audiences.size(text).people
                first.append((time.perf_counter() - start) * 1000)
                following += milliseconds(lambda text=text: shelf.audiences.size(text), given.repeats)
            snapshot = shelf.core.lake.snapshot("derived", nightly.TABLE, (NIGHT, NIGHT))
            files = [] if snapshot is None else list(snapshot.files)
        by_hand: list[float] = []
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"CREATE VIEW night AS SELECT * FROM read_parquet({files!r})")
            for text, condition in ASKED.items():
                query = f"SELECT count(*) FROM night WHERE {condition}"
                counted = connection.execute(query).fetchall()[0][0]
                if counted != answers[text]:
                    raise SystemExit(f"{text}: {answers[text]} people, and {counted} by hand")
                by_hand += milliseconds(
                    lambda query=query: connection.execute(query).fetchall(), given.repeats
                )
    print(
        json.dumps(
            {
                "benchmark": "audiences",
                "people": given.people,
                "conditions": len(ASKED),
                "first_ms": round(max(first), 1),
                "median_ms": round(statistics.median(following), 1),
                "worst_ms": round(max(following), 1),
                "sql_median_ms": round(statistics.median(by_hand), 1),
                "ratio": round(statistics.median(following) / statistics.median(by_hand), 2),
                "aim_ms": AIM_MS,
            }
        )
    )


if __name__ == "__main__":
    main()
