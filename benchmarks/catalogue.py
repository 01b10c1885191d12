"""The catalogue: one changed price among millions, what questions take, an import, and a week of real prices.

    python benchmarks/catalogue.py [--products 100000] [--stores 20] [--changes 200]

`products` x `stores` prices are laid down, then single ones are changed. The rows that the database itself counts as written are
reported, and the time beside a bare UPDATE of one row of such a table, in a transaction of its own, in the same database. A week of
the prices that seven Israeli chains publish (`il-supermarket-prices-week1`, in the folder of $ONESHELF_BENCH_DATA, default
../shared/data) is imported day by day, and every price of every day is asked again. With ONESHELF_TEST_POSTGRES set, the changes are
measured on PostgreSQL too. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

import oneshelf
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places, prices
from oneshelf.words.goods import Product
from oneshelf.words.gtin import check_digit
from oneshelf.words.places import Place
from oneshelf.words.prices import Price, PriceRecord

DATA = Path(os.environ.get("ONESHELF_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
WEEK = DATA / "il-supermarket-prices-week1"
DAY = date(2026, 3, 1)
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@contextmanager
def shelf_on(engine: str, folder: Path) -> Iterator[Shelf]:
    """A shelf on a new database, dropped afterwards."""
    if engine == "sqlite":
        with oneshelf.open(Settings(data=folder, currency="ILS")) as shelf:
            yield shelf
        return
    server = os.environ["ONESHELF_TEST_POSTGRES"]
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    schema = f"bench_{uuid.uuid4().hex[:12]}"
    with admin.connect() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    try:
        url = f"{server}?options=-csearch_path%3D{schema}"
        with oneshelf.open(Settings(data=folder, currency="ILS", database=url)) as shelf:
            yield shelf
    finally:
        with admin.connect() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))


def product_id(number: int) -> str:
    return f"p{number:06}"


def lay_down(shelf: Shelf, products: int, stores: int) -> float:
    """The chain's price of every product, and one for each store; returns records a second."""
    names = [f"store-{number}" for number in range(stores)]
    shops = [Place(id=name, name=name, time_zone="UTC") for name in names]
    write = shelf.core.database.writer.write
    write(lambda connection: places.upsert_places(connection, shops))
    begun = time.perf_counter()
    for start in range(0, products, 1_000):
        ids = [product_id(number) for number in range(start, min(start + 1_000, products))]
        known = [Product(id=one, name=f"Product {one}") for one in ids]
        records = [
            PriceRecord(
                price=Price(
                    product_id=one, place_id=place, starts_on=DAY, amount_minor=100 + at % 900, currency="ILS"
                ),
                recorded_at=NOW,
                recorded_by="benchmark",
            )
            for at, one in enumerate(ids)
            for place in (None, *names)
        ]

        def part(connection: Any, known: list[Product] = known, records: list[PriceRecord] = records) -> None:
            goods.upsert_products(connection, known)
            prices.add(connection, records)

        write(part)
    return products * (stores + 1) / (time.perf_counter() - begun)


def rows_written(shelf: Shelf) -> int:
    """Rows that the database counts as inserted, changed or deleted so far: of all tables on SQLite, of prices on PostgreSQL."""
    if shelf.core.database.dialect == "sqlite":
        return shelf.core.database.writer.write(
            lambda c: int(c.exec_driver_sql("SELECT total_changes()").scalar_one())
        )
    # the server's processes tell their counts at most once a second, unless they are asked to
    shelf.core.database.writer.write(lambda c: c.exec_driver_sql("SELECT pg_stat_force_next_flush()"))
    time.sleep(1.5)
    query = "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = 'price' AND schemaname = current_schema()"
    with shelf.core.database.read() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def change(shelf: Shelf, products: int, stores: int, changes: int) -> dict[str, Any]:
    """Single price changes: what they touch and take, beside a bare UPDATE."""
    chance = random.Random(7)
    before = rows_written(shelf)
    ours = []
    for at in range(changes):
        price = Price(
            product_id=product_id(chance.randrange(products)),
            place_id=f"store-{chance.randrange(stores)}",
            starts_on=DAY + timedelta(1 + at),
            amount_minor=5_000 + at,
            currency="ILS",
        )
        ours.append(timed(lambda price=price: shelf.goods.prices.set([price])))  # type: ignore[misc]
    touched = rows_written(shelf) - before
    bare = []
    write = shelf.core.database.writer.write
    write(
        lambda c: c.exec_driver_sql(
            "CREATE TABLE bare AS SELECT product_id AS id, amount_minor FROM price WHERE place_id = ''"
        )
    )
    write(lambda c: c.exec_driver_sql("CREATE UNIQUE INDEX bare_id ON bare (id)"))
    update = sa.text("UPDATE bare SET amount_minor = :amount WHERE id = :id")
    for at in range(changes):
        row = {"amount": at, "id": product_id(chance.randrange(products))}
        bare.append(timed(lambda row=row: write(lambda c: c.execute(update, row))))  # type: ignore[misc]
    return {
        "rows_touched_a_change": touched / changes,
        "change_ms": round(statistics.median(ours), 2),
        "bare_update_ms": round(statistics.median(bare), 2),
    }


