"""`oneshelf backtest`: how wrong the models would have been on the shop's own past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.insight.goods.trends.signals import Level, Signal
from oneshelf.insight.people.value.backtest import HORIZON_DAYS
from oneshelf.words.money import Money

commands = typer.Typer(
    help="Backtests: calibrate before a date, score what came after it.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="backtest")


@commands.command()
def value(
    context: typer.Context,
    cut: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The last day that is known. Default: one horizon before the last order.",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, max=366, help="How many days to score.")] = HORIZON_DAYS,
    json: Json = False,
) -> None:
    """Score every method of expected spend and activity on the days after a date, and say which is shipped."""
    with open_shelf(context) as shelf:
        found = shelf.people.backtest_value(None if cut is None else cut.date(), horizon=horizon)
    if json:
        print_json(found)
        return
    currency = shelf.settings.currency
    print_table(
        f"{found.people:,} people known by {found.cut}, scored on the {found.horizon_days} days after it",
        (
            "method",
            "spend error",
            "rank",
            "top tenth",
            "expected / spent",
            "churn AUC",
            "lapse AUC",
            "shipped for",
        ),
        (
            (
                each.method,
                Money(round(each.spend_error_minor), currency),
                each.rank_correlation,
                each.top_tenth_share,
                each.spend_ratio,
                each.churn_auc,
                each.lapse_auc,
                ", ".join(
                    what
                    for what, method in (("spend", found.chosen.spend), ("activity", found.chosen.active))
                    if method == each.method
                ),
            )
            for each in found.scores
        ),
    )
    out.print("Shipped is what the rule chose on the days before the date.")


@commands.command()
def trends(
    context: typer.Context,
    level: Annotated[Level, typer.Option(help="The series of products, or of a group of them.")] = "product",
    signal: Annotated[Signal, typer.Option(help="The signal that is watched.")] = "purchases",
    json: Json = False,
) -> None:
    """Score every method of finding trends at every earlier week, and count false alarms on shuffled weeks."""
    with open_shelf(context) as shelf:
        found = shelf.trends.backtest(level, signal=signal)
    if json:
        print_json(found)
        return
    print_table(
        f"Growth that went on for four weeks, flagged from {found.first_origin} to {found.last_origin}",
        ("goods", "weeks", "method", "first 20", "first 50", "by chance", "lead, weeks", "promoted", "named"),
        (
            (
                each.kind,
                f"{each.span} ({each.origins})",
                each.method,
                each.precision_20,
                each.precision_50,
                each.by_chance,
                each.lead_weeks,
                each.promoted_20,
                each.named,
            )
            for each in found.scores
        ),
    )
    for told in found.false_alarms:
        out.print(
            f"On weeks shuffled in blocks of {told.block}: {told.rounds_with_any:.0%} of {told.rounds} rounds had any flag, "
            f"{told.flagged_share:.4%} of series a round; {told.rate:.0%} of rounds are promised."
        )
