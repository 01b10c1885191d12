"""What people are worth: expectations, backtests, look-alikes, and what it cost to win them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, AnActor, AShelf, Purpose, read_body, takes
from oneshelf.app.people.expecting import LIMIT_MAX, Expectation, Order, ValueReport
from oneshelf.app.people.value import Acquisition
from oneshelf.insight.people.lookalike import Lookalikes
from oneshelf.insight.people.value.backtest import HORIZON_DAYS, ValueBacktest
from oneshelf.words.ids import Id

router = APIRouter(prefix="/v1", tags=["value"])

Cut = Annotated[
    date | None, Query(description="The last day that is known; default: one horizon before the last order.")
]
Horizon = Annotated[int, Query(description="How many days to score.", ge=1, le=366)]
First = Annotated[date | None, Query(description="The first day; default: a year before the last.")]
Last = Annotated[date | None, Query(description="The last day; default: today.")]


WhoFirst = Annotated[
    Order,
    Query(
        description="`top`: who is expected to spend most; `at-risk`: with whom most is at stake, which is what they spent in 364 days "
        "times the chance that no order follows."
    ),
]
HowMany = Annotated[int, Query(description="How many people.", ge=1, le=LIMIT_MAX)]


class Seed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People to find others like, and the fields by which they were chosen; or a saved audience, whose condition names them."""

    people: Annotated[tuple[Id, ...], msgspec.Meta(max_length=50_000)] = ()
    audience: Id | None = None
    without: Annotated[tuple[Id, ...], msgspec.Meta(max_length=100)] = ()
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


@router.get("/value", **answers(ValueReport, 404))
def value(shelf: AShelf, actor: AnActor) -> Answer:
    """What everybody is expected to spend in the next 90 days, whether they are still active, and by which method; counts of people only.

    Protected for whoever may not see people, or only those of some places.
    """
    return Answer(shelf.people.value(actor=actor))


@router.get("/value/people", **answers(tuple[Expectation, ...], 404))
def value_people(
    shelf: AShelf,
    actor: AnActor,
    order: WhoFirst = "top",
    limit: HowMany = 50,
    purpose: Purpose = "analysis",
) -> Answer:
    """Those who are worth most, or with whom most is at stake."""
    return Answer(shelf.people.expectations(order, limit=limit, purpose=purpose, actor=actor))


@router.get("/backtests/value", **answers(ValueBacktest, 404))
def backtest_value(shelf: AShelf, actor: AnActor, cut: Cut = None, horizon: Horizon = HORIZON_DAYS) -> Answer:
    """Every method of expected spend and activity, calibrated before a date and scored after it."""
    return Answer(shelf.people.backtest_value(cut, horizon=horizon, actor=actor))


@router.post("/people/lookalikes", **answers(Lookalikes, 404), openapi_extra=takes(Seed))
def lookalikes(shelf: AShelf, actor: AnActor, body: ABody, purpose: Purpose = "marketing") -> Answer:
    """Everybody else by how much they are like a seed of people, with the lift measured on people of it that were held out."""
    wanted = read_body(body, Seed)
    return Answer(
        shelf.people.lookalikes(
            wanted.people,
            audience=wanted.audience,
            without=wanted.without,
            limit=wanted.limit,
            purpose=purpose,
            actor=actor,
        )
    )


@router.get("/acquisition", **answers(Acquisition))
def acquisition(shelf: AShelf, actor: AnActor, first: First = None, last: Last = None) -> Answer:
    """By the channel of people's first order: what was spent for each of them, and what they were worth since."""
    return Answer(shelf.people.acquisition(first, last, actor=actor))
