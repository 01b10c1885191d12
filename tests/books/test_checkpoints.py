"""The write-ahead log is folded back beside the writing, and never grows for ever."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from oneshelf.books import checkpoints
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
