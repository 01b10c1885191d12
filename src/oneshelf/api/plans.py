"""Plans: made, looked over, edited, tried otherwise, approved, ordered from and scored; and the history behind their lines."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import (
    PRINTABLE,
    ABody,
    After,
    AnActor,
    AShelf,
    Limit,
    OptionalText,
    Text,
    read_body,
    takes,
)
from oneshelf.app.goods.planning import DayValue
from oneshelf.app.goods.plans.as_csv import orders_csv
from oneshelf.app.goods.plans.kept import PlanHead
from oneshelf.app.goods.plans.plans import Approved, Edited
from oneshelf.app.goods.plans.raising import Document
from oneshelf.app.pages import Page
from oneshelf.decisions.plan.changing import Circumstances, Edit
from oneshelf.decisions.plan.making import DEFAULT_POLICY
from oneshelf.decisions.plan.outlook import Outlook
from oneshelf.decisions.plan.result import Attention, Plan, PlanLine, PlanPolicy
from oneshelf.decisions.plan.scoring import PlanScore

router = APIRouter(prefix="/v1", tags=["plan"])

Day = Annotated[
    date | None, Query(description="A day, such as 2017-11-30; default: the newest day with sales.")
]
Days = Annotated[int, Query(description="How many days back.", ge=1, le=365)]
PlanId = Annotated[
    str,
    Path(description="A plan's id, such as 2017-12-01.1.", min_length=1, max_length=40, pattern=PRINTABLE),
]


class MakePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan to make and keep. With a scenario it is a copy under other circumstances, never to be approved."""

    as_of: date | None = None
    policy: PlanPolicy = DEFAULT_POLICY
    budget_minor: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    scenario: Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=PRINTABLE)] | None = None
    circumstances: Circumstances | None = None


class EditPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quantities to change, each with its reason. A dry run tells what that would do."""

    edits: Annotated[tuple[Edit, ...], msgspec.Meta(min_length=1, max_length=10_000)]
    dry_run: bool = False


class ApprovePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan to approve. A dry run shows what would leave, and for whom."""

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=PRINTABLE)] | None = None
    dry_run: bool = False


@router.get("/plans/next-day", **answers(Plan, 404))
def next_day(shelf: AShelf, actor: AnActor, as_of: Day = None) -> Answer:
    """The plan for the day after `as_of`, made and not kept."""
    return Answer(shelf.goods.plan_next_day(as_of, actor=actor))


@router.get("/plans/history", **answers(tuple[DayValue, ...], 404))
def history(
    shelf: AShelf,
    actor: AnActor,
    series: Text,
    *,
    place: OptionalText = None,
    until: Day = None,
    days: Days = 56,
) -> Answer:
    """What one line of the plan sold on each of the last days."""
    return Answer(shelf.goods.history(series, place_id=place, until=until, days=days, actor=actor))


@router.get("/plans/scores", **answers(tuple[PlanScore, ...]))
def scores(shelf: AShelf, actor: AnActor, limit: Limit = 28) -> Answer:
    """What the plans of the newest days came to, against perfect foresight and plainer ways."""
    return Answer(shelf.goods.plans.scores(limit=limit, actor=actor))


@router.get("/plans", **answers(Page[PlanHead]))
def plans(shelf: AShelf, actor: AnActor, after: After = None, limit: Limit = 30) -> Answer:
    """Plans and scenarios, the newest day first."""
    return Answer(shelf.goods.plans.listing(after=after, limit=limit, actor=actor))


@router.post("/plans", **answers(PlanHead, 404), openapi_extra=takes(MakePlan))
def make(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Make a plan and keep it."""
    wanted = read_body(body, MakePlan)
    given = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    return Answer(shelf.goods.plans.make(**given, actor=actor))


@router.get("/plans/{plan_id}", **answers(PlanHead, 404))
def plan(shelf: AShelf, actor: AnActor, plan_id: PlanId) -> Answer:
    """One plan without its lines."""
    return Answer(shelf.goods.plans.get(plan_id, actor=actor))


@router.get("/plans/{plan_id}/lines", **answers(Page[PlanLine], 404))
def lines(
    shelf: AShelf,
    actor: AnActor,
    plan_id: PlanId,
    *,
    text: OptionalText = None,
    place: OptionalText = None,
    attention: Annotated[Attention | None, Query(description="Only exceptions of this kind.")] = None,
    changed: Annotated[bool, Query(description="Only what differs from yesterday's plan.")] = False,
    after: After = None,
    limit: Limit = 100,
) -> Answer:
    """Lines of a plan with their edits, the exceptions first."""
    return Answer(
        shelf.goods.plans.lines(
            plan_id, text=text or "", place_id=place, attention=attention, changed=changed, after=after, limit=limit,
            actor=actor,
        )
    )  # fmt: skip


@router.post("/plans/{plan_id}/edits", **answers(Edited, 404, 409), openapi_extra=takes(EditPlan))
def edit(shelf: AShelf, actor: AnActor, plan_id: PlanId, body: ABody) -> Answer:
    """Change quantities, each with its reason. Every error is told at once, and then nothing is changed."""
    wanted = read_body(body, EditPlan)
    return Answer(shelf.goods.plans.edit(plan_id, wanted.edits, dry_run=wanted.dry_run, actor=actor))


@router.post("/plans/{plan_id}/approval", **answers(Approved, 404, 409), openapi_extra=takes(ApprovePlan))
def approve(shelf: AShelf, actor: AnActor, plan_id: PlanId, body: ABody) -> Answer:
    """Approve a plan: purchase orders, production and transfer requests and outlooks leave through the channel."""
    wanted = read_body(body, ApprovePlan)
    return Answer(
        shelf.goods.plans.approve(plan_id, channel=wanted.channel, dry_run=wanted.dry_run, actor=actor)
    )


@router.get("/plans/{plan_id}/orders", **answers(tuple[Document, ...], 404))
def orders(shelf: AShelf, actor: AnActor, plan_id: PlanId) -> Answer:
    """What an approved plan asked others for; empty before."""
    return Answer(shelf.goods.plans.orders(plan_id, actor=actor))


def _as_csv(told: dict[str, Any]) -> dict[str, Any]:
    told["responses"][200]["content"] = {"text/csv": {"schema": {"type": "string"}}}
    return told


@router.get("/plans/{plan_id}/orders.csv", **_as_csv(answers(str, 404)))
def orders_file(shelf: AShelf, actor: AnActor, plan_id: PlanId) -> Response:
    """What an approved plan ordered, one place and product a row."""
    found = shelf.goods.plans.orders(plan_id, actor=actor)
    return Response(
        orders_csv(found),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="orders.csv"'},
    )


@router.get("/plans/{plan_id}/outlook", **answers(tuple[Outlook, ...], 404))
def outlook(shelf: AShelf, actor: AnActor, plan_id: PlanId) -> Answer:
    """What each supplier will be asked for in the week ahead, with its uncertainty."""
    return Answer(shelf.goods.plans.outlook(plan_id, actor=actor))
