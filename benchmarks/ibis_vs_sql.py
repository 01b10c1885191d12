"""Analysis as Ibis expressions beside the same queries in DuckDB SQL, over the same files of a lake that is made first.

    python benchmarks/ibis_vs_sql.py [--orders 1000000] [--rounds 5]

CPU time of this process, all its threads. An expression's time is what the engine takes from the question to Arrow rows:
finding the table's files, building, compiling and running. The aim is at most 1.1 times the SQL beyond half a second of
compiling. The rows of both are compared before anything is timed. Prints one line of JSON.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.duckdb_engine import DuckDBEngine
from oneshelf.lake.tables import Lake
from oneshelf.words.people import Who

START = datetime(2025, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=365)
EVENTS_PER_BATCH = 20_000
COMPILING_SECONDS = 0.5
AIM = 1.1

PRODUCTS, PEOPLE, PLACES, LINES_MAX = 20_000, 50_000, 200, 8


def orders(count: int) -> Iterator[Recorded]:
    """A year of receipts, the same each time."""
    chance = random.Random(1)
    products = [f"product-{number}" for number in range(PRODUCTS)]
    for number in range(count):
        lines = tuple(
            Line(
                product_id=products[int(PRODUCTS * chance.random() ** 2)],
                quantity=chance.randrange(1, 4),
                amount_minor=chance.randrange(100, 5_000),
            )
            for _ in range(chance.randrange(1, LINES_MAX + 1))
        )
        yield Recorded(
            offset=number // 100 + 1,
            index=number % 100,
            recorded_at=NOW,
            event=Event(
                id=f"event-{number}",
                source="till",
                happened_at=START + timedelta(seconds=number * 365 * 86_400 // count),
                body=OrderCompleted(order_id=f"order-{number}", currency="CNY", lines=lines),
                who=Who(user_id=f"person-{chance.randrange(PEOPLE)}"),
                place_id=f"store-{chance.randrange(PLACES)}",
                channel="store",
            ),
        )


def fill(lake: Lake, count: int) -> None:
    """Append the year as the projection would."""
    batch: list[Recorded] = []
    for recorded in orders(count):
        batch.append(recorded)
        if len(batch) == EVENTS_PER_BATCH:
            lake.append(batch, lambda event: event.happened_at.date(), until=batch[-1].offset)
            batch = []
    if batch:
        lake.append(batch, lambda event: event.happened_at.date(), until=batch[-1].offset)
    lake.compact()


# --- the same questions twice ----------------------------------------------------------------------------------------------


def sales_ibis(events: ir.Table) -> ir.Table:
    lines = events.select("day", "place_id", line=events.lines).unnest("line")
    return lines.group_by("day", "place_id", product_id=lines.line.product_id).agg(
        quantity=lines.line.quantity.sum(), amount_minor=lines.line.amount_minor.sum()
    )


SALES_SQL = """
    SELECT day, place_id, line.product_id AS product_id,
           CAST(sum(line.quantity) AS BIGINT) AS quantity, CAST(sum(line.amount_minor) AS BIGINT) AS amount_minor
    FROM (SELECT day, place_id, unnest(lines) AS line FROM {events})
    GROUP BY ALL
