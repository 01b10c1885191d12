"""A small chain with known demand: weekdays that all share, promotions that are known ahead, and stock that can run out."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series

FIRST = date(2026, 1, 5)  # a Monday
WEEK = np.array([0.6, 0.7, 0.8, 1.0, 1.3, 1.6, 1.0])
DAYS, AHEAD = 210, 28


@dataclass(frozen=True)
class Chain:
    panel: Panel
    #: series x (days + ahead): what demand was on average
    mean: np.ndarray
    #: the same, as it came
    demand: np.ndarray


def chain_of(series=160, days=DAYS, seed=1, spread=(0.4, 12.0)) -> Chain:
    """Steady series of many sizes; a promotion in every fourth week or so sells two and a half times as much."""
    r = np.random.default_rng(seed)
    level = np.exp(r.uniform(*np.log(spread), series))
    weeks = (days + AHEAD) // 7
    promoted = np.repeat(r.random((series, weeks)) < 0.25, 7, axis=1).astype(float)
    mean = level[:, None] * np.tile(WEEK, weeks) * (1 + 1.5 * promoted)
    demand = r.poisson(mean).astype(float)
    panel = Panel(
        series=tuple(Series("a", f"p{n}") for n in range(series)),
        first_day=FIRST,
        sold=demand[:, :days],
        regressors={"promotion": promoted},
        groups={"category": tuple(f"c{n % 4}" for n in range(series))},
    )
    return Chain(panel, mean, demand)


@pytest.fixture(scope="session")
def chain() -> Chain:
    return chain_of()


@pytest.fixture(scope="session")
def fitted(chain):
    """What is learnt of the chain: once for all tests, as trees take seconds."""
    from oneshelf.insight.goods.forecast.forecaster import fit

    return fit(chain.panel)
