"""Reconciliation: forecasts of a hierarchy's levels made to add up, so that the chain's total is the sum of its parts.

Every level is forecast from its own past: the chain's season shows where a product's does not, a product's promotion shows
where the chain's does not. The combination weighs each by how sure it is and is never below nothing: the minimum-trace
estimator with variances (Wickramasuriya, Athanasopoulos and Hyndman 2019, JASA 114), of Nixtla's hierarchicalforecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import scipy

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast import counts
from oneshelf.insight.goods.forecast.arrays import Floats, Ints
from oneshelf.insight.goods.forecast.result import Forecast
from oneshelf.insight.goods.forecast.spread import EXCESS_MAX

#: Nothing is surer than this many pieces, in standard deviations.
_SURE = 0.05
#: Quantiles move along with a mean that changes by at most this factor.
_FAR = 1.5


def reconcile(levels: Mapping[str, Forecast], members: Mapping[str, Ints]) -> dict[str, Forecast]:
    """Make the means of all levels add up, and move their quantiles along.

    `levels` ends with the bottom one; `members` says for each level above which of its series each bottom series belongs
    to. Raises InvalidInput when levels do not cover the same days.
    """
    bottom = list(levels)[-1]
    count = len(levels[bottom].series)
    _check(levels, members, count)
    parts = [_summing(members[name], len(each.series)) for name, each in levels.items() if name != bottom]
    summing = scipy.sparse.vstack([*parts, scipy.sparse.identity(count, format="csr")]).tocsr()
    made = _combined(levels, summing) if installed() else levels[bottom].mean
    # added up again, so that sums are sums to the last digit
    found = np.asarray(summing @ np.maximum(made[-count:], 0.0))
    out, first = {}, 0
    for name, each in levels.items():
        out[name] = _moved(each, found[first : first + len(each.series)])
        first += len(each.series)
    return out


def installed() -> bool:
    """Whether hierarchicalforecast is there; without it, levels are the sums of the bottom one."""
    return find_spec("hierarchicalforecast") is not None


def _combined(levels: Mapping[str, Forecast], summing: scipy.sparse.csr_matrix) -> Floats:
    """The means that add up and are nearest to all, each weighed by how sure it is."""
    from hierarchicalforecast.methods import MinTraceSparse  # noqa: PLC0415  # an extra, and slow to import

    mean = np.vstack([each.mean for each in levels.values()])
    deviation = np.concatenate([_deviation(each) for each in levels.values()])
    # the estimator takes past errors and weighs by their variance: these two have that of the deviation
    errors = np.column_stack([np.zeros_like(deviation), deviation * np.sqrt(2)])
    made = MinTraceSparse("wls_var", nonnegative=True, qp=False).fit_predict(
        S=summing, y_hat=mean, y_insample=errors, y_hat_insample=np.zeros_like(errors)
    )
    return np.asarray(made["mean"])


def _check(levels: Mapping[str, Forecast], members: Mapping[str, Ints], count: int) -> None:
    days = {(each.first_day, each.days, each.levels) for each in levels.values()}
    if len(days) > 1:
        raise InvalidInput.of(
            "levels", list(levels), "do not cover the same days.", "Forecast each from the same day."
        )
    for name in list(levels)[:-1]:
        if members[name].shape != (count,):
            raise InvalidInput.of(
                f"members.{name}",
                members[name].shape,
                f"does not place {count} series.",
                "Say for each of the bottom series where it belongs.",
            )


def _summing(member: Ints, groups: int) -> scipy.sparse.csr_matrix:
    at = np.arange(member.size)
    return scipy.sparse.csr_matrix((np.ones(member.size), (member, at)), shape=(groups, member.size))


def _deviation(forecast: Forecast) -> Floats:
    """By series: the standard deviation of a step, from how far its quantiles lie apart."""
    low, high = forecast.levels[0], forecast.levels[-1]
    apart = forecast.quantiles[:, :, -1] - forecast.quantiles[:, :, 0]
    return np.asarray(
        np.maximum(apart.mean(axis=1) / (scipy.special.ndtri(high) - scipy.special.ndtri(low)), _SURE)
    )


def _moved(forecast: Forecast, mean: Floats) -> Forecast:
    """The forecast with other means. Quantiles move along; where the mean moves too far for that (none of a rare sale's quantiles would,
    or all of them beyond reason), they are those of demand with the new mean and the spread that the series had."""
    had = forecast.mean > 0
    factor = np.where(had, mean / np.where(had, forecast.mean, 1.0), 0.0)
    quantiles = forecast.quantiles * factor[:, :, None]
    far = (mean > 0) & ((factor < 1 / _FAR) | (factor > _FAR))
    before = np.maximum(forecast.mean.mean(axis=1), _SURE)
    excess = np.clip((_deviation(forecast) ** 2 - before) / before**2, 0.0, EXCESS_MAX)
    spread = np.broadcast_to(excess[:, None], mean.shape)
    quantiles[far] = counts.quantiles(mean[far], spread[far], np.array(forecast.levels))
    return replace(forecast, mean=mean, quantiles=quantiles)
