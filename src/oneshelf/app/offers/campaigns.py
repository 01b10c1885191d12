"""Offers: for one person, to many with a hold-out, and what they caused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.offers import sending
from oneshelf.app.offers.delivery import channel_of
from oneshelf.app.offers.measuring import effect_of
from oneshelf.app.offers.ranking import Shelves
from oneshelf.app.offers.sending import Addressed
from oneshelf.app.people.looking import People
from oneshelf.app.people.tiers import TierMove, movers
from oneshelf.books import goods
from oneshelf.books import offers as books
from oneshelf.connect.registry import channel_names
from oneshelf.decisions.offers import Offer
from oneshelf.effect.estimate import Effect
from oneshelf.errors import Conflict, InvalidInput, NotAllowed
from oneshelf.trust.access import OPERATOR, Actor

#: Without anybody held out there is nothing to measure against; with nearly everybody there is nothing to send.
HOLDOUT_MIN, HOLDOUT_MAX = 0.01, 0.9


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


class SendReport(msgspec.Struct, frozen=True, kw_only=True):
    """What sending did, or would do. `without_offer` people have nothing worth sending and are in neither arm."""

    campaign_id: str
    offered: int
    held_out: int
    without_offer: int
    dry_run: bool
    #: the first few, to look at
    sample: tuple[Addressed, ...]


class Offers:
    """Use cases about offers."""

    def __init__(self, core: Core, people: People) -> None:
        self._core = core
        self._people = people

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
        """The best offers for one person out of what lies in stock, each with its reason; empty when nothing fits.

        Without a `place` it is where they buy most. Raises NotFound.
        """
        _, state = self._people.look_at(person_id, actor, "offers.read", purpose=purpose, place_id=place)
        with self._core.database.read() as connection:
            shelves = Shelves(connection, self._core.settings.time_zone)
            return shelves.rank(state, place, now=now or self._core.now(), limit=limit)

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
        moved: TierMove | None = None,
        now: datetime | None = None,
    ) -> SendReport:
        """Send offers to every member (or to `people`, or to those whose tier `moved`) who has some, except a hold-out drawn by a stable hash.

        Assignments, messages, the outbox and the events about them commit together. Raises Conflict when the campaign was
        sent already, InvalidInput for what cannot be a campaign.
        """
        self._core.look(actor, "offers.send", purpose="marketing", place_id=place)
        if actor.places and place is None:
            raise NotAllowed(
                "Your account covers some places, not all of them.", "Name the place to send for."
            )
        _check(campaign_id, holdout_share, channel)
        channel_of(self._core.settings, channel)  # better refused now than in every attempt to deliver
        if moved is not None:
            if people is not None:
                raise InvalidInput.of(
                    "people",
                    f"{len(people)} people",
                    "are named beside a move.",
                    "Give either people or a move.",
                )
            people = movers(self._core, moved)
        campaign = books.CampaignRow(
            id=campaign_id,
            name=name,
            created_at=now or self._core.now(),
            created_by=actor.name,
            holdout_share=holdout_share,
            place_id=place,
            status="sent",
        )
        with self._core.database.read() as connection:
            if books.get_campaign(connection, campaign_id) is not None:
                raise Conflict(
                    f"The campaign {campaign_id!r} was sent already.", "Give the next one an id of its own."
                )
            catalogue = {product.id: product for product in goods.all_products(connection)}
            shelves = Shelves(connection, self._core.settings.time_zone, catalogue)
            addressed, without = sending.address(
                connection, shelves, campaign, people, limit=limit, places=frozenset(actor.places)
            )
        if not dry_run:
            self._core.database.writer.write(
                lambda c: sending.write(
                    c, self._core.journal, campaign, addressed, channel=channel, recorded_at=utc_now()
                )
            )
        offered = [one for one in addressed if one.arm == "offer"]
        return SendReport(
            campaign_id=campaign_id,
            offered=len(offered),
            held_out=len(addressed) - len(offered),
            without_offer=without,
            dry_run=dry_run,
            sample=tuple(offered[:5]),
        )

    def campaigns(self, *, actor: Actor = OPERATOR) -> tuple[Campaign, ...]:
        """What was sent, newest first."""
        actor.require("offers.read")
        with self._core.database.read() as connection:
            sizes = books.arm_counts(connection)
            rows = sorted(books.campaigns(connection), key=lambda row: row.created_at, reverse=True)
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
            for row in rows
        )

    def effect(self, campaign_id: str, *, days: int = 28, actor: Actor = OPERATOR) -> Effect:
        """Sales, orders and margin a person of the offer arm against the hold-out in the `days` after sending, with what may be claimed.

        By intention to treat, from the receipts that the lake holds. Raises NotFound.
        """
        actor.require("offers.read")
        return effect_of(self._core, campaign_id, days=days)


def _check(campaign_id: str, holdout_share: float, channel: str) -> None:
    if (
        not 1 <= len(campaign_id) <= 100
        or campaign_id != campaign_id.strip()
        or not campaign_id.isprintable()
    ):
        raise InvalidInput.of(
            "campaign_id",
            campaign_id,
            "cannot be an id.",
            "Use 1 to 100 printable characters without spaces around.",
        )
    if not HOLDOUT_MIN <= holdout_share <= HOLDOUT_MAX:
        raise InvalidInput.of(
            "holdout_share",
            holdout_share,
            "cannot be a hold-out.",
            f"Expected {HOLDOUT_MIN} to {HOLDOUT_MAX}, such as 0.2.",
        )
    if channel not in channel_names():
        raise InvalidInput.of(
            "channel", channel, "is not installed.", f"Installed: {', '.join(channel_names())}."
        )
