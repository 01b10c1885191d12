"""Moments: against exact fractions, in parts and whole."""

import math
from fractions import Fraction
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.effect.moments import Moments

values = st.lists(st.integers(-(10**9), 10**9), max_size=40)


def exact(numbers: list[int]) -> tuple[Fraction, Fraction]:
    mean = Fraction(sum(numbers), len(numbers))
    return mean, sum((n - mean) ** 2 for n in numbers)


def assert_exact(moments: Moments, numbers: list[int]) -> None:
    assert moments.count == len(numbers)
    if numbers:
        mean, squares = exact(numbers)
        assert moments.mean == pytest.approx(float(mean), rel=1e-9, abs=1e-6)
        assert moments.squares == pytest.approx(float(squares), rel=1e-9, abs=1e-3)


@given(values)
def test_moments_are_those_of_exact_fractions(numbers):
    assert_exact(Moments.of(numbers), numbers)


@given(st.lists(values, max_size=5))
def test_moments_of_parts_join_to_those_of_the_whole_in_any_order(parts):
    whole = [number for part in parts for number in part]
    joined = [Moments.of(part) for part in parts]
    assert_exact(reduce(add, joined, Moments()), whole)
    assert_exact(reduce(add, reversed(joined), Moments()), whole)


def test_the_variance_survives_a_mean_that_dwarfs_it():
    numbers = [10**12 + n % 3 for n in range(3_000)]
    variance = float(exact(numbers)[1] / (len(numbers) - 1))
    assert Moments.of(numbers).variance == pytest.approx(variance, rel=1e-4)
    joined = Moments.of(numbers[:7]) + Moments.of(numbers[7:1_000]) + Moments.of(numbers[1_000:])
    assert joined.variance == pytest.approx(variance, rel=1e-4)
    # the sum of squares less the square of the sum does not survive it
    naive = (math.fsum(n * n for n in map(float, numbers)) - sum(numbers) ** 2 / len(numbers)) / (
        len(numbers) - 1
    )
    assert naive != pytest.approx(variance, rel=0.5)


def test_fewer_than_two_numbers_have_no_variance():
    assert Moments.of([]).variance is None
    assert Moments.of([5]).variance is None
    assert Moments.of([5, 5]).variance == 0.0
