"""The shop's own calendar: holidays, events and closed days, from one file that anybody can keep."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
import numpy as np

from oneshelf.app.settings import Settings, read_file
from oneshelf.errors import InvalidInput, Problem
from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.panel import Panel

#: The file that is used when the settings name none and the data folder has it.
FILE: Final = "calendar.csv"
_COLUMNS: Final = ("day", "name", "kind", "place_id", "closed")
_YES, _NO = ("yes", "true", "1"), ("", "no", "false", "0")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
DEFAULT_KIND: Final = "holiday"


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day that is not like others, at one place or everywhere."""

    day: date
    name: str
    #: days of one kind are taken to change demand alike: "holiday", "school", "fair"
    kind: str = DEFAULT_KIND
    #: None: everywhere
    place_id: str | None = None
    closed: bool = False


def calendar_in_force(settings: Settings) -> tuple[CalendarDay, ...]:
    """The holidays of the settings, and the days of their calendar, else of `calendar.csv` in the data folder. Raises SettingsError."""
    holidays = tuple(CalendarDay(day=day, name="a public holiday") for day in sorted(set(settings.holidays)))
    path = settings.calendar or settings.data / FILE
    if settings.calendar is None and not path.exists():
        return holidays
    remedy = f"Correct it; its columns are {', '.join(_COLUMNS)}."
    days = read_file("calendar", "calendar", path, read_calendar, remedy=remedy, encoding="utf-8-sig")
    return (*holidays, *days)


def read_calendar(text: str) -> tuple[CalendarDay, ...]:
    """Days from CSV with the columns day and name, and kind, place_id and closed where they are needed.

    Raises InvalidInput with everything that is wrong, each with its line.
    """
    rows = csv.DictReader(io.StringIO(text))
    missing = {"day", "name"} - set(rows.fieldnames or ())
    unknown = set(rows.fieldnames or ()) - set(_COLUMNS)
    if missing or unknown:
        raise InvalidInput.of(
            "columns", ", ".join(rows.fieldnames or ()), "are not those of a calendar.", f"Expected {', '.join(_COLUMNS)}."
        )  # fmt: skip
    found: list[CalendarDay] = []
    problems: list[Problem] = []
    for row in rows:
        given = {name: (row.get(name) or "").strip() for name in _COLUMNS}
        wrong = _wrong(given)
        problems += [
            Problem(at=rows.line_num, field=f, value=given[f], cause=c, remedy=r) for f, c, r in wrong
        ]
        if not wrong:
            found.append(_day(given))
    if problems:
        raise InvalidInput(problems[0].cause, problems[0].remedy, problems=problems)
    return tuple(sorted(found, key=lambda one: (one.day, one.place_id or "", one.kind, one.name)))


def regressors(days: Sequence[CalendarDay], panel: Panel, ahead: int, places: int) -> dict[str, Floats]:
    """By kind of day that the panel's past has seen: whether a step is one, and whether the next one is.

    Series (or 1) x (steps + ahead). Over the whole chain a day of some places counts as the share of all `places`.
    """
    out: dict[str, Floats] = {}
    for kind in sorted({one.kind for one in days}):
        of_kind = [one for one in days if one.kind == kind and not one.closed]
        when = _marked(of_kind, panel, ahead + 1, places)
        if when[:, : panel.steps].any():
            out[kind], out[f"{kind}_next"] = when[:, :-1], when[:, 1:]
    return out


def closed(days: Sequence[CalendarDay], panel: Panel, ahead: int, places: int) -> Bools | None:
    """Series (or 1) x (steps + ahead): whether the place is closed; the whole chain only when all `places` are. None without any."""
    told = [one for one in days if one.closed]
    return _marked(told, panel, ahead, places) >= 1.0 if told else None


def named(days: Sequence[CalendarDay], on: date) -> list[str]:
    """Sentences about a day: what it is called, and where, when it is not so everywhere."""
    by_name: dict[str, list[str]] = {}
    for one in days:
        if one.day == on:
            by_name.setdefault(one.name, []).append(one.place_id or "")
    return [
        f"By the calendar, {on} is {name}."
        if "" in where
        else f"By the calendar, {on} is {name} at {', '.join(where)}."
        for name, where in by_name.items()
    ]


def _marked(days: Sequence[CalendarDay], panel: Panel, ahead: int, places: int) -> Floats:
    width = panel.steps + ahead
    inside = [(one, step) for one in days if 0 <= (step := (one.day - panel.first_day).days) < width]
    if all(one.place_id is None for one, _ in inside):
        out = np.zeros((1, width))
        out[0, [step for _, step in inside]] = 1.0
        return out
    rows: dict[str | None, list[int]] = {}
    for row, (place_id, _) in enumerate(panel.series):
        rows.setdefault(place_id, []).append(row)
    out = np.zeros((len(panel), width))
    for one, step in inside:
        if one.place_id is None:
            out[:, step] = 1.0
            continue
        out[rows.get(one.place_id, []), step] = 1.0
        over_all = rows.get(None, [])
        out[over_all, step] = np.minimum(out[over_all, step] + 1.0 / max(places, 1), 1.0)
    return out


def _wrong(given: dict[str, str]) -> list[tuple[str, str, str]]:
    found = []
    try:
        date.fromisoformat(given["day"])
    except ValueError:
        found.append(("day", "is no day.", "Write it as 2026-12-25."))
    if not given["name"]:
        found.append(("name", "is empty.", "Say what the day is called."))
    if given["kind"] and not _KIND.match(given["kind"]):
        found.append(("kind", "is no kind.", "Use small letters, such as holiday."))
    if given["closed"].lower() not in (*_YES, *_NO):
        found.append(("closed", "is neither yes nor no.", "Write yes or no."))
    return found


def _day(given: dict[str, str]) -> CalendarDay:
    return CalendarDay(
        day=date.fromisoformat(given["day"]),
        name=given["name"],
        kind=given["kind"] or DEFAULT_KIND,
        place_id=given["place_id"] or None,
        closed=given["closed"].lower() in _YES,
    )


def coming(days: Sequence[CalendarDay], first: date, count: int) -> tuple[CalendarDay, ...]:
    """The days of a calendar within `count` days from `first` on."""
    return tuple(one for one in days if first <= one.day < first + timedelta(days=count))
