"""How good scores were: errors, ranks, shares, and how sure one may be of a difference."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import scipy
from numpy.typing import NDArray

from oneshelf.insight.people.value.summaries import Floats

#: Bootstrap: how many draws, and of at most how many people.
DRAWS, PEOPLE_MAX = 200, 10_000


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate and its 95% interval."""

    value: float
    low: float
    high: float

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval is."""
        return self.high < 0


def paired(differences: Floats) -> Interval:
    """The mean of differences person by person, with the normal interval of that mean."""
    mean = float(differences.mean())
    reach = (
        1.96 * float(differences.std(ddof=1)) / len(differences) ** 0.5
        if len(differences) > 1
        else float("inf")
    )
    return Interval(value=mean, low=mean - reach, high=mean + reach)


def bootstrap(people: int, figure: Callable[[NDArray[np.intp]], float], *, seed: int = 1) -> Interval:
    """A figure of everybody, with the percentile interval of redrawn people (Efron and Tibshirani, 1993).

    Beyond PEOPLE_MAX people the draws are of that many, so the interval is then wider than need be.
    """
    chance = np.random.default_rng(seed)
    size = min(people, PEOPLE_MAX)
    drawn = [figure(chance.integers(0, people, size)) for _ in range(DRAWS)]
    low, high = np.nanquantile(drawn, (0.025, 0.975)) if not np.isnan(drawn).all() else (np.nan, np.nan)
    return Interval(value=figure(np.arange(people)), low=float(low), high=float(high))


def rank_correlation(scores: Floats, truth: Floats) -> float:
    """Spearman's, ties at their mean rank; NaN when one of them has a single value."""
    a, b = scipy.stats.rankdata(scores), scipy.stats.rankdata(truth)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else float("nan")


def auc(scores: Floats, came: NDArray[np.bool_]) -> float:
    """The chance that who came is scored above who did not, ties counting half; NaN when all or none came."""
    yes = int(came.sum())
    no = len(came) - yes
    if not yes or not no:
        return float("nan")
    return (float(scipy.stats.rankdata(scores)[came].sum()) - yes * (yes + 1) / 2) / (yes * no)


def share_of_top(scores: Floats, truth: Floats, *, share: float = 0.1) -> float:
    """What part of the whole the best-scored tenth brought. People with equal scores at its edge count by their mean."""
    total = float(truth.sum())
    if total <= 0:
        return float("nan")
    size = max(1, round(len(scores) * share))
    edge = np.partition(scores, len(scores) - size)[len(scores) - size]
    above, at = scores > edge, scores == edge
    rest = (size - int(above.sum())) * float(truth[at].mean())
    return (float(truth[above].sum()) + rest) / total


def log_loss(chance: Floats, came: NDArray[np.bool_]) -> Floats:
    """Minus the logarithm of the chance given to what happened, person by person; chances are kept off 0 and 1."""
    kept = np.clip(chance, 1e-4, 1 - 1e-4)
    return -np.log(np.where(came, kept, 1 - kept))
