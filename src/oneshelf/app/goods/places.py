"""Places: where they are, their floors, and what each of them does."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.measures import Measures, MeasureTable
from oneshelf.books import places
from oneshelf.errors import InvalidInput, NotFound, Problem
from oneshelf.events.codecs import problem_of
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.places import FloorPlan, Place

#: The figures of a list of places, over so many days.
FIGURES: Final = ("net_sales_minor", "orders", "visits")
DAYS: Final = 28

#: A file of places or a floor plan is small.
FILE_BYTES_MAX: Final = 20_000_000

_FIELDS: Final = ("id", "name", "kind", "time_zone", "latitude", "longitude")


class PlaceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A place and its figures, by the names of their measures; empty where there are none, or where they are withheld.

    `simulated` names the figures that simulated events entered.
    """

    place: Place
    has_floor: bool
    currency: str | None
    figures: dict[str, float | None]
    simulated: tuple[str, ...]


class PlaceList(msgspec.Struct, frozen=True, kw_only=True):
    """Places with their figures from `since` to `until`; `protected` as in a MeasureTable."""

    places: tuple[PlaceFigures, ...]
    since: date | None
    until: date | None
    protected: bool


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of places brought."""

    new: int
    changed: int
    same: int


class Places:
    """Use cases about places."""

    def __init__(self, core: Core, measures: Measures) -> None:
        self._core = core
        self._measures = measures

    def known(self, *, actor: Actor = OPERATOR) -> tuple[Place, ...]:
        """The actor's places in order of id."""
        with self._core.database.read() as connection:
            return tuple(place for i, place in places.places(connection).items() if actor.may_at(i))

    def listing(self, *, days: int = DAYS, actor: Actor = OPERATOR) -> PlaceList:
        """The actor's places in order of id, with sales, orders and visits of the newest days that have any orders."""
        with self._core.database.read() as connection:
            known = {i: place for i, place in places.places(connection).items() if actor.may_at(i)}
            floors = places.with_floor(connection)
        newest = self._core.lake.days("order.completed")
        until = max(newest) if newest else None
        since = None if until is None else until - timedelta(days=days - 1)
        tables = [
            self._measures.ask(name, ("place",), since=since, until=until, actor=actor) for name in FIGURES
        ]
        return PlaceList(
            places=tuple(_figures(place, place.id in floors, tables) for place in known.values()),
            since=tables[0].since,
            until=tables[0].until,
            protected=any(table.protected for table in tables),
        )

    def place(self, place_id: str, *, actor: Actor = OPERATOR) -> tuple[Place, FloorPlan | None]:
        """One place and its floor, if it has one. Raises NotFound, and NotAllowed for a place that is not the actor's."""
        actor.require_place(place_id)
        with self._core.database.read() as connection:
            place = places.places(connection).get(place_id)
            floor = places.floor_of(connection, place_id)
        if place is None:
            raise NotFound("There is no such place.", "See `oneshelf places list` for those there are.")
        return place, floor

    def import_file(self, path: Path | str, *, dry_run: bool = False) -> Imported:
        """Take places from a CSV file with a heading, or a JSON array of objects: id, name, kind, time_zone, latitude, longitude.

        Only id is needed. What a file leaves out or empty stays as it is; a new place is called by its id, is a store, and has the
        shop's time zone. Raises InvalidInput with every problem at once, and then changes nothing.
        """
        rows = list(_rows(Path(path)))
        with self._core.database.read() as connection:
            known = places.places(connection)
        given, problems = self._read(rows, known)
        if problems:
            raise InvalidInput(
                "The places cannot be used.", "Correct the file and import it again.", problems=problems
            )
        if not dry_run:
            self._core.database.writer.write(
                lambda connection: places.upsert_places(connection, given.values())
            )
        new = sum(i not in known for i in given)
        same = sum(known.get(i) == place for i, place in given.items())
        return Imported(new=new, changed=len(given) - new - same, same=same)

    def _read(
        self, rows: Iterable[tuple[int, Mapping[str, Any]]], known: Mapping[str, Place]
    ) -> tuple[dict[str, Place], list[Problem]]:
        given: dict[str, Place] = {}
        problems: list[Problem] = []
        for at, row in rows:
            told = {name: value for name, value in row.items() if name in _FIELDS and value not in ("", None)}
            for name in sorted(set(row) - set(_FIELDS)):
                problems.append(
                    _problem(at, name, "is not a field of a place.", f"Known: {', '.join(_FIELDS)}.")
                )
            place_id = str(told.get("id", ""))
            if place_id in given:
                problems.append(_problem(at, "id", "is in the file twice.", "Keep one of the two lines."))
            before = known.get(place_id)
            base = (
                msgspec.structs.asdict(before)
                if before
                else {"name": place_id, "time_zone": self._core.settings.time_zone}
            )
            try:
                given[place_id] = msgspec.convert({"id": "", **base, **told}, Place, strict=False)
            except (msgspec.ValidationError, InvalidInput) as error:
                problems.append(problem_of(error, at))
        return given, problems

    def set_floor(self, place_id: str, path: Path | str, *, dry_run: bool = False) -> FloorPlan:
        """Take the floor of a place from a JSON file: width_metres, depth_metres, zones (name, x_metres, y_metres, width_metres,
        depth_metres, categories). Raises NotFound for an unknown place, InvalidInput with everything that is wrong at once.
        """
        self.place(place_id)
        try:
            plan = msgspec.json.decode(_bytes(Path(path)), type=FloorPlan)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            problem = problem_of(error, 0)
            field = "file" if problem.field == "event" else problem.field
            raise InvalidInput.of(
                field, Path(path).name, problem.cause, "Write it as docs/guide/measures.md shows."
            ) from None
        if not dry_run:
            now = utc_now()
            self._core.database.writer.write(lambda c: places.set_floor(c, place_id, plan, now))
        return plan


def _figures(place: Place, has_floor: bool, tables: Iterable[MeasureTable]) -> PlaceFigures:
    figures: dict[str, float | None] = {}
    currency, simulated = None, []
    for table in tables:
        # of several currencies the one with most: they are not added
        mine = [cell for cell in table.cells if cell.keys == (place.id,)]
        best = max(mine, key=lambda cell: cell.value or 0, default=None)
        figures[table.measure.name] = None if best is None else best.value
        currency = currency or (best.currency if best else None)
        if best is not None and best.simulated:
            simulated.append(table.measure.name)
    return PlaceFigures(
        place=place, has_floor=has_floor, currency=currency, figures=figures, simulated=tuple(simulated)
    )


def _rows(path: Path) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """The records of a file with their line (CSV) or place in the list (JSON), counted from 1."""
    data = _bytes(path)
    if path.suffix.lower() == ".json":
        try:
            found = msgspec.json.decode(data, type=list[dict[str, Any]])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InvalidInput.of("file", path.name, f"{error}.", "Give a JSON array of objects.") from None
        return list(enumerate(found, 1))
    try:
        text = data.decode("utf-8-sig")
        reader = csv.DictReader(
            io.StringIO(text, newline=""), strict=True, restkey="more columns than the heading"
        )
        return [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput.of(
            "file", path.name, f"cannot be read as CSV ({error}).", "Save it as CSV in UTF-8."
        ) from None


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise InvalidInput.of(
                "file", f"{size} bytes", "is too large.", f"At most {FILE_BYTES_MAX} bytes are read."
            )
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"The file {path} cannot be read ({error.strerror}).", "Check its path.") from None


def _problem(at: int, field: str, cause: str, remedy: str) -> Problem:
    return Problem(at=at, field=str(field), value="", cause=cause, remedy=remedy)
