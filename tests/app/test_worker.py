"""The worker does by itself what catch_up does when asked, and ends when it should."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oneshelf.app.arriving.loading import append_events
from oneshelf.app.running.worker import work
from oneshelf.app.shelf import Shelf
from oneshelf.testing.shop import NOW, Shop


def _eventually(true: Callable[[], bool], seconds: float = 40) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.1)
    return False


def test_what_is_journaled_reaches_books_and_lake_without_being_asked(empty: Shelf, shop: Shop) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(empty, stop))
    worker.start()
    try:
        append_events(empty.core, "till", shop.events[:40], NOW)
        assert _eventually(lambda: _in_books(empty) == _in_lake(empty) >= 40)
    finally:
        stop.set()
        worker.join()


def _in_books(shelf: Shelf) -> int:
    return sum(summary.events for summary in shelf.sources.summary())


def _in_lake(shelf: Shelf) -> int:
    return sum(table.rows for table in shelf.core.lake.tables() if table.group == "events")


@contextmanager
def _serving(tmp_path: Path, port: int, end: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """A server with its two workers, ended by a signal."""
    command = [
        sys.executable,
        "-m",
        "oneshelf.cli",
        "--data",
        str(tmp_path / "data"),
        "serve",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _eventually(lambda: _answers(port) and len(_children(server.pid)) == 2)
        yield server
    finally:
        server.send_signal(end)
        server.wait(timeout=60)


def test_serving_starts_its_workers_and_takes_them_along_when_it_ends(tmp_path: Path, free_port: int) -> None:
    with _serving(tmp_path, free_port, signal.SIGTERM) as server:
        workers = _children(server.pid)
        os.kill(workers[0], signal.SIGKILL)  # one that dies is started again
        assert _eventually(lambda: len(set(_children(server.pid)) - {workers[0]}) == 2)
        workers = _children(server.pid)
    assert _eventually(lambda: not any(_alive(pid) for pid in workers), 10)


def test_workers_end_also_when_the_server_is_killed(tmp_path: Path, free_port: int) -> None:
    with _serving(tmp_path, free_port, signal.SIGKILL) as server:
        workers = _children(server.pid)
    assert _eventually(lambda: not any(_alive(pid) for pid in workers), 30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
