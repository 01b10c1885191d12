"""Sending a campaign: who gets what, and all that has to be written for it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from oneshelf.app.offers.ranking import Shelves
from oneshelf.books import offers as books
from oneshelf.books import outbox, people
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch, Journal
from oneshelf.decisions.assignment import Arm, arm_of
from oneshelf.decisions.offers import Offer
from oneshelf.events import codecs
from oneshelf.events.catalogue import OfferAssigned, OfferSent
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.people import state as states
from oneshelf.insight.people.state import PersonState
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who, is_nameless

_PAGE = 1_000
_EVENTS_A_BATCH = 2_000


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a campaign and what they get; nothing when they are held out."""

    person_id: str
    arm: Arm
    offers: tuple[Offer, ...]


def address(
    connection: Connection,
    shelves: Shelves,
    campaign: books.CampaignRow,
    chosen: Sequence[str] | None,
    *,
    limit: int,
    places: frozenset[str] = frozenset(),
) -> tuple[list[Addressed], int]:
    """Who gets what, and how many members have nothing worth sending; with `places`, only those who buy at one of them.

    Whether somebody has offers is judged before their arm is drawn, so that the arms stay comparable.
    """
    addressed: list[Addressed] = []
    without = 0
    for person_id, state in _members(connection, chosen):
        if places and not places & set(state.places):
            continue
        offers = shelves.rank(state, campaign.place_id, now=campaign.created_at, limit=limit)
        if not offers:
            without += 1
            continue
        arm = arm_of(campaign.id, person_id, campaign.holdout_share)
        addressed.append(Addressed(person_id=person_id, arm=arm, offers=offers if arm == "offer" else ()))
    return addressed, without


def write(
    connection: Connection,
    journal: Journal,
    campaign: books.CampaignRow,
    addressed: Sequence[Addressed],
    *,
    channel: str,
    recorded_at: datetime,
) -> None:
    """Keep the campaign, its arms, its messages, what leaves, and the events about all of it."""
    at = campaign.created_at
    offered = [one for one in addressed if one.arm == "offer"]
    books.add_campaign(connection, campaign)
    books.assign(
        connection,
        (
            books.AssignmentRow(campaign_id=campaign.id, person_id=one.person_id, arm=one.arm, assigned_at=at)
            for one in addressed
        ),
    )
    books.add_messages(connection, (_message(campaign.id, one, at) for one in offered))
    outbox.put(connection, (_parcel(campaign.id, channel, one, at) for one in offered))
    events = (event for one in addressed for event in _events(campaign.id, one, at))
    while part := list(islice(events, _EVENTS_A_BATCH)):
        batch = Batch(codecs.ONESHELF, OWN_SOURCE, len(part), codecs.encode(part), recorded_at)
        journal.append_in(connection, batch)


def _members(connection: Connection, chosen: Sequence[str] | None) -> Iterator[tuple[str, PersonState]]:
    """Every member's state (or that of the chosen), a page at a time; a browser without a name cannot be addressed."""
    if chosen is not None:
        named = [person_id for person_id in chosen if not is_nameless(person_id)]
        for person_id, data in people.states(connection, named).items():
            yield person_id, states.decode(data)
        return
    after: tuple[int, str] | None = None
    while page := people.search(connection, "", limit=_PAGE, after=after):
        for row in page:
            if not is_nameless(row.person_id):
                yield row.person_id, states.decode(row.state)
        after = (page[-1].spend_minor, page[-1].person_id)


def _message_id(campaign_id: str, person_id: str) -> str:
    return derived_id("message", campaign_id, person_id)


def _message(campaign_id: str, addressed: Addressed, at: datetime) -> books.MessageRow:
    return books.MessageRow(
        id=_message_id(campaign_id, addressed.person_id),
        campaign_id=campaign_id,
        person_id=addressed.person_id,
        products=tuple(offer.product_id for offer in addressed.offers),
        created_at=at,
    )


def _parcel(campaign_id: str, channel: str, addressed: Addressed, at: datetime) -> outbox.Parcel:
    payload = {
        "campaign_id": campaign_id,
        "person_id": addressed.person_id,
        "offers": [
            {
                "product_id": offer.product_id,
                "name": offer.name,
                "reason": offer.reason,
                "place_id": offer.place_id,
            }
            for offer in addressed.offers
        ],
    }
    return outbox.Parcel(
        id=_message_id(campaign_id, addressed.person_id),
        channel=channel,
        payload=msgspec.json.encode(payload),
        created_at=at,
    )


def _events(campaign_id: str, addressed: Addressed, at: datetime) -> Iterator[Event]:
    message_id = _message_id(campaign_id, addressed.person_id)
    who = Who.of(addressed.person_id)
    assigned = OfferAssigned(campaign_id=campaign_id, arm=addressed.arm)
    yield Event(id=f"assigned-{message_id}", source=OWN_SOURCE, happened_at=at, body=assigned, who=who)
    if addressed.arm == "offer":
        products = tuple(offer.product_id for offer in addressed.offers)
        sent = OfferSent(campaign_id=campaign_id, message_id=message_id, product_ids=products)
        yield Event(id=f"sent-{message_id}", source=OWN_SOURCE, happened_at=at, body=sent, who=who)
