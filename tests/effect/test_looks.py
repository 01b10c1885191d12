"""Looking often: the sequence and the alarm hold their promise at all looks together, and are what their papers say."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from oneshelf.effect import sequence
from oneshelf.effect.comoments import Comoments
from oneshelf.effect.difference import difference_of
from oneshelf.effect.sample_ratio import ALARM_BELOW, sample_ratio_p
from oneshelf.effect.segments import Group, segments_of


def test_the_sequence_ends_where_the_mixture_of_likelihoods_reaches_one_over_alpha():
    variance, planned, level = 3.0, 5.0, 0.95
    reach = sequence.reach(variance, planned, level)

    def narrowness(spread: float) -> float:
        """Where the evidence of a normal mixture with this spread reaches 1 / alpha at the planned variance."""
        ratio = 1 + spread * planned
        return math.sqrt(
            planned * ratio / (spread * planned) * (2 * math.log(1 / (1 - level)) + math.log(ratio))
        )

    best = optimize.minimize_scalar(
        narrowness, bounds=(1e-6, 1e3), method="bounded", options={"xatol": 1e-9}
    ).x
    evidence, _ = integrate.quad(
        lambda drift: (
            math.exp(drift * reach - drift**2 * variance / 2) * stats.norm.pdf(drift, 0, math.sqrt(best))
        ),
        -50,
        50,
        points=[0, reach / variance],
    )
    assert evidence == pytest.approx(1 / (1 - level), rel=1e-3)


def looks(r, people: int, days: int, *, pasts: bool):
    """A cohort's daily sums: who buys much keeps buying much, most days bring nothing, and baskets have a heavy tail."""
    rate, basket = r.gamma(0.8, 0.2, people), r.lognormal(7.5, 0.7, people)
    orders = r.poisson(rate[:, None], (people, days))
    spend = (orders * basket[:, None] * r.lognormal(0, 0.8, (people, days))).cumsum(axis=1)
    past = r.poisson(rate * 56) * basket if pasts else np.zeros(people)
    return past, spend


def counted(past, spend):
    past_off, off = past - past.mean(), spend - spend.mean()
    return Comoments(
        len(spend), past.mean(), spend.mean(), (past_off**2).sum(), (off**2).sum(), (past_off * off).sum()
    )


@pytest.mark.parametrize("pasts", [True, False])
def test_who_looks_every_day_is_misled_in_one_campaign_of_twenty_at_most(pasts):
    r = np.random.default_rng(11)
    campaigns = misled = naive = 0
    for _ in range(150):
        past, spend = looks(r, 500, 14, pasts=pasts)
        held = r.random(500) < 0.4
        daily = [
            difference_of(
                "sales",
                counted(past[~held], day[~held]),
                counted(past[held], day[held]),
                level=0.95,
                planned=0.25,
            )
            for day in spend.T
        ]
        campaigns += 1
        misled += any(not d.always_low <= 0 <= d.always_high for d in daily if d.adjusted)
        naive += any(d.plain.p_value < 0.05 for d in daily if d.plain)
    assert misled <= 0.05 * campaigns
    assert naive > 0.1 * campaigns


def test_the_sample_ratios_p_is_one_over_the_evidence_of_a_beta_mixture():
    offer, holdout, share = 450, 150, 0.2
    drawn = stats.binom.pmf(holdout, offer + holdout, share)
    mixed, _ = integrate.quad(
        lambda s: (
            stats.binom.pmf(holdout, offer + holdout, s) * stats.beta.pdf(s, 100 * share, 100 * (1 - share))
        ),
        0,
        1,
    )
    assert sample_ratio_p(offer, holdout, share) == pytest.approx(drawn / mixed, rel=1e-6)
    assert sample_ratio_p(480, 120, share) == 1.0
    assert sample_ratio_p(0, 0, share) is None


def test_the_alarm_seldom_rings_by_chance_at_any_of_many_looks_and_rings_when_people_are_missing():
    r = np.random.default_rng(5)
    held = (r.random((400, 1_000)) < 0.2).cumsum(axis=1)
    sizes = range(20, 1_001, 20)
    rang = sum(any(sample_ratio_p(n - h[n - 1], h[n - 1], 0.2) < ALARM_BELOW for n in sizes) for h in held)
    assert rang <= 0.02 * len(held)
    assert sample_ratio_p(4_000, 800, 0.2) < ALARM_BELOW


def test_each_group_more_widens_every_groups_interval_and_small_groups_are_left_out():
    r = np.random.default_rng(2)

    def group(name, lift, people=200):
        past, spend = r.gamma(2, 500, people), r.gamma(2, 500, people)
        return Group(
            dimension="bought_before",
            segment=name,
            offer=counted(past, spend + lift),
            holdout=counted(past, spend),
        )

    groups = [group("none", 0), group("much", 2_000), group("few", 0, 20)]
    given = {"level": 0.95, "planned": 0.25, "people_min": 30}
    alone, (none, much) = segments_of(groups[:1], **given), segments_of(groups, **given)
    assert (none.segment, none.stands_out, much.segment, much.stands_out) == ("none", False, "much", True)
    assert none.high_minor - none.low_minor > alone[0].high_minor - alone[0].low_minor
    assert much.difference_minor == pytest.approx(2_000)
