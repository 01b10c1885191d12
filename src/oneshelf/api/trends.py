"""Trends: what rises, why, what to do about it, and what became of earlier flags."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import After, AnActor, AShelf, Limit, Text
from oneshelf.app.goods.trends.looking import DAYS, Trend, TrendSeries
from oneshelf.app.goods.trends.nightly import TrendNight
from oneshelf.app.pages import Page
from oneshelf.books.trends import Record
from oneshelf.insight.goods.trends.backtest import TrendBacktest
from oneshelf.insight.goods.trends.flag import Kind
from oneshelf.insight.goods.trends.signals import Level, Signal

router = APIRouter(prefix="/v1", tags=["trends"])

Night = Annotated[date | None, Query(description="The night of this day; default: the newest.")]
ASignal = Annotated[Signal | None, Query(description="Only flags of this signal.")]
ALevel = Annotated[Level | None, Query(description="Only flags of this level.")]
AKind = Annotated[Kind | None, Query(description="Only established goods, or launches.")]
Certain = Annotated[bool | None, Query(description="Only what rises beyond chance, or only what does not.")]
Days = Annotated[int, Query(description="How many days of the signals.", ge=1, le=730)]


@router.get("/trends", **answers(Page[Trend], 404))
def flags(
    shelf: AShelf,
    actor: AnActor,
    *,
    day: Night = None,
    signal: ASignal = None,
    level: ALevel = None,
    kind: AKind = None,
    certain: Certain = None,
    q: Text = "",
    limit: Limit = 50,
    after: After = None,
) -> Answer:
    """What rises: beyond chance first, then what is most likely to go on; with its cause and what to do. `q` is in the name."""
    return Answer(
        shelf.trends.flags(
            day,
            signal=signal,
            level=level,
            kind=kind,
            certain=certain,
            text=q,
            limit=limit,
            after=after,
            actor=actor,
        )
    )


@router.get("/trends/night", **answers(TrendNight, 404))
def night(shelf: AShelf, actor: AnActor, day: Night = None) -> Answer:
    """What a night found: series judged, false alarms on shuffled weeks, and which signals move before sales."""
    return Answer(shelf.trends.night(day, actor=actor))


@router.get("/trends/outcomes", **answers(Page[Trend]))
def outcomes(shelf: AShelf, actor: AnActor, limit: Limit = 50, after: After = None) -> Answer:
    """What became of earlier flags in the four weeks after them, the newest nights first."""
    return Answer(shelf.trends.outcomes(limit=limit, after=after, actor=actor))


@router.get("/trends/records", **answers(tuple[Record, ...]))
def records(shelf: AShelf, actor: AnActor) -> Answer:
    """How many earlier flags went on, those beyond chance and the others apart."""
    return Answer(shelf.trends.records(actor=actor))


@router.get("/trends/series", **answers(TrendSeries, 404))
def series(
    shelf: AShelf,
    actor: AnActor,
    level: Annotated[Level, Query(description="What the series is of.")],
    name: Text,
    days: Days = DAYS,
) -> Answer:
    """One flagged series: its flags, the newest first, and what people did about it by day and channel."""
    return Answer(shelf.trends.series(level, name, days=days, actor=actor))


@router.get("/backtests/trends", **answers(TrendBacktest, 404))
def backtest_trends(
    shelf: AShelf,
    actor: AnActor,
    level: Annotated[Level, Query(description="What the series are of.")] = "product",
    signal: Annotated[Signal, Query(description="The signal that is watched.")] = "purchases",
) -> Answer:
    """Every method of finding trends at every earlier week, and false alarms on shuffled weeks. Takes minutes on a large shop."""
    return Answer(shelf.trends.backtest(level, signal=signal, actor=actor))
