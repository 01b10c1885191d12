"""Look-alikes: who of the others is most like a seed of people, by the fields of the portrait.

A logistic regression tells the seed from everybody else (the others are not known to be unlike, only not known to be alike: Elkan and
Noto, 2008, Learning classifiers from only positive and unlabeled data, KDD). Fields enter as ranks, so that no billion-euro basket
stretches a scale, with a bend for "neither few nor many" and a mark for "not known". The penalty is one unit of variance a field,
whatever the people.

What the ranking is worth is measured on people of the seed whom it has not seen: the seed is dealt into folds; each fold is hidden
among the others, and the lift is how many times more of it the best-ranked tenth holds than a random tenth would.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy
from numpy.typing import NDArray

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.fields import CHANNELS
from oneshelf.insight.people.value.measures import Interval
from oneshelf.insight.people.value.summaries import Floats

#: Below this many there is nothing to learn from, and nothing to hold out.
SEED_MIN: Final = 20

FOLDS: Final = 5
SHARE: Final = 0.1

#: Texts with more values than this are left out beyond the commonest.
_VALUES_MAX = 12

#: Who somebody is, and when the row was made: not what they are like.
_NEVER: Final = frozenset(("person_id", "day", "currency", "simulated", "modelled_at", "tier_reason"))

#: At most this many of the others are learnt from, evenly over the sorted ids.
_OTHERS_MAX = 100_000


_CHANNEL_ORDERS: Final = tuple(f"orders_{channel}" for channel in CHANNELS)
_LATELY: Final = ("orders_last_28_days", "orders_last_91_days", "spend_last_91_days_minor", "p_active", "expected_orders_90_days", "expected_spend_90_days_minor", "tier")  # fmt: skip

#: Fields that say nearly the same: how lately, how often, how much. Who was chosen by one of them is found again by the others.
_KIN: Final[tuple[frozenset[str], ...]] = (
    frozenset(("recency_days", "last_order_at", "last_seen_at", *_LATELY)),
    frozenset(("frequency", "order_days", "repurchase_interval_days", *_CHANNEL_ORDERS, *_LATELY)),
    frozenset(("monetary_minor", "margin_minor", "spend_last_364_days_minor", *_LATELY)),
)


def kin_of(fields: Collection[str]) -> set[str]:
    """The fields with all that say nearly the same as one of them: what a ranking must do without to say more than the choice did."""
    return set(fields).union(*(kin for kin in _KIN if kin & set(fields)))


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """One person who is not of the seed; `score` is between 0 and 1 and only its order means something."""

    person_id: str
    score: float


class Lookalikes(msgspec.Struct, frozen=True, kw_only=True):
    """The others, the most alike first, and what the ranking is worth."""

    seed: int
    others: int
    #: how many times more of the hidden seed the best-ranked tenth holds than a random tenth, with a 95% interval; 1 is random
    lift: Interval
    #: the fields that tell the seed apart most, the strongest first
    by: tuple[str, ...]
    #: fields that were left out, because they define the seed
    without: tuple[str, ...]
    people: tuple[Alike, ...]


def lookalikes(
    portraits: pa.Table, seed: Collection[str], *, without: Sequence[str] = (), limit: int = 1_000
) -> Lookalikes:
    """Rank everybody of the table who is not of the seed.

    `portraits` has a column `person_id` and the fields of the portrait, whichever there are; moments are left out. `without` names the
    fields by which the seed was chosen: with them the ranking would only repeat the choice. Equal people have equal scores and stand
    in the order of their ids. Raises InvalidInput for an unknown field, or a seed that holds too few people, or everybody.
    """
    if unknown := sorted(set(without) - set(portraits.column_names)):
        raise InvalidInput.of("without", unknown, "are no fields of the portraits.", "See `portraits`.")
    table = portraits.sort_by("person_id")
    ids = table["person_id"].combine_chunks().cast(pa.string())
    in_seed = pc.is_in(ids, value_set=pa.array(sorted(set(seed)), pa.string())).to_numpy(zero_copy_only=False)
    chosen = int(in_seed.sum())
    if chosen < SEED_MIN or chosen == len(ids):
        raise InvalidInput.of(
            "seed",
            f"{chosen} of {len(ids)} people",
            "cannot be told from the others.",
            f"Give {SEED_MIN} or more people with a portrait, and leave some out.",
        )
    names, matrix = _matrix(table, set(without))
    weights = _fit(matrix, in_seed)
    # no matrix product: its last bit depends on the rows around, and equal people get equal scores
    scores = scipy.special.expit((matrix * weights[1:]).sum(axis=1) + weights[0])
    others = np.flatnonzero(~in_seed)
    ranked = others[np.argsort(-scores[others], kind="stable")][:limit]
    known = ids.take(pa.array(ranked)).to_pylist()
    return Lookalikes(
        seed=chosen,
        others=len(others),
        lift=_lift(matrix, in_seed),
        by=_strongest(names, weights[1:]),
        without=tuple(sorted(set(without))),
        people=tuple(
            Alike(person_id=one, score=float(scores[at])) for one, at in zip(known, ranked, strict=True)
        ),
    )


def _matrix(table: pa.Table, without: set[str]) -> tuple[list[str], Floats]:
    """A row a person; the name of the field behind each column."""
    names: list[str] = []
    columns: list[Floats] = []
    for name in table.column_names:
        if name in _NEVER or name in without:
            continue
        column = table[name].combine_chunks()
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            made = _numbers(column)
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            made = _texts(column)
        else:
            continue
        kept = [each for each in made if np.ptp(each) > 0]
        names += [name] * len(kept)
        columns += kept
    if not columns:
        return [], np.zeros((table.num_rows, 0))
    matrix = np.column_stack(columns)
    return names, np.asarray((matrix - matrix.mean(axis=0)) / matrix.std(axis=0))


def _numbers(column: pa.Array) -> list[Floats]:
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    known = np.isfinite(values)
    ranks = np.full(len(values), 0.5)
    if known.any():
        ranks[known] = (scipy.stats.rankdata(values[known]) - 0.5) / known.sum()
    return [ranks, (ranks - 0.5) ** 2, (~known).astype(np.float64)]


def _texts(column: pa.Array) -> list[Floats]:
    counts = sorted(
        ((row["counts"], row["values"]) for row in pc.value_counts(column).to_pylist() if row["values"]),
        key=lambda each: (-each[0], each[1]),
    )
    return [
        pc.fill_null(pc.equal(column, value), False).to_numpy(zero_copy_only=False).astype(np.float64)
        for _, value in counts[:_VALUES_MAX]
    ]


def _fit(matrix: Floats, in_seed: NDArray[np.bool_]) -> Floats:
    """Constant and weights of a ridge logistic regression, both groups weighing the same."""
    others = np.flatnonzero(~in_seed)
    if len(others) > _OTHERS_MAX:
        others = others[np.linspace(0, len(others) - 1, _OTHERS_MAX).astype(np.intp)]
    at = np.concatenate([np.flatnonzero(in_seed), others])
    x, sign = matrix[at], np.where(in_seed[at], 1.0, -1.0)
    weight = np.where(in_seed[at], 0.5 / in_seed.sum(), 0.5 / len(others))
    ridge = 1.0 / in_seed.sum()

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ w[1:] + w[0])
        pull = -weight * sign * scipy.special.expit(-margin)
        value = weight @ np.logaddexp(0.0, -margin) + 0.5 * ridge * w[1:] @ w[1:]
        return float(value), np.concatenate([[pull.sum()], x.T @ pull + ridge * w[1:]])

    found = scipy.optimize.minimize(loss, np.zeros(matrix.shape[1] + 1), jac=True, method="L-BFGS-B")
    return np.asarray(found.x)


def _lift(matrix: Floats, in_seed: NDArray[np.bool_]) -> Interval:
    """The share of the hidden seed in the best tenth, over a tenth.

    The folds teach one another, so their plain interval would be too narrow; this is the corrected resampled t interval of Nadeau and
    Bengio (2003), Inference for the generalization error, Machine Learning 52.
    """
    people = np.flatnonzero(in_seed)
    dealt = np.random.default_rng(1).permutation(len(people)) % FOLDS
    lifts = []
    for fold in range(FOLDS):
        hidden = people[dealt == fold]
        taught = in_seed.copy()
        taught[hidden] = False
        weights = _fit(matrix, taught)
        pool = np.flatnonzero(~taught)
        scores = matrix[pool] @ weights[1:]
        lifts.append(_share_in_top(scores, np.isin(pool, hidden)) / len(hidden) / SHARE)
    value = float(np.mean(lifts))
    spread = float(np.std(lifts, ddof=1)) * (1 / FOLDS + 1 / (FOLDS - 1)) ** 0.5
    reach = float(scipy.stats.t.ppf(0.975, FOLDS - 1)) * spread
    return Interval(value=value, low=max(value - reach, 0.0), high=min(value + reach, 1 / SHARE))


def _share_in_top(scores: Floats, hidden: NDArray[np.bool_]) -> float:
    """How many of the hidden are among the best tenth; of people with the score at its edge, their share."""
    size = len(scores) * SHARE
    edge = np.sort(scores)[::-1][max(int(np.ceil(size)) - 1, 0)]
    above, at = scores > edge, scores == edge
    rest = (size - int(above.sum())) * float(hidden[at].mean())
    return float(hidden[above].sum()) + rest


def _strongest(names: Sequence[str], weights: Floats, count: int = 5) -> tuple[str, ...]:
    strength: dict[str, float] = {}
    for name, weight in zip(names, weights, strict=True):
        strength[name] = strength.get(name, 0.0) + abs(float(weight))
    return tuple(sorted(strength, key=lambda name: (-strength[name], name))[:count])
