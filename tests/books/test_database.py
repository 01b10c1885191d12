"""Opening the books: safe settings, one snapshot a read, errors of our own, two processes at once."""

import os
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from oneshelf.books import cursors
from oneshelf.books.database import Database
from oneshelf.errors import SettingsError, Unavailable

OPENER = """
import sys
from oneshelf.books.database import Database
from oneshelf.books import cursors

sys.stdin = None
print("ready")
database = Database.open(sys.argv[1])
print(database.writer.write(lambda c: cursors.advance(c, sys.argv[2], expected=0, to=1)))
database.close()
"""


def test_sqlite_syncs_every_commit_and_checks_references(tmp_path):
    with closing(Database.open(f"sqlite:///{tmp_path}/deep/er/books.db")) as database:
        expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        read = {}
        for name in expected:
            read[name] = database.writer.write(
                lambda connection, name=name: connection.execute(text(f"PRAGMA {name}")).scalar()
            )
        assert read == expected


def test_a_read_sees_one_moment(database):
    with database.read() as connection:
        assert cursors.positions(connection) == {}
        database.writer.write(lambda c: cursors.advance(c, "a", expected=0, to=1))
        assert cursors.positions(connection) == {}
    with database.read() as connection:
        assert cursors.positions(connection) == {"a": 1}


def test_a_read_cannot_write(database):
    with pytest.raises(Exception, match=r"(?i)read.?only"), database.read() as connection:
        cursors.advance(connection, "a", expected=0, to=1)


def test_the_books_keep_what_they_hold_when_they_are_opened_again(url):
    with closing(Database.open(url)) as database:
        database.writer.write(lambda c: cursors.advance(c, "a", expected=0, to=1))
    with closing(Database.open(url, migrate=False)) as database, database.read() as connection:
        assert cursors.positions(connection) == {"a": 1}


def test_two_processes_may_open_new_books_at_once(url, start):
    processes = [start(OPENER, url, f"process-{number}") for number in range(2)]
    assert [process.stdout.read().split() for process in processes] == [["ready", "None"]] * 2
    with closing(Database.open(url)) as database, database.read() as connection:
        assert cursors.positions(connection) == {f"process-{number}": 1 for number in range(2)}


def test_threads_of_two_openings_take_turns(url):
    with closing(Database.open(url)) as one, closing(Database.open(url)) as two:

        def count(database: Database) -> None:
            for _ in range(30):
                database.writer.write(add_one)

        def add_one(connection) -> None:
            position = cursors.position(connection, "shared")
            cursors.advance(connection, "shared", expected=position, to=position + 1)

        threads = [threading.Thread(target=count, args=(database,)) for database in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with one.read() as connection:
            assert cursors.position(connection, "shared") == 60


@pytest.mark.parametrize("wrong", ["", "books.db", "mysql://h/x", "sqlite://", "sqlite:///:memory:"])
def test_a_url_of_another_kind_is_refused_with_what_to_write_instead(wrong):
    with pytest.raises(SettingsError, match="sqlite:///"):
        Database.open(wrong)


def test_a_password_is_neither_shown_nor_named_in_errors():
    with pytest.raises(Unavailable) as caught:
        Database.open("postgresql+psycopg://somebody:geheim@127.0.0.1:1/x")
    assert "geheim" not in str(caught.value)


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    (tmp_path / "books.db").write_bytes(os.urandom(5_000))
    with pytest.raises(Unavailable):
        Database.open(f"sqlite:///{tmp_path}/books.db")


def test_a_sqlite_file_that_another_holds_too_long_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr("oneshelf.books.database.BUSY_TIMEOUT_MS", 50)
    with closing(Database.open(f"sqlite:///{tmp_path}/books.db")) as database:
        with closing(sqlite3.connect(tmp_path / "books.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable, match="locked"):
                database.writer.write(lambda connection: None)
            other.execute("COMMIT")
        assert database.writer.write(lambda connection: 1) == 1
