"""Tiering: people come into tiers live, as they buy, and by night, as time passes. Each move is an event.

Both sides judge by the rules of the same file and by the cut-points of the last night. A move is kept only if the person's tier is
still the one that it was judged from, so that night and day may run at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.app.core import Core, utc_now
from oneshelf.app.people.gathering import Gathered
from oneshelf.app.settings import Settings, read_file
from oneshelf.books import goods
from oneshelf.books import tiers as books
from oneshelf.books.bulk import chunks
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch, Journal, newest
from oneshelf.books.tiers import TierRow
from oneshelf.errors import SettingsError
from oneshelf.events import codecs
from oneshelf.events.catalogue import TierChanged
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.people.conditions import Cutpoints, Record
from oneshelf.insight.people.flat import record
from oneshelf.insight.people.state import DAY_SECONDS, PersonState
from oneshelf.insight.people.tiers import (
    JudgeTier,
    Tiers,
    buyers_with,
    default_tiers,
    judge_of,
    rank_of,
    read_tiers,
    tier_of,
    values_at,
)
from oneshelf.lake.schema import MOMENT
from oneshelf.words.goods import Product
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who
from oneshelf.words.time import moment

#: Movers that one transaction keeps: the writer is everybody's.
MOVERS_A_TURN: Final = 10_000

NO_RULE: Final = "no rule holds"
JOINED: Final = "joined to another person"

_log = logging.getLogger(__name__)

_STANDING: Final = pa.schema(
    [("person_id", pa.string()), ("tier", pa.string()), ("tier_since", MOMENT), ("tier_reason", pa.string())]
)


class Move(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person's move; None stands for no tier. `since` is that of the tier that they leave."""

    person_id: str
    from_tier: str | None
    since: datetime | None
    to_tier: str | None
    reason: str
    at: datetime
    simulated: bool = False


class Retiered(msgspec.Struct, frozen=True, kw_only=True):
    """What a night's run came to."""

    people: int
    moves: int
    cutpoints: int


