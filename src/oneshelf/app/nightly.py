"""The nightly table of portraits, as audiences and tiers read it: the newest day of the derived table, under its own columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from oneshelf.app.core import Core
from oneshelf.errors import NotFound

TABLE: Final = "portraits"

_DAY: Final = re.compile(r"day=(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nightly:
    """Everybody's portrait as of one night: an Ibis table of one row a person."""

    table: Any
    day: date
    #: changes whenever the table does
    version: int


def nightly(core: Core) -> Nightly:
    """The newest nightly portraits. Raises NotFound before the first night."""
    snapshot = core.lake.snapshot("derived", TABLE)
    days = {found for file in snapshot.files if (found := _day_of(file))} if snapshot is not None else set()
    if snapshot is None or not days:
        raise NotFound(
            "There are no nightly portraits yet, which this counts.", "Make them: `oneshelf run portraits`."
        )
    table = core.engine.derived(TABLE, snapshot.schema)
    # a table of one night needs no filter
    day = max(days)
    return Nightly(
        table=table if len(days) == 1 else table.filter(table.day == day), day=day, version=snapshot.version
    )


def nights(core: Core) -> set[date]:
    """The days whose portraits the lake keeps."""
    snapshot = core.lake.snapshot("derived", TABLE)
    return {found for file in snapshot.files if (found := _day_of(file))} if snapshot is not None else set()


def _day_of(file: str) -> date | None:
    found = _DAY.search(file)
    return None if found is None else date.fromisoformat(found.group(1))
