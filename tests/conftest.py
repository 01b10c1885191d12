"""What every test may ask for. A missing service skips a test on a laptop and fails it under CI=true."""

import os
import shutil
import socket
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from oneshelf.books import migrate

#: A skip whose reason begins with this says that the machine, not the test, lacks something.
SERVICE_MISSING = "service missing:"


def pytest_configure() -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [
        name for name in os.environ if name.startswith("ONESHELF_") and not name.startswith("ONESHELF_TEST_")
    ]:
        del os.environ[name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI=true a test that skips because of a missing service has failed: nobody reads skips there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        if SERVICE_MISSING in reason:
            report.outcome = "failed"
            report.longrepr = (
                f"{path}:{line}: {reason} (under CI=true every service must be there: see .ci/run)"
            )
    return report


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """A PostgreSQL server on which tests may create schemas and databases."""
    url = os.environ.get("ONESHELF_TEST_POSTGRES")
    if not url:
        pytest.skip(
            f"{SERVICE_MISSING} PostgreSQL; set ONESHELF_TEST_POSTGRES to a URL such as that of .ci/run"
        )
    return url


@pytest.fixture(scope="session", autouse=True)
def _new_books_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """New SQLite books begin as a copy of the first that the steps made: a tenth of a second less for each of a thousand shelves.

    They are still asked what is pending. How steps run is the matter of tests/books/test_migrations.py, which names a folder.
    """
    template = tmp_path_factory.mktemp("books") / "template.db"
    real = migrate.apply_pre

    def apply_pre(engine: Engine, folder: Path = migrate.FOLDER) -> None:
        usual = engine.dialect.name == "sqlite" and folder == migrate.FOLDER
        file = Path(str(engine.url.database))
        fresh = usual and not file.exists()
        if fresh and template.exists():
            shutil.copyfile(template, file)
        real(engine, folder)
        if fresh and not template.exists():
            with closing(sqlite3.connect(file)) as made, closing(sqlite3.connect(template)) as kept:
                made.backup(kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "apply_pre", apply_pre)
        yield


@pytest.fixture
def free_port() -> int:
    """A TCP port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
