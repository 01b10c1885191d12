"""The nightly portraits of everybody beside hand-written DuckDB SQL for the same output, and beside Polars and pandas for a part of it.

    python benchmarks/portraits.py [--people 100000] [--lines 50000000] [--only ours sql polars pandas openretailscience]

The lines are Complete Journey's, copied with ids of their own until there are enough people, each copy keeping a seeded share of its
receipts. Each contender runs in a process of its own on the same files. The rows of ours and of the SQL are compared before
anything is told. Polars and pandas compute what RFM tables usually hold and the two dearest parts (`PART`). openretailscience pins old
engines: it runs in an environment of its own, made beforehand and named by ORS_PYTHON, and computes recency, frequency and spend.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2018, 1, 1, 12, tzinfo=UTC)
ZONE = "America/New_York"
AIM = 1.3
CONTENDER_SECONDS_MAX = 600

#: What Polars and pandas compute, of a portrait.
PART = [
    "first_order_at",
    "last_order_at",
    "recency_days",
    "frequency",
    "monetary_minor",
    "units_per_order",
    "promoted_share",
    "favourite_category",
    "price_index",
]


def base_orders() -> Any:
    """Complete Journey's receipts as the lake's rows."""
    from oneshelf.connect.sources.completejourney import CompleteJourney
    from oneshelf.events.envelope import Recorded
    from oneshelf.lake.schema import rows_of
    from oneshelf.words.time import business_day

    source = CompleteJourney()
    events = [e for batch in source.batches() for e in batch.events if e.kind == "order.completed"]
    recorded = [
        Recorded(offset=1 + at, index=0, recorded_at=NOW, event=event) for at, event in enumerate(events)
    ]
    return rows_of("order.completed", recorded, [business_day(e.happened_at, ZONE) for e in events])


def copies(base: Any, people: int, lines: int) -> Iterator[Any]:
    """Month by month, every copy's receipts of it, with ids of its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    households = pc.unique(base["person_id"])
    codes = pc.index_in(base["person_id"], households)
    count = -(-people // len(households))
    share = lines / (count * pc.sum(pc.list_value_length(base["lines"])).as_py())
    chance = random.Random(1)
    names = [
        pa.array([f"person-{chance.getrandbits(40):010x}" for _ in range(len(households))])
        for _ in range(count)
    ]
    months = pc.month(base["day"])
    for month in range(1, 13):
        at = pc.indices_nonzero(pc.equal(months, month))
        part, part_codes = base.take(at), codes.take(at)
        made = []
        for copy in range(count):
            kept = pa.array([i for i in range(part.num_rows) if chance.random() < share], pa.int64())
            rows = part.take(kept)
            person = names[copy].take(part_codes.take(kept))
            for name in ("person_id", "user_id"):
                rows = rows.set_column(rows.schema.get_field_index(name), name, person)
            offsets = pc.add(pc.multiply(rows["offset"], count), copy)
            made.append(rows.set_column(rows.schema.get_field_index("offset"), "offset", offsets))
        yield pa.concat_tables(made)


def prepare(folder: Path, people: int, lines: int) -> dict[str, int]:
    """Write the lake's table of orders and its catalogue; returns how many people and lines there are."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from oneshelf.connect.sources.completejourney import CompleteJourney
    from oneshelf.connect.sources.completejourney_tables import reference
    from oneshelf.lake.delta import Table
    from oneshelf.lake.files import write_by_day

    base = base_orders()
    table = Table.create(folder / "lake" / "events" / "order_completed", base.schema)
    found, seen = 0, set()
    for until, rows in enumerate(copies(base, people, lines), 1):
        table.append(write_by_day(table.path, rows), rows.schema, until=until)
        found += pc.sum(pc.list_value_length(rows["lines"])).as_py()
        seen.update(pc.unique(rows["person_id"]).to_pylist())
    goods = reference(CompleteJourney().folder, "products").rows.read_all()
    catalogue = pa.table({"id": goods["product_id"], "category": goods["category"], "brand": goods["brand"]})
    pq.write_table(catalogue, folder / "products.parquet")
    return {"people": len(seen), "lines": found}


def ours(folder: Path) -> Any:
    """The pipeline, through the engine."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from oneshelf.insight.clock import spans
    from oneshelf.insight.people.portraits import KINDS_READ, Clocks, portraits
    from oneshelf.lake.duckdb_engine import DuckDBEngine
    from oneshelf.lake.tables import Lake

    engine = DuckDBEngine(Lake(folder / "lake"))
    links = pa.table({"identifier": pa.array([], pa.string()), "person_id": pa.array([], pa.string())})
    clocks = Clocks(zones={ZONE: spans(ZONE, (date(2017, 1, 1), date(2017, 12, 31)))}, own=ZONE)
    table = portraits(
        {kind: engine.events(kind) for kind in KINDS_READ},
        links=engine.memory(links),
        products=engine.memory(pq.read_table(folder / "products.parquet")),
        now=NOW,
        clocks=clocks,
    )
    return engine.run(table)


def sql(folder: Path) -> Any:
    """The same columns, by hand."""
    import duckdb

    connection = duckdb.connect()
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    connection.execute(f"SET memory_limit = '{limit // 2**20}MiB'")
    connection.execute(f"SET temp_directory = '{folder}/spill'")
    text = (Path(__file__).with_suffix(".sql")).read_text()
    files = f"{folder}/lake/events/order_completed/*/*.parquet"
    return connection.execute(
        text.replace("{orders}", files).replace("{products}", f"{folder}/products.parquet")
    ).to_arrow_table()


def polars(folder: Path) -> Any:
    """The part, in Polars."""
    import polars as pl

    orders = pl.scan_parquet(f"{folder}/lake/events/order_completed/*/*.parquet", hive_partitioning=True)
    goods = pl.scan_parquet(folder / "products.parquet")
    orders = orders.with_columns(order=pl.struct("offset", "index"))
    lines = (
        orders.select("person_id", "offset", "index", "day", "currency", "lines")
        .explode("lines")
        .unnest("lines")
        .with_columns(price=pl.col("amount_minor") / pl.col("quantity"))
    )
    people = orders.group_by("person_id").agg(
        first_order_at=pl.col("happened_at").min(),
        last_order_at=pl.col("happened_at").max(),
        frequency=pl.len(),
    )
    sums = lines.group_by("person_id").agg(
        monetary_minor=pl.col("amount_minor").sum(),
        pieces=pl.when(pl.col("unit") == "each").then(pl.col("quantity")).otherwise(1).sum(),
        promoted=pl.col("amount_minor").filter(pl.col("discount_minor") > 0).sum(),
    )
    baskets = (
        lines.select("person_id", "offset", "index", "product_id")
        .unique()
        .join(goods, left_on="product_id", right_on="id", how="left")
        .group_by("person_id", "category")
        .agg(baskets=pl.len())
    )
    favourite = (
        baskets.filter(pl.col("category").is_not_null())
        .sort("baskets", "category", descending=[True, False])
        .group_by("person_id", maintain_order=True)
        .agg(favourite_category=pl.col("category").first())
    )
    keys = ["product_id", "day", "currency", "unit"]
    priced = lines.filter(pl.col("quantity") > 0)
    medians = priced.group_by(keys).agg(median=pl.col("price").median())
    index = (
        priced.join(medians, on=keys)
        .filter((pl.col("median") > 0) & (pl.col("amount_minor") > 0))
        .group_by("person_id")
        .agg(
            price_index=(pl.col("amount_minor") * pl.col("price") / pl.col("median")).sum()
            / pl.col("amount_minor").sum()
            * 100
        )
    )
    table = people
    for part in (sums, favourite, index):
        table = table.join(part, on="person_id", how="left")
    seconds = (pl.lit(NOW) - pl.col("last_order_at")).dt.total_seconds()
    return (
        table.with_columns(
            recency_days=seconds // 86_400,
            units_per_order=pl.col("pieces") / pl.col("frequency"),
            promoted_share=pl.col("promoted") / pl.col("monetary_minor"),
        )
        .select("person_id", *PART)
        .collect(engine="streaming")
        .to_arrow()
    )


def pandas(folder: Path) -> Any:
    """The part, in pandas, with identifiers as categories so that it fits."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    data = ds.dataset(
        f"{folder}/lake/events/order_completed", partitioning="hive", exclude_invalid_files=True
    )
    names = ["person_id", "happened_at", "day", "lines"]
    orders = ds.dataset(
        [file for file in data.files if file.endswith(".parquet") and "_delta_log" not in file],
        partitioning="hive",
        partition_base_dir=str(folder / "lake/events/order_completed"),
    ).to_table(columns=names)
    orders = orders.set_column(0, "person_id", orders["person_id"].dictionary_encode())
    parents = pc.list_parent_indices(
        orders["lines"].combine_chunks() if orders["lines"].num_chunks > 1 else orders["lines"]
    )
    flat = pc.list_flatten(orders["lines"].combine_chunks())
    lines = pd.DataFrame(
        {
            "order": parents.to_numpy(),
            "product": pc.struct_field(flat, "product_id").dictionary_encode().to_pandas(),
            "quantity": pc.struct_field(flat, "quantity").cast(pa.int32()).to_numpy(),
            "amount": pc.struct_field(flat, "amount_minor").to_numpy(),
            "each": pc.equal(pc.struct_field(flat, "unit"), "each").to_numpy(zero_copy_only=False),
            "promoted": pc.greater(pc.struct_field(flat, "discount_minor"), 0).to_numpy(zero_copy_only=False),
        }
    )
    del flat, parents
    heads = orders.drop_columns(["lines"]).to_pandas()
    del orders
    person, day = heads["person_id"].cat.codes.to_numpy(), pd.factorize(heads["day"])[0].astype("int32")
    lines["person"], lines["day"] = person[lines["order"]], day[lines["order"]]
    by_person = heads.groupby("person_id", observed=True)["happened_at"].agg(["min", "max", "size"])
    lines["pieces"] = lines["quantity"].where(lines["each"], 1)
    lines["promoted"] = lines["amount"].where(lines["promoted"], 0)
    sums = lines.groupby("person")[["amount", "pieces", "promoted"]].sum()
    goods = pd.read_parquet(folder / "products.parquet").set_index("id")["category"]
    category = pd.Categorical(goods.reindex(lines["product"].cat.categories))
    once = lines[["order", "person", "product"]].drop_duplicates(["order", "product"])
    groups = pd.DataFrame({"person": once["person"], "category": category.codes[once["product"].cat.codes]})
    counts = groups[groups["category"] >= 0].value_counts(sort=False).rename("n").reset_index()
    del once, groups
    best = counts.sort_values(["person", "n", "category"], ascending=[True, False, True]).drop_duplicates(
        "person"
    )
    priced = lines.loc[lines["quantity"] > 0, ["person", "product", "day", "quantity", "amount", "each"]]
    del lines
    priced["price"] = priced["amount"] / priced["quantity"]
    median = priced.groupby(["product", "day", "each"], observed=True)["price"].transform("median")
    kept = (median > 0) & (priced["amount"] > 0)
    weighted = (priced["amount"] * priced["price"] / median)[kept].groupby(priced["person"][kept]).sum()
    index = weighted / priced["amount"][kept].groupby(priced["person"][kept]).sum() * 100
    table = by_person.rename(columns={"min": "first_order_at", "max": "last_order_at", "size": "frequency"})
    table = table.reset_index()
    table["recency_days"] = (pd.Timestamp(NOW) - table["last_order_at"]).dt.days
    table["monetary_minor"] = sums["amount"].to_numpy()
    table["units_per_order"] = sums["pieces"].to_numpy() / table["frequency"]
    table["promoted_share"] = sums["promoted"].to_numpy() / sums["amount"].to_numpy()
    table["favourite_category"] = pd.Series(category.categories[best["category"]], best["person"]).reindex(
        table.index
    )
    table["price_index"] = index.reindex(table.index)
    table["person_id"] = table["person_id"].astype(str)
    return pa.Table.from_pandas(table[["person_id", *PART]], preserve_index=False)


CONTENDERS: dict[str, Callable[[Path], Any]] = {"ours": ours, "sql": sql, "polars": polars, "pandas": pandas}

#: Run by the interpreter that ORS_PYTHON names: recency, frequency and spend scores of every person.
ORS = """
import json, sys, time
import ibis
began, cpu_began = time.perf_counter(), time.process_time()
from openretailscience.segmentation.rfm import RFMSegmentation
con = ibis.duckdb.connect()
orders = con.read_parquet(sys.argv[1], hive_partitioning=True)
lines = orders.select("person_id", "happened_at", "order_id", line=orders.lines.unnest())
table = lines.select(customer_id="person_id", transaction_date=lines.happened_at.cast("timestamp"), transaction_id="order_id",
                     unit_spend=lines.line.amount_minor / 100)
found = RFMSegmentation(table, current_date="2018-01-01").table.to_pyarrow()
peak = [int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")][0] / 2**20
print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "cpu_seconds": round(time.process_time() - cpu_began, 1),
                  "peak_gib": round(peak, 2), "people": found.num_rows}))
