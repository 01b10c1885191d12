"""Time: always aware, and "now" is handed in. A place's zone decides its business day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oneshelf.errors import InvalidInput

#: Nothing that a retailer sends us happened before this; a 1970 here is a missing value.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

#: Nothing that is asked or planned lies behind this.
LATEST_DAY = date(2200, 12, 31)

#: How far ahead of us a sender's clock may run.
CLOCK_SKEW_MAX = timedelta(days=1)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone by name, or raise InvalidInput."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput.of(
            "time_zone", name, "is not a time zone.", "Use an IANA name such as Asia/Shanghai."
        ) from None


def check_aware(at: datetime, field: str) -> datetime:
    """Return the moment if it has an offset, else raise InvalidInput."""
    if at.tzinfo is not None:
        return at
    raise InvalidInput.of(field, at.isoformat(), "has no time zone.", "Add an offset, such as +08:00 or Z.")


def check_plausible(at: datetime, now: datetime, field: str = "happened_at") -> datetime:
    """Return the moment if it lies between 1990 and a day from now, else raise InvalidInput."""
    if EARLIEST <= check_aware(at, field) <= now + CLOCK_SKEW_MAX:
        return at
    raise InvalidInput.of(
        field,
        at.isoformat(),
        "cannot have happened.",
        f"Expected a time from {EARLIEST.date()} to a day after now; check the sender's clock.",
    )


def check_day(day: date, field: str) -> date:
    """Return the day if it lies from 1990 to 2200, so that weeks can be counted from it either way, else raise InvalidInput."""
    if EARLIEST.date() <= day <= LATEST_DAY:
        return day
    raise InvalidInput.of(
        field, day.isoformat(), "is no day of this calendar.", f"Expected {EARLIEST.date()} to {LATEST_DAY}."
    )


def business_day(at: datetime, time_zone: str) -> date:
    """The day in the place's own time zone on which something happened."""
    return at.astimezone(zone(time_zone)).date()


def seconds(at: datetime) -> float:
    """Seconds since 1970, the form that folded states keep."""
    return at.timestamp()


def moment(epoch_seconds: float) -> datetime:
    """The aware moment of `seconds`."""
    return datetime.fromtimestamp(epoch_seconds, UTC)
