"""The dropout and spend models against simulation, direct integration, and the published implementation."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad
from scipy.stats import beta as beta_law
from scipy.stats import gamma as gamma_law

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.value import dropout, spend
from oneshelf.insight.people.value.dropout import Dropout, Kind, beta_rule

KINDS: tuple[Kind, ...] = ("bg", "mbg")


def simulated(
    kind: Kind, people: int, r: float, alpha: float, a: float, b: float, ages: np.ndarray, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Repeat orders and the day of the last, of people who live by the model."""
    chance = np.random.default_rng(seed)
    rate, risk = chance.gamma(r, 1 / alpha, people), chance.beta(a, b, people)
    now, x, t_x = np.zeros(people), np.zeros(people), np.zeros(people)
    alive = chance.random(people) >= risk if kind == "mbg" else np.ones(people, dtype=bool)
    while alive.any():
        now = now + chance.exponential(1, people) / rate
        orders = alive & (now <= ages)
        x, t_x = x + orders, np.where(orders, now, t_x)
        alive = orders & (chance.random(people) >= risk)
    return x, t_x


def model(kind: Kind, r: float, alpha: float, a: float, b: float) -> Dropout:
    return Dropout(kind=kind, r=r, alpha=alpha, a=a, b=b, log_likelihood=0.0, converged=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_of_simulated_people_are_found_again(kind: Kind) -> None:
    ages = np.random.default_rng(2).integers(300, 700, 40_000).astype(float)
    x, t_x = simulated(kind, len(ages), 0.8, 60.0, 0.9, 2.5, ages)
    found = dropout.fit(kind, x, t_x, ages)
    assert found.converged
    assert found.r == pytest.approx(0.8, rel=0.1)
    assert found.alpha == pytest.approx(60.0, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.4, rel=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_expected_of_simulated_people_happens(kind: Kind) -> None:
    ages = np.full(60_000, 400.0)
    truth = (1.2, 50.0, 1.0, 3.0)
    x, t_x = simulated(kind, len(ages), *truth, ages)
    later, _ = simulated(kind, len(ages), *truth, ages + 90)  # the same seed: the same people, watched longer
    chance, expected = (
        model(kind, *truth).p_active(x, t_x, ages, days=90),
        model(kind, *truth).expected_orders(x, t_x, ages, days=90),
    )
    assert (later - x).mean() == pytest.approx(expected.mean(), rel=0.03)
    assert (later > x).mean() == pytest.approx(chance.mean(), rel=0.03)
    likely = chance > np.quantile(chance, 0.7)
    assert (later > x)[likely].mean() == pytest.approx(chance[likely].mean(), rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    r=st.floats(0.3, 4),
    alpha=st.floats(3, 80),
    a=st.floats(0.6, 4),
    b=st.floats(0.8, 6),
    x=st.integers(0, 8),
    share=st.floats(0.05, 1),
    age=st.floats(5, 300),
    days=st.floats(1, 200),
)
def test_expectations_agree_with_direct_integration(
    kind: Kind, r: float, alpha: float, a: float, b: float, x: int, share: float, age: float, days: float
) -> None:
    """Over the rate and the risk of a person, by another method: a brute grid of quantiles, finer in the tails."""
    t_x = share * age if x else 0.0
    turn = np.pi * (np.arange(600) + 0.5) / 600
    u, w = np.clip((1 - np.cos(turn)) / 2, 1e-15, 1 - 1e-15), np.sin(turn) / np.sin(turn).sum()

    def mean(values: np.ndarray) -> float:
        return float(w @ values @ w)

    rate = gamma_law.ppf(u, r, scale=1 / alpha)[:, None]
    risk = beta_law.ppf(u, a, b)[None, :]
    survived = (1 - risk) ** (x + (kind == "mbg"))
    here = (
        rate**x * np.exp(-rate * age) * (survived if kind == "mbg" else np.where(x > 0, (1 - risk) ** x, 1.0))
    )
    gone = rate**x * np.exp(-rate * t_x) * risk * (1 - risk) ** (x if kind == "mbg" else x - 1)
    gone = gone if kind == "mbg" or x > 0 else np.zeros_like(gone)
    total = mean(here + gone)
    later = (1 - np.exp(-rate * risk * days)) / risk
    made = model(kind, r, alpha, a, b)
    assert made.p_alive(x, t_x, age)[0] == pytest.approx(mean(here) / total, rel=0.02, abs=2e-3)
    assert made.expected_orders(x, t_x, age, days=days)[0] == pytest.approx(
        mean(here * later) / total, rel=0.03, abs=3e-3
    )
    came = mean(here * (1 - np.exp(-rate * days))) / total
    assert made.p_active(x, t_x, age, days=days)[0] == pytest.approx(came, rel=0.03, abs=3e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_the_likelihood(kind: Kind) -> None:
    chance = np.random.default_rng(3)
    x = chance.integers(0, 20, 300).astype(float)
    age = chance.uniform(0.2, 2, 300)
    t_x = np.where(x > 0, age * chance.random(300), 0.0)
    likelihood = dropout._Likelihood(kind, x, t_x, age, chance.integers(1, 9, 300).astype(float))
    at = np.array([0.3, -0.7, -0.2, 0.9])
    assert check_grad(lambda p: likelihood(p)[0], lambda p: likelihood(p)[1], at) < 1e-5


def test_the_quadrature_has_the_moments_of_the_beta_distribution() -> None:
    for a, b in ((0.01, 8.0), (0.6, 0.4), (3.0, 250.0), (1.0, 1.0), (1e-6, 2e5)):
        nodes, weights = beta_rule(a, b)
        assert weights.sum() == pytest.approx(1)
        assert nodes @ weights == pytest.approx(a / (a + b), rel=1e-8)


def test_the_published_parameters_of_cdnow_are_found() -> None:
    """Fader, Hardie and Lee (2005): r 0.243, alpha 4.414 weeks, a 0.793, b 2.426; p 6.25, q 3.74, v 15.44 dollars."""
    datasets = pytest.importorskip("lifetimes.datasets")
    rows = datasets.load_cdnow_summary_data_with_monetary_value()
    found = dropout.fit("bg", rows["frequency"], rows["recency"] * 7, rows["T"] * 7)
    assert (found.r, found.alpha / 7, found.a, found.b) == pytest.approx(
        (0.243, 4.414, 0.793, 2.426), rel=0.01
    )
    repeated = rows[rows["frequency"] > 0]
    amounts = spend.fit(repeated["frequency"], repeated["monetary_value"] * 100)
    assert (amounts.p, amounts.q, amounts.v / 100) == pytest.approx((6.25, 3.74, 15.44), rel=0.01)


@pytest.mark.parametrize(("kind", "peer"), [("bg", "BetaGeoFitter"), ("mbg", "ModifiedBetaGeoFitter")])
def test_lifetimes_expects_the_same(kind: Kind, peer: str) -> None:
    lifetimes = pytest.importorskip("lifetimes")
    theirs = getattr(lifetimes, peer)()
    chance = np.random.default_rng(4)
    x = chance.integers(0, 30, 500).astype(float)
    age = chance.uniform(1, 400, 500)
    t_x = np.where(x > 0, age * chance.uniform(0.01, 1, 500), 0.0)
    for r, alpha, a, b in ((0.24, 4.4, 0.79, 2.4), (1.4, 60.0, 1.6, 3.0), (3.0, 20.0, 0.5, 9.0)):
        theirs.params_ = dict(zip(("r", "alpha", "a", "b"), (r, alpha, a, b), strict=True))
        ours = model(kind, r, alpha, a, b)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alive = np.asarray(theirs.conditional_probability_alive(x, t_x, age))
            orders = theirs.conditional_expected_number_of_purchases_up_to_time(90, x, t_x, age)
        np.testing.assert_allclose(ours.p_alive(x, t_x, age), alive, rtol=1e-6)
        np.testing.assert_allclose(ours.expected_orders(x, t_x, age, days=90), orders, rtol=1e-5)


def test_nobody_and_impossible_times_are_refused() -> None:
    with pytest.raises(InvalidInput, match="nobody"):
        dropout.fit("bg", [], [], [])
    with pytest.raises(InvalidInput, match="t_x"):
        dropout.fit("bg", [1], [9], [5])


@pytest.mark.parametrize("kind", KINDS)
def test_people_who_are_all_alike_still_get_finite_answers(kind: Kind) -> None:
    for x, t_x, age in (([0], [0], [0]), ([0] * 50, [0] * 50, [100] * 50), ([7] * 50, [90] * 50, [91] * 50)):
        found = dropout.fit(kind, x, t_x, age)
        expected = found.expected_orders(x, t_x, age, days=90)
        assert np.isfinite(expected).all()
        assert (expected >= 0).all()
        assert (
            (found.p_active(x, t_x, age, days=90) >= 0) & (found.p_active(x, t_x, age, days=90) <= 1)
        ).all()


def test_a_person_with_few_orders_is_expected_to_spend_more_like_everybody() -> None:
    chance = np.random.default_rng(5)
    n = chance.integers(1, 10, 4_000).astype(float)
    own = chance.gamma(4.0, 1 / 6.0, 4_000) ** -1 * 2_000
    means = np.array([chance.gamma(3.0 * k, m / 3.0 / k) for k, m in zip(n, own, strict=True)])
    found = spend.fit(n, means)
    assert found.converged
    everybody = found.expected_amount(0, 0)
    few, many = found.expected_amount([1, 50], [9_000, 9_000])
    assert everybody < few < many < 9_000


def test_amounts_that_say_nothing_give_the_amount_itself() -> None:
    assert spend.fit([1, 2, 3], [500, 500, 500]).expected_amount(4, 500) == pytest.approx(500)
    assert spend.fit([], []).expected_amount(0, 0) == 0
    assert spend.fit([0, 1], [0, -5]).expected_amount(0, 0) == 0
