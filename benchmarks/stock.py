"""Stock: orders a second against the database's bare update, kills, a late document, and a large count.

    python benchmarks/stock.py [--seconds 8] [--kills 30]

64 buyers sell one piece after the other, of one product and of 10,000, each sale durable with its event, its move and its lot. The
reference is what the database does with nothing but `UPDATE ... SET on_hand = on_hand - 1 WHERE on_hand > 0` in as many transactions:
pgbench on PostgreSQL, threads with connections of their own on SQLite, both with every commit on disk. Then processes that reserve,
sell and release are killed at random moments, and the ledger is proved. With ONESHELF_TEST_POSTGRES set, PostgreSQL too. Prints one
line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

BUYERS = 64
PRODUCTS = {"hot": 1, "many": 10_000}
STOCK = 10_000_000
PLACE = "shop"
MOVES = 22_000
COUNTED_ROWS, COUNTED_PLACES = 20_000, 500
#: From the first answer to the kill.
LIFE_SECONDS = (0.05, 1.0)


@contextmanager
def shelf_on(engine: str, folder: Path) -> Iterator[tuple[object, str | None]]:
    """A shelf on a new database, and the database's URL; dropped afterwards."""
    url = None
    if engine == "postgresql":
        import sqlalchemy as sa

        server = os.environ["ONESHELF_TEST_POSTGRES"]
        admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        schema = f"bench_{uuid.uuid4().hex[:12]}"
        with admin.connect() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        url = f"{server}?options=-csearch_path%3D{schema}"
    try:
        with open_shelf(str(folder), url) as shelf:
            yield shelf, url
    finally:
        if url is not None:
            with admin.connect() as connection:
                connection.execute(sa.schema.DropSchema(schema, cascade=True))


def open_shelf(folder: str, url: str | None):
    import oneshelf
    from oneshelf.app.settings import read_settings

    return oneshelf.open(read_settings(data=folder, **({"database": url} if url else {})))


def stock_up(shelf, products: int, pieces: int, places: tuple[str, ...] = (PLACE,)) -> None:
    """Name products and places, and receive goods."""
    from oneshelf.books import goods
    from oneshelf.books import places as place_books
    from oneshelf.events.stock import GoodsReceived, StockLine
    from oneshelf.words.goods import Product
    from oneshelf.words.places import Place

    named = [Product(id=f"p{at}", name=f"Product {at}") for at in range(products)]
    shops = [Place(id=place, name=place, time_zone="UTC") for place in places]
    shelf.core.database.writer.write(lambda c: goods.upsert_products(c, named))
    shelf.core.database.writer.write(lambda c: place_books.upsert_places(c, shops))
    if pieces:
        lines = tuple(StockLine(product_id=product.id, quantity=pieces) for product in named)
        shelf.goods.stock.record(GoodsReceived(lines=lines), PLACE)


def orders_a_second(shelf, products: int, seconds: float) -> float:
    """64 buyers sell for some seconds."""
    from oneshelf.events.catalogue import Line, OrderCompleted

    sold = [0] * BUYERS

    async def buy(buyer: int, until: float) -> None:
        chance = random.Random(buyer)
        while time.perf_counter() < until:
            line = Line(product_id=f"p{chance.randrange(products)}", amount_minor=100)
            order = OrderCompleted(
                order_id=f"{products}-{buyer}-{sold[buyer]}", currency="EUR", lines=(line,)
            )
            await shelf.goods.stock.sell_async(order, PLACE)
            sold[buyer] += 1

    async def all_buy() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(buy(buyer, until) for buyer in range(BUYERS)))

    begin = time.perf_counter()
    asyncio.run(all_buy())
    return sum(sold) / (time.perf_counter() - begin)


def together(work: Callable[[int], None], done: list[int]) -> float:
    """Run one thread a buyer; the sum of what was done, a second."""
    threads = [threading.Thread(target=work, args=(buyer,)) for buyer in range(BUYERS)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - begin)


def bare_sqlite(folder: Path, products: int, seconds: float) -> float:
    """A conditional update a transaction, 64 threads; waiting for the lock as the books do, by the millisecond."""
    path = folder / f"bare-{products}.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE stock (id INTEGER PRIMARY KEY, on_hand INTEGER)")
        connection.executemany("INSERT INTO stock VALUES (?, ?)", ((at, STOCK) for at in range(products)))
    done = [0] * BUYERS
    until = time.perf_counter() + seconds

    def buy(buyer: int) -> None:
        chance = random.Random(buyer)
        connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        connection.execute("PRAGMA synchronous=FULL")
        while time.perf_counter() < until:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                time.sleep(0.001)
                continue
            connection.execute(
                "UPDATE stock SET on_hand = on_hand - 1 WHERE id = ? AND on_hand > 0",
                (chance.randrange(products),),
            )
            connection.execute("COMMIT")
            done[buyer] += 1

    return together(buy, done)


