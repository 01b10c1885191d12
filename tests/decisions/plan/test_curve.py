"""One line's best quantity, against trying every quantity in every future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.decisions.plan.curve import Curve, Worth
from oneshelf.decisions.plan.scenarios import chances, draw
from oneshelf.decisions.plan.shelf_life import serve

CASES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10_000),
        "days": st.integers(1, 6),
        "lead": st.integers(1, 3),
        "review": st.integers(1, 3),
        "life": st.integers(0, 7),
        "price": st.integers(1, 20),
        "cost": st.integers(1, 20),
        "salvage": st.integers(0, 3),
        "holding": st.sampled_from([0.0, 0.0, 0.5]),
    }
)


def future(case):
    """Small demand, goods at hand by their last day, and goods on their way."""
    random = np.random.default_rng(case["seed"])
    days = max(case["days"], case["lead"])
    demand = random.integers(0, 5, (8, days))
    lots = [(0, int(random.integers(0, days + 2)), int(random.integers(0, 4))) for _ in range(3)]
    lots += [(int(random.integers(0, days)), days + 3, int(random.integers(0, 3)))]
    return demand, lots


def sell(demand, lots):
    """Sell piece by piece, the oldest first; return the days on which each lot's pieces were sold, and what was thrown away."""
    left = [[start, last, pieces] for start, last, pieces in lots]
    sold = [[] for _ in lots]
    missing, thrown = [], 0
    for day, wanted in enumerate(demand):
        for _ in range(int(wanted)):
            ready = [
                (last, at) for at, (start, last, pieces) in enumerate(left) if start <= day <= last and pieces
            ]
            if not ready:
                missing.append(day)
                continue
            _, at = min(ready)
            left[at][2] -= 1
            sold[at].append(day)
        for lot in left:
            if lot[1] == day:
                thrown += lot[2]
                lot[2] = 0
    return sold, missing, thrown


def arrays(lots, days):
    arriving, expiring = np.zeros((1, days)), np.zeros((1, days))
    for start, last, pieces in lots:
        arriving[0, start] += pieces
        if last < days:
            expiring[0, last] += pieces
    return arriving, expiring


@given(CASES)
@settings(max_examples=30, deadline=None)
def test_the_oldest_goods_are_sold_first_and_what_outlives_its_day_is_thrown_away(case):
    demand, lots = future(case)
    lots = [lot for lot in lots if lot[0] <= lot[1]]
    found = serve(demand[None].astype(np.float32), *arrays(lots, demand.shape[1]))
    for scenario, wanted in enumerate(demand):
        _, missing, thrown = sell(wanted, lots)
        assert found.missing[0, scenario].tolist() == np.bincount(missing, minlength=len(wanted)).tolist()
        assert found.wasted[0, scenario] == thrown


def earned(demand, lots, pieces, case):
    """What an order of so many pieces earns over the same future with none: piece by piece, as the curve's docstring says."""
    days, first = demand.shape[1], case["lead"] - 1
    ages = 0 < case["life"] <= days - first
    last = first + case["life"] - 1 if ages else days - 1
    next_day = min(first + case["review"], last + 1)
    margin, lost = case["price"] - case["cost"], case["cost"] - min(case["salvage"], case["cost"])
    total = 0.0
    for wanted in demand:
        # the order stands behind whatever is there
        _, missing, _ = sell(wanted, lots)
        for number in range(pieces):
            on = [day for day in missing if first <= day <= last]
            if number >= len(on):
                total -= (lost if ages else 0) + case["holding"] * (last + 1 - next_day)
            elif on[number] < next_day:
                total += margin
            else:
                total -= case["holding"] * (on[number] - next_day + 1)
    return total / len(demand)


@given(CASES, st.integers(1, 4), st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_no_other_number_of_packs_is_expected_to_earn_more(case, pack, minimum):
    demand, lots = future(case)
    days = demand.shape[1]
    missing = serve(demand[None].astype(np.float32), *arrays(lots, days)).missing
    ages = 0 < case["life"] <= days - case["lead"] + 1
    worth = Worth(
        price=np.array([case["price"]]), cost=np.array([case["cost"]]),
        salvage=np.array([min(case["salvage"], case["cost"])]), holding=np.array([case["holding"]]),
    )  # fmt: skip
    curve = Curve.of(
        missing, worth, lead=case["lead"], review=case["review"], life=case["life"] if ages else None
    )
    allowed = [n for n in range(0, 40, pack) if n == 0 or n >= minimum]
    tried = {n: earned(demand, lots, n, case) for n in allowed}
    for n in allowed[:6]:
        assert curve.profit(np.array([n]))[0] == pytest.approx(tried[n], abs=1e-5)
    if case["price"] >= case["cost"]:
        (best,) = curve.best_in_packs(np.array([pack]), np.array([minimum]))
        assert best in tried
        assert tried[best] == pytest.approx(max(tried.values()), abs=1e-5)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_goods_of_one_day_are_ordered_at_the_newsvendors_quantile(share):
    levels = tuple(np.linspace(0.02, 0.98, 49))
    quantiles = np.array(levels)[None, None] * 100  # demand is even between 0 and 100
    demand = draw(levels, quantiles, chances(1))
    one = np.ones(1)
    curve = Curve.of(
        demand, Worth(price=one, cost=one - share, salvage=0 * one, holding=0 * one), lead=1, review=1, life=1
    )
    assert curve.best()[0] == pytest.approx(100 * share, abs=1)


def test_every_day_alone_is_drawn_evenly_and_days_go_together():
    lucky = chances(5, count=200, together=0.6)
    assert np.allclose(np.sort(lucky, axis=0), ((np.arange(200) + 0.5) / 200)[:, None])
    assert 0.4 < np.corrcoef(lucky[:, 0], lucky[:, 4])[0, 1] < 0.8


def test_what_carries_over_is_ordered_more_freely_than_what_does_not():
    demand = np.random.default_rng(3).poisson(5, (1, 128, 7)).astype(np.float32)
    worth = Worth(price=np.ones(1), cost=np.full(1, 0.5), salvage=np.zeros(1), holding=np.zeros(1))
    best = [Curve.of(demand, worth, lead=1, review=1, life=life).best()[0] for life in (1, 3, 7)]
    assert best[0] < best[1] <= best[2]
