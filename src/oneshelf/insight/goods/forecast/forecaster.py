"""The forecast: fitted once on a sample of the series, then made for any number of them, shard by shard.

    fitted = fit(panel, horizon=28)
    forecast = fitted.forecast(panel)

Fitting restores demand, measures the seasons that series share, trains the trees, lets every candidate forecast the past and
applies the rule of `choosing`. What it costs does not grow with the series, as it looks at `SAMPLE` of them; forecasting costs
the same for each, and each depends only on its own past and on what was fitted, so shards may be made by other processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from oneshelf.errors import InvalidInput
from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.forecast import boosting, scores, spikes, spread
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.choosing import NOTHING, ORIGINS, Choice, choose, undecided
from oneshelf.insight.goods.forecast.guards import guard
from oneshelf.insight.goods.forecast.levels import Shared
from oneshelf.insight.goods.forecast.methods import FITTED, SIMPLE, Method, candidates
from oneshelf.insight.goods.forecast.notes import Known, notes_of
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.past import Past
from oneshelf.insight.goods.forecast.promotions import Effects, Promoted
from oneshelf.insight.goods.forecast.promotions import measure as promotions_of
from oneshelf.insight.goods.forecast.restoring import Restored, restore
from oneshelf.insight.goods.forecast.result import LEVELS, Forecast
from oneshelf.insight.goods.forecast.segments import SEGMENTS, segments

HORIZON = 28
#: The method of series that never sold.
BEGINS = "seasonal_level"
#: Series that are looked at to fit; drawn evenly when there are more.
SAMPLE = 2_000
#: The name under which boosted trees stand among the methods.
BOOSTED = "boosted"
#: Series whose forecast is made in one piece, which bounds the memory.
SHARD = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was learnt; small, and the same for every shard."""

    horizon: int
    #: steps ahead over which methods were compared, at least the horizon
    span: int
    steps: int
    #: the first level of the hierarchy: its groups lend their members a season and a beginning
    lenders: dict[str, int]
    shared: Shared
    boosted: boosting.Boosted | None
    #: the same, from the days before those on which methods were compared
    boosted_before: boosting.Boosted | None
    #: what promotions did, until now and until then; None: nothing is known of them
    effects: Effects | None
    effects_before: Effects | None
    choices: tuple[Choice, ...]
    laws: dict[str, spread.Law]

    def forecast(self, panel: Panel, *, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """The days after the panel's last. The panel may have gone on since, but must begin on the same day.

        Raises InvalidInput when it ends before the one fitted on.
        """
        if panel.steps < self.steps:
            raise InvalidInput.of(
                "panel", panel.steps, f"ends before the {self.steps} steps fitted on.", "Fit again."
            )
        parts = [
            self._shard(panel.take(np.arange(first, min(first + SHARD, len(panel)))), levels)
            for first in range(0, max(len(panel), 1), SHARD)
        ]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _shard(self, panel: Panel, levels: tuple[float, ...]) -> Forecast:
        look = _Look.at(panel, self.lenders, self.shared)
        past, origin = look.past, panel.steps
        segment = segments(past, origin)
        method = np.array([self.method(str(name)) for name in segment], dtype="<U24")
        promoted = look.promoted(self.effects, origin, method)
        made = self._by_method(
            promoted, past, method, origin=origin, horizon=self.horizon, boosted=self.boosted
        )
        guarded = guard(made, past, origin)
        mean = np.where(panel.open(origin, origin + self.horizon), guarded.mean, 0.0)
        errors = self._errors(look, method)
        excess = spread.excesses(errors, segment, self.laws)
        known = Known(segment, look.restored.steps, look.spiked.sum(axis=1), method != BOOSTED)
        return Forecast(
            series=panel.series,
            first_day=panel.day(origin),
            mean=mean,
            levels=levels,
            quantiles=spread.quantiles(mean, excess, segment, self.laws, levels),
            method=tuple(method.tolist()),
            wape=_wape(errors),
            notes=notes_of(known, guarded, promoted, self.horizon),
        )

    def begin(self, panel: Panel, *, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """Series that never sold: each is taken to begin as what was new in its group did; nothing is expected where the group is unknown."""
        look, origin = _Look.at(panel, self.lenders, self.shared), panel.steps
        expected = look.past.levels.base(origin, self.horizon)
        known = (look.group < len(self.lenders))[:, None] & panel.open(origin, origin + self.horizon)
        mean, segment = np.where(known, expected, 0.0), np.full(len(panel), "new", dtype="<U12")
        excess = np.full(len(panel), self.laws["new"].excess)
        return Forecast(
            series=panel.series,
            first_day=panel.day(origin),
            mean=mean,
            levels=levels,
            quantiles=spread.quantiles(mean, excess, segment, self.laws, levels),
            method=(BEGINS,) * len(panel),
            wape=np.full(len(panel), np.nan),
            notes=((),) * len(panel),
        )

    def look(self, panel: Panel) -> Past:
        """A panel as methods see it."""
        return _Look.at(panel, self.lenders, self.shared).past

    def method(self, segment: str) -> str:
        """The method chosen for a segment."""
        return next(each.method for each in self.choices if each.segment == segment)

    def _errors(self, look: _Look, method: NDArray[np.str_]) -> spread.Errors:
        panel, past = look.panel, look.past
        until = next(iter(_origins(panel, self.span)), 0)
        promoted = look.promoted(self.effects_before, until, method)

        def made(origin: int) -> Floats:
            forecast = self._by_method(
                promoted, past, method, origin=origin, horizon=self.span, boosted=self.boosted_before
            )
            return guard(forecast, past, origin).mean

        return _errors(panel, past, self.span, made)

    def _by_method(
        self,
        promoted: Promoted,
        past: Past,
        method: NDArray[np.str_],
        *,
        origin: int,
        horizon: int,
        boosted: boosting.Boosted | None,
    ) -> Floats:
        out = np.zeros((len(method), horizon))
        for name in np.unique(method):
            rows = np.flatnonzero(method == name)
            if name != NOTHING:
                some = promoted.take(rows)
                seen = some.past if promoted.past is past else past.take(rows)
                out[rows] = _method(str(name), some, boosted)(seen, origin, horizon)
        return out


def fit(panel: Panel, horizon: int = HORIZON, *, seed: int = 1, boost: bool = True) -> Fitted:
    """Learn from a panel, or from `SAMPLE` of its series when it has more.

    However short the horizon, methods are compared and errors measured over spans of the recent past (a sixth of a shorter one),
    as three days would tell little. Without LightGBM, or with `boost` off, the trees are left out; without statsforecast its methods are. Raises InvalidInput
    for a horizon below 1, and for a panel without series or steps.
    """
    _check(panel, horizon)
    sample = _sample(panel, seed)
    lenders = _lenders(panel)
    look = _Look.at(sample, lenders, None)
    past, steps, asked = look.past, panel.steps, horizon
    horizon = max(horizon, min(panel.rhythm.recent, steps // 6))
    fitting = boost and gradient_boosting.installed()
    origins = _origins(panel, horizon)
    until = origins[0] if origins else 0
    before = (
        boosting.fit(sample, past, horizon, until=until, seed=seed, asked=asked)
        if fitting and origins
        else None
    )
    segment = segments(past, until) if origins else np.full(len(sample), "new")
    effects_before = promotions_of(sample, past, until) if origins else None
    made = _candidates(look.promoted(effects_before, until), before) if origins else {}
    errors = {
        name: _errors(sample, past, horizon, _bound(each, past, horizon)) for name, each in made.items()
    }
    choices = _chosen(errors, past, until, segment)
    chosen = {each.segment: each.method for each in choices}
    return Fitted(
        horizon=asked,
        span=horizon,
        steps=steps,
        lenders=lenders,
        shared=past.levels.shared,
        boosted=boosting.fit(sample, past, horizon, until=steps, seed=seed, asked=asked)
        if BOOSTED in chosen.values()
        else None,
        boosted_before=before,
        effects=promotions_of(sample, past, steps),
        effects_before=effects_before,
        choices=choices,
        laws=spread.measure(_mixed(errors, segment, chosen, sample, horizon), segment, seed),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A panel with its demand restored, as methods see it."""

    panel: Panel
    group: Ints
    past: Past
    restored: Restored
    #: series x steps: which sold beyond all proportion
    spiked: Bools

    @classmethod
    def at(cls, panel: Panel, lenders: dict[str, int], shared: Shared | None) -> _Look:
        group = _groups(panel, lenders)
        known = shared if shared is not None else len(lenders)
        restored = restore(panel, group, shared.profiles[-1] if shared is not None else len(lenders))
        spiked = spikes.beyond(restored.demand, panel.open(0, panel.steps), panel.rhythm)
        past = Past.of(panel, restored.demand, group, known, spiked)
        return cls(panel, group, past, restored, spiked)

    def promoted(
        self, effects: Effects | None, until: int, method: NDArray[np.str_] | None = None
    ) -> Promoted:
        """The same without what promotions did, as learnt before step `until`, for those series whose method does not see them."""
        which = (
            np.ones(len(self.panel), np.bool_)
            if method is None
            else (method != BOOSTED) & (method != NOTHING)
        )
        return Promoted.of(self.panel, self.past, self.group, effects, until=until, which=which)


def _check(panel: Panel, horizon: int) -> None:
    if horizon < 1:
        raise InvalidInput.of("horizon", horizon, "leaves nothing to forecast.", "Expected 1 or more.")
    if not len(panel) or not panel.steps:
        raise InvalidInput.of(
            "panel", f"{len(panel)} series, {panel.steps} steps", "says nothing.", "Give a panel with sales."
        )


def _sample(panel: Panel, seed: int) -> Panel:
    if len(panel) <= SAMPLE:
        return panel
    return panel.take(np.sort(np.random.default_rng(seed).choice(len(panel), SAMPLE, replace=False)))


def _lenders(panel: Panel) -> dict[str, int]:
    return {name: at for at, name in enumerate(sorted(set(_lending(panel))))}


def _groups(panel: Panel, lenders: dict[str, int]) -> Ints:
    return np.array([lenders.get(name, len(lenders)) for name in _lending(panel)], dtype=np.intp)


def _lending(panel: Panel) -> tuple[str, ...]:
    """By series: the group that lends it what it does not know; one for all where none are given."""
    return next(iter(panel.groups.values()), ("",) * len(panel))


def _origins(panel: Panel, horizon: int) -> list[int]:
    """The steps from which the past is forecast, the earliest first; none when too little lies before them."""
    least = 2 * panel.rhythm.recent
    found = [panel.steps - horizon * back for back in range(ORIGINS, 0, -1)]
    return [origin for origin in found if origin >= least]


def _candidates(promoted: Promoted, boosted: boosting.Boosted | None) -> dict[str, Method]:
    names = [*candidates(), *(() if boosted is None else (BOOSTED,))]
    return {name: _method(name, promoted, boosted) for name in names}


def _method(name: str, promoted: Promoted, boosted: boosting.Boosted | None) -> Method:
    """A method that knows promotions: trees see them themselves, the others a past without them."""
    if name == BOOSTED and boosted is not None:
        return partial(boosted.predict, promoted.panel)
    # of too little before the days on which methods were compared, no trees were made
    plain = SIMPLE["seasonal_level"] if name == BOOSTED else {**SIMPLE, **FITTED}[name]

    def method(past: Past, origin: int, horizon: int) -> Floats:
        return plain(promoted.past, origin, horizon) * promoted.ahead(origin, horizon)

    return method


def _bound(method: Method, past: Past, horizon: int) -> Callable[[int], Floats]:
    return lambda origin: guard(method(past, origin, horizon), past, origin).mean


def _errors(panel: Panel, past: Past, horizon: int, made: Callable[[int], Floats]) -> spread.Errors:
    """Forecasts of the last horizons beside what came."""
    origins = _origins(panel, horizon)
    if not origins:
        nothing = np.zeros((len(panel), 0))
        return spread.Errors(nothing, nothing, nothing > 0, np.empty(0, dtype=np.intp))
    last = slice(origins[0], origins[-1] + horizon)
    told = past.counted[:, last]
    if panel.ran_out is not None:
        told = told & ~panel.ran_out[:, last]  # what was restored is no evidence
    mean = np.hstack([made(origin) for origin in origins])
    ahead = np.tile(np.arange(1, horizon + 1, dtype=np.intp), len(origins))
    return spread.Errors(mean, past.demand[:, last], told, ahead)


def _wape(errors: spread.Errors) -> Floats:
    """By series: the errors of its past forecasts over what was wanted."""
    wanted = np.where(errors.known, errors.demand, 0.0).sum(axis=1)
    missed = np.where(errors.known, np.abs(errors.mean - errors.demand), 0.0).sum(axis=1)
    return np.where(wanted > 0, missed / np.maximum(wanted, 1e-12), np.nan)


def _chosen(
    errors: dict[str, spread.Errors], past: Past, until: int, segment: NDArray[np.str_]
) -> tuple[Choice, ...]:
    if not errors:
        return undecided()
    scale = scores.scale(past.demand[:, :until], past.counted[:, :until])
    found = {name: scores.rmsse(each.mean, each.demand, each.known, scale) for name, each in errors.items()}
    return choose(found, segment)


def _mixed(
    errors: dict[str, spread.Errors],
    segment: NDArray[np.str_],
    chosen: dict[str, str],
    panel: Panel,
    horizon: int,
) -> spread.Errors:
    """The past forecasts of each series by the method of its segment."""
    if not errors:
        nothing = np.zeros((len(panel), 0))
        return spread.Errors(nothing, nothing, nothing > 0, np.empty(0, dtype=np.intp))
    some = next(iter(errors.values()))
    mean = np.zeros_like(some.mean)
    for name in SEGMENTS:
        if chosen[name] != NOTHING:
            mean[segment == name] = errors[chosen[name]].mean[segment == name]
    return spread.Errors(mean, some.demand, some.known, some.ahead)


def _joined(parts: list[Forecast]) -> Forecast:
    return Forecast(
        series=tuple(one for part in parts for one in part.series),
        first_day=parts[0].first_day,
        mean=np.concatenate([part.mean for part in parts]),
        levels=parts[0].levels,
        quantiles=np.concatenate([part.quantiles for part in parts]),
        method=tuple(one for part in parts for one in part.method),
        wape=np.concatenate([part.wape for part in parts]),
        notes=tuple(one for part in parts for one in part.notes),
    )
