"""A backup is the books of one moment, even while they are written to, and can be restored into either database."""

import sqlite3
import threading
from contextlib import closing

import pytest

from oneshelf.books import access_log, cursors, goods, jobs, offers, people
from oneshelf.books.access_log import AccessRow
from oneshelf.books.backup import backup_books, restore_books
from oneshelf.books.database import Database
from oneshelf.books.journal import Batch, Journal
from oneshelf.books.offers import CampaignRow, MessageRow
from oneshelf.books.people import PersonRow
from oneshelf.books.schema import metadata
from oneshelf.errors import Conflict, InvalidInput
from oneshelf.words.goods import Product


def fill(database: Database, now) -> None:
    def write(connection) -> None:
        Journal(database).append_in(connection, Batch("test/1", "till", 2, b"\x00" * 2_000, now))
        cursors.advance(connection, "live", expected=0, to=1)
        goods.upsert_products(connection, [Product(id="p", name="茶")])
        offers.add_campaign(
            connection, CampaignRow(id="c", name="n", created_at=now, created_by="mei", holdout_share=0.25)
        )
        offers.add_messages(
            connection,
            [MessageRow(id="m", campaign_id="c", person_id="p", products=("a", "b"), created_at=now)],
        )
        jobs.enqueue(connection, "plan", {"a": [1, None]}, now=now)
        row = PersonRow(
            person_id="p", state=b"\xff\x00", first_seen_at=now, last_seen_at=now, orders=1, spend_minor=2**40
        )
        people.save(connection, [row])

    database.writer.write(write)
    look = AccessRow(at=now, actor="mei", role="store", purpose="service", action="people.read", allowed=True)
    database.looks.write(lambda connection: access_log.add(connection, look))


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as books, database.read_looks() as looks:
        return {
            name: sorted(
                map(tuple, (looks if name == "access_log" else books).execute(table.select())), key=str
            )
            for name, table in metadata.tables.items()
        }


def test_restored_books_hold_what_was_backed_up_and_go_on(database, new_url, tmp_path, now):
    fill(database, now)
    backup_books(database, tmp_path / "folder" / "backup.db")
    url = new_url()
    restore_books(tmp_path / "folder" / "backup.db", url)
    with closing(Database.open(url)) as restored:
        assert contents(restored) == contents(database)
        assert len(contents(restored)["access_log"]) == 1
        assert restored.writer.write(lambda connection: jobs.enqueue(connection, "next", {}, now=now)) == 2
        assert Journal(restored).append(Batch("test/1", "till", 1, b"", now)).result() == 2


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_books_move_from_sqlite_to_postgresql_by_way_of_a_backup(tmp_path, url, now):
    with closing(Database.open(f"sqlite:///{tmp_path}/books.db")) as small:
        fill(small, now)
        backup_books(small, tmp_path / "backup.db")
        expected = contents(small)
    restore_books(tmp_path / "backup.db", url)
    with closing(Database.open(url)) as large:
        assert contents(large) == expected


def test_a_backup_of_books_that_are_written_to_is_a_consistent_prefix(database, new_url, tmp_path, now):
    """Every transaction appends a batch and moves a cursor to it: in no backup may one be without the other."""
    journal, stop = Journal(database), threading.Event()

    def write(connection) -> None:
        offset = journal.append_in(connection, Batch("test/1", "till", 1, b"x" * 3_000, now))
        cursors.advance(connection, "live", expected=offset - 1, to=offset)

    def keep_writing() -> None:
        while not stop.is_set():
            database.writer.write(write)

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        heads = []
        for number in range(3):
            while journal.head() < 50 * (number + 1):
                stop.wait(0.01)
            before = journal.head()
            backup_books(database, tmp_path / f"{number}.db")
            heads.append((before, journal.head()))
    finally:
        stop.set()
        writing.join()
    for number, (before, after) in enumerate(heads):
        url = new_url()
        restore_books(tmp_path / f"{number}.db", url)
        with closing(Database.open(url)) as restored:
            rows = Journal(restored).read(0)
            assert [row.offset for row in rows] == list(range(1, len(rows) + 1))
            assert before <= len(rows) <= after
            with restored.read() as connection:
                assert cursors.position(connection, "live") == len(rows)


def test_a_backup_needs_nothing_beside_it(database, tmp_path, now):
    fill(database, now)
    backup_books(database, tmp_path / "out" / "backup.db")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["backup.db"]
    with closing(sqlite3.connect(tmp_path / "out" / "backup.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT count(*) FROM journal").fetchone() == (1,)


def test_nothing_is_overwritten(url, tmp_path, now):
    with closing(Database.open(url)) as database:
        fill(database, now)
        backup_books(database, tmp_path / "backup.db")
        with pytest.raises(Conflict, match=r"backup\.db"):
            backup_books(database, tmp_path / "backup.db")
        before = contents(database)
        with pytest.raises(Conflict):
            restore_books(tmp_path / "backup.db", url)
        assert contents(database) == before


def test_a_file_that_is_no_backup_is_refused_before_anything_is_made(new_url, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam," * 1_000)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE guests (name)")
    for name in ("letter.txt", "other.db", "missing.db"):
        with pytest.raises(InvalidInput, match="backup"):
            restore_books(tmp_path / name, f"sqlite:///{tmp_path}/new/books.db")
    assert not (tmp_path / "new").exists()
