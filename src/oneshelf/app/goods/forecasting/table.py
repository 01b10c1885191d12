"""The derived table `forecasts`: what each night expected of every series, on every day ahead."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.errors import NotFound
from oneshelf.insight.goods.forecast.arrays import Bools
from oneshelf.insight.goods.forecast.result import LEVELS, Forecast

TABLE: Final = "forecasts"
#: How many nights are kept, so that a forecast can be looked at beside what came.
NIGHTS_KEPT: Final = 35

#: The column of each quantile: `q05` is what demand stays at or below with a chance of 5%.
QUANTILES: Final = {level: f"q{round(level * 100):02d}" for level in LEVELS}

SCHEMA: Final = pa.schema(
    [
        ("level", pa.string()),
        ("place_id", pa.string()),
        ("series", pa.string()),
        ("for_day", pa.date32()),
        ("mean", pa.float64()),
        *((name, pa.float64()) for name in QUANTILES.values()),
        #: how wrong such forecasts of the series were before; null where nothing was sold
        ("wape", pa.float64()),
        ("method", pa.string()),
        ("notes", pa.list_(pa.string())),
        ("simulated", pa.bool_()),
        ("day", pa.date32()),
    ]
)

_DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})")


def rows_of(level: str, forecast: Forecast, simulated: Bools | None, day: date) -> pa.Table:
    """A forecast as rows of SCHEMA, made after the close of `day`; `simulated` by series, where it is known."""
    count, days = forecast.mean.shape
    of_series = np.repeat(np.arange(count), days)

    def each(values: list[Any], type_: pa.DataType) -> pa.Array:
        return pa.array(values, type_).take(pa.array(of_series))

    dates = [forecast.first_day + timedelta(days=ahead) for ahead in range(days)]
    columns = {
        "level": pa.array([level] * len(of_series), pa.string()),
        "place_id": each([series.place_id for series in forecast.series], pa.string()),
        "series": each([series.product_id for series in forecast.series], pa.string()),
        "for_day": pa.array(dates * count, pa.date32()),
        "mean": pa.array(forecast.mean.ravel()),
        "wape": pa.array(forecast.wape, from_pandas=True).take(pa.array(of_series)),
        "method": each(list(forecast.method), pa.string()),
        "notes": each([list(said) for said in forecast.notes], pa.list_(pa.string())),
        "simulated": each(
            (np.zeros(count, np.bool_) if simulated is None else simulated).tolist(), pa.bool_()
        ),
        "day": pa.array([day] * len(of_series), pa.date32()),
    }
    for at, name in enumerate(QUANTILES.values()):
        columns[name] = pa.array(np.ascontiguousarray(forecast.quantiles[:, :, at]).ravel())
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def write(core: Core, rows: pa.Table, day: date) -> None:
    """Put a night's forecasts in the place of those of its day, and forget those of nights long gone."""
    known = nights(core)
    gone = {each for each in known if each > day or each <= day - timedelta(days=NIGHTS_KEPT)}
    core.lake.replace_days(TABLE, rows, {day, *gone})


def nights(core: Core) -> set[date]:
    """The days after which forecasts were made."""
    snapshot = core.lake.snapshot("derived", TABLE)
    files = () if snapshot is None else snapshot.files
    return {date.fromisoformat(found.group(1)) for file in files if (found := _DAY.search(file))}


def of_night(core: Core, day: date) -> Any:
    """What was expected after the close of a day."""
    return core.engine.derived(TABLE, SCHEMA, days=(day, day))


def newest(core: Core) -> tuple[Any, date]:
    """The table of the newest night, and its day. Raises NotFound before the first."""
    days = nights(core)
    if not days:
        raise NotFound("There are no forecasts yet.", "Make them: `oneshelf run forecast`.")
    day = max(days)
    return of_night(core, day), day
