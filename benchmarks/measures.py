"""Measures: sales and people by place and hour on all of Complete Journey, beside hand-written DuckDB SQL over the same files.

    python benchmarks/measures.py [--data FOLDER] [--rounds 7]

Seconds on the clock from the question to the answer's rows, totals included on both sides. `--data` is a folder into which Complete Journey
was loaded; without it, one is made. The answers of both are compared before anything is timed. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

import oneshelf
from oneshelf.app.settings import read_settings
from oneshelf.app.shelf import Shelf

TIME_ZONE = "America/New_York"

#: Gross sales and refunds of the lines, and the people of the orders, by hand: one scan of lines each, ICU's time zone.
SALES = """
with lines as (
    select place_id, currency, happened_at, unnest(lines).amount_minor as amount_minor from read_parquet($orders)
    union all
    select place_id, currency, happened_at, -unnest(lines).amount_minor from read_parquet($refunds)
)
select place_id, hour(happened_at at time zone $zone) as hour, currency, sum(amount_minor)::bigint as value
from lines group by grouping sets ((1, 2, 3), (3))
"""
PEOPLE = """
select place_id, hour(happened_at at time zone $zone) as hour, currency, count(distinct person_id) as value
from read_parquet($orders) group by grouping sets ((1, 2, 3), (3))
"""


def main() -> None:
    """Compare the answers, then time both."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or Path(folder) / "shop"
        with oneshelf.open(read_settings(data=data, time_zone=TIME_ZONE)) as shelf:
            if given.data is None:
                shelf.load("completejourney")
                shelf.catch_up()
            print(json.dumps(compared(shelf, given.rounds)))


def compared(shelf: Shelf, rounds: int) -> dict[str, Any]:
    """The times of both, by figure."""
    connection = duckdb.connect()
    found: dict[str, Any] = {"benchmark": "measures", "lines": lines(shelf, connection), "figures": {}}
    for name, sql, kinds in (
        ("gross_sales_minor less refunds", SALES, ("order.completed", "order.refunded")),
        ("active_people", PEOPLE, ("order.completed",)),
    ):
        measure = "net_sales_minor" if sql is SALES else name
        files = {kind.split(".")[1]: paths(shelf, kind) for kind in kinds}
        given = {"orders": files["completed"], "zone": TIME_ZONE}
        text = sql
        if sql is SALES and files["refunded"]:
            given["refunds"] = files["refunded"]
        elif sql is SALES:
            text = sql.replace(sql[sql.index("    union all") : sql.index(")\nselect")], "")
        asks: dict[str, Callable[[], Any]] = {
            "ours": lambda measure=measure: shelf.measures.ask(measure, ("place", "hour")),
            "sql": lambda text=text, given=given: connection.execute(text, given).fetchall(),
        }
        check(asks["ours"](), asks["sql"]())
        times: dict[str, list[float]] = {who: [] for who in asks}
        for _ in range(rounds):
            for who, ask in asks.items():
                began = time.perf_counter()
                ask()
                times[who].append(time.perf_counter() - began)
        found["figures"][measure] = {who: round(statistics.median(each), 3) for who, each in times.items()}
    return found


def check(table: Any, rows: list[tuple[Any, ...]]) -> None:
    """Both must have said the same."""
    ours = {(*cell.keys, cell.currency): cell.value for cell in table.cells}
    ours |= {(None, None, cell.currency): cell.value for cell in table.total}
    theirs = {tuple(row[:3]): row[3] for row in rows}
    if ours != theirs:
        apart = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
        raise SystemExit(f"{len(apart)} of {len(theirs)} cells differ, such as {apart[:3]}")


def paths(shelf: Shelf, kind: str) -> list[str]:
    """The lake's files of a kind."""
    snapshot = shelf.core.lake.snapshot("events", kind.replace(".", "_"))
    return [] if snapshot is None else list(snapshot.files)


def lines(shelf: Shelf, connection: duckdb.DuckDBPyConnection) -> int:
    """How many lines the orders have."""
    counted = connection.execute(
        "select sum(len(lines)) from read_parquet($1)", [paths(shelf, "order.completed")]
    )
    (total,) = counted.fetchone() or (0,)
    return int(total)


if __name__ == "__main__":
    main()
