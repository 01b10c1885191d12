"""Demand behind empty shelves, on shops whose demand is known."""

from dataclasses import replace

import numpy as np
import pytest

from oneshelf.insight.goods.forecast.restoring import restore

from .conftest import chain_of

GROUP = np.zeros(160, dtype=np.intp)


@pytest.fixture(scope="module")
def cut():
    """Every shelf holds what is enough on six days of ten, so that four run out."""
    chain = chain_of(spread=(2.0, 12.0))
    mean, demand = chain.mean[:, :210], chain.demand[:, :210]
    stock = np.ceil(mean * 1.1)
    sold = np.minimum(demand, stock)
    return chain, replace(chain.panel, sold=sold, ran_out=demand >= stock)


def test_demand_is_restored_to_what_it_was_on_average(cut):
    chain, panel = cut
    demand = chain.demand[:, :210].sum()
    lost = 1 - panel.sold.sum() / demand
    restored = restore(panel, GROUP, 1)
    assert lost > 0.05, "the shelves really cut demand"
    assert abs(restored.demand.sum() / demand - 1) < lost / 3


def test_only_days_that_ran_out_are_touched_and_never_lowered(cut):
    _, panel = cut
    restored = restore(panel, GROUP, 1)
    assert (restored.demand >= panel.sold).all()
    assert (restored.demand == panel.sold)[~panel.ran_out].all()
    assert restored.steps.tolist() == panel.ran_out.sum(axis=1).tolist()


def test_a_shelf_that_was_empty_all_day_says_nothing():
    chain = chain_of(series=20, spread=(5.0, 9.0))
    sold, ran_out = chain.panel.sold.copy(), np.zeros((20, 210), dtype=np.bool_)
    sold[:, 100:110], ran_out[:, 100:110] = 0, True
    restored = restore(replace(chain.panel, sold=sold, ran_out=ran_out), GROUP[:20], 1)
    assert restored.demand[:, 100:110].sum() == pytest.approx(chain.mean[:, 100:110].sum(), rel=0.15)


def test_without_empty_shelves_demand_is_what_was_sold_and_returns_do_not_undo_it():
    chain = chain_of(series=3)
    sold = chain.panel.sold.copy()
    sold[0, 5] = -3
    restored = restore(replace(chain.panel, sold=sold), GROUP[:3], 1)
    assert restored.demand[0, 5] == 0
    assert not restored.steps.any()
