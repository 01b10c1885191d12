"""The fields of a portrait: what each is called, how it is computed, and of what events.

This is the one list that the live portrait, the nightly table, tiers, audiences, the API, the console's "why?" and the documentation go
by. A name means the same everywhere.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.places import Channel

#: `live` changes with the event, `nightly` with the night's run over everybody, `modelled` is an expectation of that night.
When = Literal["live", "nightly", "modelled"]

#: "minor": minor units of the person's currency; "share": 0 to 1; "index": 100 is like everybody
Unit = Literal["", "minor", "share", "days", "orders", "pieces", "visits", "index", "people", "count"]

Type = Literal["text", "integer", "number", "moment", "flag"]

#: The parts of a day by the place's own clock, with the hour in which each begins; the last one goes on until the first.
DAYPARTS: Final[dict[str, int]] = {"morning": 5, "midday": 11, "afternoon": 14, "evening": 17, "night": 22}

ORDER, REFUND = "order.completed", "order.refunded"
_SEEN: Final = (
    ORDER,
    "products.searched",
    "product.viewed",
    "product.added",
    "product.favourited",
    "product.reviewed",
    "place.visited",
    "page.viewed",
    "screen.viewed",
    "custom.tracked",
    "coupon.redeemed",
)

CHANNELS: Final[tuple[str, ...]] = get_args(Channel)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the portrait."""

    name: str
    title: str
    #: in words; `now` is the moment for which the portrait is drawn
    formula: str
    type: Type
    unit: Unit = ""
    when: When = "live"
    #: the kinds of events that enter it
    enters: tuple[str, ...] = ()


def _field(
    name: str, title: str, type: Type, formula: str, *enters: str, unit: Unit = "", when: When = "live"
) -> Field:  # a field's type is its type
    return Field(name=name, title=title, formula=formula, type=type, unit=unit, when=when, enters=enters)


