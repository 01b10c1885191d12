"""Kills a writer at random moments, many times, and finishes its work: run by test_kills.py in a process of its own.

The writers are forks of a process that has never opened a table, so they start in milliseconds and own no threads of others.
"""

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from oneshelf.events.catalogue import Line, OrderCompleted, ProductViewed
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.tables import Lake
from oneshelf.words.people import Who

START = datetime(2026, 3, 2, tzinfo=UTC)
OFFSETS = 90
EVENTS_A_BATCH = 20


def batch(offset: int) -> list[Recorded]:
    out = []
    for index in range(EVENTS_A_BATCH):
        number = offset * EVENTS_A_BATCH + index
        body = (
            OrderCompleted(
                order_id=f"o-{number}", currency="CNY", lines=(Line(product_id="p", amount_minor=number),)
            )
            if number % 3
            else ProductViewed(product_id="p")
        )
        at = START + timedelta(hours=7 * (number % 10))
        event = Event(id=f"e-{number}", source="till", happened_at=at, body=body, who=Who(user_id="u"))
        out.append(Recorded(offset=offset, index=index, recorded_at=START, event=event))
    return out


def work(root: Path, seed: int) -> None:
    """Project the journal from a little before the cursor, compacting now and then, as a fresh process would."""
    chance = random.Random(seed)
    lake, saved = Lake(root / "lake"), root / "cursor"
    cursor = max(0, (int(saved.read_text()) if saved.exists() else 0) - chance.randrange(0, 4))
    while cursor < OFFSETS:
        until = min(OFFSETS, cursor + chance.randrange(1, 4))
        events = [each for offset in range(cursor + 1, until + 1) for each in batch(offset)]
        lake.append(events, lambda event: event.happened_at.date(), until=until)
        cursor = until
        (root / "cursor.new").write_text(str(cursor))
        (root / "cursor.new").replace(saved)
        if chance.random() < 0.1:
            lake.compact()


def main(root: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    killed = 0
    for number in range(10_000):
        child = os.fork()
        if child == 0:
            work(root, number)
            os._exit(0)
        if killed < kills:
            time.sleep(chance.uniform(0.01, 0.12))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.waitstatus_to_exitcode(status):
            sys.exit(f"writer {number} failed")
        else:
            break
    sys.stdout.write(f"{killed}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
