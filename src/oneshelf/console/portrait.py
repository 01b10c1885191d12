"""The figures of a portrait, each with its why: the formula, and the events behind it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from oneshelf.console.happenings import HAPPENINGS, happening
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.people.fields import FIELDS, Field, field_named
from oneshelf.insight.people.flat import flat

if TYPE_CHECKING:
    from oneshelf.insight.people.portrait import Portrait

#: How many events a why lists.
_EVENTS_MAX = 50

#: The figures of a person's page under what they tell of.
GROUPS = (
    (
        mark("Rhythm"),
        (
            "first_order_at",
            "order_days",
            "repurchase_interval_days",
            "orders_last_28_days",
            "orders_last_91_days",
            "spend_last_91_days_minor",
            "spend_last_364_days_minor",
            "units_per_order",
            "margin_minor",
        ),
    ),
    (mark("When and where"), ("favourite_daypart", "weekend_share", "main_channel", "main_place_id")),
    (
        mark("Taste"),
        (
            "favourite_category",
            "favourite_category_share",
            "favourite_category_index",
            "favourite_brand",
            "favourite_brand_share",
            "favourite_brand_index",
        ),
    ),
    (
        mark("Prices and coupons"),
        (
            "promoted_share",
            "price_index",
            "coupon_orders",
            "coupon_share",
            "coupon_minor",
            "coupons_redeemed",
        ),
    ),
    (
        mark("Interest and household"),
        ("favourited_not_bought_count", "searched_count", "viewed_count", "life_stage", "household_size"),
    ),
    (
        mark("The next 90 days, and the tier"),
        (
            "expected_orders_90_days",
            "expected_spend_90_days_minor",
            "p_active",
            "tier",
            "tier_reason",
            "tier_since",
        ),
    ),
)

#: Values of texts that we give names to.
NAMES = {
    "morning": mark("morning"),
    "midday": mark("midday"),
    "afternoon": mark("afternoon"),
    "evening": mark("evening"),
    "night": mark("night"),
    "store": mark("store"),
    "web": mark("web"),
    "app": mark("app"),
    "phone": mark("phone"),
    "unknown": mark("unknown"),
}

_NAMED = ("favourite_daypart", "main_channel", "last_channel")

#: Which part of the portrait says whether simulated events entered a figure, where it is not the figure's own name.
_PARTS = {
    "favourite_daypart": "dayparts",
    "main_channel": "channel_mix",
    "main_place_id": "places",
    "favourited_not_bought_count": "favourited_not_bought",
    "life_stage": "traits",
    "household_size": "traits",
}


def figures(visit: Visit, portrait: Portrait) -> list[tuple[str, list[dict[str, Any]]]]:
    """The figures in their groups, as a page shows them."""
    row = flat(portrait)
    return [
        (visit.reader.text(title), [_figure(visit, portrait, FIELDS[name], row[name]) for name in names])
        for title, names in GROUPS
    ]


def why(visit: Visit) -> Response:
    """One figure: what it is, how it is computed, and the newest of the events that enter it."""
    person_id = visit.request.path_params["person_id"]
    try:
        field = field_named(visit.request.path_params["field"])
    except InvalidInput as error:
        raise NotFound(error.cause, error.remedy) from error
    portrait = visit.shelf.people.portrait(person_id, actor=visit.actor, purpose="why")
    events = visit.shelf.people.timeline(
        person_id, actor=visit.actor, purpose="why", limit=_EVENTS_MAX, kinds=field.enters
    )
    return visit.render(
        "why.html",
        p=portrait,
        field=field,
        figure=_figure(visit, portrait, field, flat(portrait)[field.name]),
        formula=visit.reader.say(field.formula),
        kinds=[visit.reader.text(HAPPENINGS[kind]) if kind in HAPPENINGS else kind for kind in field.enters],
        events=[happening(visit, each) for each in events],
        full=len(events) == _EVENTS_MAX,
        channels={key: visit.reader.text(NAMES[key]) for key in ("store", "web", "app", "phone", "unknown")},
    )


def _figure(visit: Visit, portrait: Portrait, field: Field, value: Any) -> dict[str, Any]:
    return {
        "name": field.name,
        "title": visit.reader.say(field.title),
        "value": _shown(visit, field, value, portrait.currency),
        "href": f"/people/{quote(portrait.person_id, safe='')}/why/{field.name}",
        "simulated": _is_simulated(portrait, field),
        "modelled": field.when != "live",
    }


def _is_simulated(portrait: Portrait, field: Field) -> bool:
    name = _PARTS.get(field.name, field.name)
    if name.endswith(("_share", "_index")) and name.startswith("favourite_"):
        name = name.rpartition("_")[0]
    if name in ("favourite_category", "favourite_brand"):
        name = {"favourite_category": "favourite_categories", "favourite_brand": "favourite_brands"}[name]
    if "_last_" in name:
        name = "recent"
    if field.when == "modelled" or field.name == "price_index":
        return bool(portrait.modelled and portrait.modelled.simulated)
    return name in portrait.simulated


def _shown(visit: Visit, field: Field, value: Any, currency: str | None) -> object:
    reader = visit.reader
    if value is None or isinstance(value, datetime):
        return reader.when(value)
    if isinstance(value, bool):
        return reader.text("yes") if value else reader.text("no")
    if isinstance(value, str):
        return reader.text(NAMES[value]) if field.name in _NAMED and value in NAMES else reader.say(value)
    if field.unit == "minor" and currency:
        return reader.money(value, currency)
    if field.unit == "share":
        return reader.percent(value, 1)
    return reader.number(value, 0 if field.unit == "index" else 1)