_FIELDS: Final = (
    _field("person_id", "Person", "text", "The strongest and oldest identifier of the person."),
    _field("first_seen_at", "First seen", "moment", "The earliest event of the person's own doing.", *_SEEN),
    _field("last_seen_at", "Last seen", "moment", "The latest event of the person's own doing.", *_SEEN),
    _field("last_place_id", "Last place", "text", "The place of that latest event.", *_SEEN),
    _field("last_channel", "Last channel", "text", "The channel of that latest event.", *_SEEN),
    _field("first_order_at", "First order", "moment", "The earliest order.", ORDER),
    _field("last_order_at", "Last order", "moment", "The latest order.", ORDER),
    _field("recency_days", "Days since the last order", "integer", "Whole days from the last order to now, never below 0.", ORDER, unit="days"),
    _field("frequency", "Orders", "integer", "Orders, in any currency.", ORDER, unit="orders"),
    _field("order_days", "Days with an order", "integer", "Distinct days (UTC) with an order.", ORDER, unit="days"),
    _field("currency", "Currency", "text", "The currency in which the person spent most.", ORDER, REFUND),
    _field("monetary_minor", "Spent", "integer", "Orders less refunds, in the person's currency.", ORDER, REFUND, unit="minor"),
    _field("refunds", "Refunds", "integer", "Refunds, in any currency.", REFUND, unit="count"),
    _field("refunded_minor", "Given back", "integer", "What was given back, in the person's currency.", REFUND, unit="minor"),
    _field("average_order_minor", "An order, on average", "integer", "Spent over the orders in the person's currency, to the nearest unit.", ORDER, REFUND, unit="minor"),
    _field("units_per_order", "Pieces an order", "number", "Pieces of all orders, before refunds, over orders; what is weighed or poured is one piece a line.", ORDER, unit="pieces"),
    _field("margin_minor", "Margin", "integer", "Amount less cost over the lines of orders that carry a cost, in the person's currency; unknown while no line does.", ORDER, unit="minor"),
    _field("customer_age_days", "Days since the first order", "integer", "Whole days from the first order to now, never below 0.", ORDER, unit="days"),
    _field("repurchase_interval_days", "Days between orders", "number", "The median gap between days with an order; unknown under two such days.", ORDER, unit="days"),
    _field("favourite_category", "Favourite category", "text", "The category that was in most baskets.", ORDER),
    _field("favourite_category_share", "Favourite category's share", "number", "How often a product of the category was in a basket, over the same count of all products.", ORDER, unit="share"),
    _field("favourite_category_index", "Favourite category's index", "number", "Its share over the share of the same category with everybody, times 100.", ORDER, unit="index", when="nightly"),
    _field("favourite_brand", "Favourite brand", "text", "The brand that was in most baskets.", ORDER),
    _field("favourite_brand_share", "Favourite brand's share", "number", "How often a product of the brand was in a basket, over the same count of all products.", ORDER, unit="share"),
    _field("favourite_brand_index", "Favourite brand's index", "number", "Its share over the share of the same brand with everybody, times 100.", ORDER, unit="index", when="nightly"),
    _field("main_channel", "Main channel", "text", "The channel with most visits.", *_SEEN),
    *(_field(f"orders_{channel}", f"Orders by {channel}", "integer", f"Orders by the channel {channel}.", ORDER, unit="orders") for channel in CHANNELS),
    *(_field(f"visits_{channel}", f"Visits by {channel}", "integer", f"Days (UTC) on which the person did anything by the channel {channel}.", *_SEEN, unit="visits") for channel in CHANNELS),
    _field("main_place_id", "Main place", "text", "The place with most orders.", ORDER),
    _field("favourite_daypart", "Favourite time of day", "text", "The part of the day, by the place's own clock, with most orders: morning from 5, midday from 11, afternoon from 14, evening from 17, night from 22.", ORDER),
    _field("weekend_share", "At weekends", "number", "Orders on Saturdays and Sundays, by the place's own clock, over all orders.", ORDER, unit="share"),
    _field("promoted_share", "Bought on promotion", "number", "What lines with a discount came to, over what all lines came to, in the person's currency; unknown where that is nothing.", ORDER, unit="share"),
    _field("price_index", "Price paid", "number", "The price of a piece over the median price of the same product on the same day, averaged over lines by what they came to, times 100.", ORDER, unit="index", when="nightly"),
    _field("coupon_orders", "Orders with a coupon", "integer", "Orders with a coupon's discount on a line.", ORDER, unit="orders"),
    _field("coupon_minor", "Taken off by coupons", "integer", "What coupons took off, in the person's currency.", ORDER, unit="minor"),
    _field("coupon_share", "With a coupon", "number", "Orders with a coupon over all orders.", ORDER, unit="share"),
    _field("coupons_redeemed", "Coupons redeemed", "integer", "Coupons whose redemption was told by an event of its own.", "coupon.redeemed", unit="count"),
    _field("favourited_not_bought_count", "Favourites not bought", "integer", "Favourites that were not bought since.", ORDER, "product.favourited", unit="count"),
    _field("searched_count", "Searches", "integer", "Different searches of the last 90 days, 100 at most; case (Unicode's folding), spaces and what follows 200 characters make no difference.", "products.searched", unit="count"),
    _field("viewed_count", "Products looked at", "integer", "Different products looked at in the last 90 days.", "product.viewed", unit="count"),
    _field("life_stage", "Life stage", "text", "The trait life_stage as last told, a number or a truth as text; unknown for null, a list or a structure. Over 1,000 characters as JSON: not told.", "person.identified"),
    _field("household_size", "Household size", "text", "The trait household_size as last told, in the same way: 3 and 3.0 are 3.", "person.identified"),
    _field("spend_last_91_days_minor", "Spent in 91 days", "integer", "Orders less refunds of the last 91 days (UTC), today included, in the person's currency.", ORDER, REFUND, unit="minor"),
    _field("orders_last_91_days", "Orders in 91 days", "integer", "Orders of the last 91 days (UTC), today included.", ORDER, unit="orders"),
    _field("orders_last_28_days", "Orders in 28 days", "integer", "Orders of the last 28 days (UTC), today included.", ORDER, unit="orders"),
    _field("spend_last_364_days_minor", "Spent in 364 days", "integer", "Orders less refunds of the last 364 days (UTC), today included, in the person's currency.", ORDER, REFUND, unit="minor"),
    _field("expected_orders_90_days", "Orders expected in 90 days", "number", "Days with an order, as the method expects of the next 90 days that was best on the shop's own past.", ORDER, unit="orders", when="modelled"),
    _field("expected_spend_90_days_minor", "Spend expected in 90 days", "number", "Orders less refunds, as the method expects of the next 90 days that was best on the shop's own past, in the shop's currency.", ORDER, REFUND, unit="minor", when="modelled"),
    _field("p_active", "Still a customer", "number", "The chance of at least one order in the next 90 days, by the method that was best on the shop's own past.", ORDER, unit="share", when="modelled"),
    _field("tier", "Tier", "text", "The first rule of the tiers that holds.", ORDER, REFUND),
    _field("tier_reason", "Why this tier", "text", "That rule, with the person's own figures.", ORDER, REFUND),
    _field("tier_since", "In this tier since", "moment", "When the person came into the tier.", ORDER, REFUND),
    _field("simulated", "Simulated", "flag", "Whether simulated events entered.", *_SEEN, REFUND),
)  # fmt: skip

#: Every field by its name, in the order in which a portrait shows them.
FIELDS: Final[dict[str, Field]] = {field.name: field for field in _FIELDS}


def field_named(name: str) -> Field:
    """A field, or InvalidInput with the nearest known names."""
    try:
        return FIELDS[name]
    except KeyError:
        raise InvalidInput.of(
            "field", name, "is no field of a portrait.", f"Known: {', '.join(FIELDS)}."
        ) from None
