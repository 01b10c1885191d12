"""Trends: the nights, the series that each flagged, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, or_, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.trends import trend_flag, trend_night
from oneshelf.insight.goods.trends.flag import Flag, Outcome

#: What names a series: signal, level, name.
SeriesKey = tuple[str, str, str]


class NightRow(msgspec.Struct, frozen=True, kw_only=True):
    """One night; `report` is JSON of the use case's own."""

    day: date
    made_at: datetime
    report: str


class FlagRow(msgspec.Struct, frozen=True, kw_only=True):
    """One series on one night, flagged again and again since `since`."""

    flag: Flag
    since: date
    outcome: Outcome | None = None

    @property
    def key(self) -> SeriesKey:
        """The series."""
        return self.flag.signal, self.flag.level, self.flag.name


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """How many flags of one sort were looked at again, and how many of them went on."""

    certain: bool
    measured: int
    went_on: int


def put_night(connection: Connection, night: NightRow, rows: Iterable[FlagRow]) -> None:
    """Replace a night and its flags; outcomes that are known already stay."""
    known = _outcomes(connection, night.day)
    connection.execute(delete(trend_flag).where(trend_flag.c.day == night.day))
    put(
        connection,
        trend_night,
        [msgspec.structs.asdict(night)],
        update=lambda given: {"made_at": given.made_at, "report": given.report},
    )
    put(connection, trend_flag, [_fields(row) | known.get(row.key, {}) for row in rows])


def night(connection: Connection, day: date | None = None) -> NightRow | None:
    """The night of a day, or the newest."""
    query = select(trend_night).order_by(trend_night.c.day.desc()).limit(1)
    if day is not None:
        query = query.where(trend_night.c.day == day)
    row = connection.execute(query).one_or_none()
    return None if row is None else NightRow(**row._mapping)


def flags(
    connection: Connection,
    day: date,
    *,
    only: Mapping[str, str | bool] | None = None,
    text: str = "",
    after: int = 0,
    limit: int = 50,
) -> list[FlagRow]:
    """The flags of a night by their rank, from the one after `after` on; `only` picks values of the table's columns."""
    query = _night(day, only, text).where(trend_flag.c.rank > after).order_by(trend_flag.c.rank).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def count(
    connection: Connection, day: date, only: Mapping[str, str | bool] | None = None, text: str = ""
) -> int:
    """How many flags such a list has."""
    rows = _night(day, only, text).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def of_series(connection: Connection, level: str, name: str, *, limit: int) -> list[FlagRow]:
    """Every flag of a series, the newest first, whatever the signal."""
    query = select(trend_flag).where(trend_flag.c.level == level, trend_flag.c.name == name)
    query = query.order_by(trend_flag.c.day.desc(), trend_flag.c.rank).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def running(connection: Connection, first: date, last: date) -> dict[SeriesKey, date]:
    """By series flagged from `first` to `last`: since when, as the newest of those nights has it."""
    table = trend_flag.c
    query = select(table.signal, table.level, table.name, table.since).where(table.day.between(first, last))
    rows = connection.execute(query.order_by(table.day))
    return {(row.signal, row.level, row.name): row.since for row in rows}


def due(connection: Connection, until: date) -> list[FlagRow]:
    """First flags of series, of nights up to `until`, that nobody looked at again yet."""
    table = trend_flag.c
    query = select(trend_flag).where(table.day <= until, table.went_on.is_(None), table.since == table.day)
    return [_row(row) for row in connection.execute(query.order_by(table.day, table.rank))]


def put_outcomes(connection: Connection, rows: Sequence[FlagRow]) -> None:
    """Note what became of flags."""
    put(
        connection,
        trend_flag,
        [_fields(row) for row in rows],
        update=lambda given: {"went_on": given.went_on, "outcome": given.outcome},
    )


def measured(
    connection: Connection, *, after: tuple[date, int] | None = None, limit: int = 50
) -> list[FlagRow]:
    """Flags whose outcome is known, the newest nights first, from the place (day, rank) after `after` on."""
    table = trend_flag.c
    query = select(trend_flag).where(table.went_on.is_not(None))
    if after is not None:
        day, rank = after
        query = query.where(or_(table.day < day, and_(table.day == day, table.rank > rank)))
    query = query.order_by(table.day.desc(), table.rank).limit(limit)
    return [_row(row) for row in connection.execute(query)]


def records(connection: Connection) -> list[Record]:
    """How flags did, the certain ones first."""
    table = trend_flag.c
    went_on = func.count().filter(table.went_on.is_(True))
    query = select(table.certain, func.count().label("measured"), went_on.label("went_on"))
    query = query.where(table.went_on.is_not(None)).group_by(table.certain).order_by(table.certain.desc())
    return [
        Record(certain=row.certain, measured=row.measured, went_on=row.went_on)
        for row in connection.execute(query)
    ]


def forget(connection: Connection, before: date) -> None:
    """Drop nights and flags of days before."""
    for table in (trend_flag, trend_night):
        connection.execute(delete(table).where(table.c.day < before))


def _night(day: date, only: Mapping[str, str | bool] | None, text: str) -> Any:
    query = select(trend_flag).where(trend_flag.c.day == day)
    for column, value in (only or {}).items():
        query = query.where(trend_flag.c[column] == value)
    return query.where(trend_flag.c.name.icontains(text, autoescape=True)) if text else query


def _outcomes(connection: Connection, day: date) -> dict[SeriesKey, dict[str, Any]]:
    query = select(trend_flag).where(trend_flag.c.day == day, trend_flag.c.went_on.is_not(None))
    return {
        (row.signal, row.level, row.name): {"went_on": row.went_on, "outcome": row.outcome}
        for row in connection.execute(query)
    }


def _fields(row: FlagRow) -> dict[str, Any]:
    flag, outcome = row.flag, row.outcome
    return {
        "day": flag.day,
        "signal": flag.signal,
        "level": flag.level,
        "name": flag.name,
        "kind": flag.kind,
        "certain": flag.certain,
        "rank": flag.rank,
        "since": row.since,
        "flag": _json(flag),
        "went_on": None if outcome is None else outcome.went_on,
        "outcome": None if outcome is None else _json(outcome),
    }


def _row(row: Row[Any]) -> FlagRow:
    return FlagRow(
        flag=msgspec.json.decode(row.flag, type=Flag),
        since=row.since,
        outcome=None if row.outcome is None else msgspec.json.decode(row.outcome, type=Outcome),
    )


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
