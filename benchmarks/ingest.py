"""HTTP ingest: events a second that are durable before they are answered, beside the same application with a sink that throws away.

    python benchmarks/ingest.py [--seconds 4] [--rounds 3]

Every server is a process of its own with one uvicorn worker; this process only drives them, one at a time, in rounds that
alternate. With ONESHELF_TEST_POSTGRES set, PostgreSQL is measured too. Prints one line of JSON.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

CONNECTIONS = 32
EVENTS_PER_BATCH = 100
EVENT_BYTES = 650
#: Distinct bodies that the connections send in turn, so that nothing packs better than life does.
BODIES = 400

SINKS = ("null", "sqlite", "postgresql")
AIMS = {"sqlite": 0.3, "postgresql": 0.2}


class Served(NamedTuple):
    """A server that runs: where, and with which write key."""

    port: int
    key: str
    data: Path


# --- the server's process ------------------------------------------------------------------------------------------------


def serve(sink: str, data: str) -> None:
    """Run the real application; with the null sink, batches are judged and answered, but go nowhere."""
    import uvicorn

    from oneshelf.api import create
    from oneshelf.app.build import open_shelf
    from oneshelf.app.settings import read_settings

    database = {"database": os.environ["BENCHMARK_DATABASE"]} if sink == "postgresql" else {}

    async def null(*_: object) -> int:
        return 0

    with open_shelf(read_settings(data=data, rate_per_minute=10**9, **database)) as shelf:
        key = shelf.staff.write_key("benchmark")
        app = create(shelf, sink=null) if sink == "null" else create(shelf)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
        )
        server = uvicorn.Server(config)

        async def run() -> None:
            serving = asyncio.ensure_future(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            print(json.dumps([server.servers[0].sockets[0].getsockname()[1], key]), flush=True)
            await asyncio.to_thread(sys.stdin.read)  # until the parent closes it
            server.should_exit = True
            await serving

        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(run())
        print(json.dumps(sum(row.count for row in _journal(shelf))), flush=True)


def _journal(shelf: object) -> Iterator[object]:
    after = 0
    while rows := shelf.core.journal.read(after, events_max=100_000):
        yield from rows
        after = rows[-1].offset


@contextmanager
def served(sink: str) -> Iterator[tuple[Served, list[int]]]:
    """Start a server; afterwards the list holds how many events its journal has."""
    with tempfile.TemporaryDirectory() as folder, temporary_database(sink) as url:
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", sink, "--data", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "BENCHMARK_DATABASE": url},
        )
        port, key = json.loads(process.stdout.readline())
        kept: list[int] = []
        try:
            yield Served(port, key, Path(folder)), kept
        finally:
            kept.append(json.loads(process.communicate(timeout=120)[0]))


@contextmanager
def temporary_database(sink: str) -> Iterator[str]:
    """A PostgreSQL database for one run, gone afterwards."""
    if sink != "postgresql":
        yield ""
        return
    import psycopg
    from sqlalchemy import make_url

    url = make_url(os.environ["ONESHELF_TEST_POSTGRES"])
    name = f"oneshelf_ingest_{uuid.uuid4().hex[:8]}"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- the load ------------------------------------------------------------------------------------------------------------


def requests(key: str) -> list[bytes]:
    """Whole HTTP requests, ready to be written: a web shop's page views of many people and products."""
    chance = random.Random(1)
    head = (
        b"POST /v1/batch HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\nAuthorization: Basic %b\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    basic = base64.b64encode(f"{key}:".encode())
    made = []
    for _ in range(BODIES):
        events = [_event(chance) for _ in range(EVENTS_PER_BATCH)]
        body = json.dumps({"batch": events, "sentAt": datetime.now(UTC).isoformat()}).encode()
        made.append(head % (basic, len(body)) + body)
    return made


def _event(chance: random.Random) -> dict[str, object]:
    product = chance.randrange(60_000)
    event = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"ajs-{uuid.UUID(int=chance.getrandbits(128)).hex}",
        "anonymousId": str(uuid.UUID(int=chance.getrandbits(128))),
        "userId": f"member-{chance.randrange(10**6)}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "properties": {
            "product_id": f"product-{product}",
            "price": product / 100,
            "position": chance.randrange(50),
        },
        "context": {
            "library": {"name": "analytics.js", "version": "2.11.1"},
            "page": {
                "path": f"/p/{product}",
                "url": f"https://shop.example/p/{product}?ref={chance.getrandbits(32):x}",
            },
            "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)",
        },
    }
    event["context"]["locale"] = "x" * max(0, EVENT_BYTES - len(json.dumps(event)) - 14)
    return event


