"""What lines share, against trying every division."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.decisions.plan.curve import Curve, Worth
from oneshelf.decisions.plan.limits import Limit, Wanted, share
from oneshelf.errors import InvalidInput


def wanted_of(seed, lines=3, high=7, pack=None, minimum=None):
    random = np.random.default_rng(seed)
    demand = random.integers(0, high, (lines, 16, 1)).astype(np.float32)
    price = random.integers(2, 9, lines).astype(float)
    none = np.zeros(lines)
    curve = Curve.of(
        demand, Worth(price=price, cost=price / 2, salvage=none, holding=none), lead=1, review=1, life=1
    )
    pack = np.ones(lines, dtype=np.int64) if pack is None else np.array(pack)
    least = np.zeros(lines, dtype=np.int64) if minimum is None else -(-np.array(minimum) // pack) * pack
    return Wanted(
        lines=np.arange(lines), curve=curve, best=curve.best_in_packs(pack, least), pack=pack, least=least
    )


def limit(most, takes, kind="supplier", name="bakery"):
    return Limit(kind=kind, name=name, lines=np.arange(len(takes)), takes=np.array(takes, float), most=most)


@given(
    st.integers(0, 500),
    st.integers(0, 9),
    st.integers(0, 30),
    st.sampled_from([None, (2, 1, 3)]),
    st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_no_division_within_the_limits_earns_more(seed, pieces, money, pack, minimum):
    wanted = wanted_of(seed, pack=pack, minimum=(3, 0, 4) if minimum else None)
    limits = [limit(pieces, [1, 1, 1]), limit(money, [2, 3, 1.5], kind="budget", name="budget")]
    found = share(wanted, limits, seconds=5)
    ranges = [
        [n for n in range(0, int(best) + 1, int(p)) if n == 0 or n >= least]
        for best, p, least in zip(wanted.best, wanted.pack, wanted.least, strict=True)
    ]
    tried = {
        division: wanted.curve.profit(np.array(division)).sum()
        for division in itertools.product(*ranges)
        if all(one.holds(np.array(division)) for one in limits)
    }
    assert tuple(found.tolist()) in tried
    assert tried[tuple(found.tolist())] == pytest.approx(max(tried.values()), rel=2e-3, abs=1e-6)


def test_scarce_goods_are_shared_in_proportion_when_fairness_is_whole():
    wanted = wanted_of(5, lines=4, high=200)
    most = float(wanted.best.sum() // 2)
    found = share(wanted, [limit(most, [1] * 4, kind="supply", name="bread")], fairness=1.0)
    assert found.sum() == most
    assert np.abs(found / wanted.best - 0.5).max() < 0.05


def test_fairness_costs_profit_and_assures_every_place_its_part():
    wanted = wanted_of(5, lines=4, high=200)
    most = float(wanted.best.sum() // 3)
    profits, smallest = [], []
    for fairness in (0.0, 0.5, 1.0):
        found = share(wanted, [limit(most, [1] * 4, kind="supply", name="bread")], fairness=fairness)
        assert found.sum() <= most
        profits.append(wanted.curve.profit(found).sum())
        smallest.append((found / wanted.best).min())
    assert profits[0] >= profits[1] >= profits[2]
    assert smallest[0] < smallest[1] < smallest[2]
    assert smallest[1] >= 0.5 / 3 - 0.01


def test_many_lines_under_one_limit_are_divided_as_the_marginal_rule_says():
    wanted = wanted_of(7, lines=400, high=30)
    most = float(wanted.best.sum() // 2)
    found = share(wanted, [limit(most, [1] * 400)])
    gains = np.array([wanted.curve.piece(np.full(400, n)) for n in range(1, 31)])
    ceiling = np.sort(gains[gains > 0])[::-1][: int(most)].sum()
    assert found.sum() <= most
    assert wanted.curve.profit(found).sum() == pytest.approx(ceiling, rel=5e-3)


def test_nothing_to_have_is_an_answer():
    wanted = wanted_of(1)
    assert share(wanted, [limit(0, [1, 1, 1])]).tolist() == [0, 0, 0]


def test_a_limit_that_says_nothing_is_refused():
    with pytest.raises(InvalidInput, match="most"):
        limit(-1, [1.0])
    with pytest.raises(InvalidInput, match="takes"):
        limit(1, [0.0])
