"""Forecasts of more series than one process should hold: shard after shard, by a pool of processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.forecaster import Fitted
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Forecast

_fitted: Fitted | None = None


def forecast_shards(fitted: Fitted, shards: Iterable[Panel], processes: int) -> Iterator[Forecast]:
    """Forecast each shard by one of `processes` others, in the order in which shards are given.

    Shards are taken as they are needed, one ahead of the processes, so that memory holds a few at a time. Raises
    InvalidInput for fewer than one process.
    """
    if processes < 1:
        raise InvalidInput.of("processes", processes, "forecast nothing.", "Expected 1 or more.")
    waiting: deque[Future[Forecast]] = deque()
    # spawned, as a fork of a process with threads may hang
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (fitted,)) as pool:
        for shard in shards:
            waiting.append(pool.submit(_forecast, shard))
            if len(waiting) > processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin(fitted: Fitted) -> None:
    """Keep what was fitted in this process, so that it is sent once and not with every shard."""
    global _fitted  # noqa: PLW0603  # a process of the pool has nothing else to keep it in
    _fitted = fitted


def _forecast(panel: Panel) -> Forecast:
    if _fitted is None:
        raise RuntimeError("a shard reached a process that was not begun")
    return _fitted.forecast(panel)