class Connection(asyncio.Protocol):
    """One keep-alive connection: writes the next request as soon as the last was answered, and checks each answer."""

    def __init__(self, bodies: list[bytes], first: int, until: float) -> None:
        self._bodies, self._next, self._until = bodies, first, until
        self._answer = b""
        self.answered = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"}"):  # an answer is one small object
            return
        if not self._answer.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._answer.decode()))
            return
        self.answered += 1
        self._answer = b""
        if time.perf_counter() < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)

    def _send(self) -> None:
        self._transport.write(self._bodies[self._next % len(self._bodies)])
        self._next += 1


async def drive(port: int, bodies: list[bytes], seconds: float) -> tuple[int, float]:
    """Send as fast as it is answered; returns events acknowledged and seconds taken."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    until = began + seconds
    step = len(bodies) // CONNECTIONS
    connections = []
    for at in range(CONNECTIONS):
        _, one = await loop.create_connection(
            lambda at=at: Connection(bodies, at * step, until), "127.0.0.1", port
        )
        connections.append(one)
    await asyncio.gather(*(one.done for one in connections))
    return sum(one.answered for one in connections) * EVENTS_PER_BATCH, time.perf_counter() - began


def measure(seconds: float, rounds: int) -> dict[str, object]:
    """Drive every sink in turn, as often as there are rounds, and compare the medians."""
    sinks = [sink for sink in SINKS if sink != "postgresql" or os.environ.get("ONESHELF_TEST_POSTGRES")]
    rates: dict[str, list[float]] = {sink: [] for sink in sinks}
    acknowledged = dict.fromkeys(sinks, 0)
    kept: dict[str, list[int]] = {}
    with ExitStack() as stack:
        servers = {}
        for sink in sinks:
            servers[sink], kept[sink] = stack.enter_context(served(sink))
        bodies = {sink: requests(server.key) for sink, server in servers.items()}
        for number in range(-1, rounds):  # the first round warms up
            for sink in sinks if number % 2 else reversed(sinks):
                events, took = asyncio.run(
                    drive(servers[sink].port, bodies[sink], seconds if number >= 0 else 1.0)
                )
                acknowledged[sink] += events
                if number >= 0:
                    rates[sink].append(events / took)
    medians = {sink: statistics.median(rate) for sink, rate in rates.items()}
    return {
        "benchmark": "ingest",
        "connections": CONNECTIONS,
        "events_per_batch": EVENTS_PER_BATCH,
        "event_bytes": len(json.dumps(_event(random.Random(1)))),
        "events_per_second": {sink: round(rate) for sink, rate in medians.items()},
        "ratio": {sink: round(medians[sink] / medians["null"], 3) for sink in sinks if sink != "null"},
        "aim": {sink: AIMS[sink] for sink in sinks if sink != "null"},
        "acknowledged_but_not_in_the_journal": {
            sink: acknowledged[sink] - kept[sink][0] for sink in sinks if sink != "null"
        },
    }


def main() -> None:
    """Measure, or be one of the servers."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=4.0, help="how long each turn takes")
    arguments.add_argument("--rounds", type=int, default=3, help="how many turns each server gets")
    arguments.add_argument("--serve", choices=SINKS, help=argparse.SUPPRESS)
    arguments.add_argument("--data", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.serve:
        serve(given.serve, given.data)
    else:
        print(json.dumps(measure(given.seconds, given.rounds)))


if __name__ == "__main__":
    main()
