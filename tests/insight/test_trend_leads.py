"""Leads between signals whose tie is known, and detectors against plain loops."""

from itertools import product

import numpy as np
import pytest

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.trends.detectors import change_points, cusum, kleinberg, naive_growth
from oneshelf.insight.goods.trends.leads import DAYS_APART, lead_lag
from oneshelf.insight.goods.trends.topics import meanings
from oneshelf.insight.goods.trends.windows import ESTABLISHED
from oneshelf.words.goods import Product

SERIES, DAYS = 80, 200


def weekly(random, rate):
    """Counts of a rate with a strong weekday, which both signals share."""
    return random.poisson(rate * (1 + 0.5 * np.sin(np.arange(DAYS) * 2 * np.pi / 7))).astype(float)


def test_searches_five_days_before_sales_are_found_so_and_in_either_order():
    random = np.random.default_rng(1)
    bursts = (random.random((SERIES, DAYS)) < 0.05) * random.gamma(2, 2, (SERIES, DAYS))
    searches = weekly(random, 1 + bursts)
    sales = weekly(random, 2 + np.roll(bursts, 5, axis=1))
    found = lead_lag(searches, sales, names=("searches", "purchases"))
    assert (found.lag_days, found.low_days, found.high_days) == (5, 5, 5)
    assert found.sure
    assert found.p_value < 0.01
    assert found.correlations[DAYS_APART + 5] == found.correlation == max(found.correlations)
    assert lead_lag(sales, searches, names=("purchases", "searches")).lag_days == -5


def test_signals_without_a_tie_are_rarely_given_one_however_alike_their_weeks_are():
    random = np.random.default_rng(2)

    def drifting():
        return weekly(random, np.exp(np.cumsum(random.normal(0, 0.05, (SERIES, DAYS)), axis=1)))

    p_values = [lead_lag(drifting(), drifting(), names=("a", "b"), seed=n).p_value for n in range(20)]
    assert sum(p <= 0.05 for p in p_values) <= 4  # 20 at 5%: 5 or more once in 400 times


def test_signals_of_other_shapes_or_too_few_days_are_refused():
    for first, second in (((3, 200), (4, 200)), ((3, 100), (3, 100))):
        with pytest.raises(InvalidInput, match="compared"):
            lead_lag(np.ones(first), np.ones(second), names=("a", "b"))


def test_detectors_rank_what_grew_above_what_did_not_and_see_nothing_in_a_flat_series():
    flat, grown, gone = np.full(30, 4.0), np.full(30, 4.0), np.full(30, 4.0)
    grown[-4:] = 12
    gone[10:14] = 12
    counts = np.array([flat, grown, gone])
    for detect in (naive_growth, cusum, kleinberg, change_points):
        scores = detect(counts, ESTABLISHED)
        assert scores.argmax() == 1
        assert scores[0] == pytest.approx(1 if detect is naive_growth else 0, abs=0.01)
    assert kleinberg(counts)[2] == 0, "a burst that is over is none"


def test_kleinbergs_states_are_the_cheapest_of_all_sequences():
    random = np.random.default_rng(4)
    counts = random.poisson(3, size=(6, 12)).astype(float)
    counts[:3, -3:] += 6
    base = np.maximum(counts[:, -12:-4].mean(axis=1), 1 / 8)
    for series, low, score in zip(counts, base, kleinberg(counts), strict=True):
        gain = series * np.log(2) - low
        states = list(product((0, 1), repeat=12))
        worth = [
            sum(gain[week] for week in range(12) if path[week])
            - np.log(12) * sum(path[week] > (path[week - 1] if week else 0) for week in range(12))
            for path in states
        ]
        assert (score > 0) == bool(states[int(np.argmax(worth))][-1])


def test_a_topic_means_the_groups_whose_names_hold_its_words():
    goods = [
        Product(id="1", name="Milk", type="fresh milk", category="dairy", brand="Meadow"),
        Product(id="2", name="Oat", type="oat milk", category="drinks", brand="Oat Land"),
        Product(id="3", name="?"),
    ]
    found = meanings(["milk", "fresh milk", "dairy", "oat land milk", "nothing", ""], goods)
    assert found["type"] == [("fresh milk", "fresh milk"), ("milk", "fresh milk"), ("milk", "oat milk")]
    assert ("fresh milk", "dairy") in found["category"]
    assert ("dairy", "dairy") in found["category"]
    assert found["brand"] == [("oat land milk", "Oat Land")]
