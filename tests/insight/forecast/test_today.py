"""A day that is not over, against the posterior worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from oneshelf.insight.goods.forecast.today import revise


def today_of(mean, sold, share, *, low, high):
    given = (np.array([float(one)]) for one in (mean, low, high))
    return revise(
        *given, levels=(0.05, 0.95), sold=np.array([sold], float), share=np.array([share]), memory=0.1
    )


def test_a_sure_day_that_sells_as_expected_sells_the_rest_as_expected() -> None:
    found = today_of(100, 50, 0.5, low=84, high=116)
    assert found.still == pytest.approx([50])
    assert found.factor == pytest.approx([1])


def test_a_quick_morning_lifts_the_rest_as_far_as_the_forecast_was_unsure_and_tomorrow_a_little() -> None:
    deviation = (160 - 40) / (2 * 1.6448536)
    excess = (deviation**2 - 100) / 100**2
    rate = (1 / excess + 80) / (1 / excess + 50)
    found = today_of(100, 80, 0.5, low=40, high=160)
    assert found.still == pytest.approx([50 * rate])
    assert found.factor == pytest.approx([1 + 0.1 * ((80 + 50 * rate) / 100 - 1)])


def test_a_place_that_sent_nothing_is_taken_as_expected_and_nothing_is_below_nothing() -> None:
    found = today_of(100, np.nan, 0.4, low=40, high=160)
    assert (found.still, found.factor) == (pytest.approx([60]), pytest.approx([1]))
    back = today_of(2, -5, 0.9, low=0, high=6)
    assert back.still >= 0
    assert today_of(0, 3, 0.5, low=0, high=0).factor == pytest.approx([1])
