"""Projections: read the journal after their cursor; output and cursor move together, exactly once.

`live` judges every event (readable? seen before?) and folds it into the books within milliseconds. `lake` follows behind it
and writes what was judged good into columnar history. Both may be run by any process at any time: a cursor moves by
compare-and-set, so that two runners cost time but never a double.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from oneshelf.app.arriving import folding
from oneshelf.app.core import Core
from oneshelf.app.people import tiering
from oneshelf.books import cursors, places, rejects, repeats
from oneshelf.books import days as touched_days
from oneshelf.books.database import Connection, Database
from oneshelf.books.journal import Batch, Journal, JournalRow
from oneshelf.errors import Conflict, Problem, Unavailable
from oneshelf.events import codecs
from oneshelf.events.envelope import OWN_SOURCE, Event, Recorded
from oneshelf.lake.schema import table_name
from oneshelf.lake.tables import Lake
from oneshelf.words.places import Place
from oneshelf.words.time import business_day

#: How many events one turn takes: a turn stays short while the stream flows, and a backlog goes in large bites.
LIVE_EVENTS_MAX = 20_000
LAKE_EVENTS_MAX = 40_000


LIVE: Final = "live"
LAKE: Final = "lake"


class Live:
    """Journal to books: the person's state, stock, arrivals, repeats and what could not be read or counted.

    A turn that fails is taken again at half its size, so that neither many people nor one event that nobody foresaw can stop the
    stream: what fails alone is kept with the rejects, under its cause, and can be replayed once that is mended.
    """

    name = LIVE

    def __init__(self, core: Core) -> None:
        self._database = core.database
        self._journal = core.journal
        self._time_zone = core.settings.time_zone
        self._tiering = tiering.Tiering(core.settings)
        self._now = core.now
        self._events_max = LIVE_EVENTS_MAX

    def step(self) -> int:
        """Take one turn; return how many journal rows it consumed, 0 at the head. Conflict: another runner was first."""
        with self._database.read() as connection:
            position = cursors.position(connection, self.name)
        while True:
            rows = self._journal.read(position, events_max=self._events_max)
            if not rows:
                return 0
            try:
                self._take(position, rows)
            except (Conflict, Unavailable):
                raise
            except Exception as error:
                if len(rows) > 1:
                    self._events_max = max(1, sum(row.count for row in rows) // 2)
                    continue
                if isinstance(error, MemoryError | OSError):
                    raise  # the machine's fault, not an event's
                self._take(position, rows, self._poison(position, rows[0]))
            self._events_max = min(2 * self._events_max, LIVE_EVENTS_MAX)
            return len(rows)

    def _take(
        self,
        position: int,
        rows: Sequence[JournalRow],
        refused: Mapping[folding.Place, Problem] = folding.NOTHING,
        *,
        trial: bool = False,
    ) -> None:
        """Fold these rows and save what they come to; a trial is undone at its end."""
        with self._database.read() as connection:
            turn = folding.fold(connection, rows, self._time_zone, refused)
            moves = self._tiering.live_moves(connection, turn.people, self._now())

        def save(connection: Connection) -> None:
            cursors.advance(connection, self.name, expected=position, to=rows[-1].offset)
            folding.save(connection, turn)
            tiering.keep(connection, self._journal, moves, turn.recorded_at)
            if decided := turn.people.decided:
                batch = Batch(
                    codecs.ONESHELF, OWN_SOURCE, len(decided), codecs.encode(decided), turn.recorded_at
                )
                self._journal.append_in(connection, batch)
            if trial:
                raise _Undo

        self._database.writer.write(save)

    def _poison(self, position: int, row: JournalRow) -> dict[folding.Place, Problem]:
        """The events of one row that cannot be folded or saved, found by halving, each with what is known of the cause."""
        refused: dict[folding.Place, Problem] = {}

        def fault(events: int) -> Exception | None:
            """What comes of the first so many events, without those refused already."""
            later = {(row.offset, index): _UNTRIED for index in range(events, row.count)}
            try:
                self._take(position, [row], later | refused, trial=True)
            except _Undo:
                pass
            except (Conflict, Unavailable, MemoryError, OSError):
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, it is the event's
                return error
            return None

        while fault(row.count) is not None:
            index = bisect_left(range(row.count), 1, key=lambda events: fault(events + 1) is not None)
            refused[row.offset, index] = _uncounted(index, fault(index + 1))
        return refused


class _Undo(Exception):  # no error: it ends a trial
    pass


_UNTRIED: Final = Problem(at=0, field="event", value="", cause="was not tried.", remedy="")


def _uncounted(index: int, error: Exception | None) -> Problem:
    """What became of an event that could not be counted: the kind of the fault alone, as its message may quote a person."""
    return Problem(
        at=index,
        field="event",
        value="",
        cause=f"could not be counted ({type(error).__name__}).",
        remedy="Report it as a fault of OneShelf, and replay it when that is mended.",
    )


class Lakeward:
    """Books' journal to lake: what `live` judged good, into the day where it belongs."""

    name = LAKE

    def __init__(self, database: Database, journal: Journal, lake: Lake, time_zone: str) -> None:
        self._database = database
        self._journal = journal
        self._lake = lake
        self._time_zone = time_zone

    def step(self) -> int:
        """Take one turn; return how many journal rows it consumed, 0 when it has caught up with `live`."""
        with self._database.read() as connection:
            position = cursors.position(connection, self.name)
            judged = cursors.position(connection, LIVE)
        rows = self._journal.read(position, events_max=LAKE_EVENTS_MAX, until=judged)
        if not rows:
            return 0
        until = rows[-1].offset
        with self._database.read() as connection:
            # what live could not read stays out here too, even where this process could
            left_out = repeats.between(connection, position, until) | rejects.between(
                connection, position, until
            )
            day_of = days_by_place(places.places(connection), self._time_zone)
        good = [
            recorded
            for recorded in folding.recorded_events(rows)
            if isinstance(recorded, Recorded) and (recorded.offset, recorded.index) not in left_out
        ]
        self._lake.append(good, day_of, until=until)
        # of all that is good, not of what this append found new: a run that died after it must not hide its days
        touched = {(table_name(recorded.event.kind), day_of(recorded.event)) for recorded in good}

        def save(connection: Connection) -> None:
            cursors.advance(connection, self.name, expected=position, to=until)
            touched_days.touch(connection, [(table, day, until) for table, day in touched])

        self._database.writer.write(save)
        return len(rows)


def run_to_the_end(step: Callable[[], int]) -> int:
    """Step until there is nothing left to do; return the sum. Where another process was first, go on from where it is."""
    total = 0
    while True:
        try:
            taken = step()
        except Conflict:
            continue
        if taken == 0:
            return total
        total += taken


def days_by_place(known: Mapping[str, Place], time_zone: str) -> Callable[[Event], date]:
    """The business day of an event: in its place's zone, or in the shop's own where the place is not known."""
    zones = {place.id: place.time_zone for place in known.values()}

    def day_of(event: Event) -> date:
        return business_day(event.happened_at, zones.get(event.place_id, time_zone))

    return day_of
