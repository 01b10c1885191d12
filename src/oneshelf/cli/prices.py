"""`oneshelf prices`: what holds, what was said, and new prices."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.money import major, minor
from oneshelf.words.places import Channel
from oneshelf.words.prices import Price, PriceKind

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

prices = typer.Typer(
    help="Prices by place, zone, channel and date, with their history.", no_args_is_help=True
)

#: How far a history looks back and ahead when no days are named.
_BACK, _AHEAD = timedelta(days=365), timedelta(days=28)

_Product = Annotated[str, typer.Argument(help="The product's id.")]
_Amount = Annotated[str, typer.Argument(help="What one costs, in major units: 2.49.")]
_Place = Annotated[str | None, typer.Option(help="At this place only.")]
_Zone = Annotated[str | None, typer.Option(help="In the places of this price zone only.")]
_InChannel = Annotated[Channel | None, typer.Option(help="In this channel only.")]
_Currency = Annotated[str | None, typer.Option(help="ISO 4217. Default: the shop's.")]
_Kind = Annotated[PriceKind, typer.Option(help="regular, promotion or member.")]
_DAY = ["%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(prices, name="prices")


@prices.command("set")
def set_price(
    context: typer.Context,
    product: _Product,
    amount: _Amount,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="Its first day. Default: today.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=_DAY, help="Its last day. Default: none.")
    ] = None,
    kind: _Kind = "regular",
    place: _Place = None,
    zone: _Zone = None,
    channel: _InChannel = None,
    currency: _Currency = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Set a price. It is one record more; the ones before stay, so that the history is whole."""
    with open_shelf(context) as shelf:
        price = _price(
            shelf, product, amount, kind=kind, place=place, zone=zone, channel=channel, currency=currency, first=first, last=last
        )  # fmt: skip
        report = shelf.goods.prices.set([price], dry_run=dry_run)
    if json:
        print_json(report)
    elif not report.new:
        out.print("That is the price already.")
    else:
        out.print(f"{'Would cost' if dry_run else 'Costs'} {_money(price)} from {price.starts_on}.")


@prices.command("withdraw")
def withdraw(
    context: typer.Context,
    product: _Product,
    first: Annotated[datetime, typer.Argument(formats=_DAY, help="The first day of the price.")],
    kind: _Kind = "regular",
    place: _Place = None,
    zone: _Zone = None,
    channel: _InChannel = None,
    dry_run: DryRun = False,
) -> None:
    """Call a price off: what held before it holds again, and the history keeps both."""
    scope = (product, kind, place, zone, channel)
    with open_shelf(context) as shelf:
        price = shelf.goods.prices.standing(product, scope, first.date())
        shelf.goods.prices.withdraw(price, dry_run=dry_run)
    done = "Would be called off" if dry_run else "Called off"
    out.print(f"{done}: {_money(price)} from {price.starts_on}.")


@prices.command("history")
def history(
    context: typer.Context,
    product: _Product,
    place: _Place = None,
    channel: _InChannel = None,
    member: Annotated[bool, typer.Option("--member", help="What a member pays.")] = False,
    json: Json = False,
) -> None:
    """Show what a product cost and will cost, and everything that was ever said about its prices."""
    with open_shelf(context) as shelf:
        today = shelf.goods.prices.today()
        spans = shelf.goods.prices.timeline(
            product, today - _BACK, today + _AHEAD, place_id=place, channel=channel, member=member
        )
        records = shelf.goods.prices.history(product)
    if json:
        print_json({"spans": spans, "records": records})
        return
    print_table(
        "What a shopper pays",
        ("from", "to", "price", "kind"),
        ((s.first, s.last, _money(s.price), s.price.kind if s.price else "") for s in spans),
    )
    print_table(
        "All that was said",
        ("starts", "ends", "price", "kind", "where", "channel", "recorded", "by", "withdrawn"),
        (
            (
                one.price.starts_on, one.price.ends_on, _money(one.price), one.price.kind, _where(one.price), one.price.channel or "all",
                one.recorded_at, one.recorded_by, one.withdrawn,
            )
            for one in records
        ),
    )  # fmt: skip


@prices.command("zone")
def zone(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The zone; an empty text puts the places into none.")],
    places: Annotated[
        list[str] | None, typer.Argument(help="Ids of places. Without any, the zones are listed.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Put places into a price zone, out of any other; without places, list those of the zone."""
    with open_shelf(context) as shelf:
        if places:
            shelf.goods.prices.set_zone(name, places, dry_run=dry_run)
        found = {place: one for place, one in shelf.goods.prices.zones().items() if one == name or not name}
    if json:
        print_json(found)
        return
    print_table("", ("place", "zone"), found.items())


def _price(
    shelf: Shelf,
    product: str,
    amount: str,
    *,
    kind: PriceKind,
    place: str | None,
    zone: str | None,
    channel: Channel | None,
    currency: str | None,
    first: datetime | None,
    last: datetime | None,
) -> Price:
    """The price that the options describe."""
    code = currency or shelf.settings.currency
    starts_on: date = first.date() if first else shelf.goods.prices.today()
    return Price(
        product_id=product,
        kind=kind,
        place_id=place,
        zone=zone,
        channel=channel,
        starts_on=starts_on,
        ends_on=last.date() if last else None,
        amount_minor=minor(amount, code),
        currency=code,
    )


def _money(price: Price | None) -> str:
    return "none" if price is None else f"{major(price.amount_minor, price.currency)} {price.currency}"


def _where(price: Price) -> str:
    if price.zone is not None:
        return f"zone {price.zone}"
    return price.place_id or "everywhere"
