"""The backtest: what would have been forecast at earlier dates, each time from the days before, and how wrong it was.

Every origin is forecast exactly as today would be: fitted, chosen and calibrated on the days before it and on nothing else. So the
scores are those of the whole, with its rule for choosing a method, beside those of the plain methods.
"""

from __future__ import annotations

import numpy as np

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast import scores
from oneshelf.insight.goods.forecast.arrays import Floats, Ints
from oneshelf.insight.goods.forecast.forecaster import HORIZON, Fitted, fit
from oneshelf.insight.goods.forecast.guards import guard
from oneshelf.insight.goods.forecast.methods import SIMPLE
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.past import Past
from oneshelf.insight.goods.forecast.report import (
    CHOSEN,
    ForecastBacktest,
    Tested,
    calibrated,
    mean_wrmsse,
    scored,
)

#: Series that are tested; drawn evenly when there are more.
SERIES_MAX = 5_000


def backtest(
    panel: Panel,
    *,
    horizon: int = HORIZON,
    origins: int = 4,
    every: int | None = None,
    fit_every: int = 1,
    worth: Floats | None = None,
    seed: int = 1,
) -> ForecastBacktest:
    """Forecast `horizon` steps from `origins` earlier ones, `every` steps apart (default: the horizon), and score them.

    `fit_every` fits anew at every so many origins only, and goes on with what was fitted between. `worth` weighs series in
    WRMSSE (default: pieces sold lately). Raises InvalidInput when too little past would be left.
    """
    every = horizon if every is None else every
    starts = [panel.steps - horizon - every * back for back in range(origins - 1, -1, -1)]
    _check(panel, horizon, origins, every, starts)
    tested_on, of_series = _drawn(panel, seed), len(panel)
    panel = panel.take(tested_on)
    worth = None if worth is None else worth[tested_on]
    tested, fitted = [], None
    for turn, origin in enumerate(starts):
        known = panel.until(origin)
        if fitted is None or turn % fit_every == 0:
            fitted = fit(known, horizon, seed=seed)
        tested.append(_test(panel, known, fitted, horizon, worth))
    return ForecastBacktest(
        origins=tuple(panel.day(origin) for origin in starts),
        horizon=horizon,
        step_days=panel.rhythm.step_days,
        series=len(panel),
        of_series=of_series,
        scores=scored(panel, tested, starts[0]),
        calibration=calibrated(tested),
        wrmsse=mean_wrmsse(tested),
        choices=fitted.choices if fitted is not None else (),
    )


def _check(panel: Panel, horizon: int, origins: int, every: int, starts: list[int]) -> None:
    for name, value in (("horizon", horizon), ("origins", origins), ("every", every)):
        if value < 1:
            raise InvalidInput.of(name, value, "leaves nothing to test.", "Expected 1 or more.")
    least = 2 * panel.rhythm.recent
    if starts[0] < least:
        raise InvalidInput.of(
            "origins",
            origins,
            f"would leave {max(starts[0], 0)} steps before the first of {panel.steps}.",
            f"Leave at least {least}: test fewer origins or a shorter horizon.",
        )


def _drawn(panel: Panel, seed: int) -> Ints:
    if len(panel) <= SERIES_MAX:
        return np.arange(len(panel), dtype=np.intp)
    drawn = np.random.default_rng(seed).choice(len(panel), SERIES_MAX, replace=False)
    return np.sort(drawn).astype(np.intp)


def _test(panel: Panel, known: Panel, fitted: Fitted, horizon: int, worth: Floats | None) -> Tested:
    origin = known.steps
    ahead = slice(origin, origin + horizon)
    look = fitted.look(known)
    forecast = fitted.forecast(known)
    seen = panel.open(origin, origin + horizon) & (known.starts < origin)[:, None]
    if panel.ran_out is not None:
        seen &= ~panel.ran_out[:, ahead]
    mean = {CHOSEN: forecast.mean[:, :horizon], **_plain(look, panel, origin, horizon)}
    sold = np.maximum(panel.sold[:, ahead], 0.0)
    weight = look.mean(origin, look.rhythm.recent) if worth is None else worth
    groups = panel.levels().values()

    def weighted(each: Floats) -> float | None:
        told = scores.Told(mean=each, sold=sold, known=seen, before=look.demand, counted=look.counted)
        return scores.wrmsse(told, weight, groups)

    return Tested(
        mean=mean,
        quantiles=forecast.quantiles[:, :horizon],
        sold=sold,
        known=seen,
        scale=scores.scale(look.demand, look.counted),
        wrmsse={name: weighted(each) for name, each in mean.items()},
    )


def _plain(look: Past, panel: Panel, origin: int, horizon: int) -> dict[str, Floats]:
    is_open = panel.open(origin, origin + horizon)
    return {
        name: np.where(is_open, guard(method(look, origin, horizon), look, origin).mean, 0.0)
        for name, method in SIMPLE.items()
    }
