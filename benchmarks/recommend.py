"""Recommendation: the published next-basket protocols on Complete Journey and Online Retail, every method beside the plain ones.

    python benchmarks/recommend.py [--only completejourney]

Complete Journey is read from its package, without fuel, coupons and what is no goods; Online Retail from the folder of
$ONESHELF_BENCH_DATA (default: ../shared/data beside the repository), identified customers, cancellations left out. Parameters and the
method to ship are chosen on other people or earlier days than those reported. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oneshelf.connect.sources.completejourney import CompleteJourney
from oneshelf.decisions.recommend.baskets import SCHEMA, Baskets, Ints
from oneshelf.decisions.recommend.evaluate import evaluate
from oneshelf.decisions.recommend.groups import numbered

DATA = Path(os.environ.get("ONESHELF_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
NO_GOODS = ("FUEL", "MISCELLANEOUS", "COUPON")


def complete_journey() -> tuple[Baskets, Ints]:
    """Households by day (UTC, as the marks were measured), and the panel's own product types."""
    folder = CompleteJourney().folder
    products = pq.read_table(folder / "products.parquet")
    columns = ["household_id", "product_id", "transaction_timestamp"]
    lines = pq.read_table(folder / "transactions.parquet", columns=columns)
    no_goods = products.filter(pc.is_in(products["department"], pa.array(NO_GOODS)))["product_id"]
    lines = lines.filter(pc.invert(pc.is_in(lines["product_id"], no_goods)))
    baskets = Baskets.of(
        pa.table(
            [column.cast(kind) for column, kind in zip(lines.columns, SCHEMA.types, strict=True)],
            schema=SCHEMA,
        )
    )
    ids, types = products["product_id"].cast(pa.string()).to_pylist(), products["product_type"].to_pylist()
    return baskets, numbered(baskets.items, dict(zip(ids, types, strict=True)))


def online_retail() -> tuple[Baskets, Ints]:
    """Customers by day; the shop has no groups of goods."""
    rows = pq.read_table(DATA / "online-retail-2010-2011" / "online_retail_2010_2011.parquet")
    rows = rows.filter(pc.and_(pc.is_valid(rows["CustomerID"]), pc.greater(rows["Quantity"], 0)))
    columns = (
        rows[name].cast(kind)
        for name, kind in zip(("CustomerID", "StockCode", "InvoiceDate"), SCHEMA.types, strict=True)
    )
    baskets = Baskets.of(pa.table(list(columns), schema=SCHEMA))
    return baskets, np.full(len(baskets.items), -1, dtype=np.int64)


SETS: dict[str, tuple[Callable[[], tuple[Baskets, Ints]], date]] = {
    "completejourney": (complete_journey, date(2017, 12, 1)),
    "onlineretail": (online_retail, date(2011, 11, 1)),
}


def measured(name: str) -> dict[str, Any]:
    """Both protocols on one set."""
    read, cut = SETS[name]
    baskets, types = read()
    found = {}
    for protocol in ("by-date", "last-basket"):
        began = time.perf_counter()
        report = evaluate(baskets, types, protocol=protocol, cut=cut)
        found[protocol] = msgspec.to_builtins(report) | {"seconds": round(time.perf_counter() - began, 1)}
    return found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def main() -> None:
    """Measure everything and print it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    print(json.dumps({"sets": {name: measured(name) for name in arguments.parse_args().only}}))


if __name__ == "__main__":
    main()
