"""One writer, many callers: shared transactions, own errors."""

import asyncio
import threading
import time
from concurrent.futures import wait

import pytest
from sqlalchemy import exc, insert, text

from oneshelf.books import cursors, writer
from oneshelf.books.schema.journal import cursor
from oneshelf.errors import Conflict, OneShelfError, Unavailable


def set_to(name: str, position: int):
    return lambda connection: cursors.advance(connection, name, expected=0, to=position)


@pytest.fixture
def held(database):
    """Holds the writer up until the test lets go, so that what follows lands in one group."""
    gate, reached = threading.Event(), threading.Event()
    database.writer.submit(lambda connection: (reached.set(), gate.wait(10)))
    reached.wait(10)
    yield gate
    gate.set()


def positions(database) -> dict[str, int]:
    with database.read() as connection:
        return cursors.positions(connection)


def test_a_work_that_fails_is_undone_alone(database, held):
    def fails(connection):
        set_to("bad", 2)(connection)
        raise ValueError("mine")

    first = database.writer.submit(set_to("first", 1))
    bad = database.writer.submit(fails)
    last = database.writer.submit(set_to("last", 3))
    held.set()
    with pytest.raises(ValueError, match="mine"):
        bad.result()
    wait([first, last])
    assert positions(database) == {"first": 1, "last": 3}


def test_a_statement_that_the_database_refuses_fails_alone_as_an_error_of_ours(database, held):
    twice = {"name": "same", "position": 1}
    first = database.writer.submit(
        lambda connection: connection.execute(insert(cursor).values(twice)) and None
    )
    second = database.writer.submit(
        lambda connection: connection.execute(insert(cursor).values(twice)) and None
    )
    third = database.writer.submit(set_to("third", 3))
    held.set()
    assert first.result() is None
    with pytest.raises(Conflict):
        second.result()
    third.result()
    assert positions(database) == {"same": 1, "third": 3}


def test_when_the_transaction_fails_every_caller_of_the_group_hears_it(database, journal, batch, held):
    append = journal.append(batch())
    work = database.writer.submit(set_to("a", 1))
    breaks = database.writer.gather(
        lambda connection, items: connection.execute(text("SELECT * FROM nowhere")), 1, 1
    )
    held.set()
    for future in (append, work, breaks):
        with pytest.raises(Exception, match="nowhere"):
            future.result()
    assert (journal.head(), positions(database)) == (0, {})
    assert journal.append(batch()).result() == 1


def test_nobody_is_answered_before_the_commit(database, held):
    """A second connection must find the row at the moment when its writer hears of it."""
    found = []
    future = database.writer.submit(set_to("a", 1))
    future.add_done_callback(lambda _: found.append(positions(database)))
    held.set()
    future.result()
    database.writer.write(lambda connection: None)
    assert found == [{"a": 1}]


def test_a_group_ends_at_its_bounds_and_the_rest_follows(database, held, monkeypatch):
    monkeypatch.setattr(writer, "GROUP_BYTES_MAX", 1_000)
    sizes: list[int] = []

    def bulk(connection, items):
        sizes.append(len(items))
        return items

    futures = [database.writer.gather(bulk, number, 300) for number in range(7)]
    futures.append(database.writer.gather(bulk, 7, 5_000))
    held.set()
    assert [future.result() for future in futures] == list(range(8))
    assert sizes == [3, 3, 1, 1]


def test_callers_are_refused_when_too_much_waits(database, held, monkeypatch):
    monkeypatch.setattr(writer, "WAITING_BYTES_MAX", 100)
    taken = database.writer.gather(lambda connection, items: items, 1, 101)
    with pytest.raises(Unavailable):
        database.writer.gather(lambda connection, items: items, 2, 1)
    held.set()
    taken.result()
    assert database.writer.gather(lambda connection, items: items, 3, 1).result() == 3


def test_closing_writes_all_that_waits_and_refuses_what_comes_later(database, held):
    futures = [database.writer.submit(set_to(f"cursor-{number}", number + 1)) for number in range(50)]
    closing = threading.Thread(target=database.writer.close)
    closing.start()
    held.set()
    closing.join()
    assert all(future.done() and future.exception() is None for future in futures)
    assert len(positions(database)) == 50
    with pytest.raises(Unavailable):
        database.writer.submit(set_to("late", 1))


def test_a_work_that_waits_for_the_writer_is_told_so(database):
    with pytest.raises(OneShelfError, match="waits for the writer"):
        database.writer.write(lambda connection: database.writer.write(lambda inner: None))


def test_errors_reach_callers_on_an_event_loop(database):
    def fails(connection):
        raise ValueError("mine")

    async def main() -> int:
        with pytest.raises(ValueError, match="mine"):
            await database.writer.submit_async(fails)
        return await database.writer.submit_async(lambda connection: 5)

    assert asyncio.run(main()) == 5


def test_a_loop_that_is_gone_does_not_stop_the_writer(database, held):
    async def leaves() -> None:
        database.writer.submit_async(set_to("left", 1))

    asyncio.run(leaves())
    held.set()
    database.writer.write(set_to("after", 2))
    assert positions(database) == {"left": 1, "after": 2}


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_writer_goes_on_after_the_server_dropped_its_connection(database):
    database.writer.write(set_to("before", 1))
    backend = database.writer.write(
        lambda connection: connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    )
    with database.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
    database.writer.write(set_to("after", 2))
    assert positions(database) == {"before": 1, "after": 2}


def test_what_follows_a_commit_may_fail_and_the_writer_goes_on(database, monkeypatch):
    def fails():
        raise OSError("the disk")

    monkeypatch.setattr(database.writer, "_after_commit", fails)
    for position in range(2):
        database.writer.submit(set_to(f"cursor-{position}", 1)).result(10)


@pytest.mark.parametrize(("long", "waits"), [(-1.0, True), (60.0, False)])
def test_after_a_long_transaction_others_have_a_moment_to_take_the_turn(database, monkeypatch, long, waits):
    monkeypatch.setattr(writer, "LONG_SECONDS", long)
    monkeypatch.setattr(writer, "YIELD_SECONDS", 0.3)
    first = database.writer.write(lambda connection: time.monotonic())
    second = database.writer.write(lambda connection: time.monotonic())
    assert (second - first >= 0.29) == waits


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
@pytest.mark.parametrize("hidden", [False, True])
def test_when_the_connection_breaks_in_a_work_every_caller_of_the_group_hears_why(
    database, journal, batch, held, hidden
):
    def breaks(connection):
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        try:
            connection.execute(text("SELECT 1"))
        except exc.SQLAlchemyError:
            if not hidden:
                raise

    append, broken = journal.append(batch()), database.writer.submit(breaks)
    last = database.writer.submit(set_to("last", 1))
    held.set()
    for future in (append, broken, last):
        with pytest.raises(Unavailable, match="lost" if hidden else "terminat|closed"):
            future.result()
    database.writer.write(set_to("after", 2))
    assert (journal.head(), positions(database)) == (0, {"after": 2})
