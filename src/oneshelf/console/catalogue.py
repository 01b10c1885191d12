"""The catalogue: the list of products, and one product with what it costs, has cost and will cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, cast, get_args

from starlette.responses import Response

from oneshelf.console import charts
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import InvalidInput
from oneshelf.words.goods import Temperature
from oneshelf.words.gtin import shown
from oneshelf.words.money import major, minor
from oneshelf.words.prices import Price, PriceKind

if TYPE_CHECKING:
    from oneshelf.insight.goods.prices import Span

#: Products on one page.
SHOWN: Final = 50

#: How far a product's price chart looks back and ahead.
_BACK, _AHEAD = timedelta(days=182), timedelta(days=28)

KINDS: Final[dict[PriceKind, str]] = {
    "regular": mark("Regular"),
    "promotion": mark("Promotion"),
    "member": mark("For members"),
}
TEMPERATURES: Final[dict[Temperature, str]] = {
    "ambient": mark("Ambient"),
    "chilled": mark("Chilled"),
    "frozen": mark("Frozen"),
}
UNITS: Final = {"each": mark("piece"), "g": mark("kilogram"), "ml": mark("litre")}


def catalogue(visit: Visit) -> Response:
    """The list of products, searched by text, by what was scanned, and by category."""
    text, group, after = visit.query("q"), visit.query("group"), visit.query("after")
    asked = visit.shelf.goods.catalogue
    page = asked.listing(text, group=group or None, limit=SHOWN, after=after or None, actor=visit.actor)
    prices = visit.shelf.goods.prices.everywhere([one.id for one in page.items], actor=visit.actor)
    return visit.render(
        "catalogue.html", found=page, q=text, group=group, after=after, groups=asked.groups(actor=visit.actor),
        prices=prices, printed=shown, limit=SHOWN,
    )  # fmt: skip


def product(visit: Visit) -> Response:
    """One product: what it is, what it costs at a place, and its price history."""
    return _page(visit, visit.request.path_params["product_id"])


def set_price(visit: Visit) -> Response:
    """Set a price by the form on a product's page."""
    product_id = visit.request.path_params["product_id"]
    try:
        visit.shelf.goods.prices.set([_price(visit, product_id)], actor=visit.actor)
    except InvalidInput as refusal:
        return _page(visit, product_id, refusal)
    return visit.to(visit.request.url.path)


def _page(visit: Visit, product_id: str, refusal: InvalidInput | None = None) -> Response:
    asked = visit.shelf.goods.prices
    details = visit.shelf.goods.catalogue.product(product_id, actor=visit.actor)
    places = {place.id: place.name for place in visit.shelf.places.known(actor=visit.actor)}
    place_id = visit.query("place") if visit.query("place") in places else None
    today = asked.today()
    spans = asked.timeline(product_id, today - _BACK, today + _AHEAD, place_id=place_id, actor=visit.actor)
    return visit.render(
        "product.html", status=200 if refusal is None else 422, details=details, p=details.product, printed=shown, today=today,
        held=asked.at(product_id, place_id=place_id, actor=visit.actor), spans=spans, places=places, place_id=place_id,
        records=asked.history(product_id, actor=visit.actor), zones=sorted(set(asked.zones(actor=visit.actor).values())),
        kinds={kind: visit.reader.text(name) for kind, name in KINDS.items()},
        temperatures={kind: visit.reader.text(name) for kind, name in TEMPERATURES.items()},
        units={unit: visit.reader.text(name) for unit, name in UNITS.items()},
        chart=_chart(visit, spans), charts=any(span.price for span in spans), may_price=visit.actor.may("catalogue.edit"),
        refusal=refusal, form={name: visit.field(name) for name in ("amount", "kind", "where", "starts_on", "ends_on")},
        currency=_currency(visit, spans),
    )  # fmt: skip


def _currency(visit: Visit, spans: tuple[Span, ...]) -> str:
    """The currency in which a price is asked for: that of the product's own prices, else the shop's."""
    return next(
        (span.price.currency for span in reversed(spans) if span.price), visit.shelf.settings.currency
    )


def _chart(visit: Visit, spans: tuple[Span, ...]) -> charts.Figure | None:
    if not any(span.price for span in spans):
        return None
    reader = visit.reader
    steps: list[tuple[str, str, float | None, str]] = []
    for span in spans:
        days = f"{reader.day(span.first)} – {reader.day(span.last)}"
        if span.price is None:
            steps.append((span.first.isoformat(), span.last.isoformat(), None, days))
            continue
        amount = float(major(span.price.amount_minor, span.price.currency))
        told = reader.money(span.price.amount_minor, span.price.currency)
        kind = reader.text(KINDS[span.price.kind])
        steps.append((span.first.isoformat(), span.last.isoformat(), amount, f"{told}, {kind}<br>{days}"))
    return charts.steps(steps, now=visit.shelf.goods.prices.today().isoformat(), today=reader.text("today"))


def _price(visit: Visit, product_id: str) -> Price:
    """The price that the form says, or InvalidInput."""
    where, _, name = visit.field("where").partition(":")
    kind = visit.field("kind")
    if kind not in get_args(PriceKind):
        raise InvalidInput.of("kind", kind, "is no kind of price.", "Choose one of the list.")
    currency = visit.field("currency") or visit.shelf.settings.currency
    return Price(
        product_id=product_id,
        kind=cast(PriceKind, kind),
        place_id=name if where == "place" else None,
        zone=name if where == "zone" else None,
        starts_on=_day(visit, "starts_on") or visit.shelf.goods.prices.today(),
        ends_on=_day(visit, "ends_on"),
        amount_minor=minor(visit.field("amount").replace(",", "."), currency),
        currency=currency,
    )


def _day(visit: Visit, name: str) -> date | None:
    text = visit.field(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput.of(name, text, "is not a day.", "Write such as 2017-11-30.") from None
