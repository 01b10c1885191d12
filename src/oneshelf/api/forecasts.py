"""Forecasts: what the newest night expects, series by series, and how wrong such forecasts would have been."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import PRINTABLE, After, AnActor, AShelf, Limit, Text
from oneshelf.app.goods.forecasting.answers import AnyLevel, ForecastPage, SeriesForecast
from oneshelf.insight.goods.demand import Level
from oneshelf.insight.goods.forecast.report import ForecastBacktest

router = APIRouter(prefix="/v1", tags=["forecasts"])

ALevel = Annotated[AnyLevel, Query(description="The whole, groups of products, or products (`id`).")]
GroupLevel = Annotated[Level, Query(description="Groups of products, or products (`id`).")]
PlaceId = Annotated[
    str | None,
    Query(description="A place's id; default: the whole chain.", max_length=200, pattern=PRINTABLE),
]
PastDays = Annotated[int, Query(description="How many days of the past.", ge=1, le=365)]
Horizon = Annotated[int, Query(description="How many days ahead to score.", ge=1, le=28)]
Origins = Annotated[int, Query(description="From how many earlier days, a horizon apart.", ge=1, le=12)]
Until = Annotated[
    date | None, Query(description="The last day that is known; default: the newest with sales.")
]


@router.get("/forecasts", **answers(ForecastPage, 404))
def listing(
    shelf: AShelf,
    actor: AnActor,
    *,
    level: ALevel = "type",
    place_id: PlaceId = None,
    text: Text = "",
    limit: Limit = 50,
    after: After = None,
) -> Answer:
    """The newest night's forecasts of a level, what sells most first."""
    return Answer(
        shelf.goods.forecasts.listing(
            level=level, place_id=place_id, text=text, limit=limit, after=after, actor=actor
        )
    )


@router.get("/forecasts/series", **answers(SeriesForecast, 404))
def series(
    shelf: AShelf,
    actor: AnActor,
    *,
    series: Text,
    level: ALevel = "type",
    place_id: PlaceId = None,
    past_days: PastDays = 56,
) -> Answer:
    """One series: what it sold, what had been expected of these days, and each of the 28 days to come with its quantiles."""
    return Answer(
        shelf.goods.forecasts.series(series, level=level, place_id=place_id, past_days=past_days, actor=actor)
    )


@router.get("/backtests/forecast", **answers(ForecastBacktest, 404))
def backtest(
    shelf: AShelf,
    actor: AnActor,
    *,
    level: GroupLevel = "type",
    until: Until = None,
    horizon: Horizon = 7,
    origins: Origins = 2,
) -> Answer:
    """The shop's own past forecast from earlier days and scored, by volume, group and days ahead. Takes its time."""
    return Answer(
        shelf.goods.forecasts.backtest(until, level=level, horizon=horizon, origins=origins, actor=actor)
    )
