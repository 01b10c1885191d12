"""Serving takes its workers along, also one that is only just being started."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from oneshelf.app.running import serve


def test_a_worker_that_is_being_started_when_serving_ends_is_ended_too(tmp_path: Path, monkeypatch) -> None:
    starting, go_on = threading.Event(), threading.Event()
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def slow(command: object, **named: object) -> subprocess.Popen[bytes]:
        starting.set()
        go_on.wait(20)
        started.append(popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", slow)
    shelf = SimpleNamespace(settings=SimpleNamespace(data=tmp_path))

    def serving() -> None:
        with serve._worker(shelf, "live"):
            starting.wait(20)

    thread = threading.Thread(target=serving, daemon=True)
    thread.start()
    starting.wait(20)
    thread.join(0.1)
    go_on.set()
    thread.join(20)
    assert not thread.is_alive()
    assert [process.poll() is not None for process in started] == [True]
