"""Periods: the ranges of days over which protected figures are told.

Whoever could choose every range of days could word one set of people in as many ways as there are ranges around its events, and average
the noise of the answers away. Calendar months, quarters, years and all of time lie within one another, so that any set has four wordings at most.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Final, NamedTuple


class Period(NamedTuple):
    """Days from `first` to `last`, both included."""

    first: date
    last: date


#: All of time.
EVER: Final = Period(date.min, date.max)


def period_of(first: date, last: date) -> Period:
    """The shortest of a calendar month, a quarter, a year and all of time that holds both days."""
    for months in (1, 3, 12):
        begins = (first.month - 1) // months * months + 1
        ends = begins + months - 1
        found = Period(date(first.year, begins, 1), date(first.year, ends, monthrange(first.year, ends)[1]))
        if last <= found.last:
            return found
    return EVER


def told_period(since: date | None, until: date | None, known: Period) -> Period | None:
    """The period over which a question about these days is answered, when something is known of the days `known`; None of others.

    Days of which nothing is known word nothing: a question that goes beyond them is the one that ends there.
    """
    first = known.first if since is None else max(since, known.first)
    last = known.last if until is None else min(until, known.last)
    return period_of(first, last) if first <= last else None
