"""The ranges of days over which protected figures are told."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.insight.periods import EVER, Period, period_of, told_period

_days = st.dates(date(1990, 1, 1), date(2200, 12, 31))


@given(_days, _days)
def test_a_period_holds_the_days_and_is_the_shortest_that_does(one, other):
    first, last = sorted((one, other))
    found = period_of(first, last)
    assert found.first <= first <= last <= found.last
    if (first.year, first.month) == (last.year, last.month):
        assert found.first.day == 1
        assert (found.last + timedelta(days=1)).day == 1
        assert (found.last - found.first).days < 31
    assert (found == EVER) == (first.year != last.year)


@settings(max_examples=25)
@given(_days)
def test_a_day_lies_in_four_periods(day):
    found = {
        period_of(first, last) for first in _around(day) for last in _around(day) if first <= day <= last
    }
    assert 1 < len(found) <= 4


def _around(day):
    return [day + timedelta(days=days) for days in (-400, -150, -31, -9, 0, 9, 31, 150, 400)]


def test_days_of_which_nothing_is_known_word_nothing():
    known = Period(date(2026, 3, 5), date(2026, 3, 20))
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    for since in (None, date(1960, 1, 1), date(2026, 3, 9)):
        assert told_period(since, date(2199, 1, 1), known) == march
    assert told_period(date(2026, 3, 21), None, known) is None
