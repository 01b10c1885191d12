"""How often somebody will order: BG/NBD and MBG/NBD, fitted by maximum likelihood.

BG/NBD: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2). MBG/NBD, in which
people may also be lost right after their first order: Batislam, Denizel and Filiztekin (2007), International Journal of
Research in Marketing 24(3). While somebody is a customer they order at a rate of their own (gamma over people); after each
order they may be lost for good with a chance of their own (beta over people).

People are grouped by what the likelihood needs of them (repeat orders, day of the last, day of asking), times are
measured in mean observed lengths, and parameters are searched as logarithms, from several starts: so the fit needs no penalty
to converge, however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.value.search import climbed, is_flat
from oneshelf.insight.people.value.summaries import Floats

Kind = Literal["bg", "mbg"]

#: Logarithms of (r, alpha, a, b) where the search starts, alpha in mean observed lengths.
_STARTS = ((-0.5, -1.0, -0.5, 0.5), (0.7, -1.5, -2.0, 1.5), (0.0, 0.0, 0.0, 0.0))

#: Beyond these the likelihood is flat to more digits than it has; a parameter that runs away stops here.
_BOUND = 14.0

#: Nodes of the quadrature over the chance of being lost: more change nothing in the ninth digit.
_NODES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout:
    """A fitted model. `alpha` is in days; `log_likelihood` is per person; `converged`: its gradient is 0 to four digits."""

    kind: Kind
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    converged: bool

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> Floats:
        """The chance that a person with `x` repeat orders, the last `t_x` days after the first, is not lost at `age` days."""
        x, t_x, age = _as_floats(x, t_x, age)
        lost = (
            np.log(self.a)
            - np.log(self._survived(x))
            + (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + t_x))
        )
        alive = scipy.special.expit(-lost)
        return np.where(x > 0, alive, 1.0) if self.kind == "bg" else alive

    def p_active(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike, *, days: float) -> Floats:
        """The chance of at least one order in the next `days` days: not lost, and the rate not too low.

        Nobody is lost between two orders, so the two chances multiply.
        """
        x, t_x, age = _as_floats(x, t_x, age)
        silent = np.exp((self.r + x) * -np.log1p(days / (self.alpha + age)))
        return self.p_alive(x, t_x, age) * (1.0 - silent)

    def expected_orders(self, x: ArrayLike, t_x: ArrayLike, age: ArrayLike, *, days: float) -> Floats:
        """Expected orders in the next `days` days.

        The published closed form divides by a - 1 and calls a hypergeometric function that overflows for heavy buyers. Here
        the same expectation is integrated over the chance of being lost, whose distribution given that the person is not lost
        is again a beta, by Gaussian quadrature for that beta (Golub and Welsch, 1969, Mathematics of Computation 23).
        """
        x, t_x, age = _as_floats(x, t_x, age)
        expected = np.empty_like(x)
        for repeats in np.unique(x):
            chosen = np.flatnonzero(x == repeats)
            nodes, weights = beta_rule(
                self.a, float(self._survived(repeats)) + (self.kind == "mbg" or repeats > 0)
            )
            # blocks keep the memory flat however many people have ordered equally often
            for part in np.array_split(chosen, max(1, len(chosen) // 50_000)):
                scale = days / (self.alpha + age[part])
                orders = -np.expm1(-(self.r + repeats) * np.log1p(np.outer(scale, nodes))) / nodes
                # no matrix product: its last bit depends on the rows around, and equal people get equal figures
                expected[part] = (orders * weights).sum(axis=1)
        return expected * self.p_alive(x, t_x, age)

    def _survived(self, x: ArrayLike) -> Floats:
        """The second parameter of the beta, less one: in BG/NBD nobody is lost before the first repeat order."""
        x = np.asarray(x, dtype=np.float64)
        return self.b + x if self.kind == "mbg" else np.where(x > 0, self.b + x - 1.0, self.b)


def fit(kind: Kind, x: ArrayLike, t_x: ArrayLike, age: ArrayLike) -> Dropout:
    """Fit by maximum likelihood: repeat orders, days from the first to the last, and days from the first to now.

    Days are rounded to whole ones, which is what lets people be grouped.

    Raises InvalidInput when there is nobody, or when a time is impossible.
    """
    x, t_x, age = _as_floats(x, t_x, age)
    if not len(x):
        raise InvalidInput.of("people", 0, "is nobody to learn from.", "Load orders first.")
    if (x < 0).any() or (t_x < 0).any() or (t_x > age).any():
        raise InvalidInput.of(
            "t_x", "", "lies before the first order or after the day of asking.", "Check the days."
        )
    groups, counts = _groups(x, t_x, age)
    unit = max(float(np.average(groups[2], weights=counts)), 1.0)
    likelihood = _Likelihood(kind, groups[0], groups[1] / unit, groups[2] / unit, counts)
    best = climbed(likelihood, _STARTS, bound=_BOUND)
    r, alpha, a, b = np.exp(best.x)
    return Dropout(
        kind=kind,
        r=float(r),
        alpha=float(alpha) * unit,
        a=float(a),
        b=float(b),
        # a density per mean length becomes one per day: every repeat order brings one such factor
        log_likelihood=-float(best.fun) - float(np.log(unit) * np.average(groups[0], weights=counts)),
        converged=is_flat(best, _BOUND),
    )


def _groups(x: Floats, t_x: Floats, age: Floats) -> tuple[tuple[Floats, Floats, Floats], Floats]:
    """The different people, and how many there are of each. One number holds all three, because sorting rows is slow."""
    whole = [np.rint(each).astype(np.int64) for each in (x, t_x, age)]
    size = int(whole[2].max()) + 1
    keys, counts = np.unique((whole[0] * size + whole[1]) * size + whole[2], return_counts=True)
    rest, now = np.divmod(keys, size)
    repeats, last = np.divmod(rest, size)
    return (repeats.astype(np.float64), last.astype(np.float64), now.astype(np.float64)), counts.astype(
        np.float64
    )


def beta_rule(a: float, b: float, nodes: int = _NODES) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights that sum to 1: the Gaussian quadrature of the beta distribution (a, b)."""
    k = np.arange(nodes, dtype=np.float64)
    alpha, beta = b - 1.0, a - 1.0
    both = 2 * k + alpha + beta
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (beta**2 - alpha**2) / (both * (both + 2))
        squares = 4 * k * (k + alpha) * (k + beta) * (k + alpha + beta) / (both**2 * (both + 1) * (both - 1))
    middle[0] = (beta - alpha) / (alpha + beta + 2)
    if nodes > 1:
        squares[1] = 4 * (1 + alpha) * (1 + beta) / ((alpha + beta + 2) ** 2 * (alpha + beta + 3))
    values, vectors = scipy.linalg.eigh_tridiagonal(middle, np.sqrt(squares[1:]))
    smallest = np.finfo(np.float64).tiny
    return np.clip((values + 1) / 2, smallest, 1.0), vectors[0] ** 2


