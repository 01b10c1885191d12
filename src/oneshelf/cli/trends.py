"""`oneshelf trends`: what rises, why, what to do about it, and what became of earlier flags."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.insight.goods.trends.flag import Kind
from oneshelf.insight.goods.trends.signals import Level, Signal

if TYPE_CHECKING:
    from oneshelf.app.goods.trends.looking import Trend
    from oneshelf.app.goods.trends.nightly import TrendNight
    from oneshelf.insight.goods.trends.leads import LeadLag

commands = typer.Typer(
    help="Trends: what rises beyond chance, why, and what became of it.", no_args_is_help=True
)

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The night of this day. Default: the newest.")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many to print.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="trends")


@commands.command()
def search(
    context: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The last day that is known. Default: the newest whole day with sales."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Search for trends as of a day, as `oneshelf run trends` does every night. A second search of a day replaces the first."""
    with open_shelf(context) as shelf:
        night = shelf.trends.run(None if as_of is None else as_of.date())
    if json:
        print_json(night)
    else:
        _print_night(night)


@commands.command("list")
def listing(
    context: typer.Context,
    *,
    day: Day = None,
    signal: Annotated[Signal | None, typer.Option(help="Only flags of this signal.")] = None,
    level: Annotated[Level | None, typer.Option(help="Only flags of this level.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only established goods, or launches.")] = None,
    certain: Annotated[bool, typer.Option("--certain", help="Only what rises beyond chance.")] = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """What rises: beyond chance first, then what is most likely to go on; with its cause and what to do."""
    night_of = None if day is None else day.date()
    with open_shelf(context) as shelf:
        night = shelf.trends.night(night_of)
        found = shelf.trends.flags(
            night_of, signal=signal, level=level, kind=kind, certain=True if certain else None, limit=limit
        )
    if json:
        print_json(found)
        return
    print_table(
        f"Rising as of {night.day}",
        ("", "signal", "level", "name", "before", "now", "times", "chance", "cause", "what to do"),
        (_line(each) for each in found.items),
    )
    _print_night(night)


@commands.command()
def show(context: typer.Context, level: Level, name: str, json: Json = False) -> None:
    """One series: when it was flagged, with the evidence and what to do."""
    with open_shelf(context) as shelf:
        found = shelf.trends.series(level, name)
    if json:
        print_json(found)
        return
    print_table(
        found.title,
        ("day", "signal", "before", "now", "times", "80% from", "to", "beyond chance", "cause", "went on"),
        (
            (
                str(flag.day),
                flag.signal,
                flag.base_people,
                flag.recent_people,
                flag.growth,
                flag.low,
                flag.high,
                "yes" if flag.certain else "",
                flag.cause,
                None if each.outcome is None else ("yes" if each.outcome.went_on else "no"),
            )
            for each in found.trends
            for flag in (each.flag,)
        ),
    )
    for advice in found.trends[0].advice:
        out.print(f"{advice.action}: {advice.reason}", markup=False)
    print_table(
        "People a week up to then, oldest first",
        ("signal", "people"),
        [
            (signal, " ".join(map(str, weeks)))
            for signal, weeks in (
                (found.trends[0].flag.signal, found.trends[0].flag.weeks),
                *found.trends[0].flag.beside.items(),
            )
        ],
    )


@commands.command()
def outcomes(context: typer.Context, limit: Limit = 20, json: Json = False) -> None:
    """What became of earlier flags in the four weeks after them."""
    with open_shelf(context) as shelf:
        found, records = shelf.trends.outcomes(limit=limit), shelf.trends.records()
    if json:
        print_json({"records": records, "outcomes": found})
        return
    print_table(
        "What became of earlier flags",
        ("flagged", "signal", "level", "name", "beyond chance", "times then", "times after", "went on"),
        (
            (
                str(each.flag.day),
                each.flag.signal,
                each.flag.level,
                each.title,
                "yes" if each.flag.certain else "",
                each.flag.growth,
                each.outcome.growth,
                "yes" if each.outcome.went_on else "no",
            )
            for each in found.items
            if each.outcome is not None
        ),
    )
    for record in records:
        what = "beyond chance" if record.certain else "of the others"
        out.print(f"{record.went_on:,} of {record.measured:,} flags {what} went on.")


def _line(trend: Trend) -> tuple[object, ...]:
    flag = trend.flag
    return (
        "*" if flag.certain else "",
        flag.signal,
        flag.level,
        trend.title,
        flag.base_people,
        flag.recent_people,
        flag.growth,
        flag.chance,
        flag.cause,
        ", ".join(each.action.replace("_", " ") for each in trend.advice),
    )


def _print_night(night: TrendNight) -> None:
    out.print(
        f"{night.certain:,} of {night.series:,} series rise beyond chance (*), of which about {night.rate:.0%} may be chance."
    )
    told = night.false_alarms
    if told is not None:
        out.print(
            f"On weeks shuffled in blocks of {told.block} {told.rounds_with_any:.0%} of {told.rounds} rounds had any flag among {told.series:,} series."
        )
    for lead in night.leads:
        out.print(f"{_lead(lead)}{' (simulated)' if lead.simulated else ''}.")


def _lead(lead: LeadLag) -> str:
    found = f"(90%: {lead.low_days} to {lead.high_days} days; p {lead.p_value:.3f})"
    if not lead.tied:
        return f"{lead.first} and {lead.second} have no tie that is beyond chance {found}"
    if not lead.sure:
        return f"{lead.first} and {lead.second} are tied, but which is first is not sure {found}"
    when = "before" if lead.lag_days > 0 else "after"
    low, high = sorted((abs(lead.low_days), abs(lead.high_days)))
    return (
        f"{lead.first} move {abs(lead.lag_days)} days {when} {lead.second} "
        f"(90%: {low} to {high} days; p {lead.p_value:.3f})"
    )