"""


def portraits_ibis(events: ir.Table) -> ir.Table:
    """Recency, frequency, spend, last place and favourite product by decayed frequency, a row a person."""
    newest = ibis.window(
        group_by="person_id",
        order_by=[events.happened_at.desc(), events["offset"].desc(), events["index"].desc()],
    )
    ranked = events.select("person_id", "place_id", "happened_at", turn=ibis.row_number().over(newest))
    last = ranked.filter(ranked.turn == 0).select("person_id", last_place_id="place_id")
    lines = events.select("person_id", "happened_at", "offset", "index", line=events.lines).unnest("line")
    age_days = (ibis.literal(NOW).epoch_seconds() - lines.happened_at.epoch_seconds()) / 86_400.0
    figures = lines.group_by("person_id").agg(
        last_order_at=lines.happened_at.max(),
        monetary_minor=lines.line.amount_minor.sum(),
        frequency=(lines["offset"] * 100 + lines["index"]).nunique(),
    )
    weighed = lines.group_by("person_id", product_id=lines.line.product_id).agg(
        weight=(-age_days / 120.0).exp().sum()
    )
    best = ibis.window(group_by="person_id", order_by=[weighed.weight.desc(), weighed.product_id])
    chosen = weighed.mutate(turn=ibis.row_number().over(best))
    favourite = chosen.filter(chosen.turn == 0).select("person_id", favourite="product_id")
    return (
        figures.left_join(last, "person_id")
        .drop("person_id_right")
        .left_join(favourite, "person_id")
        .drop("person_id_right")
    )


PORTRAITS_SQL = """
    WITH lines AS (SELECT person_id, happened_at, "offset", "index", unnest(lines) AS line FROM {events}),
    figures AS (
        SELECT person_id, max(happened_at) AS last_order_at, CAST(sum(line.amount_minor) AS BIGINT) AS monetary_minor,
               count(DISTINCT "offset" * 100 + "index") AS frequency
        FROM lines GROUP BY person_id
    ),
    last AS (
        SELECT person_id, place_id AS last_place_id FROM {events}
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC, "offset" DESC, "index" DESC) = 1
    ),
    weighed AS (
        SELECT person_id, line.product_id AS product_id,
               sum(exp(-((epoch(TIMESTAMPTZ '{now}') - epoch(happened_at)) / 86400.0) / 120.0)) AS weight
        FROM lines GROUP BY person_id, line.product_id
    ),
    favourite AS (
        SELECT person_id, product_id AS favourite FROM weighed
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY weight DESC, product_id) = 1
    )
    SELECT figures.*, last.last_place_id, favourite.favourite
    FROM figures LEFT JOIN last USING (person_id) LEFT JOIN favourite USING (person_id)
"""

QUESTIONS: dict[str, tuple[Callable[[ir.Table], ir.Table], str]] = {
    "sales": (sales_ibis, SALES_SQL),
    "portraits": (portraits_ibis, PORTRAITS_SQL),
}


# --- timing ----------------------------------------------------------------------------------------------------------------


def cpu(work: Callable[[], pa.Table]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def measure(folder: Path, count: int, rounds: int) -> dict[str, object]:
    """Ask each question both ways in turn, on the same connection and files; medians of the rounds."""
    lake = Lake(folder / "lake")
    fill(lake, count)
    engine = DuckDBEngine(lake)
    snapshot = lake.snapshot("events", "order_completed")
    assert snapshot is not None
    files = f"read_parquet({list(snapshot.files)!r}, hive_partitioning = true)"
    connection = (
        engine._connection.con
    )  # the same one, so that both have the same settings and the same warm files
    figures = {}
    for name, (make, query) in QUESTIONS.items():
        text = query.format(events=files, now=NOW.isoformat())

        def by_ibis(make: Callable[[ir.Table], ir.Table] = make) -> pa.Table:
            return engine.run(make(engine.events("order.completed")))

        def by_sql(text: str = text) -> pa.Table:
            return connection.sql(text).to_arrow_table()

        ours, theirs = by_ibis(), by_sql()
        keys = [(column, "ascending") for column in ours.column_names]
        assert ours.sort_by(keys).equals(theirs.select(ours.column_names).cast(ours.schema).sort_by(keys)), (
            name
        )
        times: dict[str, list[float]] = {"ibis": [], "sql": []}
        for number in range(rounds):
            for way, work in (("ibis", by_ibis), ("sql", by_sql))[:: 1 if number % 2 else -1]:
                times[way].append(cpu(work))
        figures[name] = {way: statistics.median(taken) for way, taken in times.items()}
    engine.close()
    ratios = {name: figure["ibis"] / figure["sql"] for name, figure in figures.items()}
    beyond = {
        name: max(0.0, figure["ibis"] - COMPILING_SECONDS) / figure["sql"] for name, figure in figures.items()
    }
    worst = max(ratios, key=ratios.__getitem__)
    return {
        "name": f"Ibis beside DuckDB SQL, CPU seconds, {count:,} orders ({worst})",
        "figure": round(figures[worst]["ibis"], 3),
        "reference": round(figures[worst]["sql"], 3),
        "ratio": round(ratios[worst], 3),
        "aim": AIM,
        "ratio_beyond_compiling": {name: round(ratio, 3) for name, ratio in beyond.items()},
        "cpu_seconds": {
            name: {way: round(taken, 3) for way, taken in figure.items()} for name, figure in figures.items()
        },
        "met": all(ratio <= AIM for ratio in beyond.values()),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--orders", type=int, default=1_000_000, help="receipts in the lake")
    arguments.add_argument("--rounds", type=int, default=5, help="how often each question is asked")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), given.orders, given.rounds)))


if __name__ == "__main__":
    main()
