"""Measures: one way to ask for every figure. A measure, up to two dimensions, a filter and a range of days make a table.

Staff of some places get the figures of those. Whoever may not see people gets protected figures (`insight.disclosure`), and a
narrower way to ask, so that one set of people cannot be worded in many ways: one filter with one value, and calendar periods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods.products_table import products_table
from oneshelf.app.people.links import links_of
from oneshelf.app.people.membership import AUDIENCE, AudienceAsked, Members, members_of, sided
from oneshelf.books import places as books_places
from oneshelf.errors import InvalidInput, NotFound, Problem
from oneshelf.insight import cube
from oneshelf.insight.cells import Cell, Key, as_key, guarded_cells, open_cells, total_of
from oneshelf.insight.disclosure import person_key
from oneshelf.insight.measures import (
    LINE_DIMENSIONS,
    MEASURES,
    PEOPLE_DIMENSIONS,
    Measure,
    check_dimensions,
    measure_named,
)
from oneshelf.insight.periods import EVER, Period, told_period
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.places import Place

#: How many dimensions a table has at most, and how many cells.
DIMENSIONS_MAX: Final = 2
CELLS_MAX: Final = 100_000

#: The secret of the books that salts protected figures.
SALT: Final = "disclosure"

#: Filters as they are asked: a value, or several, a dimension.
Where: TypeAlias = Mapping[str, Sequence[Any] | str | int | date]

#: One value that a filter keeps.
Kept: TypeAlias = str | int | date

_PLACES: Final = pa.schema([("id", pa.string()), ("time_zone", pa.string())])
_TIERS: Final = pa.schema([("person_id", pa.string()), ("tier", pa.string()), ("day", pa.date32())])


class MeasureDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure means wherever it is shown, and by what it can be asked."""

    name: str
    title: str
    formula: str
    unit: str
    dimensions: tuple[str, ...]