"""


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Run one contender in a process of its own."""
    if name == "openretailscience":
        files = f"{folder}/lake/events/order_completed/*/*.parquet"
        command = [os.environ["ORS_PYTHON"], "-c", ORS, files]
    else:
        command = [sys.executable, __file__, "--run", name, "--folder", str(folder)]
    try:
        answer = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=CONTENDER_SECONDS_MAX
        ).stdout
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {CONTENDER_SECONDS_MAX} s"}
    except subprocess.CalledProcessError as error:
        return {"failed": f"ended with {error.returncode}"}
    return dict(json.loads(answer.strip().splitlines()[-1]))


def peak_gib() -> float:
    """The most memory that this process has held; not what getrusage says, which includes the parent's before the exec."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return round(int(line.split()[1]) / 2**20, 2)


def differences(folder: Path, name: str, columns: list[str] | None = None) -> int:
    """How many rows of a contender differ from ours; numbers may differ in the last digits of a sum."""
    import pyarrow.parquet as pq

    expected = pq.read_table(folder / "ours.parquet", columns=columns)
    found = pq.read_table(folder / f"{name}.parquet").select(expected.column_names).to_pylist()
    rows = {row["person_id"]: row for row in found}
    wrong = [
        column
        for row in expected.to_pylist()
        for column, value in row.items()
        if not same(value, rows[row["person_id"]][column])
    ]
    for column in sorted(set(wrong)):
        print(f"{name}: {wrong.count(column)} rows differ in {column}", file=sys.stderr)
    return len(wrong)


def same(a: object, b: object) -> bool:
    """Equal, floats up to 1 in 100,000."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-5 * max(1.0, abs(a))
    return a == b


