"""A real shelf on a temporary folder, behind the real application; for SDKs, behind a real server."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from oneshelf.api import create
from oneshelf.app.build import open_shelf
from oneshelf.app.settings import Settings, read_settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places
from oneshelf.books.journal import Batch
from oneshelf.events import codecs
from oneshelf.testing.shop import CURRENCY, LAST_DAY, Shop, small_shop

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def shop() -> Shop:
    return small_shop()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Path:
    """A data folder that holds the small shop, with one member of staff a role. Made once, copied where it is used."""
    folder = tmp_path_factory.mktemp("template") / "data"
    with open_shelf(_settings(folder)) as shelf:
        at = datetime.combine(LAST_DAY, datetime.max.time(), UTC)

        def write(connection):
            goods.upsert_products(connection, shop.products)
            places.upsert_places(connection, shop.places)
            for start in range(0, len(shop.events), 500):
                part = shop.events[start : start + 500]
                batch = Batch(codecs.ONESHELF, part[0].source, len(part), codecs.encode(part), at)
                shelf.core.journal.append_in(connection, batch)

        shelf.core.database.writer.write(write)
        shelf.catch_up()
        for role in ("admin", "analyst", "marketer", "planner", "store"):
            shelf.staff.create(role, PASSWORD, role, places=("store-1",) if role == "store" else ())
    return folder


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Shelf]:
    """The small shop, for one module to read and change."""
    folder = tmp_path_factory.mktemp("stocked") / "data"
    shutil.copytree(template, folder)
    with open_shelf(_settings(folder)) as shelf:
        yield shelf


def _settings(folder: Path) -> Settings:
    return read_settings(data=folder, currency=CURRENCY, time_zone="Asia/Shanghai")


@pytest.fixture(scope="module")
def client(stocked: Shelf) -> Iterator[TestClient]:
    with TestClient(create(stocked)) as client:
        yield client


@pytest.fixture(scope="module")
def bearer(stocked: Shelf):
    """The header of a program that acts as a role."""
    tokens: dict[str, str] = {}

    def header(role: str = "admin") -> dict[str, str]:
        if role not in tokens:
            tokens[role] = stocked.staff.api_token(role, "tests")
        return {"Authorization": f"Bearer {tokens[role]}"}

    return header


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf without anything, to send events to."""
    with open_shelf(read_settings(data=tmp_path_factory.mktemp("empty"), currency="EUR")) as shelf:
        yield shelf


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[str]:
    """The address of a real server in front of `shelf`."""
    with serving(create(shelf)) as url:
        yield url


class serving:
    """Serve an application on a port of this machine while the block runs."""

    def __init__(self, app) -> None:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        host, port = self._server.servers[0].sockets[0].getsockname()
        return f"http://{host}:{port}"

    def __exit__(self, *_) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture
def journalled(shelf: Shelf):
    """The events that a source has in the journal."""

    def events(source: str):
        rows = [row for row in shelf.core.journal.read(0, events_max=10**6) if row.source == source]
        found = [
            one for row in rows for one in codecs.decode(row.codec, row.data, row.source, row.recorded_at)
        ]
        assert sum(row.count for row in rows) == len(found)
        return found

    return events
