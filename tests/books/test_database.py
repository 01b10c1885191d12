"""Opening the books: safe settings, one snapshot a read, errors of our own, two processes at once."""

import os
import sqlite3
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
from sqlalchemy import exc, text

from oneshelf.books import cursors
from oneshelf.books.database import Database
from oneshelf.books.engines import _begin_writing
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


def test_books_that_another_holds_too_long_are_unavailable(url, monkeypatch):
    monkeypatch.setattr("oneshelf.books.engines.BUSY_TIMEOUT_MS", 200)
    with closing(Database.open(url)) as one, closing(Database.open(url)) as other:
        reached, let_go = threading.Event(), threading.Event()
        held = other.writer.submit(lambda connection: (reached.set(), let_go.wait(20)))
        reached.wait(20)
        with pytest.raises(Unavailable, match="lock"):
            one.writer.submit(lambda connection: None).result(10)
        let_go.set()
        held.result()
        assert one.writer.write(lambda connection: 1) == 1


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT]
)
def test_whatever_keeps_a_sqlite_file_busy_is_waited_for(code):
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = code
    answers = iter([exc.OperationalError("BEGIN", None, busy), None])
    run = []

    def execute(statement):
        run.append(statement)
        if statement.startswith("BEGIN") and (answer := next(answers)):
            raise answer

    _begin_writing(SimpleNamespace(exec_driver_sql=execute))
    assert sum(statement.startswith("BEGIN") for statement in run) == 2
