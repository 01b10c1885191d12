"""The worker: keeps the projections, the outbox and the scheduled jobs running beside the faces.

It has two parts, so that a commit to the lake never holds up a live portrait: `live` folds events into the books, `lake` does all
that takes longer. One process can do both; `oneshelf serve` gives each a process of its own, as they would share an interpreter.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from oneshelf.app.core import utc_now
from oneshelf.app.goods import daily
from oneshelf.app.offers import delivery
from oneshelf.app.running.faults import way_to
from oneshelf.app.running.heap import settled_heap
from oneshelf.app.running.jobs import run_job
from oneshelf.errors import Conflict, OneShelfError

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

Part = Literal["all", "live", "lake"]

log = logging.getLogger("oneshelf.worker")

#: How often the live projection looks for new rows when it is at the head.
LIVE_PAUSE_SECONDS = 0.01
#: How often the lake takes what has come: few, larger files.
LAKE_PAUSE_SECONDS = 3.0
#: A turn of so many batches means that more is waiting, and the next one begins at once.
LAKE_BACKLOG = 200
#: How much the lake's process stands back for the others.
LAKE_NICENESS = 10
#: How long after a failure the same thing is tried again.
RETRY_SECONDS = 2.0

#: The scheduled jobs: name, hour and minute of every day in the shop's own zone; every hour where the hour is "*".
SCHEDULE = (
    ("plan", "15", "0"),
    ("compact", "*", "20"),
    ("portraits", "2", "30"),
    ("match", "3", "10"),
    ("value", "3", "25"),
    ("forecast", "4", "10"),
    ("trends", "4", "40"),
    ("tidy", "3", "40"),
)


def work_until_stopped(shelf: Shelf, part: Part = "all", *, with_parent: bool = False) -> None:
    """Work until SIGTERM or SIGINT; `with_parent` also ends it with the process that holds the other end of its input."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if with_parent:
        threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()
    with settled_heap():
        work(shelf, stop, part)


def _wait_for_parent(stop: threading.Event) -> None:
    """The input ends when the parent does, however it died."""
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock an exiting interpreter wants
    stop.set()


def work(shelf: Shelf, stop: threading.Event, part: Part = "all") -> None:
    """Work until `stop` is set, then finish the turn in hand."""
    if part == "live":
        _repeat(shelf.live.step, LIVE_PAUSE_SECONDS, stop)
        return
    live = threading.Thread(
        target=_repeat, args=(shelf.live.step, LIVE_PAUSE_SECONDS, stop), name="oneshelf-live"
    )
    if part == "all":
        live.start()
    else:
        os.nice(LAKE_NICENESS)  # where cores are few, a live portrait goes first
    scheduler = _schedule(shelf)
    try:
        _repeat(lambda: _slow(shelf), LAKE_PAUSE_SECONDS, stop)
    finally:
        stop.set()
        scheduler.shutdown()
        if part == "all":
            live.join()


def _schedule(shelf: Shelf) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(timezone=shelf.settings.time_zone)
    for name, hour, minute in SCHEDULE:
        if name == "match" and find_spec("splink") is None:
            continue  # an extra: whoever wants it installs it
        trigger = CronTrigger(hour=hour, minute=minute, timezone=shelf.settings.time_zone)
        scheduler.add_job(_scheduled, trigger, args=(shelf, name), id=name, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler


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
        except Exception as error:  # noqa: BLE001  # a full disk or a plug-in's fault must not end the worker
            log.error("The worker met %s and tries again.\n%s", type(error).__name__, way_to(error))
            stop.wait(RETRY_SECONDS)
            continue
        if not busy:
            stop.wait(pause_seconds)


def _slow(shelf: Shelf) -> int:
    """One turn of the lake, then what follows from it when it has caught up."""
    taken = shelf.lakeward.step()
    delivery.deliver_some(shelf.core, utc_now())
    shelf.goods.stock.expire()
    if taken == 0:
        daily.refresh(shelf.core)
    return 0 if taken < LAKE_BACKLOG else taken


def _scheduled(shelf: Shelf, name: str) -> None:
    try:
        run_job(shelf, name)
    except OneShelfError as error:
        log.warning("job %s: %s %s", name, error.cause, error.remedy)
    except Exception as error:  # noqa: BLE001  # the schedule goes on whatever a job meets
        log.error("job %s met %s.\n%s", name, type(error).__name__, way_to(error))
