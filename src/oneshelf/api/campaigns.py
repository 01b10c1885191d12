"""Campaigns: send offers with a hold-out, see what was sent and what it caused."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Request

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, AnActor, AShelf, CampaignId, read_body, takes
from oneshelf.api.idempotency import KEY_LENGTH_MAX, Answers
from oneshelf.app.offers.campaigns import Campaign, SendReport
from oneshelf.app.people.tiers import TierMove
from oneshelf.effect.estimate import Effect
from oneshelf.words.ids import Id

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Made by the caller: the same key and body get the same answer.",
        min_length=1,
        max_length=KEY_LENGTH_MAX,
    ),
]
Days = Annotated[int, Query(description="How many days after sending count.", ge=1, le=365)]


class SendCampaign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which offers to send to whom. Without `people`, everybody who has an offer; without `place`, where each buys most.

    `moved` names, in the place of `people`, those who came into a tier, or left one, since a day, and are still there.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    name: Id
    place: Id | None = None
    people: Annotated[tuple[Id, ...], msgspec.Meta(max_length=10_000)] | None = None
    moved: TierMove | None = None
    holdout_share: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.2
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    dry_run: bool = False


@router.get("", **answers(tuple[Campaign, ...]))
def campaigns(shelf: AShelf, actor: AnActor) -> Answer:
    """What was sent, newest first."""
    return Answer(shelf.offers.campaigns(actor=actor))


@router.post("", **answers(SendReport, 409), openapi_extra=takes(SendCampaign))
def send(
    request: Request, shelf: AShelf, actor: AnActor, body: ABody, idempotency_key: IdempotencyKey = None
) -> Answer:
    """Send offers to everybody who has some, except a hold-out; with `dry_run`, only say what would be sent."""

    def work() -> SendReport:
        wanted = read_body(body, SendCampaign)
        report: SendReport = shelf.offers.send(
            wanted.id,
            name=wanted.name,
            place=wanted.place,
            people=wanted.people,
            moved=wanted.moved,
            holdout_share=wanted.holdout_share,
            limit=wanted.limit,
            dry_run=wanted.dry_run,
            actor=actor,
        )
        return report

    if idempotency_key is None:
        return Answer(work())
    known: Answers = request.app.state.answers
    return Answer(known.once((actor.name, idempotency_key), body, work))


@router.get("/{campaign_id:path}/effect", **answers(Effect, 404))
def effect(shelf: AShelf, actor: AnActor, campaign_id: CampaignId, days: Days = 28) -> Answer:
    """Sales, orders and margin a person of the offer arm against the hold-out, with intervals, groups and what may be claimed."""
    return Answer(shelf.offers.effect(campaign_id, days=days, actor=actor))