def main() -> None:
    """Measure all, or be one of them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=100_000)
    arguments.add_argument("--lines", type=int, default=50_000_000)
    arguments.add_argument(
        "--only", nargs="+", default=["ours", "sql", "polars", "pandas", "openretailscience"]
    )
    arguments.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments.add_argument("--folder", type=Path, help="Where the lines are made, and kept.")
    given = arguments.parse_args()
    if given.run:
        import pyarrow.parquet as pq

        began, cpu_began = time.perf_counter(), time.process_time()
        rows = CONTENDERS[given.run](given.folder)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        pq.write_table(rows, given.folder / f"{given.run}.parquet")
        print(
            json.dumps(
                {"seconds": round(seconds, 1), "cpu_seconds": round(cpu_seconds, 1), "peak_gib": peak_gib()}
            )
        )
        return
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        size = prepare(folder, given.people, given.lines)
        names = [name for name in given.only if name != "openretailscience" or "ORS_PYTHON" in os.environ]
        found = {}
        for name in names:
            found[name] = measured(name, folder)
            print(name, found[name], file=sys.stderr)
        wrong = {
            name: differences(folder, name, None if name == "sql" else ["person_id", *PART])
            for name in names
            if name not in ("ours", "openretailscience") and "failed" not in found[name]
        }
    print(
        json.dumps(
            {
                "benchmark": "portraits",
                **size,
                "found": found,
                "different_cells": wrong,
                "ratio": {
                    name: round(found["ours"][name] / found["sql"][name], 2)
                    for name in ("seconds", "cpu_seconds")
                    if name in found.get("ours", {}) and name in found.get("sql", {})
                },
                "aim": AIM,
            }
        )
    )


if __name__ == "__main__":
    main()
