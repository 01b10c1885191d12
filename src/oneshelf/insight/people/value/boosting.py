"""Gradient boosting on portrait fields, starting from what the dropout model expects.

The trees learn by how much to correct BG/NBD with Gamma-Gamma, and see only ratios to it and habits. Fitted in the plain way,
on sums of spend, they expect of a person with half a year of history what they learnt of people with a quarter; as a
correction they carry over. Friedman (2001), Greedy function approximation, Annals of Statistics 29(5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from oneshelf.insight import gradient_boosting
from oneshelf.insight.people.value.summaries import Floats, Outcomes, Summaries, capped

_ROUNDS = 40

_PARAMETERS = {
    **gradient_boosting.SETTINGS,
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 80,
    "feature_fraction": 0.8,
    "seed": 1,
}

#: What each target is, and how far trees may go from it.
_TARGETS: dict[str, dict[str, Any]] = {
    "orders": {"objective": "poisson"},
    "spend": {"objective": "tweedie", "tweedie_variance_power": 1.5},
    "active": {"objective": "binary"},
    "soon": {"objective": "binary"},
}

#: The fields that the trees see.
FEATURES = (
    "recency_days",
    "order_days",
    "customer_age_days",
    "expected_spend",
    "expected_orders",
    "average_order",
    "p_active",
    "p_soon",
    "repurchase_interval_days",
    "interval_variation",
    "recency_in_intervals",
    "orders_last_28_days",
    "orders_last_91_days",
    "spend_last_28_days",
    "spend_last_91_days",
    "lifetime_rate",
    "refunded_share",
)

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Summaries, and what the dropout model expects of these people."""

    people: Summaries
    orders: Floats
    amount_minor: Floats
    active: Floats
    soon: Floats

    @property
    def spend_minor(self) -> Floats:
        """Expected orders at their expected amount."""
        return self.orders * self.amount_minor


@dataclass(frozen=True, slots=True)
class Boosted:
    """Fitted trees by target, None where the dropout model is left as it is; spend is counted in `unit_minor`."""

    trees: dict[str, Any]
    unit_minor: float

    def predict(self, known: Known) -> dict[str, Floats]:
        """Orders, spend in minor units, and the chances of an order within the horizon and within 28 days."""
        matrix = features(known)
        starts = _starts(known, self.unit_minor)
        found: dict[str, Floats] = {}
        for target, trees in self.trees.items():
            raw = starts[target].copy()
            for at in range(0, len(matrix) if trees is not None else 0, _ROWS_AT_ONCE):
                part = slice(at, at + _ROWS_AT_ONCE)
                raw[part] += trees.predict(matrix[part], raw_score=True)
            found[target] = scipy.special.expit(raw) if target in ("active", "soon") else np.exp(raw)
        found["spend"] = found["spend"] * self.unit_minor
        return found


def fit(past: Sequence[tuple[Known, Outcomes]]) -> Boosted:
    """Learn from earlier days and what came after them. Raises Unavailable without the extra `models`."""
    lightgbm = gradient_boosting.library("Boosting", "models")
    spent = np.concatenate([known.people["paid_minor"] for known, _ in past])
    unit = max(float(np.median(spent)), 1.0)
    matrix = np.vstack([features(known) for known, _ in past])
    truth = {
        "orders": np.concatenate([after.order_days for _, after in past]),
        # a person who gave back more than they bought is worth nothing here, not less
        "spend": np.maximum(np.concatenate([capped(after.spend_minor) for _, after in past]), 0.0) / unit,
        "active": np.concatenate([after.order_days > 0 for _, after in past]).astype(np.float64),
        "soon": np.concatenate([after.soon_days > 0 for _, after in past]).astype(np.float64),
    }
    starts = [_starts(known, unit) for known, _ in past]
    # where everybody did the same there is nothing to learn, and LightGBM refuses to
    trees = {
        target: lightgbm.train(
            {**_PARAMETERS, **objective},
            lightgbm.Dataset(
                matrix, truth[target], init_score=np.concatenate([each[target] for each in starts])
            ),
            _ROUNDS,
        )
        if np.ptp(truth[target]) > 0
        else None
        for target, objective in _TARGETS.items()
    }
    return Boosted(trees, unit)


def features(known: Known) -> Floats:
    """A row a person, a column each of FEATURES; NaN where a person has too few order days to say."""
    people, spend = known.people, known.spend_minor
    count, some = people["order_days"], known.orders + 0.1
    gaps = np.maximum(count - 1, 1)
    interval = np.where(count > 1, (people["age_days"] - people["recency_days"]) / gaps, np.nan)
    spread = np.sqrt(np.maximum(np.where(count > 2, people["gaps_squared"] / gaps - interval**2, np.nan), 0))
    cents = spend + np.maximum(known.amount_minor, 1.0) * 0.1
    return np.column_stack(
        [
            people["recency_days"],
            count,
            people["age_days"],
            np.log(spend + 1.0),
            np.log(known.orders + 1e-3),
            np.log(known.amount_minor + 1.0),
            known.active,
            known.soon,
            interval,
            spread / interval,
            people["recency_days"] / interval,
            people["order_days_last_28"] / some,
            people["order_days_last_91"] / some,
            people["spend_last_28_minor"] / cents,
            people["spend_last_91_minor"] / cents,
            people["spend_minor"] / (people["age_days"] + 28.0) / cents,
            people["spend_minor"] / np.maximum(people["paid_minor"], 1.0),
        ]
    )


def _starts(known: Known, unit_minor: float) -> dict[str, Floats]:
    """Where the trees begin: the dropout model's answer on the scale of each objective."""
    return {
        "orders": np.log(known.orders + 1e-3),
        "spend": np.log((known.spend_minor + 1.0) / unit_minor),
        "active": scipy.special.logit(np.clip(known.active, 1e-4, 1 - 1e-4)),
        "soon": scipy.special.logit(np.clip(known.soon, 1e-4, 1 - 1e-4)),
    }