def ask(shelf: Shelf, products: int, stores: int) -> dict[str, float]:
    """What questions take, in milliseconds."""
    chance = random.Random(8)
    one = [
        timed(
            lambda: shelf.goods.prices.at(product_id(chance.randrange(products)), place_id="store-1", on=DAY)
        )
        for _ in range(200)
    ]
    ids = [product_id(number) for number in range(1_000)]
    names = [f"store-{number}" for number in range(stores)]
    return {
        "one_price_ms": round(statistics.median(one), 2),
        "thousand_products_all_stores_ms": round(
            timed(lambda: shelf.goods.prices.table(names, on=DAY, product_ids=ids)), 1
        ),
        "search_page_ms": round(timed(lambda: shelf.goods.catalogue.listing("duct p0999", limit=50)), 1),
    }


def import_products(shelf: Shelf, folder: Path, products: int) -> dict[str, float]:
    """A plain CSV of so many products with prices and terms, and the same again."""
    path = folder / "products.csv"
    with path.open("w") as file:
        file.write("reference,id,name,gtin,category_path,price,cost,supplier,case_pack\n")
        for number in range(products):
            digits = f"{number:012}"
            file.write(
                f"r{number},n{number},Thing {number},{digits}{check_digit(digits)},Food > Group {number % 50},"
                f"{number % 900 + 1}.99,{number % 400 + 1}.10,supplier {number % 200},{number % 24 + 1}\n"
            )
    return {
        name: round(products / timed(lambda: shelf.goods.imports.file(path)) * 1000)
        for name in ("rows_a_second", "again_rows_a_second")
    }


def week(folder: Path) -> dict[str, Any]:
    """Seven days of seven chains: records against prices published, and every price asked again."""
    source = f"(SELECT DISTINCT ON (snapshot, chain, barcode) * FROM '{WEEK / 'prices.parquet'}' WHERE price_ils > 0)"
    days = [day for (day,) in duckdb.sql(f"SELECT DISTINCT snapshot FROM {source} ORDER BY 1").fetchall()]
    chains = [one for (one,) in duckdb.sql(f"SELECT DISTINCT chain FROM {source}").fetchall()]
    with shelf_on("sqlite", folder) as shelf:
        shops = [Place(id=one, name=one, kind="web", time_zone="Asia/Jerusalem") for one in chains]
        shelf.core.database.writer.write(lambda connection: places.upsert_places(connection, shops))
        published = new = 0
        begun = time.perf_counter()
        for day in days:
            path = folder / f"{day}.parquet"
            duckdb.sql(
                f"COPY (SELECT barcode AS id, barcode AS name, chain AS place, price_ils AS price, snapshot AS starts_on"
                f" FROM {source} WHERE snapshot = '{day}') TO '{path}' (FORMAT parquet)"
            )
            report = shelf.goods.imports.file(path)
            published += report.rows
            new += report.prices.new
        seconds = time.perf_counter() - begun
        wrong = sum(_wrong(shelf, source, day, chains) for day in days)
    return {
        "published": published,
        "records": new,
        "changes_counted_by_duckdb": _changes(source),
        "wrong_when_asked_again": wrong,
        "seconds": round(seconds, 1),
    }


def _wrong(shelf: Shelf, source: str, day: str, chains: list[str]) -> int:
    held = shelf.goods.prices.table(chains, on=date.fromisoformat(day))
    duckdb.register("held", held)
    query = (
        f"SELECT count(*) FROM {source} s LEFT JOIN held h ON h.place_id = s.chain AND h.product_id = s.barcode"
        f" WHERE s.snapshot = '{day}' AND h.amount_minor IS DISTINCT FROM round_even(s.price_ils * 100, 0)::bigint"
    )
    return int(duckdb.sql(query).fetchall()[0][0])


def _changes(source: str) -> int:
    """Prices that are a chain's first of a product or differ from the one before it, counted by a window function."""
    query = (
        "SELECT count(*) FILTER (before IS DISTINCT FROM amount) FROM (SELECT round_even(price_ils * 100, 0)::bigint AS amount,"
        f" lag(round_even(price_ils * 100, 0)::bigint) OVER (PARTITION BY chain, barcode ORDER BY snapshot) AS before FROM {source})"
    )
    return int(duckdb.sql(query).fetchall()[0][0])


def timed(work: Callable[[], Any]) -> float:
    """Milliseconds on the clock."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--changes", type=int, default=200)
    given = parser.parse_args()
    found: dict[str, Any] = {
        "products": given.products,
        "stores": given.stores,
        "load": round(os.getloadavg()[0], 1),
    }
    engines = ["sqlite", *(["postgresql"] if os.environ.get("ONESHELF_TEST_POSTGRES") else [])]
    for engine in engines:
        with tempfile.TemporaryDirectory() as folder, shelf_on(engine, Path(folder)) as shelf:
            rate = lay_down(shelf, given.products, given.stores)
            found[engine] = {"records_a_second": round(rate)}
            found[engine] |= change(shelf, given.products, given.stores, given.changes)
            found[engine] |= ask(shelf, given.products, given.stores)
            found[engine] |= import_products(shelf, Path(folder), min(given.products, 20_000))
    if WEEK.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            found["week"] = week(Path(folder))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
