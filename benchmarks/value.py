"""What people will be worth: every method on three open data sets, the peer at 300,000 people, and the scoring of a million.

    python benchmarks/value.py [--people 1000000] [--peer-people 300000] [--peer-seconds 900]

Complete Journey is read from its package, CDNOW and Online Retail from the folder of $ONESHELF_BENCH_DATA (default: ../shared/data
beside the repository). Each set is calibrated up to its cut, and to one 30 days earlier, and scored on the days after it. Prints one line of JSON.
"""

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oneshelf.connect.sources.completejourney import TIME_ZONE, CompleteJourney
from oneshelf.insight.people.value import dropout, spend
from oneshelf.insight.people.value.backtest import backtest, expected
from oneshelf.insight.people.value.summaries import from_flat, read_summaries

DATA = Path(os.environ.get("ONESHELF_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
START = date(2025, 1, 1)
DAYS = 450
GIB = 2**30


def complete_journey() -> pa.Table:
    """A row a basket: the panel's receipts by the shop's own day."""
    columns = ["household_id", "basket_id", "sales_value", "transaction_timestamp"]
    lines = pq.read_table(CompleteJourney().folder / "transactions.parquet", columns=columns)
    moment = lines["transaction_timestamp"].cast(pa.timestamp("us"))
    local = pc.local_timestamp(pc.assume_timezone(moment, "UTC").cast(pa.timestamp("us", TIME_ZONE)))
    return receipts(
        pc.cast(lines["household_id"], pa.int64()), local, lines["sales_value"], lines["basket_id"]
    )


def cdnow() -> pa.Table:
    """All purchases of the cohort of CDNOW."""
    rows = pq.read_table(DATA / "cdnow" / "cdnow_master.parquet")
    return receipts(rows["customer_id"], rows["date"], rows["dollars"], pa.array(range(rows.num_rows)))


def online_retail() -> pa.Table:
    """Invoices and cancellations of the UCI retailer, of known customers."""
    rows = pq.read_table(DATA / "online-retail-2010-2011" / "online_retail_2010_2011.parquet")
    rows = rows.filter(pc.is_valid(rows["CustomerID"]))
    worth = pc.multiply(rows["Quantity"].cast(pa.float64()), rows["UnitPrice"])
    return receipts(rows["CustomerID"], rows["InvoiceDate"], worth, rows["InvoiceNo"])


def receipts(person: Any, moment: Any, amount: Any, receipt: Any) -> pa.Table:
    """One row a receipt: person_id, day, amount_minor."""
    lines = pa.table(
        {
            "person_id": person.cast(pa.string()),
            "day": moment.cast(pa.date32()),
            "receipt": receipt.cast(pa.string()),
            "amount_minor": pc.round(pc.multiply(amount, 100)).cast(pa.int64()),
        }
    )
    summed = lines.group_by(["person_id", "day", "receipt"]).aggregate([("amount_minor", "sum")])
    return summed.rename_columns(["person_id", "day", "receipt", "amount_minor"]).drop_columns("receipt")


SETS: dict[str, tuple[Callable[[], pa.Table], date, int]] = {
    "Complete Journey": (complete_journey, date(2017, 9, 30), 92),
    "CDNOW": (cdnow, date(1998, 3, 31), 91),
    "Online Retail": (online_retail, date(2011, 9, 9), 91),
}


def on_sets() -> dict[str, Any]:
    """Every method on every set."""
    found = {}
    for name, (read, cut, horizon) in SETS.items():
        days = ibis.memtable(from_flat(read()))
        for when in (cut, cut - timedelta(days=30)):
            began = time.perf_counter()
            result = backtest(ibis.duckdb.connect().to_pyarrow, days, cut=when, horizon=horizon)
            seconds = round(time.perf_counter() - began, 1)
            found[f"{name}, {when}"] = msgspec.to_builtins(result) | {"seconds": seconds}
    return found


def shop(people: int, file: Path) -> None:
    """A seeded shop of so many people who live by MBG/NBD with Gamma-Gamma, as a Parquet file of order days."""
    chance = np.random.default_rng(1)
    rate, risk = chance.gamma(0.8, 1 / 60, people), chance.beta(0.9, 5.0, people)
    purse = 3.0 * 1_500 / chance.gamma(3.5, 1.0, people)
    who, at = np.arange(people), chance.uniform(0, DAYS, people)
    schema = pa.schema(
        [
            ("person_id", pa.string()),
            ("day", pa.date32()),
            ("orders", pa.int64()),
            ("amount_minor", pa.int64()),
        ]
    )
    with pq.ParquetWriter(file, schema) as writer:
        last = np.full(people, -1, dtype=np.int64)
        while len(who):
            day = at.astype(np.int64)
            fresh = day != last[who]  # a second order of the same day would be the same order day
            last[who] = day
            ids = pa.array([f"person-{number}" for number in who[fresh]])
            amount = np.maximum(purse[who[fresh]] * chance.gamma(3.0, 1 / 3.0, int(fresh.sum())), 1)
            days = pa.array((day[fresh] + (START - date(1970, 1, 1)).days).astype(np.int32)).cast(pa.date32())
            writer.write_table(
                pa.table([ids, days, np.ones(len(ids), np.int64), amount.astype(np.int64)], schema=schema)
            )
            alive = chance.random(len(who)) >= risk[who]
            who, at = who[alive], at[alive] + chance.exponential(1, int(alive.sum())) / rate[who[alive]]
            who, at = who[at < DAYS], at[at < DAYS]


def fitted(people: int) -> dict[str, Any]:
    """Our fit of BG/NBD and Gamma-Gamma on so many people, from their summaries."""
    with tempfile.TemporaryDirectory() as folder:
        table = read_shop(people, Path(folder))
        x, t_x, age, paid, mean = table
        began = time.perf_counter()
        models = [dropout.fit(kind, x, t_x, age) for kind in ("bg", "mbg")]
        amounts = spend.fit(paid, mean)
        return {
            "people": people,
            "seconds": round(time.perf_counter() - began, 1),
            "converged": all(each.converged for each in (*models, amounts)),
            "bg_log_likelihood": models[0].log_likelihood,
        }


def read_shop(people: int, folder: Path) -> tuple[np.ndarray, ...]:
    """What the models are fitted on: repeat orders, day of the last, age; paid days and their mean."""
    shop(people, folder / "days.parquet")
    connection = ibis.duckdb.connect()
    as_of = START + timedelta(days=DAYS - 1)
    everybody = read_summaries(connection.to_pyarrow, connection.read_parquet(folder / "days.parquet"), as_of)
    age = everybody["age_days"]
    mean = everybody["paid_minor"] / np.maximum(everybody["paid_days"], 1)
    return everybody["order_days"] - 1, age - everybody["recency_days"], age, everybody["paid_days"], mean


def peer(people: int) -> dict[str, Any]:
    """The same people fitted by lifetimes, without a penalty: BG/NBD, and Gamma-Gamma on those with repeat orders."""
    import lifetimes

    with tempfile.TemporaryDirectory() as folder:
        x, t_x, age, paid, mean = read_shop(people, Path(folder))
    found: dict[str, Any] = {"people": people}
    for name, fitter, arrays in (
        ("bg", lifetimes.BetaGeoFitter(), (x, t_x, age)),
        ("gamma_gamma", lifetimes.GammaGammaFitter(), (paid, mean)),
    ):
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitter.fit(*arrays)
            except (lifetimes.utils.ConvergenceError, ValueError) as error:
                found[name] = {"failed": type(error).__name__}
            else:
                found[name] = {"log_likelihood": -float(fitter._negative_log_likelihood_)}
        found[name]["seconds"] = round(time.perf_counter() - began, 1)
    return found


def million(people: int) -> dict[str, Any]:
    """Everything the night does for so many people: summaries of seven days, the rule, the fits and the scores."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "days.parquet"
        alone(shop, people, file, seconds=600)
        return alone(night, file, seconds=3_000) | {"order_days": pq.ParquetFile(file).metadata.num_rows}


def night(file: Path) -> dict[str, Any]:
    """Score everybody of a file."""
    connection = ibis.duckdb.connect(memory_limit="1GiB", temp_directory=str(file.parent))
    began = time.perf_counter()
    rows, chosen = expected(
        connection.to_pyarrow, connection.read_parquet(file), as_of=START + timedelta(days=DAYS - 1)
    )
    return {
        "people": rows.num_rows,
        "seconds": round(time.perf_counter() - began, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB, 2),
        "chosen": msgspec.to_builtins(chosen),
    }


def alone(work: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
    """Run in a process of its own, so that its memory is its own and it can be ended when it takes too long."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        try:
            return pool.apply_async(work, arguments).get(seconds)
        except multiprocessing.TimeoutError:
            return {"failed": f"not done after {seconds:.0f} s"}


def main() -> None:
    """Measure everything and print it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--peer-people", type=int, default=300_000)
    arguments.add_argument("--peer-seconds", type=float, default=900)
    given = arguments.parse_args()
    found = {
        "sets": on_sets(),
        "fit": alone(fitted, given.peer_people, seconds=given.peer_seconds),
        "peer": alone(peer, given.peer_people, seconds=given.peer_seconds),
        "million": million(given.people),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
