"""Events as people say them, in timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oneshelf.console.visit import Visit
from oneshelf.console.words import mark

if TYPE_CHECKING:
    from oneshelf.app.people.timeline import Happening

#: Channels as people say them.
CHANNELS = {
    "store": mark("store"),
    "web": mark("web"),
    "app": mark("app"),
    "phone": mark("phone"),
    "unknown": mark("unknown"),
}

#: Kinds of events as people say them; a kind that is missing here is shown by its own name.
HAPPENINGS = {
    "order.completed": mark("Bought"),
    "order.refunded": mark("Returned"),
    "products.searched": mark("Searched"),
    "product.viewed": mark("Looked at a product"),
    "product.added": mark("Put in the basket"),
    "product.favourited": mark("Marked as a favourite"),
    "product.reviewed": mark("Reviewed"),
    "place.visited": mark("Visited a store"),
    "person.identified": mark("Said who they are"),
    "person.aliased": mark("Was recognised"),
    "person.joined": mark("Turned out to be one person"),
    "person.parted": mark("Turned out to be two people"),
    "person.grouped": mark("Joined a group"),
    "page.viewed": mark("Looked at a page"),
    "screen.viewed": mark("Looked at a screen"),
    "campaign.sent": mark("Got a campaign"),
    "coupon.redeemed": mark("Redeemed a coupon"),
    "offer.assigned": mark("Was drawn for a campaign"),
    "offer.sent": mark("Got an offer"),
}


def happening(visit: Visit, it: Happening) -> dict[str, object]:
    """One line of a timeline."""
    kind = it.kind
    return {
        "day": it.at.astimezone(visit.reader.zone).date(),
        "name": visit.reader.text(HAPPENINGS[kind]) if kind in HAPPENINGS else kind,
        "solid": kind.startswith("order."),
        "it": it,
    }
