"""The plan for the next day, and the history behind its lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import AnActor, AShelf, Text
from oneshelf.app.goods.planning import DayValue
from oneshelf.decisions.plan.chain import Plan

router = APIRouter(prefix="/v1", tags=["plan"])

Day = Annotated[
    date | None, Query(description="A day, such as 2017-11-30; default: the newest day with sales.")
]
Days = Annotated[int, Query(description="How many days back.", ge=1, le=365)]


@router.get("/plans/next-day", **answers(Plan, 404))
def next_day(shelf: AShelf, actor: AnActor, as_of: Day = None) -> Answer:
    """The plan for the day after `as_of`, with its backtested error beside it."""
    return Answer(shelf.goods.plan_next_day(as_of, actor=actor))


@router.get("/plans/history", **answers(tuple[DayValue, ...], 404))
def history(shelf: AShelf, actor: AnActor, series: Text, until: Day = None, days: Days = 56) -> Answer:
    """What one product type sold on each of the last days."""
    return Answer(shelf.goods.history(series, until=until, days=days, actor=actor))