class _Likelihood:
    """Minus the mean log-likelihood and its gradient by the logarithms of (r, alpha, a, b)."""

    def __init__(self, kind: Kind, x: Floats, t_x: Floats, age: Floats, counts: Floats) -> None:
        self.repeats, self.which = np.unique(x, return_inverse=True)
        self.x, self.t_x, self.age = x, t_x, age
        self.weights = counts / counts.sum()
        self.by_repeats = np.bincount(self.which, weights=self.weights)
        self.kind = kind
        #: in MBG/NBD one more chance of being lost was survived, right after the first order
        self.more = 1.0 if kind == "mbg" else 0.0
        self.may_be_lost = np.ones(len(x), dtype=bool) if kind == "mbg" else x > 0

    def __call__(self, logarithms: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logarithms)
        n, tries = self.repeats, self.repeats + self.more
        head = (
            scipy.special.gammaln(r + n)
            - scipy.special.gammaln(r)
            + r * np.log(alpha)
            + scipy.special.gammaln(a + b)
            + scipy.special.gammaln(b + tries)
            - scipy.special.gammaln(b)
            - scipy.special.gammaln(a + b + tries)
        )
        survived = np.where(self.may_be_lost, b + self.x + self.more - 1.0, 1.0)
        shape = r + self.x
        log_now, log_then = np.log(alpha + self.age), np.log(alpha + self.t_x)
        odds = np.where(
            self.may_be_lost, np.log(a) - np.log(survived) + shape * (log_now - log_then), -np.inf
        )
        lost = scipy.special.expit(odds)
        tail = np.logaddexp(0.0, odds) - shape * log_now
        value = float((self.by_repeats * head).sum() + (self.weights * tail).sum())
        # sums and not products of matrices, which start threads that wait for one another on a busy machine
        w, by = self.weights, self.by_repeats
        by_r = (by * (scipy.special.digamma(r + n) - scipy.special.digamma(r))).sum() + np.log(alpha)
        by_r -= (w * (log_now - lost * (log_now - log_then))).sum()
        by_alpha = (
            r / alpha - (w * shape * ((1 - lost) / (alpha + self.age) + lost / (alpha + self.t_x))).sum()
        )
        common = scipy.special.digamma(a + b) - (by * scipy.special.digamma(a + b + tries)).sum()
        by_a = common + (w * lost).sum() / a
        by_b = (
            common
            + (by * scipy.special.digamma(b + tries)).sum()
            - scipy.special.digamma(b)
            - (w * lost / survived).sum()
        )
        gradient = np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])
        return -value, -gradient


def _as_floats(*arrays: ArrayLike) -> tuple[Floats, ...]:
    return tuple(
        np.array(each, dtype=np.float64) for each in np.broadcast_arrays(*map(np.atleast_1d, arrays))
    )
