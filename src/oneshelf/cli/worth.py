"""`oneshelf people value`, `lookalikes` and `acquisition`: what people are worth, who else is like a seed, what it cost to win people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from oneshelf.app.people.expecting import LIMIT_MAX, Order
from oneshelf.cli import people
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.errors import InvalidInput
from oneshelf.words.money import Money, exponent

if TYPE_CHECKING:
    from oneshelf.app.people.expecting import Expectation, ValueReport


def add_to(app: typer.Typer) -> None:
    """Hang these commands under those about people."""
    del app
    people.commands.command()(value)
    people.commands.command()(lookalikes)
    people.commands.command()(acquisition)


def value(
    context: typer.Context,
    order: Annotated[
        str,
        typer.Option(help="List people: top (worth most) or at-risk (most at stake). Default: counts only."),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX)] = 20,
    json: Json = False,
) -> None:
    """Show what people are expected to spend in the next 90 days, and whether they are still active."""
    if order and order not in get_args(Order):
        raise InvalidInput.of("--order", order, "is no order.", f"Use {' or '.join(get_args(Order))}.")
    with open_shelf(context) as shelf:
        currency = shelf.settings.currency
        if order:
            listed = shelf.people.expectations(cast("Order", order), limit=limit)
        else:
            report = shelf.people.value()
    if order:
        print_json(listed) if json else _print_people(listed, currency)
    elif json:
        print_json(report)
    else:
        _print_report(report)


def _print_people(listed: tuple[Expectation, ...], currency: str) -> None:
    print_table(
        "People by what is expected of the next 90 days",
        (
            "person",
            "expected",
            "active",
            "spent a year",
            "at stake",
            "days since",
            "tier",
            "simulated",
        ),
        (
            (
                each.person_id,
                Money(each.expected_spend_90_days_minor, currency),
                each.p_active,
                Money(each.spend_last_364_days_minor, currency),
                Money(each.at_stake_minor, currency),
                each.recency_days,
                each.tier,
                each.simulated,
            )
            for each in listed
        ),
    )


def _print_report(report: ValueReport) -> None:
    method = (
        "not kept: run the night again"
        if report.method is None
        else f"{report.method.spend} for spend, {report.method.active} for activity"
    )
    total = (
        "" if report.expected_minor is None else f", {Money(report.expected_minor, report.currency)} in all"
    )
    mark = " (simulated events entered)" if report.simulated else ""
    out.print(f"{report.people:,} people as of {report.as_of}{total}{mark}; method: {method}.", markup=False)
    scale = 10 ** exponent(report.currency)
    for title, bands, by in (
        (f"By expected spend, {report.currency}", report.spend, scale),
        ("By the chance of an order", report.active, 1),
    ):
        print_table(
            title,
            ("from", "below", "people"),
            (
                (
                    0 if band.low is None else f"{band.low / by:,g}",
                    None if band.high is None else f"{band.high / by:,g}",
                    band.people,
                )
                for band in bands
            ),
        )


def lookalikes(
    context: typer.Context,
    seed: Annotated[
        Path | None, typer.Argument(help="A file with a person's id on each line.", exists=True)
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="A saved audience as the seed, without the fields of its condition.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A field by which the seed was chosen; may be given again.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 20,
    json: Json = False,
) -> None:
    """Rank everybody else by how much they are like the people of a file, and measure what the ranking is worth."""
    lines = seed.read_text(encoding="utf-8").splitlines() if seed is not None else []
    ids = [line.strip() for line in lines if line.strip()]
    with open_shelf(context) as shelf:
        found = shelf.people.lookalikes(ids, audience=audience, without=tuple(without or ()), limit=limit)
    if json:
        print_json(found)
        return
    lift = found.lift
    print_table(
        f"{found.others:,} others than the {found.seed:,} of the seed; the best tenth holds {lift.value:.1f} times "
        f"({lift.low:.1f} to {lift.high:.1f}) what a random one would",
        ("person", "score"),
        ((each.person_id, each.score) for each in found.people),
    )


def acquisition(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: a year before.")
    ] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today.")] = None,
    json: Json = False,
) -> None:
    """Show by channel what was spent for each person won, and what these people were worth since."""
    with open_shelf(context) as shelf:
        found = shelf.people.acquisition(first and first.date(), last and last.date())
    if json:
        print_json(found)
        return

    def amount(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, found.currency)

    print_table(
        f"People whose first order fell from {found.first} to {found.last}, by its channel",
        ("channel", "people", "spent", "a person cost", "worth since", "a person", "simulated"),
        (
            (
                each.channel,
                each.people,
                amount(each.spent_minor),
                amount(each.cost_per_person_minor),
                amount(each.value_minor),
                amount(each.value_per_person_minor),
                each.simulated,
            )
            for each in found.channels
        ),
    )
