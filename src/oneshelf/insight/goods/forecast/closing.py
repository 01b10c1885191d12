"""Closed days: days on which a place sold nothing at all, though it should have."""

from __future__ import annotations

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats

#: With so many pieces a day on average, a day without any is no accident (Poisson: 2 in 10^9).
PIECES_MIN = 20.0
WEEK_DAYS = 7
#: A weekday on which a place was closed in all of so many weeks is closed in the weeks to come. Weeks in which it never opened
#: (a month of building work) say nothing about weekdays.
WEEKS = 4


def closed_days(totals: Floats, ahead: int) -> Bools:
    """Places x (days + ahead): whether each was closed, from what it sold in all (places x days).

    A place too small to tell is taken as open. Days to come are closed on weekdays that always were lately, and all of them when
    the place did not open once in the last `WEEKS` weeks.
    """
    places, days = totals.shape
    sold = totals > 0
    mean = totals.sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    past = ~sold & (mean >= PIECES_MIN)[:, None]
    weeks = days // WEEK_DAYS
    coming = np.zeros((places, ahead), dtype=np.bool_)
    if weeks >= WEEKS:
        # the newest week first
        by_week = past[:, days - weeks * WEEK_DAYS :].reshape(places, weeks, WEEK_DAYS)[:, ::-1]
        opened = ~by_week.all(axis=2)
        told = opened & (np.cumsum(opened, axis=1) <= WEEKS)
        habit = (by_week | ~told[:, :, None]).all(axis=1) & (told.sum(axis=1) == WEEKS)[:, None]
        shut = ~opened[:, :WEEKS].any(axis=1)
        coming = (habit | shut[:, None])[:, np.arange(ahead) % WEEK_DAYS]
    return np.hstack([past, coming])
