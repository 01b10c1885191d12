"""Opening the books: the two engines of one database, and what each database needs to be safe and quick."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from oneshelf.books import migrate as steps
from oneshelf.books.checkpoints import BACKSTOP_PAGES, Checkpoints
from oneshelf.books.faults import translated
from oneshelf.books.writer import Writer
from oneshelf.errors import SettingsError, Unavailable

if TYPE_CHECKING:
    import psycopg

__all__ = ["Connection", "Database"]  # the other rooms name Connection in their signatures

#: How long a process waits for another that writes to the same books.
BUSY_TIMEOUT_MS: Final = 10_000

#: Writers of all processes take turns by this lock, so that journal offsets commit in their order. It is a schema's own.
_TAKE_TURN: Final = "SELECT pg_advisory_xact_lock(3601, hashtext(current_schema()))"


class Database:
    """One relational database, SQLite or PostgreSQL. Reading goes through `read`, all writing through `writer`."""

    def __init__(self, url: URL) -> None:
        self.url = url.render_as_string()  # the password is starred out: this one gets printed
        self.dialect = url.get_backend_name()
        self.path = _file(url)
        self._reading, self._writing = (
            _sqlite_engines(url) if self.dialect == "sqlite" else _postgres_engines(url)
        )
        self._checkpoints = None if self.path is None else Checkpoints(self.path)
        self.writer = Writer(self._writing, self._checkpoints.consider if self._checkpoints else None)

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Database:
        """Open the books, creating the folder and running the pending pre steps of the schema.

        Raises SettingsError for a URL of another kind, Unavailable when the database cannot be reached.
        """
        parsed = _checked(url)
        file = _file(parsed)
        if file is not None:
            file.absolute().parent.mkdir(parents=True, exist_ok=True)
        database = cls(parsed)
        try:
            with translated():
                if migrate:
                    steps.apply_pre(database._writing)
                else:
                    steps.check(database._reading)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: everything in it sees the books at one moment, and nothing can be written."""
        with translated(), self._reading.connect() as connection:
            yield connection

    def finish_migration(self) -> None:
        """Run the post steps of the schema, once no process runs the code of before."""
        with translated():
            steps.apply_all(self._writing)

    def close(self) -> None:
        """Write and answer what waits, then let go of every connection."""
        self.writer.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        self._reading.dispose()
        self._writing.dispose()


def file_of(url: str) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL. Raises SettingsError for any other URL."""
    return _file(_checked(url))


def _file(url: URL) -> Path | None:
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except exc.ArgumentError:
        backend = "?"
    if backend not in ("sqlite", "postgresql") or (
        backend == "sqlite" and parsed.database in (None, "", ":memory:")
    ):
        # The URL itself is not shown: it may hold a password.
        raise SettingsError(
            "database is not the URL of a SQLite file or a PostgreSQL database.",
            "Use sqlite:///folder/books.db or postgresql+psycopg://user:password@host/name.",
        )
    return parsed


def _sqlite_engines(url: URL) -> tuple[Engine, Engine]:
    given: dict[str, Any] = {"hide_parameters": True, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    reading = create_engine(url, pool_size=8, max_overflow=56, **given)
    writing = create_engine(url, pool_size=1, max_overflow=1, **given)
    event.listen(reading, "connect", _prepare_sqlite_reader)
    event.listen(writing, "connect", _prepare_sqlite)
    # The driver would begin by itself, too late and never for writing: we begin. Writers take their turn at once, as a
    # transaction that reads first and writes later is refused when another has written in between.
    event.listen(reading, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    event.listen(writing, "begin", _begin_writing)
    return reading, writing


def _begin_writing(connection: Connection) -> None:
    """Take the turn of the one writer. SQLite's own waiting sleeps longer and longer; we look every millisecond."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except exc.OperationalError as error:
                code = getattr(error.orig, "sqlite_errorcode", 0)
                busy = (
                    code & 0xFF == sqlite3.SQLITE_BUSY
                )  # the low byte: BUSY_RECOVERY and BUSY_SNAPSHOT are kinds of it
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(0.001)
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    _set_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA wal_autocheckpoint={BACKSTOP_PAGES}")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("PRAGMA temp_store=MEMORY")


def _prepare_sqlite_reader(connection: sqlite3.Connection, record: object) -> None:
    _prepare_sqlite(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _set_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log. SQLite does not wait for others here, so we do: two processes may open a new file."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _postgres_engines(url: URL) -> tuple[Engine, Engine]:
    try:
        base = create_engine(url, hide_parameters=True, pool_size=8, max_overflow=24, pool_pre_ping=True)
        writing = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=1)
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"The PostgreSQL driver {error.name} is not installed.",
            'Install it: pip install "oneshelf[postgres]".',
        ) from error
    event.listen(base, "connect", _prepare_postgres)
    event.listen(writing, "connect", _prepare_postgres)
    event.listen(writing, "connect", _bound_waiting)
    event.listen(writing, "begin", lambda connection: connection.exec_driver_sql(_TAKE_TURN))
    return base.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), writing


def _prepare_postgres(connection: psycopg.Connection, _record: object) -> None:
    # Lists go as text unless told otherwise; `bulk` sends whole columns, and blobs would double in size.
    from psycopg.types.array import ListBinaryDumper  # noqa: PLC0415  # an extra: only there where it is used

    connection.adapters.register_dumper(list, ListBinaryDumper)


def _bound_waiting(connection: psycopg.Connection, _record: object) -> None:
    """A holder of the writers' turn that stopped without dying must not block everybody for ever."""
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()
