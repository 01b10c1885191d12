"""The write-ahead log is folded back beside the writing, and never grows for ever."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from oneshelf.books import checkpoints
from oneshelf.books.checkpoints import Checkpoints
from oneshelf.books.database import Database
from oneshelf.books.journal import Batch, Journal

AT = datetime(2026, 1, 1, tzinfo=UTC)


def _append(journal: Journal, batches: int, noise: bytes) -> None:
    waiting = [
        journal.append(Batch(codec="c", source="s", count=1, data=noise, recorded_at=AT))
        for _ in range(batches)
    ]
    for each in waiting:
        each.result()


def _size(log: Path) -> int:
    return log.stat().st_size


def test_a_log_that_has_grown_is_folded_back_and_begins_anew(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "LOG_BYTES", 200_000)
    database = Database.open(f"sqlite:///{tmp_path}/books.db")
    log = tmp_path / "books.db-wal"
    try:
        _append(Journal(database), 20, bytes(range(256)) * 200)
        until = time.monotonic() + 20
        while _size(log) >= 200_000 and time.monotonic() < until:
            time.sleep(0.01)
        assert _size(log) < 200_000
        with database.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM journal")).scalar_one() == 20
    finally:
        database.close()


def test_a_reader_that_holds_the_log_delays_the_folding_and_no_writer(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(checkpoints, "LOG_BYTES", 1)
    database = Database.open(f"sqlite:///{tmp_path}/books.db")
    try:
        journal = Journal(database)
        _append(journal, 1, b"x")
        with database.read() as connection:
            before = connection.execute(text("SELECT count(*) FROM journal")).scalar_one()
            _append(journal, 5, b"x" * 50_000)
            assert connection.execute(text("SELECT count(*) FROM journal")).scalar_one() == before
        assert journal.head() == 6
    finally:
        database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path}/books.db")
    yield database
    database.close()


def test_a_large_log_waits_for_readers_that_end_soon_and_a_small_one_for_nobody(
    database: Database, tmp_path: Path, monkeypatch
) -> None:
    _append(Journal(database), 1, b"x" * 50_000)
    folding = database._checkpoints[0]
    assert folding is not None
    with database.read() as connection:
        connection.execute(text("SELECT 1 FROM cursor")).all()
        assert not folding._fold_back(large=False)
        assert not folding._fold_back(large=True)
        monkeypatch.setattr(checkpoints, "WAIT_MS", 10_000)
        leaving = threading.Timer(0.02, connection.close)
        leaving.start()
        assert folding._fold_back(large=True)
    assert _size(tmp_path / "books.db-wal") == 0


def test_the_writer_stands_back_while_a_large_log_begins_anew(database: Database) -> None:
    folding = database._checkpoints[0]
    assert folding is not None
    journal = Journal(database)
    with folding._turn:
        _append(journal, 1, b"x")
        second = journal.append(Batch(codec="c", source="s", count=1, data=b"x", recorded_at=AT))
        with pytest.raises(TimeoutError):
            second.result(0.1)
    assert second.result(10) == 2


def test_a_log_that_stays_large_is_told_of_once(
    database: Database, tmp_path: Path, monkeypatch, caplog
) -> None:
    for name, value in {"LOG_BYTES": 1, "LARGE_BYTES": 1, "WAIT_MS": 1, "PAUSE_SECONDS": 0.0}.items():
        monkeypatch.setattr(checkpoints, name, value)
    tried = []
    fold_back = Checkpoints._fold_back
    monkeypatch.setattr(
        Checkpoints, "_fold_back", lambda self, **how: tried.append(0) or fold_back(self, **how)
    )
    journal = Journal(database)
    _append(journal, 1, b"x")
    with caplog.at_level(logging.WARNING), database.read() as connection:
        connection.execute(text("SELECT 1 FROM cursor")).all()
        until = time.monotonic() + 20
        while len(tried) < 5 and time.monotonic() < until:
            _append(journal, 1, b"x")
    assert [record.name for record in caplog.records] == ["oneshelf.books"]
    assert len(tried) >= 5


def test_a_disk_that_cannot_be_asked_for_the_size_stops_no_writer(database: Database, monkeypatch) -> None:
    def fails(path: Path) -> None:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(Path, "stat", fails)
    assert database._checkpoints[0] is not None
    database._checkpoints[0].consider()


def test_closing_ends_the_thread_also_when_it_has_only_just_been_woken(tmp_path: Path) -> None:
    folding = Checkpoints(tmp_path / "books.db")
    woken, wake = threading.Event(), folding._wake

    def slowly() -> None:
        woken.set()
        folding._closing.wait(10)
        time.sleep(0.05)
        threading.Event.clear(wake)

    wake.clear = slowly  # type: ignore[method-assign]
    wake.set()
    woken.wait(10)
    closing = threading.Thread(target=folding.close, daemon=True)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()
