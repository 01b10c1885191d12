"""Whole numbers around a mean, against scipy and against plain sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oneshelf.insight.goods.forecast import counts

means = st.floats(0.01, 39.0)
excesses = st.sampled_from([0.0, 0.02, 0.5, 3.0])
LEVELS = np.array([0.05, 0.3, 0.5, 0.9, 0.99])


def law(mean, excess):
    return stats.nbinom(1 / excess, 1 / (1 + excess * mean)) if excess else stats.poisson(mean)


@given(means, excesses)
@settings(max_examples=60)
def test_quantiles_are_those_of_scipy(mean, excess):
    found = counts.quantiles(np.array([mean]), np.array([excess]), LEVELS)[0]
    assert found.tolist() == law(mean, excess).ppf(LEVELS).tolist()


@given(st.floats(60, 5_000), excesses)
@settings(max_examples=30)
def test_quantiles_of_large_means_are_close_to_scipys(mean, excess):
    found = counts.quantiles(np.array([mean]), np.array([excess]), LEVELS)[0]
    assert found == pytest.approx(law(mean, excess).ppf(LEVELS), rel=0.02, abs=1.5)


@given(means, excesses, st.integers(-2, 60))
@settings(max_examples=60)
def test_chances_are_those_of_scipy(mean, excess, count):
    here = law(mean, excess)
    values = (np.array([float(count)]), np.array([mean]), np.array([excess]))
    assert counts.at_most(*values)[0] == pytest.approx(here.cdf(count), abs=1e-9)
    assert counts.at_least(*values)[0] == pytest.approx(here.sf(count - 1), abs=1e-9)


@given(st.floats(0.05, 20), excesses, st.integers(0, 25))
@settings(max_examples=60)
def test_the_mean_of_what_is_at_least_a_count_is_the_sum_of_its_tail(mean, excess, count):
    here, tail = law(mean, excess), np.arange(count, 5_000)
    if here.sf(count - 1) < 1e-8:
        return
    expected = (tail * here.pmf(tail)).sum() / here.sf(count - 1)
    found = counts.mean_from(np.array([float(count)]), np.array([mean]), np.array([excess]))[0]
    assert found == pytest.approx(expected, rel=1e-4)


def test_nothing_expected_has_quantiles_of_nothing_and_shapes_are_kept():
    found = counts.quantiles(np.array([[0.0, -1.0, 2.0]]), np.zeros((1, 1)), LEVELS)
    assert found.shape == (1, 3, 5)
    assert (found[0, :2] == 0).all()
