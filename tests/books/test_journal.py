"""The journal keeps what it acknowledged, in one order, whoever writes and whoever dies."""

import asyncio
import random
import threading
from concurrent.futures import wait
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneshelf.books import journal as module
from oneshelf.books.database import Database
from oneshelf.books.journal import Batch, Journal
from oneshelf.errors import InvalidInput

#: Appends batches whose text tells their number, and prints each offset only when it has been acknowledged.
APPENDER = """
import sys
from datetime import UTC, datetime
from oneshelf.books.database import Database
from oneshelf.books.journal import Batch, Journal

journal = Journal(Database.open(sys.argv[1]))
number = 0
while True:
    batches = [Batch("test/1", sys.argv[2], 1, f"{sys.argv[2]} {number + k}".encode() * 50, datetime.now(UTC)) for k in range(8)]
    futures = [journal.append(batch) for batch in batches]
    for k, future in enumerate(futures):
        print(future.result(), number + k)
    number += len(batches)
"""


def test_a_batch_comes_back_as_it_was_received(journal, now):
    long, short, binary = b'{"a": 1}' * 1_000, b"{}", random.Random(1).randbytes(5_000)
    for data in (long, short, binary):
        journal.append(Batch("segment/1", "网店", 7, data, now)).result()
    rows = journal.read(0)
    assert [row.data for row in rows] == [long, short, binary]
    assert [(row.offset, row.codec, row.source, row.count, row.recorded_at) for row in rows] == [
        (offset, "segment/1", "网店", 7, now) for offset in (1, 2, 3)
    ]


def test_head_is_the_newest_offset(journal, batch):
    assert journal.head() == 0
    assert [journal.append(batch()).result() for _ in range(3)] == [1, 2, 3]
    assert journal.head() == 3


def test_a_read_stops_before_the_batch_that_is_too_much_but_never_before_the_first(journal, batch):
    for count in (10, 10, 10, 500, 1):
        journal.append(batch(count=count)).result()

    def offsets(after: int, **bounds: int) -> list[int]:
        return [row.offset for row in journal.read(after, **bounds)]

    assert offsets(0, events_max=25) == [1, 2]
    assert offsets(0, events_max=30) == [1, 2, 3]
    assert offsets(3, events_max=30) == [4]
    assert offsets(1, until=3) == [2, 3]
    assert offsets(5) == []


def test_a_read_goes_on_over_more_batches_than_one_query_fetches(journal, batch):
    wait([journal.append(batch(str(number))) for number in range(1_000)])
    rows = journal.read(0)
    assert [row.offset for row in rows] == list(range(1, 1_001))
    assert {row.data for row in rows} == {str(number).encode() for number in range(1_000)}


def test_large_batches_do_not_fill_the_memory(journal, now, monkeypatch):
    monkeypatch.setattr(module, "READ_BYTES_MAX", 10_000)
    data = random.Random(2).randbytes(4_000)
    for _ in range(4):
        journal.append(Batch("test/1", "till", 1, data, now)).result()
    assert [row.offset for row in journal.read(0)] == [1, 2]


def test_thirty_two_threads_share_transactions_and_get_different_offsets(journal, batch, database):
    offsets: list[int] = []
    commits: list[None] = []
    commit = database.writer._commit
    database.writer._commit = lambda group: (commit(group), commits.append(None))

    def run(name: int) -> None:
        for number in range(20):
            offsets.append(journal.append(batch(f"{name}-{number}")).result())

    threads = [threading.Thread(target=run, args=(name,)) for name in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(offsets) == list(range(1, 641))
    assert {row.data for row in journal.read(0)} == {
        f"{a}-{b}".encode() for a in range(32) for b in range(20)
    }
    assert len(commits) < 320


def test_callers_on_an_event_loop_are_answered_on_it(journal, batch):
    async def main() -> list[int]:
        return await asyncio.gather(*(journal.append_async(batch(str(number))) for number in range(100)))

    offsets = asyncio.run(main())
    assert sorted(offsets) == list(range(1, 101))
    assert [row.data for row in journal.read(0)] == [str(number).encode() for number in range(100)]


def test_a_caller_who_no_longer_waits_stops_nobody(journal, batch):
    async def main() -> int:
        given_up = journal.append_async(batch("given up"))
        given_up.cancel()
        return await journal.append_async(batch("next"))

    asyncio.run(main())
    journal.append(batch("thread")).cancel()
    assert journal.append(batch("last")).result() == 4


def test_a_batch_that_the_database_would_refuse_is_refused_before_it_joins_a_group(now):
    for fields in ({"count": 0}, {"source": "a\x00b"}, {"source": ""}, {"codec": "\ud800"}):
        with pytest.raises(InvalidInput):
            Batch(**{"codec": "c", "source": "s", "count": 1, "data": b"", "recorded_at": now, **fields})
    with pytest.raises(InvalidInput, match="time zone"):
        Batch("c", "s", 1, b"", now.replace(tzinfo=None))


def test_an_append_inside_a_work_commits_or_vanishes_with_it(journal, batch, database):
    def sale(connection):
        journal.append_in(connection, batch("sale"))
        raise KeyError("no stock")

    with pytest.raises(KeyError):
        database.writer.write(sale)
    assert journal.head() == 0
    assert database.writer.write(lambda connection: journal.append_in(connection, batch("sale"))) == 1
    assert journal.read(0)[0].data == b"sale"


def test_what_was_acknowledged_survives_kill_9(url, start):
    acknowledged: dict[int, str] = {}
    for life in range(3):
        process = start(APPENDER, url, f"life-{life}")
        for _ in range(random.Random(life).randrange(20, 120)):
            offset, number = process.stdout.readline().split()
            acknowledged[int(offset)] = f"life-{life} {number}"
        process.kill()
        for line in process.stdout:
            # What the pipe still held was acknowledged too; only the last line may be torn.
            if line.endswith("\n"):
                offset, number = line.split()
                acknowledged[int(offset)] = f"life-{life} {number}"
        process.wait()
    with closing(Database.open(url)) as database:
        found = {row.offset: row.data for row in Journal(database).read(0, events_max=10**9)}
    assert {offset: found.get(offset) for offset in acknowledged} == {
        offset: text.encode() * 50 for offset, text in acknowledged.items()
    }
    assert sorted(found) == list(range(1, len(found) + 1))
    assert len(set(found.values())) == len(found)


def test_a_reader_sees_no_gap_while_two_processes_write(url, start):
    with closing(Database.open(url)) as database:
        journal = Journal(database)
        processes = [start(APPENDER, url, name) for name in ("left", "right")]
        read: list[int] = []
        sources: set[str] = set()
        while len(read) < 400 or len(sources) < 2:
            for row in journal.read(read[-1] if read else 0):
                read.append(row.offset)
                sources.add(row.source)
        for process in processes:
            process.kill()
        assert read == list(range(1, len(read) + 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=12), events_max=st.integers(1, 60))
def test_reading_piece_by_piece_reads_everything_once(journal, batch, counts, events_max):
    after = journal.head()  # examples follow one another in the same journal
    wait([journal.append(batch(count=count)) for count in counts])
    read: list[int] = []
    while rows := journal.read(after, events_max=events_max):
        assert len(rows) == 1 or sum(row.count for row in rows) <= events_max
        read += [row.count for row in rows]
        after = rows[-1].offset
    assert read == counts
