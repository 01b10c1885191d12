"""`oneshelf forecast`: what the newest night expects; `oneshelf backtest forecast`: how wrong that would have been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import typer

from oneshelf.app.goods.forecasting.answers import AnyLevel
from oneshelf.cli.backtest import commands
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.insight.goods.demand import Level
from oneshelf.insight.goods.forecast.report import CHOSEN, ForecastScore

#: The days of the sum beside the first.
_DAYS = 7


def add_to(app: typer.Typer) -> None:
    """Hang the command under the root."""
    app.command()(forecast)


def forecast(
    context: typer.Context,
    series: Annotated[
        str | None, typer.Argument(help="One series: a product's id or a group's name. Default: a list.")
    ] = None,
    level: Annotated[
        AnyLevel, typer.Option(help="The whole, groups of products, or products (id).")
    ] = "type",
    place: Annotated[str | None, typer.Option(help="A place's id. Default: the whole chain.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many series to print, the largest first.")] = 20,
    json: Json = False,
) -> None:
    """Show the newest night's forecasts (`oneshelf run forecast` makes them): what sells most, or one series day by day."""
    with open_shelf(context) as shelf:
        if series is not None:
            one = shelf.goods.forecasts.series(series, level=level, place_id=place)
        else:
            found = shelf.goods.forecasts.listing(level=level, place_id=place, limit=limit)
    if series is None:
        if json:
            print_json(found)
            return
        print_table(
            f"{found.total:,} series, forecast from the sales up to {found.as_of}",
            ("series", "day 1", "10%", "90%", "7 days", "28 days", "method"),
            (
                (
                    item.name,
                    round(item.means[0], 1),
                    round(item.low),
                    round(item.high),
                    round(sum(item.means[:_DAYS])),
                    round(sum(item.means)),
                    item.method,
                )
                for item in found.items
            ),
        )
        return
    if json:
        print_json(one)
        return
    print_table(
        f"{one.name}, forecast from the sales up to {one.as_of} by {one.method}",
        ("day", "expected", "10%", "50%", "90%"),
        (
            (
                f"{day.day:%a} {day.day}",
                round(day.mean, 1),
                *(round(day.quantiles[level], 1) for level in ("0.1", "0.5", "0.9")),
            )
            for day in one.days
        ),
    )
    for note in one.notes:
        out.print(note, markup=False)


@commands.command("forecast")
def backtest(
    context: typer.Context,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The last day that is known. Default: the newest with sales."
        ),
    ] = None,
    level: Annotated[Level, typer.Option(help="Groups of products, or products (id).")] = "type",
    places: Annotated[bool, typer.Option("--by-place", help="At each place, not over the chain.")] = False,
    horizon: Annotated[int, typer.Option(min=1, max=28, help="How many days ahead to score.")] = 7,
    origins: Annotated[
        int, typer.Option(min=1, max=52, help="From how many earlier days, a horizon apart.")
    ] = 4,
    groups: Annotated[int, typer.Option(min=0, help="How many groups to print, the largest first.")] = 10,
    json: Json = False,
) -> None:
    """Forecast the shop's past from earlier days, each time from the days before, and say how wrong that would have been."""
    with open_shelf(context) as shelf:
        found = shelf.goods.forecasts.backtest(
            None if until is None else until.date(),
            level=level,
            by_place=places,
            horizon=horizon,
            origins=origins,
        )
    if json:
        print_json(found)
        return
    of = "" if found.series == found.of_series else f" (drawn from {found.of_series:,})"
    print_table(
        f"{found.series:,} series{of}, {found.horizon} days from each of {len(found.origins)} days "
        f"from {found.origins[0]} to {found.origins[-1]}",
        ("method", "WAPE", "RMSSE", "WRMSSE", "bias"),
        (
            (score.method, score.wape, score.rmsse, found.wrmsse.get(score.method), score.bias)
            for score in found.scores
            if score.part == "all"
        ),
    )
    print_table(
        "What was chosen, by part",
        ("part", "name", "WAPE", "RMSSE", "bias", "quantile loss", "90% covers"),
        (
            (s.part, s.name, s.wape, s.rmsse, s.bias, s.quantile_loss, s.coverage)
            for s in parts(found.scores, groups)
        ),
    )
    print_table(
        "The method of each kind of series, by the rule, at the last of these days",
        ("kind", "series", "method", "mean RMSSE before"),
        ((c.segment, c.series, c.method, c.error.get(c.method)) for c in found.choices),
    )


def parts(scores: Iterable[ForecastScore], groups: int) -> Iterator[ForecastScore]:
    """The scores of what was chosen: by volume, by days ahead, and of the first groups."""
    left = groups
    for score in scores:
        if score.method != CHOSEN or score.part == "all":
            continue
        fixed = score.part in ("volume", "horizon")
        left -= not fixed
        if fixed or left >= 0:
            yield score
