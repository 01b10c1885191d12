"""The stock ledger in the books, and the counter where buyers are served: never oversold, never lost."""

import json
import random
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine
from sqlalchemy import event as sa_event

from oneshelf.books import migrate
from oneshelf.books.database import Database, file_of
from oneshelf.books.journal import Batch, Journal
from oneshelf.books.schema import goods
from oneshelf.books.stock import inbound, kept, proof, reading, serving
from oneshelf.books.stock.ledger import Ledger
from oneshelf.books.stock.serving import Release, Reserve, Sell
from oneshelf.errors import Conflict, NotEnough, NotFound
from oneshelf.insight.goods.stock.moves import Move
from oneshelf.words.quantity import QUANTITY_MAX

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = AT.date()


def move(kind, pieces, minute=0, product="p", place="s", **given):
    at = AT + timedelta(minutes=minute)
    return Move(
        document=f"{kind}/{minute}/{product}",
        place_id=place,
        product_id=product,
        kind=kind,
        pieces=pieces,
        happened_at=at,
        day=at.date(),
        **given,
    )


def record(database, *moves):
    def work(connection):
        ledger = Ledger(connection, {one.pair for one in moves})
        ledger.post_all(moves)
        ledger.save(AT)

    database.writer.write(work)


class Shop:
    """A counter over some books."""

    def __init__(self, database):
        self.database = database
        self.journal = Journal(database)

    def serve_all(self, connection, commands):
        return serving.serve(connection, commands, self.journal.open_in)

    def ask(self, *commands):
        """Serve commands as one group."""
        return self.database.writer.write(lambda connection: self.serve_all(connection, commands))

    def ask_one(self, command):
        return self.database.writer.gather(self.serve_all, command, 500).result()

    def level(self, product="p"):
        with self.database.read() as connection:
            (found,) = reading.levels(connection, place_ids=["s"], product_ids=[product])
            assert proof.differences(connection) == []
        return found.on_hand, found.reserved


def reserve(order, lines, *, at=AT, minutes=15):
    return Reserve(
        place_id="s",
        order_id=order,
        lines=lines,
        at=at,
        day=at.date(),
        expires_at=at + timedelta(minutes=minutes),
    )


def sell(order, lines, *, at=AT):
    batch = Batch(codec="test/1", source="web", count=1, data=order.encode(), recorded_at=AT)
    return Sell(
        document=f"web/{order}",
        place_id="s",
        order_id=order,
        lines=lines,
        at=at,
        day=at.date(),
        batch=batch,
    )


@pytest.fixture
def shop(database):
    record(database, move("received", 10, -10), move("received", 5, -10, "q"))
    return Shop(database)


def test_a_reservation_is_sold_released_or_expires_and_the_ledger_adds_up(shop):
    shop.ask(reserve("a", {"p": 4}), reserve("b", {"p": 3, "q": 2}), reserve("c", {"p": 2}))
    assert shop.level() == (10, 9)
    sold, given_up = shop.ask(sell("a", {"p": 3}), Release(place_id="s", order_id="b", at=AT, day=DAY))
    assert sold.reservation.status == "sold"
    assert given_up.reservation.status == "released"
    assert shop.level() == (7, 2)
    shop.ask(reserve("d", {"p": 7}, at=AT + timedelta(minutes=16)))
    assert shop.level() == (7, 7)
    assert shop.level("q") == (5, 0)


def test_in_one_group_nothing_is_promised_twice_and_what_is_short_is_named(shop):
    first, second, third = shop.ask(sell("a", {"p": 8}), sell("b", {"p": 1, "q": 9}), sell("c", {"p": 2}))
    assert not first.repeated
    assert not third.repeated
    assert isinstance(second, NotEnough)
    assert [problem.cause for problem in second.problems] == ["is more than the 5 of q that are free at s."]
    assert shop.level() == (0, 0)
    assert shop.level("q") == (5, 0)


def test_the_same_order_again_changes_nothing(shop):
    again = shop.ask(sell("a", {"p": 1}), sell("a", {"p": 1}), reserve("b", {"p": 1}), reserve("b", {"p": 1}))
    assert [one.repeated for one in again] == [False, True, False, True]
    assert shop.ask(sell("a", {"p": 1}))[0].repeated
    for contradiction in ({"p": 2}, {"q": 1}, {"p": 1, "q": 1}):
        assert isinstance(shop.ask(sell("a", contradiction))[0], Conflict)
    assert isinstance(shop.ask(sell("c", {"p": 1}), sell("c", {"q": 1}))[1], Conflict)
    shop.ask(Release(place_id="s", order_id="b", at=AT, day=DAY), reserve("b", {"p": 1}))
    assert shop.level() == (8, 1)
    assert shop.journal.head() == 2
    other, unknown = shop.ask(reserve("b", {"q": 1}), Release(place_id="s", order_id="x", at=AT, day=DAY))
    assert isinstance(other, Conflict)
    assert isinstance(unknown, NotFound)


def test_what_has_expired_is_promised_to_nobody(shop):
    record(shop.database, move("received", 3, -9, "r", lot_id="l", expires_on=DAY))
    today, tomorrow = shop.ask(
        reserve("a", {"r": 1}), reserve("b", {"r": 1}, at=AT + timedelta(days=1), minutes=1)
    )
    assert today.reservation.lines == {"r": 1}
    assert isinstance(tomorrow, NotEnough)


