"""Latency: from an acknowledged event to the changed portrait, while ingest runs.

    python benchmarks/latency.py [--seconds 20]

Starts `oneshelf serve` (with its worker) on an empty folder. First the limit: how many events a second the whole house keeps up
with, ingest and projection together, found by filling the journal and timing the worker. Then batches arrive over HTTP at half of
that, one after another, and now and then a probe: an event of its own person, timed from its acknowledgement to the moment
when the books give the changed state. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ingest import EVENTS_PER_BATCH, _event

AIM_MS = 100
FILL_BATCHES = 300


class Client:
    """One keep-alive connection that posts batches."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode(),
            "Content-Type": "application/json",
        }

    def post(self, events: list[dict[str, object]]) -> None:
        """Send a batch and wait until it is acknowledged."""
        self._connection.request("POST", "/v1/batch", json.dumps({"batch": events}), self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}")


@contextmanager
def served(data: Path, key_of: dict[str, str], port: int):
    """The real thing: web process and worker process."""
    import oneshelf

    with oneshelf.open(data) as shelf:
        key_of["key"] = shelf.staff.write_key("shop")
    process = subprocess.Popen(
        [sys.executable, "-m", "oneshelf.cli", "--data", str(data), "serve", "--port", str(port)]
    )
    try:
        for _ in range(300):
            try:
                http.client.HTTPConnection("127.0.0.1", port).request("GET", "/health")
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=90)


def shoppers(chance: random.Random) -> list[dict[str, object]]:
    """A batch of page views of a shop's returning members, each on a device of their own."""
    events = [_event(chance) for _ in range(EVENTS_PER_BATCH)]
    for event in events:
        member = chance.randrange(20_000)
        event |= {"userId": f"member-{member}", "anonymousId": f"device-{member}"}
    return events


def limit_of(client: Client, shelf, chance: random.Random) -> float:
    """Events a second from the first batch sent to the last one folded, sending as fast as it is answered."""
    began = time.perf_counter()
    for _ in range(FILL_BATCHES):
        client.post(shoppers(chance))
    while shelf.system.health().lag_batches["live"]:
        time.sleep(0.02)
    return FILL_BATCHES * EVENTS_PER_BATCH / (time.perf_counter() - began)


def probes(client: Client, shelf, seconds: float, busy: threading.Event) -> list[float]:
    """Milliseconds from acknowledgement to changed state, for one probe every tenth of a second or so."""
    from oneshelf.books import people

    waits: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until and busy.is_set():
        person = f"probe-{uuid.uuid4().hex}"
        client.post(
            [
                {
                    "type": "track",
                    "event": "Product Viewed",
                    "messageId": person,
                    "userId": person,
                    "timestamp": datetime.now(UTC).isoformat(),
                    "properties": {"product_id": "p"},
                }
            ]
        )
        acknowledged = time.perf_counter()
        while True:
            with shelf.core.database.read() as connection:
                if people.states(connection, [person]):
                    break
            time.sleep(0.001)
        waits.append((time.perf_counter() - acknowledged) * 1000)
        time.sleep(0.05)
    return waits


def measure(seconds: float, port: int) -> dict[str, object]:
    """Find the limit, then run at half of it."""
    import oneshelf

    chance, key = random.Random(3), {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.enter_context(served(Path(folder) / "shop", key, port))
        shelf = stack.enter_context(oneshelf.open(Path(folder) / "shop"))
        limit = limit_of(Client(port, key["key"]), shelf, chance)
        batches = [shoppers(chance) for _ in range(int(limit / 2 * seconds / EVENTS_PER_BATCH))]
        busy = threading.Event()
        busy.set()
        load = threading.Thread(target=_load, args=(Client(port, key["key"]), batches, limit / 2, busy))
        load.start()
        waits = probes(Client(port, key["key"]), shelf, seconds, busy)
        busy.clear()
        load.join()
    ranked = sorted(waits)
    return {
        "benchmark": "latency",
        "limit_events_per_second": round(limit),
        "load_events_per_second": round(limit / 2),
        "probes": len(ranked),
        "median_ms": round(statistics.median(ranked), 1),
        "p99_ms": round(ranked[int(len(ranked) * 0.99)], 1),
        "aim_ms": AIM_MS,
    }


def _load(client: Client, batches, rate: float, busy: threading.Event) -> None:
    """Send batches evenly at so many events a second."""
    began = time.perf_counter()
    for number, batch in enumerate(batches):
        if not busy.is_set():
            return
        ahead = began + number * EVENTS_PER_BATCH / rate - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
        client.post(batch)


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--port", type=int, default=8399)
    given = arguments.parse_args()
    print(json.dumps(measure(given.seconds, given.port)))


if __name__ == "__main__":
    main()
