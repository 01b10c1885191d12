"""Engines: a pool that reads and a connection that writes, and what each database needs to be safe and quick."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from oneshelf.books.checkpoints import BACKSTOP_PAGES
from oneshelf.errors import Unavailable

if TYPE_CHECKING:
    import psycopg

#: How long a process waits for another that writes to the same books.
BUSY_TIMEOUT_MS: Final = 10_000

#: Writers of all processes take turns by this lock, so that journal offsets commit in their order. It is a schema's own.
_TAKE_TURN: Final = "SELECT pg_advisory_xact_lock(3601, hashtext(current_schema()))"


class Engines(NamedTuple):
    """Of one database."""

    reading: Engine
    writing: Engine


def sqlite_engines(url: URL) -> Engines:
    """Of a SQLite file, which is made when it is not there."""
    given: dict[str, Any] = {"hide_parameters": True, "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    reading = create_engine(url, pool_size=8, max_overflow=56, **given)
    writing = create_engine(url, pool_size=1, max_overflow=1, **given)
    event.listen(reading, "connect", _prepare_sqlite_reader)
    event.listen(writing, "connect", _prepare_sqlite)
    # The driver would begin by itself, too late and never for writing: we begin. Writers take their turn at once, as a
    # transaction that reads first and writes later is refused when another has written in between.
    event.listen(reading, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    event.listen(writing, "begin", _begin_writing)
    return Engines(reading, writing)


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
                busy = code & 0xFF == sqlite3.SQLITE_BUSY  # the low byte: BUSY_RECOVERY is a kind of it
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


def postgres_engines(url: URL, *, turns: bool = True) -> Engines:
    """Of a PostgreSQL database. `turns`: whoever writes waits for the writers of all processes."""
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
    if turns:
        event.listen(writing, "begin", lambda connection: connection.exec_driver_sql(_TAKE_TURN))
    reading = base.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(reading, writing)


def _prepare_postgres(connection: psycopg.Connection, _record: object) -> None:
    # Lists go as text unless told otherwise; `bulk` sends whole columns, and blobs would double in size.
    from psycopg.types.array import ListBinaryDumper  # noqa: PLC0415  # an extra: only there where it is used

    connection.adapters.register_dumper(list, ListBinaryDumper)


def _bound_waiting(connection: psycopg.Connection, _record: object) -> None:
    """A holder of the writers' turn that stopped without dying must not block everybody for ever."""
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.commit()
