"""Faults: kill -9 at random moments of ingest, projection and compaction; then count what was acknowledged.

    python benchmarks/faults.py [--kills 100]

For each database a process appends batches as fast as it can, folds them, commits them to the lake and compacts, all at once, and
says which batches were acknowledged. It is killed after a random time and started again on the same folder. At the end every
acknowledged event must be there once: in the books and in the lake. With ONESHELF_TEST_POSTGRES set, PostgreSQL too.
Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

EVENTS_PER_BATCH = 20
#: From the first acknowledged batch to the kill.
LIFE_SECONDS = (0.02, 1.2)


def _open(data: str):
    import oneshelf
    from oneshelf.app.settings import read_settings

    url = os.environ.get("BENCHMARK_DATABASE")
    return oneshelf.open(read_settings(data=data, **({"database": url} if url else {})))


def live_until_killed(data: str, life: int) -> None:
    """Append, fold, commit and compact for ever; print the number of each acknowledged batch."""
    from oneshelf.app.goods import daily
    from oneshelf.errors import OneShelfError

    with _open(data) as shelf:

        def repeat(step) -> None:
            while True:
                with suppress(OneShelfError):
                    if not step():
                        time.sleep(0.005)

        for step in (
            shelf.live.step,
            shelf.lakeward.step,
            lambda: daily.refresh(shelf.core),
            lambda: _compact(shelf),
        ):
            threading.Thread(target=repeat, args=(step,), daemon=True).start()
        number = 0
        while True:
            waiting = [_append(shelf, life, number + ahead) for ahead in range(8)]
            for ahead, future in enumerate(waiting):
                future.result()
                print(number + ahead, flush=True)
            number += len(waiting)


def _compact(shelf) -> int:
    shelf.core.lake.compact()
    return 0


def _append(shelf, life: int, number: int):
    from oneshelf.books.journal import Batch
    from oneshelf.events import codecs

    now = datetime.now(UTC)
    events = list(_events(life, number, now))
    return shelf.core.journal.append(Batch(codecs.ONESHELF, "till", len(events), codecs.encode(events), now))


def _events(life: int, number: int, now: datetime):
    from oneshelf.events.catalogue import Line, OrderCompleted
    from oneshelf.events.envelope import Event
    from oneshelf.words.people import Who

    for index in range(EVENTS_PER_BATCH):
        order_id = f"{life}-{number}-{index}"
        body = OrderCompleted(
            order_id=order_id, currency="USD", lines=(Line(product_id=f"p{index}", amount_minor=100),)
        )
        yield Event(
            id=order_id, source="till", happened_at=now, who=Who(user_id=f"person-{index}"), body=body
        )


def run(data: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so many lives of one folder, then open it once more and count."""
    chance = random.Random(seed)
    acknowledged: set[tuple[int, int]] = set()
    for life in range(kills):
        process = subprocess.Popen(
            [sys.executable, __file__, "--live", str(data), "--number", str(life)],
            stdout=subprocess.PIPE,
            text=True,
        )
        first = process.stdout.readline()
        timer = threading.Timer(chance.uniform(*LIFE_SECONDS), process.kill)
        timer.start()
        lines = [first, *process.stdout.read().splitlines()]  # ends when it is killed
        process.wait()
        timer.cancel()
        acknowledged |= {(life, int(line)) for line in lines if line.strip()}
    return _count(str(data), acknowledged)


def _count(data: str, acknowledged: set[tuple[int, int]]) -> dict[str, int]:
    from oneshelf.app.goods import daily
    from oneshelf.insight.people import state as states

    if not acknowledged:
        raise RuntimeError("nothing was acknowledged, so nothing was tried")
    wanted = {
        f"{life}-{number}-{index}" for life, number in acknowledged for index in range(EVENTS_PER_BATCH)
    }
    with _open(data) as shelf:
        shelf.catch_up()
        ids = shelf.core.engine.run(shelf.core.engine.events("order.completed").select("event_id"))[
            "event_id"
        ].to_pylist()
        with shelf.core.database.read() as connection:
            from oneshelf.books import people

            found = people.states(connection, [f"person-{index}" for index in range(EVENTS_PER_BATCH)])
        sold = shelf.core.engine.run(daily.sales(shelf.core))["orders"].to_pylist()
        in_books = sum(states.decode(data).orders for data in found.values())
    return {
        "acknowledged": len(wanted),
        "lost": len(wanted - set(ids)),
        "counted_twice_in_the_lake": len(ids) - len(set(ids)),
        "books_differ_from_lake": abs(in_books - len(set(ids))),
        "daily_sales_differ_from_lake": abs(sum(sold) - len(set(ids))),
    }


def main() -> None:
    """Run the rounds, or be the process that is killed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--kills", type=int, default=100, help="kills for each database")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--live", help=argparse.SUPPRESS)
    arguments.add_argument("--number", type=int, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.live:
        live_until_killed(given.live, given.number)
        return
    from ingest import temporary_database

    result: dict[str, object] = {"benchmark": "faults", "kills": given.kills}
    for engine in ("sqlite", "postgresql"):
        if engine == "postgresql" and not os.environ.get("ONESHELF_TEST_POSTGRES"):
            continue
        with tempfile.TemporaryDirectory() as folder, temporary_database(engine) as url:
            os.environ["BENCHMARK_DATABASE"] = url
            result[engine] = run(Path(folder), given.kills, given.seed)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
