"""The search for the likeliest parameters: a short climb from every start, then the best of them to the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy

from oneshelf.insight.people.value.summaries import Floats

#: How far each start climbs before the best is chosen.
_STEPS_FIRST, _STEPS_MAX = 12, 1_000

#: Slopes of the mean log-likelihood below this are level ground.
_FLAT = 1e-4


def climbed(
    negative: Callable[[Floats], tuple[float, Floats]], starts: Sequence[Sequence[float]], *, bound: float
) -> Any:
    """The lowest point that L-BFGS finds of a function with its gradient, all arguments within -bound and bound."""

    def climb(start: Any, steps: int) -> Any:
        return scipy.optimize.minimize(
            negative,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-bound, bound)] * len(start),
            options={"maxiter": steps, "ftol": 1e-12, "gtol": 1e-7},
        )

    best = min((climb(start, _STEPS_FIRST) for start in starts), key=lambda each: float(each.fun))
    return climb(best.x, _STEPS_MAX)


def is_flat(found: Any, bound: float) -> bool:
    """Whether nothing is left to gain in any direction that a bound does not close."""
    at, gradient = found.x, found.jac
    open_to_it = ~(((at >= bound) & (gradient < 0)) | ((at <= -bound) & (gradient > 0)))
    return bool(np.abs(gradient[open_to_it]).max(initial=0.0) < _FLAT)
