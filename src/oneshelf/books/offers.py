"""Offers: campaigns, who is in which arm of them, and what was sent to whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from oneshelf.books.bulk import put
from oneshelf.books.schema.offers import assignment, campaign, message

Arm = Literal["offer", "holdout"]
Status = Literal["draft", "sending", "sent"]


class CampaignRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign. `holdout_share` of its people, 0 to 1, get nothing, so that its effect can be measured."""

    id: str
    name: str
    created_at: datetime
    created_by: str
    holdout_share: float
    place_id: str | None = None
    status: Status = "draft"
    simulated: bool = False


class AssignmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person's arm of a campaign."""

    campaign_id: str
    person_id: str
    arm: Arm
    assigned_at: datetime


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one person was offered: product ids, the best first."""

    id: str
    campaign_id: str
    person_id: str
    products: tuple[str, ...]
    created_at: datetime


def add_campaign(connection: Connection, row: CampaignRow) -> None:
    """Keep a new campaign. Raises Conflict when its id is taken."""
    connection.execute(campaign.insert(), msgspec.structs.asdict(row))


def set_status(connection: Connection, campaign_id: str, status: Status) -> None:
    """Note how far a campaign has come."""
    connection.execute(update(campaign).where(campaign.c.id == campaign_id).values(status=status))


def get_campaign(connection: Connection, campaign_id: str) -> CampaignRow | None:
    """One campaign, if it is known."""
    row = connection.execute(select(campaign).where(campaign.c.id == campaign_id)).one_or_none()
    return None if row is None else CampaignRow(**row._mapping)


def campaigns(connection: Connection) -> list[CampaignRow]:
    """Every campaign, the newest first."""
    query = select(campaign).order_by(campaign.c.created_at.desc(), campaign.c.id)
    return [CampaignRow(**row._mapping) for row in connection.execute(query)]


def arm_counts(connection: Connection) -> dict[str, dict[Arm, int]]:
    """How many people are in each arm of each campaign."""
    counts: dict[str, dict[Arm, int]] = {}
    query = select(assignment.c.campaign_id, assignment.c.arm, func.count().label("people"))
    for row in connection.execute(query.group_by(assignment.c.campaign_id, assignment.c.arm)):
        counts.setdefault(row.campaign_id, {"offer": 0, "holdout": 0})[row.arm] = row.people
    return counts


def assign(connection: Connection, rows: Iterable[AssignmentRow]) -> None:
    """Put people into arms. Whoever is in one already stays there: the first assignment is the one that counts."""
    first: dict[tuple[str, str], AssignmentRow] = {}
    for row in rows:
        first.setdefault((row.campaign_id, row.person_id), row)
    put(connection, assignment, [msgspec.structs.asdict(row) for row in first.values()])


def assignments(connection: Connection, campaign_id: str) -> list[AssignmentRow]:
    """Everybody in a campaign, in order of person."""
    query = select(assignment).where(assignment.c.campaign_id == campaign_id).order_by(assignment.c.person_id)
    return [AssignmentRow(**row._mapping) for row in connection.execute(query)]


def add_messages(connection: Connection, rows: Iterable[MessageRow]) -> None:
    """Keep messages; an id that is there already stays as it is."""
    unique = {row.id: msgspec.structs.asdict(row) for row in rows}
    put(connection, message, list(unique.values()))


def messages(connection: Connection, campaign_id: str) -> list[MessageRow]:
    """The messages of a campaign, in order of person."""
    query = (
        select(message)
        .where(message.c.campaign_id == campaign_id)
        .order_by(message.c.person_id, message.c.id)
    )
    return [_message(row) for row in connection.execute(query)]


def messages_to(connection: Connection, person_id: str, *, limit: int) -> list[MessageRow]:
    """What a person was sent, the newest first."""
    query = select(message).where(message.c.person_id == person_id)
    query = query.order_by(message.c.created_at.desc(), message.c.id).limit(limit)
    return [_message(row) for row in connection.execute(query)]


def _message(row: Row[Any]) -> MessageRow:
    fields = dict(row._mapping)
    return MessageRow(**{**fields, "products": tuple(fields["products"])})