def tiers_in_force(settings: Settings) -> Tiers:
    """The rules of the settings' file, or the shipped ones. Raises SettingsError when the file cannot be used."""
    if settings.tiers is None:
        return default_tiers()
    remedy = "Correct it; `oneshelf tiers check FILE` shows how it would work."
    return read_file("tiers", "tiers file", settings.tiers, read_tiers, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InForce:
    version: object
    tiers: Tiers | None
    cutpoints: Cutpoints = field(default_factory=dict)
    judge: JudgeTier | None = None


class Tiering:
    """Live tiers: what new portraits mean for the tiers of their people. Cheap: rules are compiled once for a file and a night."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: replaced as a whole, as several threads may ask: the file's version, the cut-points, and the rules compiled for both
        self._force: _InForce | None = None

    def live_moves(self, connection: Connection, gathered: Gathered, now: datetime) -> list[Move]:
        """Who moves by what a live turn came to. Everybody is judged at the moment of their own latest event, never later than `now`.

        So history that is loaded late moves people when it happened, and not all of them today.
        """
        if not gathered.judged and not gathered.absorbed:
            return []
        force = self._in_force(connection)
        if force.tiers is None:
            return []
        fields = force.tiers.fields
        products = self._products(connection, fields, gathered.judged.values())
        records: dict[str, Record] = {}
        moments: dict[str, datetime] = {}
        for person_id, state in gathered.judged.items():
            moments[person_id] = at = _latest(state, now)
            records[person_id] = record(state, fields, now=at, products=products)
        moves = self.moves(connection, records, moments)
        left = books.tiers(connection, gathered.absorbed)
        return [
            *moves,
            *(
                Move(person_id=one, from_tier=was.tier, since=was.since, to_tier=None, reason=JOINED, at=now)
                for one, was in left.items()
            ),
        ]

    def _products(
        self, connection: Connection, fields: Collection[str], people: Iterable[PersonState]
    ) -> dict[str, Product]:
        """The catalogue's entries that the rules need: none, unless one asks for a category or a brand."""
        if not any(name.startswith("favourite_") for name in fields):
            return {}
        return goods.products(connection, {product_id for state in people for product_id in state.products})

    def moves(
        self, connection: Connection, people: Mapping[str, Record], moments: Mapping[str, datetime]
    ) -> list[Move]:
        """Who of these people moves. `people` holds the flat live portrait by person, `moments` when each is judged.

        Reads only; hand the answer to `keep` within the transaction that saves the portraits. A tiers file that cannot be read
        moves nobody and is logged: it must not hold events up.
        """
        if not people:
            return []
        judge = self._in_force(connection).judge
        if judge is None:
            return []
        known = books.tiers(connection, people)
        return [
            move
            for person_id, record in people.items()
            if (move := _move(person_id, known.get(person_id), judge, record, moments[person_id])) is not None
        ]

    def _in_force(self, connection: Connection) -> _InForce:
        version, force = _version(self._settings.tiers), self._force
        if force is None or force.version != version:
            force = _InForce(version=version, tiers=self._read())
        if force.tiers is not None:
            cutpoints = books.cutpoints(connection) if force.tiers.tops else {}
            if force.judge is None or cutpoints != force.cutpoints:
                judge = judge_of(force.tiers, cutpoints, self._settings.time_zone)
                force = replace(force, cutpoints=cutpoints, judge=judge)
        self._force = force
        return force

    def _read(self) -> Tiers | None:
        try:
            return tiers_in_force(self._settings)
        except SettingsError as error:
            _log.error("tiers stand still: %s", error.cause)
            return None


def _latest(state: PersonState, now: datetime) -> datetime:
    """When a person last did anything, refunds included as their day; never after `now`."""
    seen = state.last_seen[0] if state.last_seen else 0.0
    refunded = max(state.days, default=0) * DAY_SECONDS
    return min(now, moment(max(seen, float(refunded))))


def _version(path: Path | None) -> object:
    if path is None:
        return "shipped"
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return (found.st_mtime_ns, found.st_size)


def _move(
    person_id: str, known: TierRow | None, judge: JudgeTier, record: Record, now: datetime
) -> Move | None:
    tier, reason = judge(record)
    was = None if known is None else known.tier
    if tier == was:
        return None
    return Move(
        person_id=person_id,
        from_tier=was,
        since=None if known is None else known.since,
        to_tier=tier,
        reason=reason or NO_RULE,
        at=now,
        simulated=bool(record.get("simulated")),
    )


def keep(connection: Connection, journal: Journal, moves: Sequence[Move], recorded_at: datetime) -> int:
    """Save moves and their events, within a work of the writer; return how many still applied.

    The event's id comes from the person and the place in the journal: somebody who is joined, parted and joined again moves three times
    at one moment, and a turn that failed left nothing behind.
    """
    kept = 0
    for chunk in chunks(moves, MOVERS_A_TURN):
        known = books.tiers(connection, [move.person_id for move in chunk])
        fresh = [move for move in chunk if _still(move, known.get(move.person_id))]
        if not fresh:
            continue
        books.save(
            connection,
            [
                TierRow(person_id=move.person_id, tier=move.to_tier, since=move.at, reason=move.reason)
                for move in fresh
                if move.to_tier is not None
            ],
            [move.person_id for move in fresh if move.to_tier is None],
        )
        events = [_event(move, newest(connection)) for move in fresh]
        for part in chunks(events, 2_000):
            journal.append_in(
                connection, Batch(codecs.ONESHELF, OWN_SOURCE, len(part), codecs.encode(part), recorded_at)
            )
        kept += len(fresh)
    return kept


def _still(move: Move, known: TierRow | None) -> bool:
    was = (None, None) if known is None else (known.tier, known.since)
    return was == (move.from_tier, move.since)


def _event(move: Move, after: int) -> Event:
    parts = (move.person_id, move.from_tier or "", move.to_tier or "", str(after))
    return Event(
        id=derived_id("tier", *parts),
        source=OWN_SOURCE,
        happened_at=move.at,
        who=Who.of(move.person_id),
        simulated=move.simulated,
        body=TierChanged(from_tier=move.from_tier, to_tier=move.to_tier, reason=move.reason),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    core: Core
    tiers: Tiers
    cutpoints: Cutpoints
    now: datetime


def retier(core: Core, rows: pa.Table, now: datetime) -> Retiered:
    """Judge everybody anew by night: cut-points first, then the tiers, then the moves and their events.

    `rows` is the nightly table of portraits, one row a person, as of `now`, which must be taken before the lake is caught up for
    it: whoever moved later is left to their live tier. Raises SettingsError when the rules cannot be used.
    """
    tiers = tiers_in_force(core.settings)
    with core.analysis:
        table = core.engine.memory(rows)
        cutpoints = compute_cutpoints(core, table, tiers.tops)
        columns = [name for name in ("simulated", *tiers.fields) if name in table.columns]
        judged = core.engine.run(
            table.select(
                "person_id",
                *dict.fromkeys(columns),
                to_tier=tier_of(tiers, table, cutpoints, core.settings.time_zone),
            )
        )
    core.database.writer.write(lambda connection: books.put_cutpoints(connection, cutpoints, now))
    night = _Night(core=core, tiers=tiers, cutpoints=cutpoints, now=now)
    moved = 0
    for moves in _movers(night, judged):
        moved += core.database.writer.write(partial(_keep, core.journal, moves))
    return Retiered(people=judged.num_rows, moves=moved, cutpoints=len(cutpoints))


def _keep(journal: Journal, moves: Sequence[Move], connection: Connection) -> int:
    return keep(connection, journal, moves, utc_now())


def enrich(core: Core, rows: pa.Table, now: datetime) -> pa.Table:
    """`retier`, and the rows with the columns tier, tier_reason and tier_since; what they had of these before is replaced."""
    retier(core, rows, now)
    kept = [name for name in rows.column_names if name not in _STANDING.names[1:]]
    joined = (
        rows.select(kept)
        .append_column("place", pa.array(range(rows.num_rows)))
        .join(standing(core), "person_id")
    )
    return joined.sort_by("place").select([*kept, *_STANDING.names[1:]])


def standing(core: Core) -> pa.Table:
    """Everybody with a tier, as the books know it: person_id, tier, tier_since, tier_reason."""
    with core.database.read() as connection:
        columns = books.everybody(connection)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _STANDING, strict=True)]
    return pa.Table.from_arrays(arrays, schema=_STANDING)


