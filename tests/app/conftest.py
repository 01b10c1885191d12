"""A shelf in a temporary folder, and the small shop in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import oneshelf
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.testing.shelves import put_catalogue, put_events
from oneshelf.testing.shop import CURRENCY, NOW, Shop, small_shop


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Shelf]:
    settings = Settings(data=tmp_path / "data", time_zone="Asia/Shanghai", currency=CURRENCY, clock=NOW)
    with oneshelf.open(settings) as shelf:
        yield shelf


@pytest.fixture(scope="session")
def shop() -> Shop:
    return small_shop()


@pytest.fixture
def shelf(empty: Shelf, shop: Shop) -> Shelf:
    """The small shop, loaded and projected."""
    put_catalogue(empty, shop)
    put_events(empty, shop.events, now=NOW)
    return empty
