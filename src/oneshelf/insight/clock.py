"""The wall clock of each place, as an expression: which hour it was there, daylight saving time included.

Engines know time zones under different names and rules, and some need an extension for them, so that the offsets come from Python's
own zone data and enter as numbers: a zone's offset changes twice a year at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

import ibis
import ibis.expr.types as ir

from oneshelf.words.time import zone

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


class Span(NamedTuple):
    """Moments before `until` (None: for ever) have this offset from UTC, in seconds."""

    until: datetime | None
    offset_seconds: int


def spans(time_zone: str, days: tuple[date, date]) -> tuple[Span, ...]:
    """The offsets of a zone from a day before the first to a day after the last of `days`, in order of time.

    Raises InvalidInput for a name that is not an IANA time zone.
    """
    there = zone(time_zone)

    def offset(at: datetime) -> int:
        return int((at.astimezone(there).utcoffset() or timedelta()).total_seconds())

    at = datetime.combine(days[0], time(), UTC) - timedelta(days=1)
    end = datetime.combine(days[1], time(), UTC) + timedelta(days=2)
    found: list[Span] = []
    while at < end:
        following = at + timedelta(days=1)
        if offset(at) != offset(following):
            low, high = at, following
            while high - low > _SECOND:
                middle = low + (high - low) // 2 // _SECOND * _SECOND
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            found.append(Span(high, offset(at)))
        at = following
    return (*found, Span(None, offset(end)))


def local_seconds(at: ir.Value, time_zone: ir.Value | None, zones: Mapping[str, Sequence[Span]]) -> ir.Value:
    """Whole seconds since 1970 as the clock in the zone counts them: days and hours there are quotients of it.

    `time_zone` is a column of names, all of them among `zones`; it may be None when there is one zone only.
    """
    by_zone = {name: _offset(at, spans) for name, spans in zones.items()}
    offset = next(iter(by_zone.values()))
    if time_zone is not None and len(by_zone) > 1:
        *some, (_, last) = by_zone.items()
        offset = ibis.cases(*((time_zone == name, value) for name, value in some), else_=last)
    # counted as a difference of two moments: epoch_seconds() goes through the session's own zone on some engines
    return at.delta(ibis.literal(_EPOCH), unit="second").cast("int64") + offset


def local_hour(at: ir.Value, time_zone: ir.Value | None, zones: Mapping[str, Sequence[Span]]) -> ir.Value:
    """The hour of the day, 0 to 23, that a clock in the zone showed at a moment; see `local_seconds`."""
    return ((local_seconds(at, time_zone, zones) // 3600) % 24).cast("int64")


def _offset(at: ir.Value, zone_spans: Sequence[Span]) -> ir.Value:
    result: ir.Value = ibis.literal(zone_spans[-1].offset_seconds, "int64")
    for span in reversed(zone_spans[:-1]):
        result = (at < ibis.literal(span.until)).ifelse(ibis.literal(span.offset_seconds, "int64"), result)
    return result
