"""The nightly table of portraits, as audiences and tiers read it: the newest day of the derived table, under its own columns."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.errors import NotFound
from oneshelf.lake.tables import Snapshot

TABLE: Final = "portraits"

_DAY: Final = re.compile(r"day=(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nightly:
    """Everybody's portrait as of one night: an Ibis table of one row a person."""

    table: Any
    day: date
    #: changes whenever the table does
    version: int


def nightly(core: Core, fields: Collection[str] | None = None) -> Nightly:
    """The newest nightly portraits, with only those of some fields that it has (a narrow table is quicker to ask).

    Raises NotFound before the first night.
    """
    snapshot = core.lake.snapshot("derived", TABLE)
    days = _days_of(snapshot)
    if snapshot is None or not days:
        raise NotFound(
            "There are no nightly portraits yet, which this counts.", "Make them: `oneshelf run portraits`."
        )
    day = max(days)
    # the files of this night alone: the table keeps many
    schema = snapshot.schema
    if fields is not None:
        schema = pa.schema([field for field in schema if field.name in {"person_id", *fields}])
    table = core.engine.derived(TABLE, schema, days=(day, day))
    return Nightly(table=table, day=day, version=snapshot.version)


_NOTE: Final = pa.schema([("note", pa.string()), ("day", pa.date32())])


def put_note(core: Core, table: str, day: date, note: str) -> None:
    """Keep a text about a night in a derived table of its own, in the place of what any other night left there."""
    known = _days_of(core.lake.snapshot("derived", table))
    core.lake.replace_days(
        table, pa.Table.from_pylist([{"note": note, "day": day}], schema=_NOTE), {day, *known}
    )


def newest_note(core: Core, table: str) -> tuple[date, str] | None:
    """The night and the text that `put_note` kept last; None before there is one."""
    notes = core.engine.derived(table, _NOTE)
    rows = core.engine.run(notes.order_by(notes.day.desc()).limit(1)).to_pylist()
    return (rows[0]["day"], rows[0]["note"]) if rows else None


def nights(core: Core) -> set[date]:
    """The days whose portraits the lake keeps."""
    return _days_of(core.lake.snapshot("derived", TABLE))


def _days_of(snapshot: Snapshot | None) -> set[date]:
    files = () if snapshot is None else snapshot.files
    return {date.fromisoformat(found.group(1)) for file in files if (found := _DAY.search(file))}
