"""The job queue: each job is run by one runner, and a dead runner's job by another."""

import threading
from contextlib import closing
from datetime import timedelta

import pytest

from oneshelf.books import jobs
from oneshelf.books.database import Database
from oneshelf.books.jobs import SILENCE_MAX
from oneshelf.errors import Conflict


@pytest.fixture
def do(database):
    """Runs a function of the queue in a transaction."""
    return lambda function, *given, **named: database.writer.write(
        lambda connection: function(connection, *given, **named)
    )


def test_a_job_is_claimed_when_its_time_has_come_and_only_once(do, now):
    hour = timedelta(hours=1)
    later = do(jobs.enqueue, "compact", {}, now=now, run_at=now + hour)
    first = do(jobs.enqueue, "plan", {"days": [1, 2], "place": "店"}, now=now)
    claimed = do(jobs.claim, now)
    assert (claimed.id, claimed.name, claimed.args) == (first, "plan", {"days": [1, 2], "place": "店"})
    assert (claimed.status, claimed.started_at, claimed.attempts) == ("running", now, 1)
    assert do(jobs.claim, now) is None
    do(jobs.finish, claimed, now)
    assert do(jobs.claim, now + hour - timedelta(seconds=1)) is None
    assert do(jobs.claim, now + hour).id == later


def test_competing_threads_and_processes_claim_each_job_once(url, now):
    with closing(Database.open(url)) as one, closing(Database.open(url)) as two:
        ids = [one.writer.write(lambda c: jobs.enqueue(c, "plan", {}, now=now)) for _ in range(40)]
        claimed: list[int] = []

        def run(database: Database) -> None:
            while job := database.writer.write(lambda connection: jobs.claim(connection, now)):
                claimed.append(job.id)
                database.writer.write(lambda connection, job=job: jobs.finish(connection, job, now))

        threads = [threading.Thread(target=run, args=(database,)) for database in (one, two) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == sorted(ids)
        with one.read() as connection:
            assert {job.status for job in jobs.recent(connection, 100)} == {"done"}


def test_a_silent_runner_loses_its_job_and_can_no_longer_settle_it(do, now):
    do(jobs.enqueue, "plan", {}, now=now)
    slow = do(jobs.claim, now)
    do(jobs.beat, slow, now + SILENCE_MAX)
    assert do(jobs.claim, now + 2 * SILENCE_MAX) is None
    quick = do(jobs.claim, now + 2 * SILENCE_MAX + timedelta(seconds=1))
    assert (quick.id, quick.attempts) == (slow.id, 2)
    for settle in (jobs.beat, jobs.finish):
        with pytest.raises(Conflict, match="silent"):
            do(settle, slow, now)
    do(jobs.finish, quick, now)


def test_a_failed_job_is_history_or_waits_for_another_try(do, database, now):
    for _ in range(2):
        do(jobs.enqueue, "plan", {}, now=now)
    do(jobs.fail, do(jobs.claim, now), "no sales", now)
    do(jobs.fail, do(jobs.claim, now), "network", now, retry_at=now + timedelta(minutes=1))
    assert do(jobs.claim, now) is None
    again = do(jobs.claim, now + timedelta(minutes=1))
    assert (again.attempts, again.error) == (2, "network")
    do(jobs.finish, again, now + timedelta(minutes=2))
    with database.read() as connection:
        newest, oldest = jobs.recent(connection, 5)
    assert (newest.status, newest.error, newest.finished_at) == ("done", None, now + timedelta(minutes=2))
    assert (oldest.status, oldest.error, oldest.finished_at) == ("failed", "no sales", now)


def test_a_job_whose_runners_always_fall_silent_is_given_up(do, database, now):
    do(jobs.enqueue, "plan", {}, now=now)
    do(jobs.enqueue, "tidy", {}, now=now + timedelta(seconds=1))
    late = timedelta(minutes=6)
    begun = [do(jobs.claim, now + turn * late).name for turn in range(jobs.ATTEMPTS_MAX)]
    assert begun == ["plan"] * jobs.ATTEMPTS_MAX
    assert do(jobs.claim, now + jobs.ATTEMPTS_MAX * late).name == "tidy"
    with database.read() as connection:
        _, plan = jobs.recent(connection, 2)
    assert (plan.status, "silent" in plan.error) == ("failed", True)
