"""People live: from the event that names somebody to their joined history, and portraits over HTTP, while ingest runs.

    python benchmarks/people.py [--seconds 20]

Starts `oneshelf serve` (with its workers) on an empty folder and finds the limit as `latency.py` does. While events arrive at half of it,
probes: a browser that looked at something signs in as a member who bought something, timed from the acknowledgement of the sign-in to the
moment when the books give one person with both histories. Then, while 1,000 events a second arrive (86 million a day), 200 portraits a
second over HTTP, each look logged, each request due at its own moment (a late answer counts as late, not as fewer requests).
This process, which drives all of it, shares the machine's cores. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import queue
import random
import statistics
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ingest import EVENTS_PER_BATCH
from latency import Client, _load, limit_of, served, shoppers

JOIN_AIM_MS = 100
PORTRAIT_AIM_MS = 20
PORTRAITS_PER_SECOND = 200
CONNECTIONS = 8
MEMBERS = 20_000
#: Events a second while portraits are asked for.
STREAM_PER_SECOND = 1_000


def _tracked(event: str, properties: dict[str, object], **who: str) -> dict[str, object]:
    return {
        "type": "track",
        "event": event,
        "messageId": uuid.uuid4().hex,
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": properties,
        **who,
    }


def joins(client: Client, shelf, seconds: float) -> list[float]:
    """Milliseconds from the acknowledged sign-in to one person with both histories."""
    waits: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        member, browser = f"joiner-{uuid.uuid4().hex}", uuid.uuid4().hex
        bought = {"order_id": member, "currency": "EUR", "products": [{"product_id": "p", "price": 1}]}
        client.post(
            [
                _tracked("Order Completed", bought, userId=member),
                _tracked("Product Viewed", {"product_id": "q"}, anonymousId=browser),
            ]
        )
        _wait(shelf, member, lambda state: state.orders == 1)
        client.post([{"type": "identify", "messageId": browser, "userId": member, "anonymousId": browser}])
        acknowledged = time.perf_counter()
        _wait(shelf, member, lambda state: state.orders == 1 and "q" in state.views)
        waits.append((time.perf_counter() - acknowledged) * 1000)
        time.sleep(0.05)
    return waits


def _wait(shelf, person_id: str, done) -> None:
    from oneshelf.books import people
    from oneshelf.insight.people import state as states

    while True:
        with shelf.core.database.read() as connection:
            data = people.states(connection, [person_id]).get(person_id)
        if data is not None and done(states.decode(data)):
            return
        time.sleep(0.001)


def portraits(port: int, token: str, seconds: float, chance: random.Random) -> list[float]:
    """Milliseconds from the moment when each request was due to its whole answer."""
    due: queue.Queue[float] = queue.Queue()
    began = time.perf_counter() + 0.2
    for number in range(int(seconds * PORTRAITS_PER_SECOND)):
        due.put(began + number / PORTRAITS_PER_SECOND)
    waits: list[float] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            try:
                moment = due.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, moment - time.perf_counter()))
            path = f"/v1/people/member-{chance.randrange(MEMBERS)}/portrait"
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}")
            waits.append((time.perf_counter() - moment) * 1000)

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


@contextmanager
def _streaming(client: Client, chance: random.Random, rate: float, seconds: float):
    """Events at a steady rate, for longer than the measurement takes; raises when they ended before it."""
    batches = [shoppers(chance) for _ in range(int(rate * (seconds + 10) / EVENTS_PER_BATCH))]
    busy = threading.Event()
    busy.set()
    load = threading.Thread(target=_load, args=(client, batches, rate, busy))
    load.start()
    try:
        yield
        if not load.is_alive():
            raise RuntimeError("The stream ended before the measurement.")
    finally:
        busy.clear()
        load.join()


def measure(seconds: float, port: int) -> dict[str, object]:
    """Find the limit, then probe at half of it."""
    import oneshelf

    chance, key = random.Random(3), {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.enter_context(served(Path(folder) / "shop", key, port))
        shelf = stack.enter_context(oneshelf.open(Path(folder) / "shop"))
        shelf.staff.create("analyst", uuid.uuid4().hex, "analyst")
        token = shelf.staff.api_token("analyst", "benchmark")
        client = Client(port, key["key"])
        limit = limit_of(client, shelf, chance)
        for start in range(0, MEMBERS, 100):  # everybody is known before anybody is asked for
            client.post(
                [
                    _tracked("Product Viewed", {"product_id": "p"}, userId=f"member-{n}")
                    for n in range(start, start + 100)
                ]
            )
        with _streaming(Client(port, key["key"]), chance, limit / 2, seconds):
            joined = sorted(joins(client, shelf, seconds))
        while shelf.system.health().lag_batches["live"]:
            time.sleep(0.02)
        with _streaming(Client(port, key["key"]), chance, STREAM_PER_SECOND, seconds):
            asked = sorted(portraits(port, token, seconds, chance))
    return {
        "benchmark": "people",
        "load_events_per_second": round(limit / 2),
        "joins": len(joined),
        "join_median_ms": round(statistics.median(joined), 1),
        "join_p99_ms": round(joined[int(len(joined) * 0.99)], 1),
        "join_aim_ms": JOIN_AIM_MS,
        "stream_per_second": STREAM_PER_SECOND,
        "portraits": len(asked),
        "portraits_per_second": PORTRAITS_PER_SECOND,
        "portrait_median_ms": round(statistics.median(asked), 1),
        "portrait_p99_ms": round(asked[int(len(asked) * 0.99)], 1),
        "portrait_aim_ms": PORTRAIT_AIM_MS,
    }


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--port", type=int, default=8398)
    given = arguments.parse_args()
    print(json.dumps(measure(given.seconds, given.port)))


if __name__ == "__main__":
    main()