def compute_cutpoints(
    core: Core, table: Any, tops: frozenset[tuple[str, float]] | set[tuple[str, float]]
) -> dict[tuple[str, float], float]:
    """The value of each (field, share) from which the top share of everybody who ever ordered begins."""
    known = {field for field, _ in tops} & set(table.columns)
    if not known:
        return {}
    people = core.engine.run(buyers_with(table, known)).to_pylist()[0]
    ranks = {
        (name, share): rank_of(share, people[name]) for name, share in tops if name in known and people[name]
    }
    if not ranks:
        return {}
    wanted: dict[str, set[int]] = {}
    for (name, _), rank in ranks.items():
        wanted.setdefault(name, set()).add(rank)
    rows = core.engine.run(values_at(table, wanted)).to_pylist()
    values = {(row["field"], row["rank"]): row["value"] for row in rows}
    return {(name, share): values[name, rank] for (name, share), rank in ranks.items()}


def _movers(night: _Night, judged: pa.Table) -> Iterator[list[Move]]:
    """Those whose tier is another one than the books say, a turn's worth at a time."""
    known = standing(night.core)
    both = judged.join(known.drop_columns(["tier_reason"]), "person_id", join_type="full outer")
    was, now_in = pc.fill_null(both["tier"], ""), pc.fill_null(both["to_tier"], "")
    moved = both.filter(pc.not_equal(was, now_in)).sort_by("person_id")
    judge = judge_of(night.tiers, night.cutpoints, night.core.settings.time_zone)
    for start in range(0, moved.num_rows, MOVERS_A_TURN):
        rows = moved.slice(start, MOVERS_A_TURN).to_pylist()
        yield [move for row in rows if (move := _nightly(row, judge, night.now)) is not None]


def _nightly(row: dict[str, Any], judge: JudgeTier, now: datetime) -> Move | None:
    since = row["tier_since"]
    if since is not None and since > now:
        return None  # a live move is younger than what the night knows
    reason = judge(row)[1] if row["to_tier"] is not None else None
    return Move(
        person_id=row["person_id"],
        from_tier=row["tier"],
        since=since,
        to_tier=row["to_tier"],
        reason=reason or NO_RULE,
        at=now,
        simulated=bool(row.get("simulated")),
    )
