"""Opening the books: one database, its readers and its writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import URL, Connection, exc, make_url

from oneshelf.books import migrate as steps
from oneshelf.books.access_log import looks_file, move_looks
from oneshelf.books.checkpoints import Checkpoints
from oneshelf.books.engines import postgres_engines, sqlite_engines
from oneshelf.books.faults import translated
from oneshelf.books.writer import Writer
from oneshelf.errors import SettingsError

__all__ = ["Connection", "Database"]  # the other rooms name Connection in their signatures


class Database:
    """One relational database, SQLite or PostgreSQL. Reading goes through `read`, all writing through `writer`.

    The log of looks at people alone has a reading and a writing of its own (`read_looks`, `looks`): a look must be on disk before
    anything is shown, and needs no order with the journal, so that it does not wait for those who fold events. Where SQLite
    has one writer a file, that takes a second file.
    """

    def __init__(self, url: URL) -> None:
        self.url = url.render_as_string()  # the password is starred out: this one gets printed
        self.dialect = url.get_backend_name()
        self.path = _file(url)
        self._checkpoints: tuple[Checkpoints, ...]
        if self.path is None:
            self._books, self._looks = postgres_engines(url), postgres_engines(url, turns=False)
            self._checkpoints = ()
        else:
            beside = looks_file(self.path)
            self._books, self._looks = sqlite_engines(url), sqlite_engines(url.set(database=str(beside)))
            self._checkpoints = (Checkpoints(self.path), Checkpoints(beside))
        considers = [one.consider for one in self._checkpoints]
        self.writer, self.looks = (
            Writer(engines.writing, consider)
            for engines, consider in zip_longest((self._books, self._looks), considers)
        )

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
                    steps.apply_pre(database._books.writing)
                else:
                    steps.check(database._books.reading)
                if file is not None:
                    move_looks(database._books, database._looks)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: everything in it sees the books at one moment, and nothing can be written."""
        with translated(), self._books.reading.connect() as connection:
            yield connection

    @contextmanager
    def read_looks(self) -> Iterator[Connection]:
        """`read`, of the log of looks."""
        with translated(), self._looks.reading.connect() as connection:
            yield connection

    def finish_migration(self) -> None:
        """Run the post steps of the schema, once no process runs the code of before."""
        with translated():
            steps.apply_all(self._books.writing)

    def close(self) -> None:
        """Write and answer what waits, then let go of every connection."""
        self.writer.close()
        self.looks.close()
        for one in self._checkpoints:
            one.close()
        for engine in (*self._books, *self._looks):
            engine.dispose()


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
