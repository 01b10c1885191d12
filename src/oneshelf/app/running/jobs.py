"""Jobs: named pieces of work, run by `oneshelf run NAME`, by the scheduler of `oneshelf work`, or by anybody's cron."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec

from oneshelf.app.core import utc_now
from oneshelf.app.goods import daily
from oneshelf.app.offers import delivery
from oneshelf.app.people import portraits
from oneshelf.app.running.faults import way_to
from oneshelf.books import jobs, staff
from oneshelf.books.jobs import JobRow
from oneshelf.errors import NotFound, OneShelfError

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

log = logging.getLogger("oneshelf.jobs")

#: Well below the silence after which a job is given to another runner.
BEAT_SECONDS = 30.0


class JobDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a job did, in a few words."""

    name: str
    detail: str


def _catch_up(shelf: Shelf) -> str:
    return f"{shelf.catch_up():,} batches projected"


def _refresh_daily(shelf: Shelf) -> str:
    return f"{daily.refresh(shelf.core):,} days recomputed"


def _compact(shelf: Shelf) -> str:
    return f"{len(shelf.core.lake.compact()):,} tables compacted"


def _deliver(shelf: Shelf) -> str:
    return f"{delivery.deliver(shelf.core, utc_now()):,} messages left"


def _forecast(shelf: Shelf) -> str:
    shelf.catch_up()
    night = shelf.goods.forecasts.run()
    return f"{sum(night.series.values()):,} series forecast from {night.as_of}"


def _plan(shelf: Shelf) -> str:
    shelf.goods.plans.score()
    made = shelf.goods.plans.make()
    return f"{made.lines:,} lines for {made.for_day}, {made.exceptions:,} of which need a look"


def _tidy(shelf: Shelf) -> str:
    shelf.core.database.writer.write(lambda connection: staff.end_expired(connection, utc_now()))
    return "expired sessions forgotten"


def _portraits(shelf: Shelf) -> str:
    # before the lake catches up: whoever moves meanwhile is left to their live tier
    now = shelf.core.now()
    shelf.catch_up()
    night = portraits.run(shelf.core, now)
    return f"{night.people:,} people as of {night.day}"


def _match(shelf: Shelf) -> str:
    report = shelf.matching.run()
    return f"{report.compared:,} records compared, {report.open:,} pairs wait for a decision"


def _trends(shelf: Shelf) -> str:
    night = shelf.trends.run()
    return f"{night.certain:,} of {night.series:,} series rise beyond chance as of {night.day}"


def _value(shelf: Shelf) -> str:
    try:
        tested = shelf.people.keep_backtest()
    except NotFound as error:
        return f"nothing to test yet: {error.cause}"
    return f"{tested.people:,} people of {tested.cut} scored on the {tested.horizon_days} days after it"


#: What can be run, by name.
JOBS: dict[str, Callable[[Shelf], str]] = {
    "catch-up": _catch_up,
    "refresh-daily": _refresh_daily,
    "compact": _compact,
    "deliver": _deliver,
    "forecast": _forecast,
    "match": _match,
    "plan": _plan,
    "portraits": _portraits,
    "tidy": _tidy,
    "trends": _trends,
    "value": _value,
}


def run_job(shelf: Shelf, name: str) -> JobDone:
    """Run a job now and keep a record of the run. What is due in the queue before it runs first."""
    if name not in JOBS:
        raise NotFound(f"There is no job {name!r}.", f"Jobs: {', '.join(sorted(JOBS))}.")
    wanted = shelf.core.database.writer.write(
        lambda connection: jobs.enqueue(connection, name, {}, now=utc_now())
    )
    while (claimed := shelf.core.database.writer.write(lambda c: jobs.claim(c, utc_now()))) is not None:
        try:
            done = _run(shelf, claimed)
        except Exception as error:
            if claimed.id == wanted:
                raise
            # Somebody else's job failed, which stands in its record; those behind it must run whatever it met.
            log.warning("Job %d (%s) failed.\n%s", claimed.id, claimed.name, way_to(error))
            continue
        if claimed.id == wanted:
            return done
    return JobDone(name=name, detail="another process runs it")


def _run(shelf: Shelf, claimed: JobRow) -> JobDone:
    try:
        with _alive(shelf, claimed):
            detail = JOBS[claimed.name](shelf)
    except Exception as error:
        # Only errors of ours are known to hold no personal data.
        cause = error.cause if isinstance(error, OneShelfError) else f"It met {type(error).__name__}."
        shelf.core.database.writer.write(lambda connection: jobs.fail(connection, claimed, cause, utc_now()))
        raise
    shelf.core.database.writer.write(lambda connection: jobs.finish(connection, claimed, utc_now()))
    return JobDone(name=claimed.name, detail=detail)


@contextmanager
def _alive(shelf: Shelf, claimed: JobRow) -> Iterator[None]:
    """Say now and then that a long job still runs, so that nobody takes it for dead."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            with suppress(OneShelfError):
                shelf.core.database.writer.write(lambda connection: jobs.beat(connection, claimed, utc_now()))

    beating = threading.Thread(target=beat, name=f"oneshelf-job-{claimed.id}", daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()
