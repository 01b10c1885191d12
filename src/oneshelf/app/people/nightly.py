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


def nights(core: Core) -> set[date]:
    """The days whose portraits the lake keeps."""
    return _days_of(core.lake.snapshot("derived", TABLE))


def _days_of(snapshot: Snapshot | None) -> set[date]:
    files = () if snapshot is None else snapshot.files
    return {date.fromisoformat(found.group(1)) for file in files if (found := _DAY.search(file))}
