"""Books of their own for each test, on SQLite and on PostgreSQL: one contract, two databases."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from oneshelf.books.database import Database
from oneshelf.books.journal import Batch, Journal
from oneshelf.books.schema import metadata

NOW = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def new_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes URLs of books that do not exist yet; what was made is dropped after the test.

    The PostgreSQL server itself is never killed here, so it need not sync for the tests' sake.
    """
    if dialect == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex / 'books.db'}"
        return
    server = request.getfixturevalue("postgres_url")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make() -> str:
        made.append(f"books_{uuid.uuid4().hex}")
        with engine.connect() as connection:
            connection.execute(sa.schema.CreateSchema(made[-1]))
        return f"{server}?options=-csearch_path%3D{made[-1]}%20-csynchronous_commit%3Doff"

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture(scope="session")
def emptied_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a schema in which every step has run; `database` leaves it empty, in a hundredth of the time that a new one takes."""
    name = f"books_{uuid.uuid4().hex}"
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    url = f"{postgres_url}?options=-csearch_path%3D{name}%20-csynchronous_commit%3Doff"
    Database.open(url).close()
    yield url
    with engine.connect() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


@pytest.fixture
def database(dialect: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Books with nothing in them. How new ones are made on each database is the matter of the tests that ask for `url`."""
    if dialect == "sqlite":
        with closing(Database.open(request.getfixturevalue("url"))) as database:
            yield database
        return
    url = request.getfixturevalue("emptied_postgres")
    try:
        with closing(Database.open(url)) as database:
            yield database
    finally:
        _empty(url)


def _empty(url: str) -> None:
    """Delete what a test wrote: every row but those that say which steps have run."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
    engine.dispose()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


@pytest.fixture
def batch() -> Callable[..., Batch]:
    def make(text: str = "x", *, count: int = 1, source: str = "till") -> Batch:
        return Batch(codec="test/1", source=source, count=count, data=text.encode(), recorded_at=NOW)

    return make


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a Python program in a process of its own, which the test may kill."""
    started: list[subprocess.Popen[str]] = []

    def run(program: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "-c", program, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
