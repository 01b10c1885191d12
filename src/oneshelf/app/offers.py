"""Offers: for one person, to many with a hold-out, and what they caused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.people import People
from oneshelf.books import goods, outbox, people, places
from oneshelf.books import offers as books
from oneshelf.books.database import Connection
from oneshelf.books.goods import StockRow
from oneshelf.books.journal import Batch
from oneshelf.decisions.assignment import Arm, arm_of
from oneshelf.decisions.offers import Offer, rank
from oneshelf.effect.estimate import Effect, estimate
from oneshelf.effect.outcome import outcome_per_person
from oneshelf.effect.moments import Moments
from oneshelf.errors import Conflict, InvalidInput, NotFound
from oneshelf.events import codecs
from oneshelf.events.catalogue import OfferAssigned, OfferSent
from oneshelf.events.envelope import NOWHERE, Event
from oneshelf.insight.goods.finder import Finder
from oneshelf.insight.people import state as states
from oneshelf.insight.people.state import PersonState
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.goods import Product
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who
from oneshelf.words.time import zone

#: The source id of what OneShelf itself decided.
SOURCE = "oneshelf"

#: How many people one transaction of a campaign writes.
PEOPLE_PER_WRITE = 2_000


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign that was sent, with the size of its arms."""

    id: str
    name: str
    created_at: datetime
    created_by: str
    holdout_share: float
    offered: int
    held_out: int
    place_id: str | None


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a campaign and what they get; nothing when they are held out."""

    person_id: str
    arm: Arm
    offers: tuple[Offer, ...]


class SendReport(msgspec.Struct, frozen=True, kw_only=True):
    """What sending did, or would do. `without_offer` people have nothing worth sending and are in neither arm."""

    campaign_id: str
    offered: int
    held_out: int
    without_offer: int
    dry_run: bool
    #: the first few, to look at
    sample: tuple[Addressed, ...]


class Shelves:
    """What can be offered where: stock and catalogue of each place, read once."""

    def __init__(self, connection: Connection, time_zone: str, catalogue: Mapping[str, Product] | None = None) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._zones = {place.id: place.time_zone for place in places.places(connection).values()}
        self._time_zone = time_zone
        self._read: dict[str, tuple[dict[str, StockRow], dict[str, Product], Finder]] = {}

    def rank(self, state: PersonState, place_id: str | None, *, now: datetime, limit: int) -> tuple[Offer, ...]:
        """Rank for one person at a place, or where they buy most when none is named."""
        at = place_id or max(state.places, key=lambda p: (state.places[p], p), default=NOWHERE)
        stock, stocked, finder = self._place(at)
        own = self._products(state.products.keys() | state.favourites.keys())
        local_now = now.astimezone(zone(self._zones.get(at, self._time_zone)))
        return rank(state, {**stocked, **own}, stock, place_id=at, now=local_now, limit=limit, finder=finder)

    def _place(self, place_id: str) -> tuple[dict[str, StockRow], dict[str, Product], Finder]:
        if place_id not in self._read:
            stock = goods.stock_at(self._connection, place_id)
            stocked = self._products(stock.keys())
            self._read[place_id] = (stock, stocked, Finder(stocked.values()))
        return self._read[place_id]

    def _products(self, ids: set[str] | Any) -> dict[str, Product]:
        if self._catalogue is None:
            return goods.products(self._connection, ids)
        return {i: self._catalogue[i] for i in ids if i in self._catalogue}


class Offers:
    """Use cases about offers."""

    def __init__(self, core: Core, people_: People) -> None:
        self._core = core
        self._people = people_

    def for_person(
        self,
        person_id: str,
        place: str | None = None,
        *,
        limit: int = 10,
        actor: Actor = OPERATOR,
        purpose: str = "service",
        now: datetime | None = None,
    ) -> tuple[Offer, ...]:
        """The best offers for one person out of what lies in stock, each with its reason; empty when nothing fits."""
        self._core.look(actor, "offers.read", purpose=purpose, person_id=person_id, place_id=place)
        _, state = self._people.state(person_id)
        with self._core.database.read() as connection:
            shelves = Shelves(connection, self._core.settings.time_zone)
            return shelves.rank(state, place, now=now or utc_now(), limit=limit)

    def send(
        self,
        campaign_id: str,
        *,
        name: str,
        place: str | None = None,
        people: Sequence[str] | None = None,
        holdout_share: float = 0.2,
        limit: int = 3,
        channel: str = "file",
        dry_run: bool = False,
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> SendReport:
        """Send offers to everybody (or to `people`) who has some, except a hold-out drawn by a stable hash.

        Assignments, messages, the outbox and the events about them commit together. Raises Conflict when the campaign was sent.
        """
        self._core.look(actor, "offers.send", purpose="marketing", place_id=place)
        _check(campaign_id, holdout_share)
        at = now or utc_now()
        with self._core.database.read() as connection:
            if books.get_campaign(connection, campaign_id) is not None:
                raise Conflict(f"The campaign {campaign_id!r} was sent already.", "Give the next one an id of its own.")
            catalogue = {product.id: product for product in goods.all_products(connection)}
            shelves = Shelves(connection, self._core.settings.time_zone, catalogue)
            addressed, without = self._address(connection, shelves, campaign_id, place, people, holdout_share, limit, at)
        if not dry_run:
            self._write(campaign_id, name, place, holdout_share, channel, addressed, actor, at)
        return SendReport(
            campaign_id=campaign_id,
            offered=sum(a.arm == "offer" for a in addressed),
            held_out=sum(a.arm == "holdout" for a in addressed),
            without_offer=without,
            dry_run=dry_run,
            sample=tuple(a for a in addressed if a.arm == "offer")[:5],
        )

    def campaigns(self, *, actor: Actor = OPERATOR) -> tuple[Campaign, ...]:
        """What was sent, newest first."""
        actor.require("offers.read")
        with self._core.database.read() as connection:
            sizes = books.arm_counts(connection)
            return tuple(
                Campaign(
                    id=row.id,
                    name=row.name,
                    created_at=row.created_at,
                    created_by=row.created_by,
                    holdout_share=row.holdout_share,
                    offered=sizes.get(row.id, {}).get("offer", 0),
                    held_out=sizes.get(row.id, {}).get("holdout", 0),
                    place_id=row.place_id,
                )
                for row in sorted(books.campaigns(connection), key=lambda r: r.created_at, reverse=True)
            )

    def effect(self, campaign_id: str, *, days: int = 28, actor: Actor = OPERATOR, now: datetime | None = None) -> Effect:
        """Spend a person of the offer arm against the hold-out in the days after sending, with what may be claimed."""
        actor.require("offers.read")
        del now  # what has not been recorded is not in the lake
        with self._core.database.read() as connection:
            campaign = books.get_campaign(connection, campaign_id)
            if campaign is None:
                raise NotFound(f"No campaign {campaign_id!r} was sent.", "See `oneshelf offers campaigns`.")
            assigned = books.assignments(connection, campaign_id)
            links = people.links(connection)
        return measure(self._core, campaign, assigned, links, days)

    def _address(
        self,
        connection: Connection,
        shelves: Shelves,
        campaign_id: str,
        place: str | None,
        chosen: Sequence[str] | None,
        holdout_share: float,
        limit: int,
        at: datetime,
    ) -> tuple[list[Addressed], int]:
        """Who gets what. Eligibility is judged before the arm is drawn, so that the arms stay comparable."""
        addressed: list[Addressed] = []
        without = 0
        for person_id, state in _states(connection, chosen):
            offers = shelves.rank(state, place, now=at, limit=limit)
            if not offers:
                without += 1
                continue
            arm = arm_of(campaign_id, person_id, holdout_share)
            addressed.append(Addressed(person_id=person_id, arm=arm, offers=offers if arm == "offer" else ()))
        return addressed, without

    def _write(
        self,
        campaign_id: str,
        name: str,
        place: str | None,
        holdout_share: float,
        channel: str,
        addressed: Sequence[Addressed],
        actor: Actor,
        at: datetime,
    ) -> None:
        recorded_at = utc_now()
        campaign = books.CampaignRow(
            id=campaign_id,
            name=name,
            created_at=at,
            created_by=actor.name,
            holdout_share=holdout_share,
            place_id=place,
            status="sent",
            simulated=False,
        )
        events = [event for a in addressed for event in _events(campaign_id, a, at)]
        batches = [
            Batch(codecs.ONESHELF, SOURCE, len(part), codecs.encode(part), recorded_at) for part in _parts(events)
        ]

        def write(connection: Connection) -> None:
            books.add_campaign(connection, campaign)
            books.assign(
                connection,
                [
                    books.AssignmentRow(campaign_id=campaign_id, person_id=a.person_id, arm=a.arm, assigned_at=at)
                    for a in addressed
                ],
            )
            offered = [a for a in addressed if a.arm == "offer"]
            books.add_messages(connection, [_message(campaign_id, a, at) for a in offered])
            outbox.put(connection, [_outgoing(campaign_id, channel, a, at) for a in offered])
            for batch in batches:
                self._core.journal.append_in(connection, batch)

        self._core.database.writer.write(write)


def _check(campaign_id: str, holdout_share: float) -> None:
    if not 1 <= len(campaign_id.strip()) <= 100:
        raise InvalidInput.of("campaign_id", campaign_id, "cannot be an id.", "Use 1 to 100 characters.")
    if not 0.0 <= holdout_share <= 0.9:
        raise InvalidInput.of("holdout_share", holdout_share, "cannot be a hold-out.", "Expected 0 to 0.9, such as 0.2.")


def _states(connection: Connection, chosen: Sequence[str] | None) -> Any:
    """Every person's state (or that of the chosen), a page at a time."""
    if chosen is not None:
        for person_id, data in people.states(connection, chosen).items():
            yield person_id, states.decode(data)
        return
    after: tuple[int, str] | None = None
    while page := people.search(connection, "", limit=1_000, after=after):
        for row in page:
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


