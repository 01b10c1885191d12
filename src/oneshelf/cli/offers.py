"""`oneshelf offers`: what to offer to whom, send it with a hold-out, and see what it caused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from oneshelf.app.people.tiers import TierMove
from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.effect.difference import Difference
from oneshelf.words.money import Money

commands = typer.Typer(help="Offers: for one person, to many, and their effect.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="offers")


@commands.command("for")
def for_person(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="The person's id.")],
    place: Annotated[str | None, typer.Option(help="Only what is in stock there.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    json: Json = False,
) -> None:
    """Offers for one person, best first, each with its reason."""
    with open_shelf(context) as shelf:
        found = shelf.offers.for_person(person_id, place, limit=limit)
    if json:
        print_json(found)
        return
    print_table(
        f"Offers for {person_id}",
        ("product", "name", "score", "on hand", "why", "simulated"),
        ((o.product_id, o.name, o.score, o.on_hand, o.reason, o.simulated) for o in found),
    )


@commands.command()
def send(
    context: typer.Context,
    campaign_id: Annotated[str, typer.Argument(help="An id of your own for this campaign; it is sent once.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    place: Annotated[str | None, typer.Option(help="Only what is in stock there.")] = None,
    holdout_share: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of people left alone, to measure the effect.")
    ] = 0.2,
    channel: Annotated[str, typer.Option(help="How it leaves: file or webhook.")] = "file",
    entered: Annotated[
        str | None, typer.Option(help="Only those who came into this tier, and are in it.")
    ] = None,
    left: Annotated[str | None, typer.Option(help="Only those who left this tier, and are not back.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Since when; default: 7 days ago.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send offers to everybody who has some, or whose tier moved, except a hold-out drawn by a stable hash."""
    with open_shelf(context) as shelf:
        first = since.date() if since else (shelf.core.now() - timedelta(days=7)).date()
        moved = TierMove(entered=entered, left=left, since=first) if entered or left else None
        report = shelf.offers.send(
            campaign_id,
            name=name or campaign_id,
            place=place,
            holdout_share=holdout_share,
            channel=channel,
            dry_run=dry_run,
            moved=moved,
        )
    if json:
        print_json(report)
        return
    verb = "Would send" if report.dry_run else "Sent"
    out.print(
        f"{verb} {report.offered:,} messages; {report.held_out:,} people held out; {report.without_offer:,} people have no offer."
    )


@commands.command()
def campaigns(context: typer.Context, json: Json = False) -> None:
    """List what was sent."""
    with open_shelf(context) as shelf:
        found = shelf.offers.campaigns()
    if json:
        print_json(found)
        return
    print_table(
        "Campaigns",
        ("campaign", "name", "sent", "offered", "held out"),
        ((c.id, c.name, c.created_at, c.offered, c.held_out) for c in found),
    )


@commands.command()
def effect(
    context: typer.Context,
    campaign_id: Annotated[str, typer.Argument(help="The campaign's id.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days after sending count.")] = 28,
    json: Json = False,
) -> None:
    """What a campaign caused a person, against the hold-out: as drawn, with the past taken off, and however often you look."""
    with open_shelf(context) as shelf:
        found = shelf.offers.effect(campaign_id, days=days)
    if json:
        print_json(found)
        return
    out.print(found.claim, markup=False)
    measures = [each for each in (found.sales, found.orders, found.margin) if each is not None]
    print_table(
        f"{found.offer_people:,} people offered, {found.holdout_people:,} held out; difference a person, {found.level:.0%} intervals",
        ("", "offered", "held out", "as drawn", "past taken off", "however often you look"),
        ((each.measure, *_figures(each, found.currency)) for each in measures),
    )
    if found.segments:
        print_table(
            "Sales by group, past taken off; the intervals hold together, however often you look",
            ("", "group", "offered", "held out", "difference a person"),
            (
                (
                    each.dimension.replace("_", " "),
                    each.segment,
                    each.offer_people,
                    each.holdout_people,
                    _interval(each.difference_minor, each.low_minor, each.high_minor, found.currency),
                )
                for each in found.segments
            ),
        )
    if (paid := found.return_on_spend) is not None:
        out.print(
            f"Each 1.00 spent brought {paid.ratio:.2f} of {paid.of} that would not have come anyway, "
            f"between {paid.ratio_low:.2f} and {paid.ratio_high:.2f}."
        )


def _figures(difference: Difference, currency: str) -> tuple[str, ...]:
    unit = None if difference.measure == "orders" else currency
    means = [
        "–" if mean is None else _number(mean, unit)
        for mean in (difference.mean_offer, difference.mean_holdout)
    ]
    intervals = [
        "–" if each is None else _interval(each.difference, each.low, each.high, unit)
        for each in (difference.plain, difference.adjusted)
    ]
    low, high = difference.always_low, difference.always_high
    always = "–" if low is None or high is None else f"{_number(low, unit)} to {_number(high, unit)}"
    return (*means, *intervals, always)


def _interval(middle: float, low: float, high: float, currency: str | None) -> str:
    return f"{_number(middle, currency)} ({_number(low, currency)} to {_number(high, currency)})"


def _number(value: float, currency: str | None) -> str:
    """Minor units as money, or a plain number where there is no currency."""
    return f"{value:.3f}" if currency is None else str(Money(round(value), currency))