def bare_postgres(folder: Path, products: int, seconds: float) -> float:
    """pgbench: 64 clients, a conditional update a transaction, prepared."""
    import sqlalchemy as sa

    url = sa.make_url(os.environ["ONESHELF_TEST_POSTGRES"])
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    table = f"bare_{uuid.uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {table} (id integer PRIMARY KEY, on_hand integer)")
        connection.exec_driver_sql(
            f"INSERT INTO {table} SELECT g, {STOCK} FROM generate_series(0, {products - 1}) g"
        )
    script = folder / f"bare-{products}.sql"
    script.write_text(
        f"\\set product random(0, {products - 1})\n"
        f"UPDATE {table} SET on_hand = on_hand - 1 WHERE id = :product AND on_hand > 0;\n"
    )
    try:
        command = [
            "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            str(BUYERS),
            "-j",
            "2",
            "-T",
            str(round(seconds)),
            "-f",
            script,
        ]
        command += ["-h", url.host, "-p", str(url.port or 5432), "-U", url.username, url.database]
        out = subprocess.run(
            list(map(str, command)), env={**os.environ, "PGPASSWORD": url.password or ""},
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP TABLE {table}")
    return float(re.search(r"tps = ([\d.]+)", out)[1])


def selling(engine: str, seconds: float) -> dict[str, dict[str, float]]:
    """Ours and the bare update, turn and turn about."""
    found = {}
    for name, products in PRODUCTS.items():
        with tempfile.TemporaryDirectory() as folder, shelf_on(engine, Path(folder) / "data") as (shelf, _):
            stock_up(shelf, products, STOCK)
            bare = bare_sqlite if engine == "sqlite" else bare_postgres
            reference = bare(Path(folder), products, seconds)
            ours = orders_a_second(shelf, products, seconds)
            if differences := shelf.goods.stock.differences():
                raise RuntimeError(f"the ledger does not add up: {differences[:3]}")
        found[name] = {"orders": round(ours), "bare": round(reference), "ratio": round(ours / reference, 2)}
    return found


def late_document(engine: str) -> dict[str, float]:
    """A late receipt of a product with 22,000 moves, in seconds: with a count behind it, and with none, when all later lots change."""
    return {
        "with a count behind it": seconds_late(engine, counted=True),
        "with none": seconds_late(engine, counted=False),
    }


def seconds_late(engine: str, *, counted: bool) -> float:
    """How long it takes to put one receipt among 22,000 moves."""
    from oneshelf.books.stock.ledger import Ledger
    from oneshelf.insight.goods.stock.moves import Move

    with tempfile.TemporaryDirectory() as folder, shelf_on(engine, Path(folder) / "data") as (shelf, _):
        stock_up(shelf, 1, 0)
        start = shelf.core.now() - timedelta(days=300)

        def move(kind: str, pieces: int, minute: float, **more) -> Move:
            at = start + timedelta(minutes=minute)
            return Move(
                document=f"{kind}/{minute}", place_id=PLACE, product_id="p0", kind=kind, pieces=pieces,
                happened_at=at, day=at.date(), **more,
            )  # fmt: skip

        def post(given: list[Move]) -> float:
            def work(connection) -> None:
                ledger = Ledger(connection, {(PLACE, "p0")})
                ledger.post_all(given)
                ledger.save(start)

            begin = time.perf_counter()
            shelf.core.database.writer.write(work)
            return time.perf_counter() - begin

        moves = [move("sold", -1, minute) for minute in range(1, MOVES)]
        moves.append(move("received", 2 * MOVES, 0, lot_id="b", expires_on=start.date() + timedelta(days=90)))
        if counted:
            moves.append(move("counted", 30_000, MOVES / 2 + 0.5))
        post(moves)
        early = {} if counted else {"lot_id": "a", "expires_on": start.date() + timedelta(days=60)}
        took = post([move("received", MOVES, 10.5, **early)])
        if shelf.goods.stock.differences():
            raise RuntimeError("the ledger does not add up")
    return round(took, 3)


def large_count(engine: str) -> dict[str, float]:
    """A count of 20,000 rows over 500 places: first with errors, then good."""
    from oneshelf.errors import InvalidInput

    places = tuple(f"place-{at}" for at in range(COUNTED_PLACES))
    with tempfile.TemporaryDirectory() as folder, shelf_on(engine, Path(folder) / "data") as (shelf, _):
        stock_up(shelf, COUNTED_ROWS // COUNTED_PLACES, 0, places)
        rows = [(place, f"p{at}", at) for place in places for at in range(COUNTED_ROWS // COUNTED_PLACES)]
        bad = [(place, product, "many" if at % 20 == 3 else at) for place, product, at in rows]
        file = Path(folder) / "count.csv"
        seconds = {}
        for name, given in (("refused", bad), ("taken", rows)):
            with file.open("w", newline="") as out:
                csv.writer(out).writerows([("place_id", "product_id", "pieces"), *given])
            begin = time.perf_counter()
            try:
                shelf.goods.stock.record_file(file, "counted")
            except InvalidInput as error:
                seconds["problems"] = len(error.problems)
            seconds[name] = round(time.perf_counter() - begin, 2)
    return seconds


def kills(engine: str, number: int, seed: int) -> dict[str, int]:
    """Kill processes that serve buyers, three at a time, and count what went wrong."""
    from oneshelf.books.stock import reading

    chance = random.Random(seed)
    products = 20
    answered: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data")
        with shelf_on(engine, Path(data)) as (shelf, url):
            stock_up(shelf, products, 2_000)
            for first in range(0, number, 3):
                answered += killed(
                    [(data, url or "", str(life)) for life in range(first, min(first + 3, number))], chance
                )
            later = shelf.core.now() + timedelta(hours=1)
            shelf.goods.stock.expire(now=later)
            shelf.catch_up()
            differences = len(shelf.goods.stock.differences())
            held = len(shelf.goods.stock.reservations())
            with shelf.core.database.read() as connection:
                levels = reading.levels(connection)
                documents = {
                    posted.move.document.rpartition("/")[2]
                    for at in range(products)
                    for posted in reading.moves(connection, (PLACE, f"p{at}"), limit=1_000_000)
                }
    return {
        "kills": number,
        "answered": len(answered),
        "lost": len(set(answered) - documents),
        "differences": differences,
        "negative": sum(level.on_hand < 0 for level in levels),
        "leaked_reservations": held,
        "still_reserved": sum(level.reserved for level in levels),
    }


def killed(lives: list[tuple[str, str, str]], chance: random.Random) -> list[str]:
    """Let processes live side by side for a random time; the orders that were answered."""
    processes = [
        subprocess.Popen([sys.executable, __file__, "--live", *life], stdout=subprocess.PIPE, text=True)
        for life in lives
    ]
    for process in processes:
        process.stdout.readline()
    timers = [threading.Timer(chance.uniform(*LIFE_SECONDS), process.kill) for process in processes]
    for timer in timers:
        timer.start()
    lines = [process.stdout.read().split("\n")[:-1] for process in processes]  # ends when it is killed
    for process, timer in zip(processes, timers, strict=True):
        process.wait()
        timer.cancel()
    return [line for each in lines for line in each if line]


def live_until_killed(data: str, url: str, life: str) -> None:
    """Reserve, sell and release for ever in eight threads; print each order that was answered."""
    from oneshelf.errors import NotEnough
    from oneshelf.events.catalogue import Line, OrderCompleted

    told = threading.Lock()

    def say(word: str) -> None:
        with told:
            sys.stdout.write(f"{word}\n")
            sys.stdout.flush()

    with open_shelf(data, url or None) as shelf:
        stock = shelf.goods.stock

        def buy(buyer: int) -> None:
            chance = random.Random(f"{life}/{buyer}")
            for number in range(1_000_000):
                order_id = f"{life}-{buyer}-{number}"
                product, pieces = f"p{chance.randrange(20)}", chance.randint(1, 3)
                try:
                    if chance.random() < 0.5:
                        stock.reserve(order_id, PLACE, {product: pieces}, minutes=30)
                        say(order_id)
                        if chance.random() < 0.3:
                            continue
                        if chance.random() < 0.5:
                            stock.release(order_id, PLACE)
                            continue
                    line = Line(product_id=product, quantity=pieces, amount_minor=100)
                    stock.sell(OrderCompleted(order_id=order_id, currency="EUR", lines=(line,)), PLACE)
                    say(order_id)
                except NotEnough:
                    continue

        say("ready")
        threads = [threading.Thread(target=buy, args=(buyer,)) for buyer in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main() -> None:
    """Measure, or be the process that is killed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=8)
    arguments.add_argument("--kills", type=int, default=30, help="kills for each database")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--live", nargs=3, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.live:
        live_until_killed(*given.live)
        return
    engines = ["sqlite"] + (["postgresql"] if os.environ.get("ONESHELF_TEST_POSTGRES") else [])
    found = {
        engine: {
            "selling": selling(engine, given.seconds),
            "late": late_document(engine),
            "count": large_count(engine),
            "kills": kills(engine, given.kills, given.seed),
        }
        for engine in engines
    }
    print(json.dumps({"buyers": BUYERS, "found": found, "aim": {"hot": 2, "many": 0.5}}))


if __name__ == "__main__":
    main()
