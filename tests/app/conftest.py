"""A shelf in a temporary folder, and the small shop in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import oneshelf
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.testing.shelves import put_catalogue, put_events
from oneshelf.testing.shop import CURRENCY, NOW, Shop, small_shop


def settings_for(folder: Path) -> Settings:
    return Settings(data=folder, time_zone="Asia/Shanghai", currency=CURRENCY, clock=NOW)


@pytest.fixture(scope="session")
def shop() -> Shop:
    return small_shop()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Shelf]:
    with oneshelf.open(settings_for(tmp_path / "empty")) as shelf:
        yield shelf


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Path:
    """The small shop's data folder, made once and copied by each test that changes it."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    with oneshelf.open(settings_for(folder)) as shelf:
        put_catalogue(shelf, shop)
        put_events(shelf, shop.events, now=NOW)
    return folder


@pytest.fixture
def shelf(prepared: Path, tmp_path: Path) -> Iterator[Shelf]:
    """The small shop, loaded and projected."""
    shutil.copytree(prepared, tmp_path / "data")
    with oneshelf.open(settings_for(tmp_path / "data")) as shelf:
        yield shelf
