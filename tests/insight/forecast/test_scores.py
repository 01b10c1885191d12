"""Scores, against their definitions written out."""

import numpy as np
import pytest

from oneshelf.insight.goods.forecast import scores
from oneshelf.insight.goods.forecast.choosing import NOTHING, choose, undecided

SOLD = np.array([[2.0, 0.0, 4.0], [1.0, 3.0, 0.0]])
MEAN = np.array([[1.0, 1.0, 4.0], [2.0, 2.0, 1.0]])


def test_errors_of_the_mean_are_their_definitions():
    assert scores.wape(MEAN, SOLD) == pytest.approx(5 / 10)
    assert scores.bias(MEAN, SOLD) == pytest.approx(1 / 10)
    assert scores.wape(MEAN, SOLD * 0) is None
    assert scores.bias(MEAN, SOLD * 0) is None


def test_rmsse_is_scaled_by_the_steps_of_the_past():
    past, counted = np.array([[1.0, 3.0, 3.0, 0.0]]), np.array([[True, True, False, True]])
    scale = scores.scale(past, counted)
    assert scale == pytest.approx([4.0])
    known = np.array([[True, False, True]])
    assert scores.rmsse(MEAN[:1], SOLD[:1], known, scale) == pytest.approx([np.sqrt(0.5 / 4.0)])
    assert np.isnan(scores.scale(np.ones((1, 4)), counted)).all()


def test_pinball_is_its_definition():
    found = scores.pinball(np.array([[3.0, 3.0], [1.0, 1.0]]), np.array([2.0, 4.0]), (0.5, 0.9))
    assert found == pytest.approx([(0.5 + 1.5) / 2, (0.1 + 2.7) / 2])


def test_wrmsse_is_the_mean_over_levels_of_the_worth_of_groups():
    past, counted = np.array([[1.0, 3.0, 5.0], [2.0, 1.0, 4.0]]), np.ones((2, 3), dtype=np.bool_)
    told = scores.Told(mean=MEAN, sold=SOLD, known=np.ones((2, 3), np.bool_), before=past, counted=counted)
    worth = np.array([3.0, 1.0])

    def error(mean, sold, past):
        return np.sqrt(((mean - sold) ** 2).mean() / (np.diff(past) ** 2).mean())

    whole = error(MEAN.sum(axis=0), SOLD.sum(axis=0), past.sum(axis=0))
    parts = [error(MEAN[at], SOLD[at], past[at]) for at in range(2)]
    found = scores.wrmsse(told, worth, [np.zeros(2, np.intp), np.arange(2)])
    assert found == pytest.approx((whole + (3 * parts[0] + parts[1]) / 4) / 2)


def method_of(errors, count=40):
    segment = np.array(["smooth"] * count)
    return next(each for each in choose(errors, segment) if each.segment == "smooth").method


def test_a_method_is_shipped_only_when_it_is_surely_better_than_the_better_plain_one():
    r = np.random.default_rng(1)
    naive, moving = 1 + r.normal(0, 0.1, 40), 0.8 + r.normal(0, 0.1, 40)
    plain = {"seasonal_naive": naive, "moving_average": moving}
    assert method_of(plain) == "moving_average"
    assert method_of({**plain, "lucky": moving + r.normal(-0.001, 0.2, 40)}) == "moving_average"
    assert method_of({**plain, "good": moving - 0.05, "better": moving - 0.06}) == "better"
    wild = np.where(np.arange(40) == 7, 90.0, moving), np.where(np.arange(40) == 7, 99.0, moving - 0.05)
    assert method_of({"seasonal_naive": naive + 9, "moving_average": wild[0], "good": wild[1]}) == "good", (
        "one series that went wild does not decide"
    )


def test_a_small_segment_takes_what_serves_all_and_what_is_gone_gets_nothing():
    better = np.full(40, 0.5) + np.arange(40) * 1e-3
    errors = {"seasonal_naive": better + 0.4, "moving_average": better + 0.3, "good": better}
    found = {
        each.segment: each for each in choose(errors, np.array(["smooth"] * 37 + ["new"] * 2 + ["gone"]))
    }
    assert found["new"].method == "good"
    assert found["new"].series == 2
    assert found["gone"].method == NOTHING
    assert {each.method for each in undecided()} == {"moving_average", NOTHING}
