"""`oneshelf plan`: tomorrow's quantities, made, looked over, edited, tried otherwise, approved and scored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

import typer

from oneshelf.app.goods.plans.as_csv import orders_csv
from oneshelf.app.goods.plans.kept import PlanHead
from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.decisions.plan.changing import Circumstances, Edit
from oneshelf.decisions.plan.making import DEFAULT_POLICY
from oneshelf.decisions.plan.result import PlanLine, PlanPolicy, PlanSummary
from oneshelf.errors import NotFound

commands = typer.Typer(help="Tomorrow's plan: what to order, make or move.", invoke_without_command=True)

_DAY = ["%Y-%m-%d"]

AsOf = Annotated[
    datetime | None,
    typer.Option(formats=_DAY, help="The last day that is known. Default: the last with sales."),
]
PlanId = Annotated[
    str | None, typer.Argument(help="The plan's id, such as 2017-12-01.1. Default: the newest.")
]
Lines = Annotated[int, typer.Option("--limit", min=1, help="How many lines to print, exceptions first.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="plan")


@commands.callback()
def plan(context: typer.Context, as_of: AsOf = None, limit: Lines = 20, json: Json = False) -> None:
    """Show what the plan for the next day would be, with its reasons, without keeping it."""
    if context.invoked_subcommand is not None:
        return
    day = _day(as_of)
    with open_shelf(context) as shelf:
        made = shelf.goods.plan_next_day(day)
    if json:
        print_json(made)
        return
    _print_lines(made, made.lines, limit)
    _print_notes(made)


@commands.command()
def make(
    context: typer.Context,
    as_of: AsOf = None,
    *,
    margin: Annotated[
        float, typer.Option(help="Margin over price, where prices or costs are not known.")
    ] = 0.5,
    fairness: Annotated[
        float,
        typer.Option(
            help="How much of its proportional share of scarce goods each place is assured, 0 to 1."
        ),
    ] = 0.5,
    budget: Annotated[int | None, typer.Option(help="What all orders may cost, in minor units.")] = None,
    move: Annotated[
        int | None,
        typer.Option(
            help="What moving one piece between places costs, in minor units. Default: by the settings."
        ),
    ] = None,
    trip: Annotated[int, typer.Option(help="What a trip between two places costs besides.")] = 0,
    json: Json = False,
) -> None:
    """Make the plan and keep it, to be edited and approved."""
    policy = PlanPolicy(margin_share=margin, fairness=fairness, move_minor=move, trip_minor=trip)
    with open_shelf(context) as shelf:
        head = shelf.goods.plans.make(_day(as_of), policy=policy, budget_minor=budget)
    _print_head(head, json=json)


@commands.command(name="try")
def try_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the scenario is called.")],
    as_of: AsOf = None,
    *,
    demand: Annotated[float, typer.Option(help="Demand as a multiple of the forecast.")] = 1.0,
    product: Annotated[list[str] | None, typer.Option(help="Only of this product; again for each.")] = None,
    closed: Annotated[list[str] | None, typer.Option(help="A place that is closed; again for each.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A supplier that sends nothing; again for each.")
    ] = None,
    limits: Annotated[float, typer.Option(help="Every shared limit as a multiple of itself.")] = 1.0,
    json: Json = False,
) -> None:
    """Try other circumstances on a copy of the plan; the plan itself stays as it is."""
    circumstances = Circumstances(
        demand=demand, products=tuple(product or ()), closed=tuple(closed or ()), without_suppliers=tuple(without or ()), limits=limits,
    )  # fmt: skip
    with open_shelf(context) as shelf:
        head = shelf.goods.plans.make(
            _day(as_of), policy=DEFAULT_POLICY, scenario=name, circumstances=circumstances
        )
    _print_head(head, json=json)


@commands.command(name="list")
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    json: Json = False,
) -> None:
    """List plans and scenarios, the newest day first."""
    with open_shelf(context) as shelf:
        found = shelf.goods.plans.listing(limit=limit).items
    if json:
        print_json(found)
        return
    print_table(
        "Plans",
        ("id", "scenario", "lines", "to order", "need a look", "pieces", "made", "approved by"),
        (
            (p.id, p.scenario, p.lines, p.ordered, p.exceptions, p.pieces, p.made_at, p.approved_by)
            for p in found
        ),
    )


@commands.command()
def show(context: typer.Context, plan_id: PlanId = None, limit: Lines = 20, json: Json = False) -> None:
    """Show a kept plan with its edits, the exceptions first."""
    with open_shelf(context) as shelf:
        head = shelf.goods.plans.get(_known(shelf.goods.plans.newest(), plan_id))
        lines = shelf.goods.plans.all_lines(head.id)
    if json:
        print_json({"plan": head, "lines": lines})
        return
    _print_lines(head.summary, lines, limit)
    _print_notes(head.summary)


@commands.command()
def edit(
    context: typer.Context,
    product: Annotated[str, typer.Argument(help="The line's product, or product type.")],
    quantity: Annotated[int, typer.Argument(help="Pieces to order; a whole number of packs.")],
    reason: Annotated[str, typer.Option(help="Why, so that the next planner knows.")],
    *,
    place: Annotated[str | None, typer.Option(help="The line's place, where it has one.")] = None,
    plan_id: Annotated[str | None, typer.Option("--plan", help="The plan's id. Default: the newest.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Change one quantity of a kept plan, with a reason, and tell what that changes."""
    wanted = Edit(place_id=place, product_id=product, quantity=quantity, reason=reason)
    with open_shelf(context) as shelf:
        known = _known(shelf.goods.plans.newest(), plan_id)
        done = shelf.goods.plans.edit(known, [wanted], dry_run=dry_run)
    if json:
        print_json(done)
        return
    (line,) = done.lines
    profit = "unknown" if done.profit_minor is None else f"{done.profit_minor:+,}"
    verb = "Would order" if dry_run else "Orders"
    out.print(
        f"{verb} {line.quantity:,} of {line.series} instead of {line.planned:,}: expected profit {profit} (minor units), "
        f"lost sales {done.lost:+,.1f}, waste {done.waste:+,.1f} pieces.",
        markup=False,
    )


