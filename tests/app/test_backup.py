"""A copy made while the folder is written to is a folder that works."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import oneshelf
from oneshelf.app.arriving.loading import append_events
from oneshelf.app.keeping.backup import restore
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.errors import Conflict, InvalidInput
from oneshelf.events.catalogue import ProductsSearched
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW, Shop
from oneshelf.words.people import Who


def _events(first: int, count: int) -> list[Event]:
    return [
        Event(
            id=f"busy-{number}",
            source="web",
            happened_at=NOW,
            who=Who(user_id=f"person-{number % 7}"),
            body=ProductsSearched(query=f"query {number}"),
        )
        for number in range(first, first + count)
    ]


def test_a_copy_made_under_writing_holds_a_prefix_and_goes_on_from_there(
    shelf: Shelf, shop: Shop, tmp_path: Path
) -> None:
    stop = threading.Event()
    written = 0

    def keep_writing() -> None:
        nonlocal written
        while not stop.is_set():
            append_events(shelf.core, "web", _events(written, 20), NOW)
            written += 20
            shelf.live.step()
            shelf.lakeward.step()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        manifest = shelf.backup(tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    settings = Settings(data=tmp_path / "again", time_zone="Asia/Shanghai", currency=CURRENCY, clock=NOW)
    assert restore(tmp_path / "copy", settings) == manifest
    with oneshelf.open(settings) as restored:
        assert restored.core.journal.head() == manifest.journal_head
        restored.catch_up()
        told = {summary.source: summary.events for summary in restored.sources.summary()}
        lake = {t.name: t.rows for t in restored.core.lake.tables() if t.group == "events"}
        assert sum(lake.values()) == sum(told.values())
        count = sum(told.values()) - told[OWN_SOURCE]
        assert len(shop.events) <= count <= len(shop.events) + written
        put_events(restored, _events(0, written), now=NOW)
        told = {summary.source: summary.events for summary in restored.sources.summary()}
        assert sum(told.values()) - told[OWN_SOURCE] == len(shop.events) + written
        lake = {t.name: t.rows for t in restored.core.lake.tables() if t.group == "events"}
        assert sum(lake.values()) == sum(told.values())


def test_neither_a_copy_nor_a_restore_writes_over_what_is_there(shelf: Shelf, tmp_path: Path) -> None:
    shelf.backup(tmp_path / "copy")
    with pytest.raises(Conflict):
        shelf.backup(tmp_path / "copy")
    with pytest.raises(Conflict):
        restore(tmp_path / "copy", shelf.settings)


def test_a_copy_that_did_not_finish_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    shelf.backup(tmp_path / "copy")
    (tmp_path / "copy" / "backup.json").unlink()
    with pytest.raises(InvalidInput, match="not a finished backup"):
        restore(tmp_path / "copy", Settings(data=tmp_path / "again"))