class MeasureTable(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one question.

    `total` is the figure over all cells together, one a currency; it is not their sum where people or shares are measured.
    `protected`: the one who asked may not see people, so that every figure has noise and cells about few people are left out.
    """

    measure: MeasureDefinition
    by: tuple[str, ...]
    where: dict[str, tuple[Key, ...]]
    #: whose people the dimension `audience` tells from the rest: its values are `in` and `rest`, and null where nobody is known
    audience: AudienceAsked | None = None
    since: date | None
    until: date | None
    cells: tuple[Cell, ...]
    total: tuple[Cell, ...]
    protected: bool
    simulated: bool


class Measures:
    """Use cases about figures."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def definitions(self, *, actor: Actor = OPERATOR) -> tuple[MeasureDefinition, ...]:
        """The one definition of every figure."""
        del actor  # for everybody on the staff
        return tuple(map(_definition, MEASURES.values()))

    def ask(
        self,
        measure: str,
        by: Sequence[str] = (),
        where: Where | None = None,
        since: date | None = None,
        until: date | None = None,
        *,
        audience: str | None = None,
        actor: Actor = OPERATOR,
    ) -> MeasureTable:
        """The measure in every cell of up to two dimensions, over the days from `since` to `until`, both included.

        `where` keeps the given values of its dimensions: ids of places, hours 0 to 23, weekdays 1 (Monday) to 7, days, the Mondays
        of weeks, or names. `audience` names the saved audience whose people the dimension `audience` tells from the rest; as a filter
        it takes such a name, or, with `audience`, `in` or `rest`. Raises InvalidInput for what cannot be asked, NotFound for no such audience,
        NotAllowed for a place that is not the actor's.
        """
        asked = measure_named(measure)
        name, kept = sided(audience, by, _values(where or {}))
        _check(asked, tuple(by), kept)
        scope = _scoped(actor, kept)
        guarded = not actor.may("people.read")
        if guarded:
            _check_narrow(kept)
        if since is not None and until is not None and since > until:
            raise InvalidInput.of("since", since.isoformat(), f"is after {until}.", "Swap the two days.")
        with self._core.analysis:
            days, period = self._days(asked, since, until, guarded=guarded)
            cells: tuple[Cell, ...] = ()
            total: tuple[Cell, ...] = ()
            members = None if name is None else members_of(self._core, name)
            if days is not None:
                facts = self._facts(asked, days, {*by, *scope}, members)
                if guarded:
                    cells, total = self._guarded(
                        facts, asked, tuple(by), scope, members=members, period=period
                    )
                else:
                    cells, total = self._open(facts, asked, tuple(by), scope)
        return MeasureTable(
            measure=_definition(asked),
            by=tuple(by),
            where={name: tuple(map(as_key, values)) for name, values in kept.items()},
            audience=None if members is None else members.asked,
            since=days[0] if days else since,
            until=days[1] if days else until,
            cells=cells,
            total=total,
            protected=guarded,
            simulated=any(cell.simulated for cell in (*cells, *total)),
        )

    def _open(
        self, facts: cube.Facts, measure: Measure, by: tuple[str, ...], where: cube.Where
    ) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        rows = self._rows(cube.cells(facts, measure, by=by, where=where))
        cells = open_cells(rows, measure, by)
        if not by:
            return cells, cells
        if cube.adds_up(measure, by):
            return cells, total_of(rows, measure)
        return cells, open_cells(self._rows(cube.cells(facts, measure, where=where)), measure, ())

    def _guarded(
        self,
        facts: cube.Facts,
        measure: Measure,
        by: tuple[str, ...],
        where: cube.Where,
        *,
        members: Members | None,
        period: Period,
    ) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        salt = self._core.secret(SALT)
        known = self._core.engine.run(cube.people_of(facts, measure))["person_id"]
        keys = pa.array([person_key(person, salt) for person in known.to_pylist()], pa.int64())
        table = self._core.engine.memory(pa.table({"person_id": known.combine_chunks(), "key": keys}))
        condition = "" if members is None else members.asked.condition

        def rows_of(by: Sequence[str], where: cube.Where) -> list[dict[str, Any]]:
            return self._rows(cube.guarded(facts, measure, by=by, where=where, keys=table))

        def told(by: tuple[str, ...]) -> tuple[Cell, ...]:
            rows = rows_of(by, where)
            if set(PEOPLE_DIMENSIONS) & {*by, *where}:
                wide_by = tuple(name for name in by if name not in PEOPLE_DIMENSIONS)
                wide_where = {name: kept for name, kept in where.items() if name not in PEOPLE_DIMENSIONS}
                rows = _with_widths(rows, rows_of(wide_by, wide_where), wide_by, measure)
            return guarded_cells(
                rows,
                measure,
                by,
                salt=salt,
                question=lambda row: wording(row, by, where, period, condition),
            )

        cells = told(by)
        return cells, told(()) if by else cells

    def _rows(self, expression: Any) -> list[dict[str, Any]]:
        rows = self._core.engine.run(expression.limit(CELLS_MAX + 1))
        if rows.num_rows > CELLS_MAX:
            raise InvalidInput.of(
                "by",
                f"more than {CELLS_MAX} cells",
                "makes too large a table.",
                "Take a coarser dimension, a filter or fewer days.",
            )
        found: list[dict[str, Any]] = rows.to_pylist()
        return found

    def _days(
        self, measure: Measure, since: date | None, until: date | None, *, guarded: bool
    ) -> tuple[Period | None, Period]:
        """The first and the last day that were asked about and have any events, None when there are none; and the period that words them.

        A protected figure is told over a whole period, and worded by it, not by the days that have events: those change as time passes.
        """
        lake = self._core.lake
        found = {day for kind in cube.KINDS_READ[measure.family] for day in lake.days(kind)}
        period: Period | None = Period(since or EVER.first, until or EVER.last)
        if guarded and found:
            period = told_period(since, until, Period(min(found), max(found)))
        if period is None:
            return None, EVER
        within = [day for day in found if period.first <= day <= period.last]
        return (Period(min(within), max(within)) if within else None), period

    def _facts(
        self, measure: Measure, days: tuple[date, date], dimensions: set[str], members: Members | None
    ) -> cube.Facts:
        engine, settings = self._core.engine, self._core.settings
        with self._core.database.read() as connection:
            links = links_of(connection)
            known = books_places.places(connection)
        return cube.Facts(
            events={kind: engine.events(kind, days=days) for kind in cube.KINDS_READ[measure.family]},
            links=engine.memory(links) if links.num_rows else None,
            products=products_table(
                self._core, LINE_DIMENSIONS, None if dimensions & set(LINE_DIMENSIONS) else ()
            ),
            audience=None if members is None else members.people,
            tiers=self._tiers() if "tier" in dimensions else engine.memory(_TIERS.empty_table()),
            places=engine.memory(_places(known)),
            zones=frozenset(place.time_zone for place in known.values()),
            time_zone=settings.time_zone,
            days=days,
        )

    def _tiers(self) -> Any:
        """Everybody's tier in the newest nightly portraits."""
        tiers = self._core.engine.derived("portraits", _TIERS)
        newest = self._core.engine.run(tiers.aggregate(day=tiers.day.max()))["day"][0].as_py()
        if newest is None:
            raise NotFound(
                "Nobody has a tier yet.", "Run the nightly portraits first: `oneshelf run portraits`."
            )
        return tiers.filter(tiers.day == newest)


def _with_widths(
    rows: list[dict[str, Any]], wide: list[dict[str, Any]], by: Sequence[str], measure: Measure
) -> list[dict[str, Any]]:
    """The rows with the largest contributions of everybody under the same other conditions, which `wide` holds by the dimensions `by`.

    Audiences can be chosen so that two differ by one person. A width of their own would then say what that person contributed, or
    that they contributed at all.
    """
    of_all = {(*(row[name] for name in by), row["currency"]): row for row in wide}
    largest = [f"largest_{name}" for name in measure.needs]
    return [
        row | {name: of_all[*(row[each] for each in by), row["currency"]][name] for name in largest}
        for row in rows
    ]


def wording(
    row: Mapping[str, Any], by: Sequence[str], where: cube.Where, period: Period, condition: str = ""
) -> str:
    """The canonical wording of what one protected cell answers: the same cell has the same, however it was asked.

    A condition is worded alike whether it is a filter or the cell's own key, and a cell of one day or week names no other days. An audience
    is worded by its `condition`, so that saving it under many names gives no second figure about the same people.
    """
    conditions = {name: list(kept) for name, kept in where.items()} | {name: [row[name]] for name in by}
    first, last = period
    for name, length in (("week", 7), ("day", 1)):
        values = conditions.get(name, [])
        if len(values) == 1 and values[0] is not None:
            start: date = values[0]
            first, last = max(first, start), min(last, start + timedelta(days=length - 1))
    if AUDIENCE in conditions:
        conditions[AUDIENCE] = [side and f"{side}: {condition}" for side in conditions[AUDIENCE]]
    told = {name: sorted(map(str, kept)) for name, kept in sorted(conditions.items())}
    return msgspec.json.encode([told, row["currency"], first, last]).decode()


def _definition(measure: Measure) -> MeasureDefinition:
    return MeasureDefinition(
        name=measure.name,
        title=measure.title,
        formula=measure.formula,
        unit=measure.unit,
        dimensions=measure.dimensions,
    )


def _check(measure: Measure, by: tuple[str, ...], where: Mapping[str, tuple[Kept, ...]]) -> None:
    if len(by) > DIMENSIONS_MAX:
        raise InvalidInput.of(
            "by",
            ", ".join(by),
            "are too many dimensions.",
            f"Ask by at most {DIMENSIONS_MAX}; filter by the others.",
        )
    check_dimensions(measure, by, "by")
    check_dimensions(measure, tuple(where), "where")


def _check_narrow(where: Mapping[str, tuple[Kept, ...]]) -> None:
    """The filters of those who may not see people."""
    if len(where) > 1 or any(len(kept) > 1 for kept in where.values()):
        raise InvalidInput.of(
            "where",
            ", ".join(where),
            "is more than your role may filter by: figures are protected for it.",
            "Filter by one value of one dimension.",
        )


def _scoped(actor: Actor, where: Mapping[str, tuple[Kept, ...]]) -> dict[str, tuple[Kept, ...]]:
    """The filters, and the actor's own places where none is named."""
    for place_id in where.get("place", ()):
        actor.require_place(str(place_id))
    return {"place": actor.places, **where} if actor.places else dict(where)


def _values(where: Where) -> dict[str, tuple[Kept, ...]]:
    """Every filter as a tuple of typed values; all that cannot be read is told at once."""
    problems: list[Problem] = []
    typed: dict[str, tuple[Kept, ...]] = {}
    for name, given in where.items():
        values = (given,) if isinstance(given, str | int | date) else tuple(given)
        try:
            typed[name] = tuple(dict.fromkeys(_value(name, value) for value in values))
        except InvalidInput as error:
            problems += error.problems
        else:
            if not values:
                problems += InvalidInput.of("where", name, "keeps no value.", "Name at least one.").problems
    if problems:
        raise InvalidInput("The filter cannot be used.", problems[0].remedy, problems=problems)
    return typed


def _value(name: str, value: object) -> Kept:
    try:
        if name in {"hour", "weekday"}:
            number = int(str(value))
            low, high = (0, 23) if name == "hour" else (1, 7)
            if not low <= number <= high:
                raise ValueError
            return number
        if name in {"day", "week"}:
            day = value if isinstance(value, date) else date.fromisoformat(str(value))
            return day - timedelta(days=day.weekday()) if name == "week" else day
    except ValueError:
        expected = {"hour": "an hour from 0 to 23", "weekday": "a weekday from 1 (Monday) to 7"}
        raise InvalidInput.of(
            f"where.{name}",
            value,
            "cannot be read.",
            f"Give {expected.get(name, 'a day such as 2017-11-30')}.",
        ) from None
    return str(value)


def _places(known: Mapping[str, Place]) -> pa.Table:
    rows = [{"id": place.id, "time_zone": place.time_zone} for place in known.values()]
    return pa.Table.from_pylist(rows, schema=_PLACES)