def test_a_late_document_rewrites_only_what_it_touches(database):
    chance = random.Random(7)  # a test, not a secret
    sales = [move("sold", -chance.randint(1, 3), minute) for minute in range(1, 3_001)]
    record(database, move("received", 100_000, 0), *sales, move("counted", 30_000, 2_500.5))
    written = []

    def note(connection, cursor, statement, parameters, context, many):
        if statement.startswith(("INSERT INTO stock_move", "UPDATE stock_move")):
            on_postgres = isinstance(parameters, dict)
            rows = json.loads(parameters["rows"]) if on_postgres else parameters
            written.append(len(rows) if many or on_postgres else 1)

    sa_event.listen(database._books.writing, "before_cursor_execute", note)
    record(database, move("received", 500, 1_000.5))
    assert written == [1, 1]  # itself, and the next count
    with database.read() as connection:
        (level,) = reading.levels(connection)
        sold = sum(-one.pieces for one in sales[2_500:])
        assert level.on_hand == 30_000 - sold
        assert proof.differences(connection) == []


def test_pieces_that_add_up_beyond_32_bits_are_kept(database):
    record(database, *(move("received", QUANTITY_MAX, minute) for minute in range(220)))
    with database.read() as connection:
        (level,) = reading.levels(connection)
        assert level.on_hand == 220 * QUANTITY_MAX > 2**31
        assert proof.differences(connection) == []


def test_lots_are_read_by_age_now_and_as_they_were(database):
    record(
        database,
        move("received", 4, 0, lot_id="b", expires_on=date(2026, 3, 9), owner_id="farm"),
        move("received", 4, 1, lot_id="a", expires_on=date(2026, 3, 5)),
        move("sold", -5, 60 * 24),
    )
    with database.read() as connection:
        now = reading.lots(connection)
        then = reading.lots_as_of(connection, DAY)
    assert [(lot.lot_id, lot.owner_id, lot.pieces) for lot in now] == [("b", "farm", 3)]
    assert [(lot.lot_id, lot.pieces) for lot in then] == [("a", 4), ("b", 4)]


def test_what_is_due_is_known_whichever_document_comes_first(database):
    due = inbound.Due(
        place_id="s", product_id="p", order_id="o", supplier_id="farm", due_on=DAY, ordered=10, ordered_at=AT
    )

    def work(connection):
        inbound.receive(connection, {("s", "p", "o"): 4}, DAY)
        inbound.order(connection, [due])
        inbound.order(
            connection, [msgspec.structs.replace(due, ordered=1, ordered_at=AT - timedelta(days=1))]
        )
        return inbound.due(connection, place_id="s")

    (left,) = database.writer.write(work)
    assert (left.ordered, left.received, left.supplier_id) == (10, 4, "farm")


def test_counts_of_before_open_the_ledger(url):
    if (file := file_of(url)) is not None:
        file.parent.mkdir()
    engine = create_engine(url)
    migrate._apply(engine, migrate.FOLDER, "0009_pre")
    rows = [
        {
            "place_id": place,
            "product_id": product,
            "on_hand": on_hand,
            "counted_at": AT,
            "simulated": place == "t",
        }
        for place, product, on_hand in (("s", "p", 7), ("s", "q", 0), ("t", "p", 2))
    ]
    with engine.begin() as connection:
        connection.execute(goods.stock.insert(), rows)
    engine.dispose()
    with closing(Database.open(url)) as database:
        with database.read() as connection:
            assert proof.differences(connection) == []
            assert kept.kept(connection) == {"s": False, "t": True}
        record(database, move("sold", -3, 1), move("received", 4, -1, place="t"))
        with database.read() as connection:
            levels = {(row.place_id, row.product_id): row.on_hand for row in reading.levels(connection)}
            (lot,) = reading.lots(connection, place_ids=["t"], product_ids=["p"])
        assert levels == {("s", "p"): 4, ("s", "q"): 0, ("t", "p"): 2}
        assert lot.pieces == 2


BUYER = """
import random, sys
from datetime import datetime, timedelta, UTC
sys.path.insert(0, sys.argv[3])
from test_stock import Shop, Database, reserve, sell, Release, AT, DAY
url, seed = sys.argv[1], sys.argv[2]
chance = random.Random(seed)
shop = Shop(Database.open(url))
print("ready", flush=True)
for number in range(10_000):
    order, lines = f"{seed}-{number}", {chance.choice("pq"): chance.randint(1, 3)}
    if chance.random() < 0.5:
        answer = shop.ask_one(sell(order, lines))
    else:
        answer = shop.ask_one(reserve(order, lines, minutes=1_000))
        if chance.random() < 0.8 and not isinstance(answer, Exception):
            shop.ask_one(sell(order, lines) if chance.random() < 0.5 else Release(place_id="s", order_id=order, at=AT, day=DAY))
    if not isinstance(answer, Exception):
        print(order, flush=True)
"""


def test_processes_that_are_killed_neither_oversell_nor_lose_nor_leak(url, start):
    with closing(Database.open(url)) as database:
        record(database, move("received", 400, -10), move("received", 400, -10, "q"))
    folder = str(Path(__file__).parent)
    processes = [start(BUYER, url, str(seed), folder) for seed in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    answered = []
    for number, process in enumerate(processes):
        answered += [process.stdout.readline().strip() for _ in range(20 + 10 * number)]
        process.kill()
    for process in processes:
        process.wait()
        answered += [line.strip() for line in process.stdout if line.endswith("\n")]
    with closing(Database.open(url)) as database, database.read() as connection:
        assert proof.differences(connection) == []
        documents = {
            one.move.document.rpartition("/")[2]
            for product in "pq"
            for one in reading.moves(connection, ("s", product), limit=10_000)
        }
    assert set(answered) <= documents
