"""What readers of the journal keep: cursors, what was seen, repeats, touched days, positions of loads."""

import os
import threading
import uuid
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneshelf.books import cursors, days, loads, repeats, seen
from oneshelf.errors import Conflict

DAY = date(2026, 3, 1)


def test_a_cursor_starts_at_zero_and_moves_with_what_it_stands_for(database):
    def project(connection):
        cursors.advance(connection, "live", expected=0, to=7)
        seen.mark(connection, [b"a" * 16])

    with database.read() as connection:
        assert cursors.position(connection, "live") == 0
    database.writer.write(project)
    with pytest.raises(Conflict, match="live"):
        database.writer.write(project)
    with database.read() as connection:
        assert cursors.position(connection, "live") == 7
        assert cursors.position(connection, "lake") == 0


def test_of_two_runners_of_one_projection_only_one_moves_the_cursor(database):
    """Both have read the same position; the loser's output is undone with its transaction."""
    outcomes: list[str] = []

    def run(name: bytes) -> None:
        def project(connection):
            seen.mark(connection, [name * 16])
            cursors.advance(connection, "live", expected=0, to=5)

        try:
            database.writer.write(project)
            outcomes.append("moved")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=run, args=(name,)) for name in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "conflict", "moved"]
    with database.read() as connection:
        assert len(seen.unseen(connection, [b"a" * 16, b"b" * 16, b"c" * 16])) == 2


def test_a_marked_key_is_seen_for_ever_and_marking_it_again_changes_nothing(database):
    old, new = [bytes([number]) * 16 for number in range(5)], [os.urandom(16) for _ in range(5)]
    database.writer.write(lambda connection: seen.mark(connection, old))
    database.writer.write(lambda connection: seen.mark(connection, [*old, *old, new[0]]))
    with database.read() as connection:
        assert seen.unseen(connection, [*new, *old, *new]) == set(new[1:])
        assert seen.unseen(connection, []) == set()


def test_more_keys_than_a_statement_takes_parameters_are_marked_and_looked_up(database):
    keys = [os.urandom(16) for _ in range(40_000)]
    database.writer.write(lambda connection: seen.mark(connection, keys[:35_000]))
    with database.read() as connection:
        assert seen.unseen(connection, keys) == set(keys[35_000:])


def test_repeats_lie_in_the_batches_asked_for(database):
    places = {(1, 0), (1, 5), (2, 3), (9, 0)}
    database.writer.write(lambda connection: repeats.add(connection, [*places, (1, 0)]))
    database.writer.write(lambda connection: repeats.add(connection, [(1, 0)]))
    with database.read() as connection:
        assert repeats.between(connection, 0, 9) == places
        assert repeats.between(connection, 1, 2) == {(2, 3)}
        assert repeats.between(connection, 2, 2) == set()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    touches=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), min_size=1, max_size=10),
    data=st.data(),
)
def test_a_touched_day_is_forgotten_only_while_nobody_touched_it_again(database, touches, data):
    table = f"table-{uuid.uuid4()}"  # examples share the database
    rows = [(table, date(2026, 3, 1 + day), offset) for day, offset in touches]
    expected = {day: max(offset for _, other, offset in rows if other == day) for _, day, _ in rows}

    again = data.draw(st.sampled_from(sorted(expected)))

    def work(connection):
        days.touch(connection, rows[: len(rows) // 2])
        days.touch(connection, rows[len(rows) // 2 :])
        derived = days.touched(connection, table)
        days.touch(connection, [(table, again, 99), ("other", again, 1)])
        days.clear(connection, table, derived)
        return derived, days.touched(connection, table)

    assert database.writer.write(work) == (expected, {again: 99})


def test_a_load_goes_on_where_it_stopped(database, now):
    with database.read() as connection:
        assert (loads.position(connection, "till"), loads.events(connection, "till")) == (None, 0)
    for done in (100, 250):
        database.writer.write(
            lambda connection, done=done: loads.move(
                connection, "till", position=f"row {done}", events=done, at=now
            )
        )
    with database.read() as connection:
        assert (loads.position(connection, "till"), loads.events(connection, "till")) == ("row 250", 250)
