"""The catalogue of kinds: what can happen, one frozen type each.

A kind is stored under its name, `noun.past_verb`, and its version. A field may be added with a default; anything else is a
new version. Money is in minor units of the body's currency; quantities are in the line's unit.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from oneshelf.events.body import Body
from oneshelf.events.stock import GoodsOrdered, GoodsReceived, GoodsWasted, StockCounted, StockTransferred
from oneshelf.words.ids import Id
from oneshelf.words.money import check_amount, check_currency
from oneshelf.words.quantity import Unit, check_quantity
from oneshelf.words.text import Written


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of a receipt. `amount_minor` is what the line came to, after its discounts."""

    product_id: Id
    quantity: int = 1
    unit: Unit = "each"
    amount_minor: int = 0
    #: what promotions took off, and what coupons took off; both positive
    discount_minor: int = 0
    coupon_minor: int = 0
    #: what the goods of the line cost the shop, where the sender knows it
    cost_minor: int | None = None

    def __post_init__(self) -> None:
        check_quantity(self.quantity)
        check_amount(self.amount_minor)
        if self.cost_minor is not None:
            check_amount(self.cost_minor, "cost_minor")
        check_amount(self.discount_minor, "discount_minor")
        check_amount(self.coupon_minor, "coupon_minor")


class OrderCompleted(Body, frozen=True, tag="order.completed"):
    """Somebody bought: a till receipt or a paid web order."""

    order_id: Id
    currency: str
    lines: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        check_currency(self.currency)

    @property
    def amount_minor(self) -> int:
        """What the whole order came to."""
        return sum(line.amount_minor for line in self.lines)


class OrderRefunded(Body, frozen=True, tag="order.refunded"):
    """Goods came back, or money was given back. Lines are positive and are taken off. `order_id` points back when known."""

    currency: str
    refund_id: Id
    order_id: Id | None = None
    lines: tuple[Line, ...] = ()
    reason: Written | None = None

    def __post_init__(self) -> None:
        check_currency(self.currency)

    @property
    def amount_minor(self) -> int:
        """What was given back."""
        return sum(line.amount_minor for line in self.lines)


class ProductsSearched(Body, frozen=True, tag="products.searched"):
    """Somebody typed a query."""

    query: str


class ProductViewed(Body, frozen=True, tag="product.viewed"):
    """Somebody looked at a product page."""

    product_id: Id


class ProductAdded(Body, frozen=True, tag="product.added"):
    """Somebody put a product into a cart."""

    product_id: Id
    quantity: int = 1

    def __post_init__(self) -> None:
        check_quantity(self.quantity)


class ProductFavourited(Body, frozen=True, tag="product.favourited"):
    """Somebody put a product on a wish list."""

    product_id: Id


class ProductReviewed(Body, frozen=True, tag="product.reviewed"):
    """Somebody said what they think of a product."""

    product_id: Id
    rating: int | None = None
    text: str | None = None


class PlaceVisited(Body, frozen=True, tag="place.visited"):
    """Somebody came to the event's place, whether or not they bought."""

    dwell_seconds: int | None = None


class PersonIdentified(Body, frozen=True, tag="person.identified"):
    """Who somebody is. With both identifiers present, the anonymous one belongs to the user from here on."""

    traits: dict[str, Any] = msgspec.field(default_factory=dict)


class PersonAliased(Body, frozen=True, tag="person.aliased"):
    """The event's user was known before as `previous_id`."""

    previous_id: Id


class PersonJoined(Body, frozen=True, tag="person.joined"):
    """Two identifiers turned out to be one person's: the event's. Undone by a `person.parted` of the same two."""

    identifier: Id
    other: Id
    #: what ties them: the kind of the second one for a rule, a reviewer's words otherwise
    reason: str
    #: what it rests on: "event SOURCE ID" of the event that carried both, or the fields that a reviewer compared
    evidence: tuple[str, ...] = ()
    #: "rule", or who decided
    decided_by: str = "rule"


class PersonParted(Body, frozen=True, tag="person.parted"):
    """Two identifiers are not one person's: what joined them is undone, with the history of each put back where it was."""

    identifier: Id
    other: Id
    reason: str
    evidence: tuple[str, ...] = ()
    decided_by: str = "rule"


class PersonGrouped(Body, frozen=True, tag="person.grouped"):
    """Somebody belongs to a household, a company or a club."""

    group_id: Id
    traits: dict[str, Any] = msgspec.field(default_factory=dict)


class PageViewed(Body, frozen=True, tag="page.viewed"):
    """Somebody opened a page."""

    name: str | None = None
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class ScreenViewed(Body, frozen=True, tag="screen.viewed"):
    """Somebody opened a screen of an app."""

    name: str | None = None
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class CustomTracked(Body, frozen=True, tag="custom.tracked"):
    """Anything else that a tracker named: kept whole, not yet understood."""

    name: str
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


class CampaignSent(Body, frozen=True, tag="campaign.sent"):
    """A person was sent a campaign by somebody else's system; our own are `offer.sent`."""

    campaign_id: Id


class CampaignSpent(Body, frozen=True, tag="campaign.spent"):
    """Money was spent to win people: an advertisement, a letter, a fee. The event's channel is where the people are to come.

    A correction is another event, with an amount below 0.
    """

    campaign_id: Id
    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        check_amount(self.amount_minor)
        check_currency(self.currency)


class CouponRedeemed(Body, frozen=True, tag="coupon.redeemed"):
    """A coupon was used at a till or in a web order."""

    coupon_id: Id
    campaign_id: Id | None = None


class OfferAssigned(Body, frozen=True, tag="offer.assigned"):
    """A stable hash put a person into the offer arm or the hold-out of a campaign."""

    campaign_id: Id
    arm: str


class OfferSent(Body, frozen=True, tag="offer.sent"):
    """An offer left for a person."""

    campaign_id: Id
    message_id: Id
    product_ids: tuple[str, ...] = ()


class TierChanged(Body, frozen=True, tag="tier.changed"):
    """A person came into another tier, by an event of theirs or because time passed. None: no rule of a tier holds."""

    from_tier: Id | None = None
    to_tier: Id | None = None
    #: the rule that holds now, with the person's own figures
    reason: str = ""


class ReferenceLoaded(Body, frozen=True, tag="reference.loaded"):
    """A file of reference data became version `version` of a lake table."""

    table: str
    version: int
    rows: int
    file: str
    sha256: str


Kind = (
    OrderCompleted
    | OrderRefunded
    | ProductsSearched
    | ProductViewed
    | ProductAdded
    | ProductFavourited
    | ProductReviewed
    | PlaceVisited
    | StockCounted
    | GoodsOrdered
    | GoodsReceived
    | GoodsWasted
    | StockTransferred
    | PersonIdentified
    | PersonAliased
    | PersonJoined
    | PersonParted
    | PersonGrouped
    | PageViewed
    | ScreenViewed
    | CustomTracked
    | CampaignSent
    | CampaignSpent
    | CouponRedeemed
    | OfferAssigned
    | OfferSent
    | TierChanged
    | ReferenceLoaded
)

#: Every kind by its stored name.
KINDS: dict[str, type[Body]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Kind)}


def kind_of(body: Body) -> str:
    """The stored name of a body's kind: `order.completed`."""
    return str(type(body).__struct_config__.tag)
