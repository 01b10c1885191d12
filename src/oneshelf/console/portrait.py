"""The figures of a portrait, each with its why: the formula, and the events behind it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import Response

from oneshelf.console.happenings import CHANNELS, HAPPENINGS, happening
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.insight.people.fields import FIELDS, Field
from oneshelf.insight.people.flat import flat, is_simulated

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
        mark("The next 90 days"),
        (
            "expected_orders_90_days",
            "expected_spend_90_days_minor",
            "p_active",
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
    **CHANNELS,
}

_NAMED = ("favourite_daypart", "main_channel", "last_channel")


def figures(visit: Visit, portrait: Portrait) -> list[tuple[str, list[dict[str, Any]]]]:
    """The figures in their groups, as a page shows them; what is unknown of a person is left out."""
    row = flat(portrait)
    return [
        (visit.reader.text(title), shown)
        for title, names in GROUPS
        if (shown := [_figure(visit, portrait, FIELDS[n], row[n]) for n in names if row[n] is not None])
    ]


def why(visit: Visit) -> Response:
    """One figure: what it is, how it is computed, and the newest of the events that enter it."""
    params = visit.request.path_params
    found = visit.shelf.people.why(params["person_id"], params["field"], actor=visit.actor, limit=_EVENTS_MAX)
    field = found.field
    return visit.render(
        "why.html",
        it=found,
        title=visit.reader.say(field.title),
        value=_shown(visit, field, found.value, found.currency),
        formula=visit.reader.say(field.formula),
        kinds=[visit.reader.text(HAPPENINGS[kind]) if kind in HAPPENINGS else kind for kind in field.enters],
        events=[happening(visit, each) for each in found.events],
        full=len(found.events) == _EVENTS_MAX,
        channels={key: visit.reader.text(name) for key, name in CHANNELS.items()},
    )


def _figure(visit: Visit, portrait: Portrait, field: Field, value: Any) -> dict[str, Any]:
    return {
        "name": field.name,
        "title": visit.reader.say(field.title),
        "value": _shown(visit, field, value, portrait.currency),
        "href": f"/people/{quote(portrait.person_id, safe='')}/why/{field.name}",
        "simulated": is_simulated(portrait, field),
        "modelled": field.when != "live",
    }


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