@commands.command()
def approve(
    context: typer.Context,
    plan_id: PlanId = None,
    channel: Annotated[
        str | None,
        typer.Option(help="How the orders leave. Default: the webhook where one is set, else a file."),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Approve a plan: its purchase orders, production and transfer requests and outlooks leave."""
    with open_shelf(context) as shelf:
        known = _known(shelf.goods.plans.newest(), plan_id)
        done = shelf.goods.plans.approve(known, channel=channel, dry_run=dry_run)
    if json:
        print_json(done)
        return
    print_table(
        f"{'Would leave' if dry_run else 'Left for delivery'} through {done.channel}, by approval of plan {done.plan_id}",
        ("document", "kind", "supplier", "lines", "pieces", "cost (minor units)"),
        (
            (one.id, one.kind, one.supplier_name or one.supplier_id, len(one.lines or one.outlook), one.pieces, one.cost_minor)
            for one in done.documents
        ),
    )  # fmt: skip


@commands.command()
def orders(
    context: typer.Context,
    plan_id: PlanId = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one place and product a line.")] = False,
    json: Json = False,
) -> None:
    """Print what an approved plan asked others for."""
    with open_shelf(context) as shelf:
        found = shelf.goods.plans.orders(_known(shelf.goods.plans.newest(), plan_id))
    if csv:
        typer.echo(orders_csv(found), nl=False)
        return
    if json:
        print_json(found)
        return
    print_table(
        "Orders",
        ("kind", "supplier", "place", "product", "pieces", "on sale from"),
        (
            (one.kind, one.supplier_name or one.supplier_id, line.place_id, line.name, line.pieces, str(line.arrives_on))
            for one in found
            for line in one.lines
        ),
    )  # fmt: skip


@commands.command()
def calendar(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days ahead.")] = 60,
    json: Json = False,
) -> None:
    """Print the coming days of the shop's own calendar, as forecasts and plans know them."""
    with open_shelf(context) as shelf:
        found = shelf.goods.plans.calendar(days)
    if json:
        print_json(found)
        return
    print_table(
        "Holidays, events and closed days",
        ("day", "name", "kind", "place", "closed"),
        ((str(one.day), one.name, one.kind, one.place_id, "closed" if one.closed else "") for one in found),
    )


@commands.command()
def outlook(context: typer.Context, plan_id: PlanId = None, limit: Lines = 20, json: Json = False) -> None:
    """Print what suppliers will be asked for in the week ahead, with its uncertainty."""
    with open_shelf(context) as shelf:
        found = shelf.goods.plans.outlook(_known(shelf.goods.plans.newest(), plan_id))
    if json:
        print_json(found)
        return
    print_table(
        "The week ahead, in pieces",
        ("supplier", "product", "expected", "low", "high"),
        ((one.supplier_id, one.product_id, one.mean, one.low, one.high) for one in found[:limit]),
    )


@commands.command()
def score(
    context: typer.Context,
    day: Annotated[
        datetime | None,
        typer.Option(formats=_DAY, help="The day whose plan is scored. Default: the last with sales."),
    ] = None,
    json: Json = False,
) -> None:
    """Score the plan of a day against what was sold, perfect foresight and plainer ways of ordering."""
    with open_shelf(context) as shelf:
        found = shelf.goods.plans.score(_day(day))
    if found is None:
        raise NotFound(
            "No plan was kept for that day.", "Make plans with `oneshelf plan make`, before the day."
        )
    if json:
        print_json(found)
        return
    print_table(
        f"{found.for_day}, {found.lines:,} lines",
        ("method", "ordered", "sold", "lost", "wasted", "profit (minor units)", "share of foresight"),
        ((o.method, o.ordered, o.sold, o.lost, o.wasted, o.profit_minor, o.share) for o in found.outcomes),
    )
    for note in found.notes:
        out.print(note, markup=False)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _known(newest: PlanHead | None, plan_id: str | None) -> str:
    if plan_id is not None:
        return plan_id
    if newest is None:
        raise NotFound("No plan was kept yet.", "Make one with `oneshelf plan make`.")
    return newest.id


def _print_head(head: PlanHead, *, json: bool) -> None:
    if json:
        print_json(head)
        return
    called = f"Scenario {head.scenario!r}" if head.scenario else "Plan"
    profit = (
        ""
        if head.summary.profit_minor is None
        else f", expected profit {head.summary.profit_minor:,} minor units"
    )
    out.print(
        f"{called} {head.id} for {head.for_day}: {head.pieces:,} pieces on {head.ordered:,} of {head.lines:,} lines, "
        f"{head.exceptions:,} need a look; {head.summary.lost:,.0f} pieces will probably be missed, "
        f"{head.summary.waste:,.0f} thrown away{profit}.",
        markup=False,
    )
    _print_notes(head.summary)


def _print_lines(made: PlanSummary, lines: Iterable[PlanLine], limit: int) -> None:
    shown = list(lines)
    print_table(
        f"Plan for {made.for_day}, known to {made.as_of}{' (simulated events entered)' if made.simulated else ''}",
        ("line", "order", "before", "expect", "low", "high", "look", "why"),
        (
            (
                line.series,
                line.quantity,
                line.before,
                line.mean,
                line.low,
                line.high,
                line.attention or "",
                line.reason,
            )
            for line in shown[:limit]
        ),
    )
    out.print(f"{len(shown):,} lines.", markup=False)


def _print_notes(made: PlanSummary) -> None:
    if made.moves:
        print_table(
            "Goods that should change places tonight",
            ("product", "from", "to", "pieces", "to be sold until", "earns (minor units)"),
            (
                (m.product_id, m.from_place, m.to_place, m.pieces, str(m.last_day), m.earns_minor)
                for m in made.moves
            ),
        )
    for note in made.notes:
        out.print(note, markup=False)
