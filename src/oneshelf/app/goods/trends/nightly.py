"""The nightly search for trends: judge every panel, keep the flags, look again at those of four weeks ago, measure leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, cast

import msgspec
import numpy as np
import pyarrow as pa

from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.trends.reading import Reading
from oneshelf.books import trends
from oneshelf.books.database import Connection
from oneshelf.books.trends import FlagRow, NightRow
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.alarms import RATE, FalseAlarms, false_alarms
from oneshelf.insight.goods.trends.flag import Outcome
from oneshelf.insight.goods.trends.leads import DAYS_MIN, LeadLag, lead_lag
from oneshelf.insight.goods.trends.night import KINDS, night
from oneshelf.insight.goods.trends.panel import Panel
from oneshelf.insight.goods.trends.signals import WEEK_DAYS, Level, Signal
from oneshelf.insight.goods.trends.windows import ESTABLISHED, established, went_on

#: A series that is flagged again within so many days is still the same rise.
SAME_RISE_DAYS: Final = 28
KEPT_DAYS: Final = 730
#: Shuffles that show a night's false alarms.
_ROUNDS: Final = 40
#: Leads are measured on so many days of the product types that sell most.
_LEAD_DAYS, _LEAD_SERIES = 182, 500
_BEFORE_PURCHASES: Final[tuple[Signal, ...]] = ("searches", "views", "favourites", "mentions")


class TrendNight(msgspec.Struct, frozen=True, kw_only=True):
    """What a night found: how many series were judged, flags, and how far to trust them."""

    day: date
    series: int
    #: flags beyond chance, and those that only rise most
    certain: int
    watched: int
    #: the share of certain flags that may be chance
    rate: float
    #: the same procedure on weeks of the products that were sold, shuffled in blocks of four; None without any
    false_alarms: FalseAlarms | None
    #: which signals move before sales
    leads: tuple[LeadLag, ...]
    #: panels whose order was learnt from earlier weeks
    learnt: int
    #: earlier flags whose outcome became known
    measured: int


def run(core: Core, as_of: date) -> TrendNight:
    """Search as of a day, with what is known up to it. A second run of the same day replaces the first."""
    with core.analysis:
        reading = Reading(core, as_of)
        panels = list(reading.panels())
        found = night(panels)
        report = TrendNight(
            day=as_of,
            series=found.series,
            certain=sum(flag.certain for flag in found.flags),
            watched=sum(not flag.certain for flag in found.flags),
            rate=RATE,
            false_alarms=_shuffled(panels),
            leads=_leads(reading, {panel.signal for panel in panels if panel.simulated.any()}),
            learnt=found.learnt,
            measured=0,
        )
        with core.database.read() as connection:
            last = as_of - timedelta(days=1)
            running = trends.running(connection, as_of - timedelta(days=SAME_RISE_DAYS), last)
            due = trends.due(connection, as_of - timedelta(days=WEEK_DAYS * ESTABLISHED.ahead))
        outcomes = _outcomes(reading, due)
    report = msgspec.structs.replace(report, measured=len(outcomes))
    rows = [
        FlagRow(flag=flag, since=running.get((flag.signal, flag.level, flag.name), as_of))
        for flag in found.flags
    ]
    kept = NightRow(day=as_of, made_at=utc_now(), report=msgspec.json.encode(report).decode())

    def save(connection: Connection) -> None:
        trends.put_night(connection, kept, rows)
        trends.put_outcomes(connection, outcomes)
        trends.forget(connection, as_of - timedelta(days=KEPT_DAYS))

    core.database.writer.write(save)
    return report


def _shuffled(panels: Sequence[Panel]) -> FalseAlarms | None:
    """False alarms of the largest panel, the products that were bought."""
    for panel in panels:
        if (panel.signal, panel.level) == ("purchases", "product") and panel.weeks >= ESTABLISHED.weeks:
            chosen = panel.only(established(panel.people))
            if chosen.names:
                return false_alarms(
                    chosen.people,
                    chosen.exposure,
                    ESTABLISHED,
                    rounds=_ROUNDS,
                    seed=1,
                    block=ESTABLISHED.recent,
                )
    return None


def _outcomes(reading: Reading, due: Sequence[FlagRow]) -> list[FlagRow]:
    """What became of flags, from the people of the weeks after each."""
    groups: defaultdict[tuple[date, Signal, Level], list[FlagRow]] = defaultdict(list)
    for row in due:
        groups[row.flag.day, row.flag.signal, row.flag.level].append(row)
    return [
        measured
        for (day, signal, level), rows in groups.items()
        for measured in _measured(reading, day, signal, level, rows)
    ]


def _measured(
    reading: Reading, day: date, signal: Signal, level: Level, rows: Sequence[FlagRow]
) -> list[FlagRow]:
    weeks = ESTABLISHED.ahead
    last_day = day + timedelta(days=WEEK_DAYS * weeks)
    table = reading.people(signal, level, weeks=weeks, last_day=last_day, new_places=reading.new_places())
    ahead: dict[str, Floats] = {}
    for name, week, people in zip(*(table[c].to_pylist() for c in ("name", "week", "settled")), strict=True):
        ahead.setdefault(name, np.zeros(weeks))[week] = people
    found = []
    for row in rows:
        counts, base = ahead.get(row.flag.name, np.zeros(weeks)), np.array([row.flag.base_people])
        outcome = Outcome(
            measured_on=reading.last_day,
            went_on=bool(went_on(base, counts[None, :], KINDS[row.flag.kind][0])[0]),
            growth=float(counts.mean() / max(base[0], 1 / row.flag.base_weeks)),
            weeks=tuple(int(count) for count in counts),
        )
        found.append(msgspec.structs.replace(row, outcome=outcome))
    return found


def _leads(reading: Reading, simulated: set[Signal]) -> tuple[LeadLag, ...]:
    """By how many days each other signal moves before purchases, over product types."""
    first_day = reading.last_day - timedelta(days=_LEAD_DAYS - 1)
    days = (first_day, reading.last_day)
    bought = _by_day(reading.daily("purchases", "type", days=days), days)
    names = sorted(bought, key=lambda name: (-bought[name].sum(), name))[:_LEAD_SERIES]
    if reading.weeks() * WEEK_DAYS < DAYS_MIN or not names:
        return ()
    sales = np.array([bought[name] for name in names])
    found = []
    for signal in _BEFORE_PURCHASES:
        table = reading.daily(signal, "type", days=days, names=names)
        counts = _by_day(table, days)
        if counts:
            other = np.array([counts.get(name, np.zeros(_LEAD_DAYS)) for name in names])
            both = other.any(axis=1)
            told = lead_lag(other[both], sales[both], names=(signal, "purchases"))
            marked = signal in simulated or "purchases" in simulated
            found.append(msgspec.structs.replace(told, first_day=days[0], last_day=days[1], simulated=marked))
    return tuple(found)


def _by_day(rows: pa.Table, days: tuple[date, date]) -> dict[str, Floats]:
    """People a day by name, over all channels."""
    found: dict[str, Floats] = {}
    columns = (rows[column].to_pylist() for column in ("name", "day", "people"))
    for name, day, people in zip(*columns, strict=True):
        counts = found.setdefault(cast(str, name), np.zeros((days[1] - days[0]).days + 1))
        counts[(day - days[0]).days] += people
    return found
