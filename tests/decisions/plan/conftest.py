"""Inputs of plans, made in a line."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from oneshelf.decisions.plan.inputs import Inputs, Terms

LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
THURSDAY = date(2026, 1, 8)


def terms_of(lines, **given):
    """Terms of milk: price 2.00, cost 1.00, one day, unless said otherwise."""
    plain = {name: getattr(Terms.plain(lines), name) for name in Terms.__dataclass_fields__}
    plain |= {"price_minor": np.full(lines, 200.0), "cost_minor": np.full(lines, 100.0)}
    for name, value in given.items():
        plain[name] = (
            value
            if isinstance(value, tuple)
            else np.broadcast_to(np.asarray(value, dtype=plain[name].dtype), (lines,)).copy()
        )
    return Terms(**plain)


def inputs_of(means, *, days=7, lines=None, terms=None, on_hand=0, last_week=None, late=None, **given):
    """Poisson demand around some means; `on_hand` pieces that never go bad."""
    means = np.asarray(means, dtype=float)
    quantiles = stats.poisson.ppf(np.array(LEVELS), means[:, None])
    shape = (len(means), days)
    arriving = np.zeros(shape)
    arriving[:, 0] = on_hand
    whole = {
        "as_of": THURSDAY,
        "lines": lines or tuple((f"store-{at}", "milk") for at in range(len(means))),
        "mean": np.repeat(means[:, None], days, axis=1),
        "levels": LEVELS,
        "quantiles": np.repeat(quantiles[:, None], days, axis=1),
        "terms": terms or terms_of(len(means)),
        "arriving": arriving,
        "expiring": np.zeros(shape),
        "open": np.ones(shape, dtype=bool),
        "currency": "USD",
        "last_week": np.rint(means) if last_week is None else np.asarray(last_week, float),
        "late": np.zeros(len(means), bool) if late is None else np.asarray(late),
        "simulated": np.zeros(len(means), bool),
    }
    return Inputs(**(whole | given))


@pytest.fixture
def make_inputs():
    return inputs_of


@pytest.fixture
def make_terms():
    return terms_of
