"""Comoments: against numpy and exact fractions, in parts and whole."""

from fractions import Fraction
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.effect import cuped
from oneshelf.effect.comoments import Comoments

number = st.integers(-(10**9), 10**9)
pairs = st.lists(st.tuples(number, number), max_size=30)


def close(left: float, right: Fraction | float) -> bool:
    return left == pytest.approx(float(right), rel=1e-9, abs=1e-2)


@given(st.lists(pairs, max_size=4))
def test_parts_join_to_the_whole_in_any_order(parts):
    whole = [pair for part in parts for pair in part]
    counted = [Comoments.of(part) for part in parts]
    for joined in (reduce(add, counted, Comoments()), reduce(add, reversed(counted), Comoments())):
        assert joined.count == len(whole)
        if not whole:
            continue
        before, after = (Fraction(sum(column), len(whole)) for column in zip(*whole, strict=True))
        assert close(joined.mean_before, before)
        assert close(joined.mean_after, after)
        assert close(joined.squares_before, sum((b - before) ** 2 for b, _ in whole))
        assert close(joined.squares_after, sum((a - after) ** 2 for _, a in whole))
        assert close(joined.products, sum((b - before) * (a - after) for b, a in whole))


@given(pairs, pairs)
def test_the_past_taken_off_person_by_person_leaves_the_same_moments(offer, holdout):
    counted = Comoments.of(offer), Comoments.of(holdout)
    theta, centre = cuped.slope(*counted), (counted[0] + counted[1]).mean_before
    for rows, found in zip((offer, holdout), cuped.adjusted(*counted), strict=True):
        left = np.array([a - theta * (b - centre) for b, a in rows])
        assert found.count == len(left)
        if len(left):
            scale = max(1.0, float(np.abs(left).max()), *(abs(n) for row in rows for n in row))
            assert found.mean == pytest.approx(left.mean(), abs=1e-7 * scale)
            assert found.squares == pytest.approx(
                ((left - left.mean()) ** 2).sum(), rel=1e-6, abs=1e-6 * scale**2
            )
    share = cuped.variance_cut(*counted)
    assert share is None or 0.0 <= share <= 1.0
