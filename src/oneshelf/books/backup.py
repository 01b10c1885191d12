"""Backup and restore of the books, while they are written to. A backup is always one SQLite file, whatever database they are in.

So a backup can be opened anywhere, and books move between SQLite and PostgreSQL by way of one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Table, create_engine, func, select, text

from oneshelf.books.bulk import put
from oneshelf.books.database import Database, file_of
from oneshelf.books.schema import metadata
from oneshelf.books.schema.staff import access_log
from oneshelf.errors import Conflict, InvalidInput, Unavailable

#: Rows that are in memory at a time; a row holds up to a batch of events.
_ROWS = 500


def backup_books(database: Database, target: Path) -> None:
    """Write the books of one moment to the file `target`, which must not exist. It is there whole or not at all."""
    _require_new(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        part = Path(folder) / "books.db"
        if database.path is not None:
            _copy_file(database.path, part)
            _copy_looks(database, part)
        else:
            with closing(Database.open(f"sqlite:///{part}")) as copy:
                copy.writer.write(lambda connection: _copy_all(database, connection))
        _settle(part)
        part.rename(target)
    _sync(target.parent)


def restore_books(backup: Path, url: str) -> None:
    """Bring a backup into books that do not exist yet (a new file) or are empty (PostgreSQL).

    Raises InvalidInput for a file that is no backup, Conflict when there are books already.
    """
    _require_backup(backup)
    with TemporaryDirectory(prefix="oneshelf-restore-") as folder:
        part = Path(folder) / "books.db"
        _copy_file(backup, part)
        with closing(
            Database.open(f"sqlite:///{part}")
        ) as source:  # an older backup gets the schema of today
            file = file_of(url)
            if file is not None:
                backup_books(source, file)
            else:
                with closing(Database.open(url)) as target:
                    target.writer.write(lambda into: _fill(source, into))


def _fill(source: Database, target: Connection) -> None:
    for table in metadata.sorted_tables:
        if target.execute(select(table).limit(1)).first() is not None:
            raise Conflict(
                "The database to restore into is not empty.", "Create a new one and restore into that."
            )
    _copy_all(source, target)
    for table in metadata.sorted_tables:
        _count_on(target, table)


def _count_on(target: Connection, table: Table) -> None:
    """Let PostgreSQL give the next number after the restored ones."""
    column = table.autoincrement_column
    if column is not None:
        newest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
        target.execute(
            select(func.setval(func.pg_get_serial_sequence(table.name, column.name), newest, text("false")))
        )


def _copy_all(source: Database, target: Connection) -> None:
    """Copy every table, as all of them are at one moment; looks, which have no order with them, as they are then."""
    with source.read() as books, source.read_looks() as looks:
        for table in metadata.sorted_tables:
            _copy_rows(looks if table is access_log else books, target, table)


def _copy_looks(source: Database, part: Path) -> None:
    """Bring the log of looks, which has a file of its own, into the one file of the backup."""
    engine = create_engine(f"sqlite:///{part}", hide_parameters=True)
    with source.read_looks() as looks, engine.begin() as target:
        _copy_rows(looks, target, access_log)
    engine.dispose()


def _copy_rows(source: Connection, target: Connection, table: Table) -> None:
    rows = source.execution_options(stream_results=True).execute(select(table))
    for chunk in rows.mappings().partitions(_ROWS):
        put(target, table, [dict(row) for row in chunk])


def _copy_file(source: Path, target: Path) -> None:
    """Copy a SQLite file at one moment, through SQLite itself: what is only in its log comes along."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _settle(file: Path) -> None:
    """Make a file that needs no companion, check it, and bring it to the disk."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise Unavailable(
                "The copy of the books is damaged.", "Check the disk, and back up to another one."
            )
    _sync(file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_new(target: Path) -> None:
    if target.exists():
        raise Conflict(f"{target.name} is there already.", "Name a file that does not exist yet.")


def _require_backup(backup: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            }
    except sqlite3.Error:
        tables = set()
    if not {"alembic_version", "journal"} <= tables:
        raise InvalidInput.of(
            "backup", backup.name, "is no backup of books.", "Name a file that `oneshelf backup` wrote."
        )
