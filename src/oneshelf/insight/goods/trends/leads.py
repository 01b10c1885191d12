"""Lead and lag: does one signal move before another (searches before sales), by how many days, and how sure is that?

Every series' daily counts are set against its own last weeks and against what all series did that day, so that level, season,
weekday and holidays fall out; what remains of the first signal is compared with what remains of the second so many days later, over all
series at once (one alone sees too little). How strong that is by chance is measured on the same series with the second signal
turned by a number of days of chance, which keeps the habits of both and breaks only their tie (circular shifts). The lag's interval
comes from drawing the series again (Efron's bootstrap).
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec
import numpy as np

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.signals import Signal

#: How far apart two signals are looked at, in days.
DAYS_APART: Final = 14
#: Days against which a day is set.
_LEVEL_DAYS: Final = 28
_DRAWS: Final = 400
DAYS_MIN: Final = 4 * _LEVEL_DAYS


class LeadLag(msgspec.Struct, frozen=True, kw_only=True):
    """How many days the first signal moves before the second; below 0 it follows."""

    first: Signal
    second: Signal
    lag_days: int
    #: the ends of its 90% interval
    low_days: int
    high_days: int
    #: of what remains of both at that lag, over all series
    correlation: float
    #: chance of a correlation as strong at any lag, when the two have no tie
    p_value: float
    #: correlation at each lag from -`DAYS_APART` to `DAYS_APART`
    correlations: tuple[float, ...]
    series: int
    first_day: date | None = None
    last_day: date | None = None
    simulated: bool = False

    @property
    def tied(self) -> bool:
        """Whether the two are tied beyond chance, whichever is first."""
        return self.p_value <= 0.05

    @property
    def sure(self) -> bool:
        """Whether the tie is beyond chance, and its direction too."""
        return self.tied and self.low_days * self.high_days > 0


def lead_lag(first: Floats, second: Floats, *, names: tuple[Signal, Signal], seed: int = 1) -> LeadLag:
    """Compare two signals of the same series, both series x days.

    Raises InvalidInput when they are not of one shape, or have fewer than `DAYS_MIN` days.
    """
    if first.shape != second.shape or first.shape[1] < DAYS_MIN:
        raise InvalidInput.of(
            "days",
            f"{first.shape} and {second.shape}",
            "cannot be compared.",
            f"Give two signals of the same series and at least {DAYS_MIN} days.",
        )
    a, b = _remainder(first), _remainder(second)
    days = a.shape[1]
    # every series' products at every circular shift: shift s sets day d of a beside day d + s of b
    spectrum = np.conj(np.fft.rfft(a, axis=1)) * np.fft.rfft(b, axis=1)
    products = np.fft.irfft(spectrum, n=days, axis=1)
    scale = float(np.sqrt((a**2).sum() * (b**2).sum())) or 1.0
    lags = np.arange(-DAYS_APART, DAYS_APART + 1)
    true = products[:, lags % days]
    together = true.sum(axis=0) / scale
    best = int(np.abs(together).argmax())
    random = np.random.default_rng(seed)
    low, high = _interval(true, lags, float(np.sign(together[best])), random)
    return LeadLag(
        first=names[0],
        second=names[1],
        lag_days=int(lags[best]),
        low_days=low,
        high_days=high,
        correlation=float(together[best]),
        p_value=_p_value(products, lags, float(abs(together[best])) * scale, random),
        correlations=tuple(float(each) for each in together),
        series=len(first),
    )


def _remainder(counts: Floats) -> Floats:
    """What a series did on a day beyond its own level and beyond what all did, in its own standard deviations."""
    total = counts.sum(axis=0)
    usual = np.maximum(_level(total[None, :])[0], 1e-9)
    expected = _level(counts) * (total / usual)
    rest = (counts - expected) / np.sqrt(np.maximum(expected, 0.05))
    rest = np.clip(rest, -8, 8)
    centred: Floats = rest - rest.mean(axis=1, keepdims=True)
    return centred


def _level(counts: Floats) -> Floats:
    """The mean of the `_LEVEL_DAYS` around each day, of fewer at the ends."""
    days = counts.shape[1]
    sums = np.concatenate([np.zeros((len(counts), 1)), counts.cumsum(axis=1)], axis=1)
    low = np.maximum(np.arange(days) - _LEVEL_DAYS // 2, 0)
    high = np.minimum(np.arange(days) + _LEVEL_DAYS // 2 + 1, days)
    mean: Floats = (sums[:, high] - sums[:, low]) / (high - low)
    return mean


def _interval(true: Floats, lags: np.ndarray, sign: float, random: np.random.Generator) -> tuple[int, int]:
    """Where the strongest lag lies when the series are drawn again."""
    drawn = random.multinomial(len(true), np.full(len(true), 1 / len(true)), size=_DRAWS)
    strongest = lags[(drawn @ true * sign).argmax(axis=1)]
    low, high = np.quantile(strongest, (0.05, 0.95), method="nearest")
    return int(low), int(high)


def _p_value(products: Floats, lags: np.ndarray, found: float, random: np.random.Generator) -> float:
    series, days = products.shape
    rows = np.arange(series)[:, None]
    as_strong = 0
    for _ in range(_DRAWS):
        # far enough that no true lag is among those looked at
        turn = random.integers(2 * DAYS_APART + 1, days - 2 * DAYS_APART, size=(series, 1))
        as_strong += np.abs(products[rows, (lags + turn) % days].sum(axis=0)).max() >= found
    return float((1 + as_strong) / (1 + _DRAWS))
