"""Alarms: which of tens of thousands of series to flag, so that few of the flags are chance, and the proof on shuffled weeks.

Two steps. First the p-value of growth is calibrated: sales have spikes that no simple law foresees, so a p-value is replaced by the
share of made-up series whose own is as small: those of the same night, drawn anew from the weeks before the recent ones in blocks as long
as these, so that promotions and fashions of ordinary length count as chance (Tusher, Tibshirani and Chu 2001; blocks: Kuensch 1989).
Then Benjamini and Hochberg's step-up procedure (1995): at rate q, on average at most a share q of the flags are series in which
nothing changed, and when nothing changed anywhere, a night has any flag at all with a chance of about q. It holds too for
series that rise and fall together, as products of one category do (Benjamini and Yekutieli 2001).

What it does not say: a promotion or a season is no chance either. That is told apart beside the flag (`causes`).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.growth import Growth, growth
from oneshelf.insight.goods.trends.shuffles import redrawn, shuffles
from oneshelf.insight.goods.trends.windows import Flags, Windows

#: The share of flags that may be chance.
RATE: Final = 0.1
#: Redrawn series that p-values are calibrated on, at least; with so many, the first flag among 50,000 can be told.
_DRAWS_MIN: Final = 60_000
_ROUNDS_MIN, _ROUNDS_MAX = 20, 200
_ROWS_AT_ONCE: Final = 10_000


def alarms(p_values: Floats, rate: float = RATE) -> Flags:
    """Which series to flag, at a false discovery rate."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    passed = p_values[order] <= rate * np.arange(1, count + 1) / max(count, 1)
    flagged = np.zeros(count, dtype=np.bool_)
    if passed.any():
        flagged[order[: np.flatnonzero(passed)[-1] + 1]] = True
    return flagged


def chance(counts: Floats, exposure: Floats, windows: Windows, *, seed: int) -> Floats:
    """The p-values of growth that these series have when drawn anew from their own past, ascending: what is ordinary for them."""
    series = max(1, len(counts))
    rounds = min(_ROUNDS_MAX, max(_ROUNDS_MIN, _DRAWS_MIN // series))
    # few series are shuffled many times at once, which is quicker and the same
    copies = min(rounds, max(1, _ROWS_AT_ONCE // series))
    exposure = np.broadcast_to(exposure, counts.shape)
    stacked = np.tile(counts, (copies, 1)), np.tile(exposure, (copies, 1))
    drawn = [
        growth(mixed, exposed, windows).p_value
        for mixed, exposed in redrawn(*stacked, windows.recent, rounds=-(-rounds // copies), seed=seed)
    ]
    return np.sort(np.concatenate(drawn))


def calibrated(grown: Growth, by_chance: Floats) -> Floats:
    """The share of redrawn series that grew as unlikely as each of these, in place of the p-values; never 0."""
    as_small = np.searchsorted(by_chance, grown.p_value, side="right")
    share: Floats = (1 + as_small) / (1 + len(by_chance))
    return np.where(grown.p_value < 1, share, 1.0)


class FalseAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """What was flagged where every series kept its own weeks but in an order of chance, so that nothing grows there."""

    series: int
    rounds: int
    #: weeks that stayed together
    block: int
    #: the rate that is promised
    rate: float
    #: share of rounds with any flag: about `rate` or less when the promise holds
    rounds_with_any: float
    #: flags of all rounds over series of all rounds
    flagged_share: float


def false_alarms(
    counts: Floats,
    exposure: Floats,
    windows: Windows,
    *,
    rounds: int,
    seed: int,
    rate: float = RATE,
    block: int,
) -> FalseAlarms:
    """Shuffle the weeks of every series `rounds` times, in blocks of so many weeks, and count the flags.

    The recent weeks are left out where enough others are known: what truly rises tonight would rise in some orders, too.
    """
    by_chance = chance(counts, exposure, windows, seed=seed)
    ordinary = slice(None, -windows.recent if counts.shape[1] >= 2 * windows.weeks else None)
    exposure = np.broadcast_to(exposure, counts.shape)
    shuffled = shuffles(counts[:, ordinary], exposure[:, ordinary], rounds=rounds, seed=seed + 1, block=block)
    flags = [
        int(alarms(calibrated(growth(mixed, exposed, windows), by_chance), rate).sum())
        for mixed, exposed in shuffled
    ]
    return FalseAlarms(
        series=len(counts),
        rounds=rounds,
        block=block,
        rate=rate,
        rounds_with_any=sum(each > 0 for each in flags) / rounds,
        flagged_share=sum(flags) / max(1, rounds * len(counts)),
    )