def _outgoing(campaign_id: str, channel: str, addressed: Addressed, at: datetime) -> outbox.Parcel:
    payload = {
        "campaign_id": campaign_id,
        "person_id": addressed.person_id,
        "offers": [
            {"product_id": offer.product_id, "name": offer.name, "reason": offer.reason, "place_id": offer.place_id}
            for offer in addressed.offers
        ],
    }
    return outbox.Parcel(
        id=_message_id(campaign_id, addressed.person_id),
        channel=channel,
        payload=msgspec.json.encode(payload),
        created_at=at,
    )


def _events(campaign_id: str, addressed: Addressed, at: datetime) -> list[Event]:
    who = Who(user_id=addressed.person_id)
    message_id = _message_id(campaign_id, addressed.person_id)
    assigned = Event(
        id=f"assigned-{message_id}",
        source=SOURCE,
        happened_at=at,
        body=OfferAssigned(campaign_id=campaign_id, arm=addressed.arm),
        who=who,
    )
    if addressed.arm == "holdout":
        return [assigned]
    products = tuple(offer.product_id for offer in addressed.offers)
    sent = OfferSent(campaign_id=campaign_id, message_id=message_id, product_ids=products)
    return [assigned, Event(id=f"sent-{message_id}", source=SOURCE, happened_at=at, body=sent, who=who)]
