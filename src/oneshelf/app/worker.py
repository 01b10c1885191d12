"""The worker: keeps the projections, the outbox and the scheduled jobs running beside the faces.

Two threads, so that a commit to the lake never holds up a live portrait: one folds, the other does all that takes longer.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from oneshelf.app import daily, delivery
from oneshelf.app.core import utc_now
from oneshelf.app.jobs import run_job
from oneshelf.errors import Conflict, OneShelfError

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

log = logging.getLogger("oneshelf.worker")

#: How often the live projection looks for new rows when it is at the head.
LIVE_PAUSE_SECONDS = 0.01
#: How often the lake takes what has come: few, larger files.
LAKE_PAUSE_SECONDS = 3.0
#: A turn of so many batches means that more is waiting, and the next one begins at once.
LAKE_BACKLOG = 200
#: How long after a failure the same thing is tried again.
RETRY_SECONDS = 2.0

#: The scheduled jobs: name, hour and minute of every day in the shop's own zone; every hour where the hour is "*".
SCHEDULE = (("plan", "15", "0"), ("compact", "*", "20"), ("tidy", "3", "40"))


def work_until_stopped(shelf: Shelf) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(shelf, stop)


def work(shelf: Shelf, stop: threading.Event) -> None:
    """Work until `stop` is set, then finish the turn in hand."""
    scheduler = BackgroundScheduler(timezone=shelf.settings.time_zone)
    for name, hour, minute in SCHEDULE:
        trigger = CronTrigger(hour=hour, minute=minute, timezone=shelf.settings.time_zone)
        scheduler.add_job(_scheduled, trigger, args=(shelf, name), id=name, max_instances=1, coalesce=True)
    scheduler.start()
    slow = threading.Thread(
        target=_repeat, args=(lambda: _slow(shelf), LAKE_PAUSE_SECONDS, stop), name="oneshelf-lake"
    )
    slow.start()
    try:
        _repeat(shelf.live.step, LIVE_PAUSE_SECONDS, stop)
    finally:
        stop.set()
        slow.join()
        scheduler.shutdown()


def _repeat(step: Callable[[], int], pause_seconds: float, stop: threading.Event) -> None:
    """Step as long as there is something to do; pause when there is not; try again after a failure of ours."""
    while not stop.is_set():
        try:
            busy = step() > 0
        except Conflict:
            busy = False  # another process runs the same projection: what it did is done
        except OneShelfError as error:
            log.warning("%s %s", error.cause, error.remedy)
            stop.wait(RETRY_SECONDS)
            continue
        if not busy:
            stop.wait(pause_seconds)


def _slow(shelf: Shelf) -> int:
    """One turn of the lake, then what follows from it when it has caught up."""
    taken = shelf.lakeward.step()
    delivery.deliver(shelf.core, utc_now())
    if taken == 0:
        daily.refresh(shelf.core)
    return 0 if taken < LAKE_BACKLOG else taken


def _scheduled(shelf: Shelf, name: str) -> None:
    try:
        run_job(shelf, name)
    except OneShelfError as error:
        log.warning("job %s: %s %s", name, error.cause, error.remedy)
