"""Running jobs: one that fails, in whatever way, stops none of the others."""

from __future__ import annotations

import pytest

from oneshelf.app.core import utc_now
from oneshelf.app.running import jobs as running
from oneshelf.app.shelf import Shelf
from oneshelf.books import jobs


def test_a_job_that_breaks_has_failed_and_stops_nobody_else(empty: Shelf, monkeypatch) -> None:
    monkeypatch.setitem(running.JOBS, "compact", lambda shelf: f"{1 / 0}")
    writer = empty.core.database.writer
    for name in ("compact", "from a newer program"):
        writer.write(lambda connection, name=name: jobs.enqueue(connection, name, {}, now=utc_now()))
    assert running.run_job(empty, "tidy").detail == "expired sessions forgotten"
    with pytest.raises(ZeroDivisionError):
        running.run_job(empty, "compact")
    with empty.core.database.read() as connection:
        records = [(job.name, job.status, job.error) for job in jobs.recent(connection, 9)]
    assert records == [
        ("compact", "failed", "It met ZeroDivisionError."),
        ("tidy", "done", None),
        ("from a newer program", "failed", "It met KeyError."),
        ("compact", "failed", "It met ZeroDivisionError."),
    ]
