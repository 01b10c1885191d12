"""`oneshelf places`: where places are, their floors, and what each of them does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.money import major

places = typer.Typer(help="Places: where they are, their floors, their figures.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(places, name="places")


@places.command("list")
def list_places(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Over how many of the newest days.")] = 28,
    json: Json = False,
) -> None:
    """List places with their sales, orders and visits."""
    with open_shelf(context) as shelf:
        found = shelf.places.listing(days=days)
    if json:
        print_json(found)
        return
    print_table(
        f"{found.since} to {found.until}" if found.since else "",
        ("place", "name", "time zone", "net sales", "", "orders", "visits", "simulated", "latitude", "longitude", "floor"),
        (
            (
                one.place.id, one.place.name, one.place.time_zone,
                None if (sold := one.figures["net_sales_minor"]) is None or one.currency is None
                else float(major(round(sold), one.currency)),
                one.currency or "", one.figures["orders"], one.figures["visits"], ", ".join(one.simulated), one.place.latitude,
                one.place.longitude, one.has_floor,
            )
            for one in found.places
        ),
    )  # fmt: skip


@places.command("import")
def import_places(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a heading, or a JSON array: id, name, kind, time_zone, latitude, longitude."
        ),
    ],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take places from a file; what it leaves out stays as it is."""
    with open_shelf(context) as shelf:
        report = shelf.places.import_file(file, dry_run=dry_run)
    if json:
        print_json(report)
        return
    would = "Would take" if dry_run else "Took"
    out.print(
        f"{would} {report.new:,} new places, {report.changed:,} changed; {report.same:,} are as they were."
    )


@places.command("floor")
def floor(
    context: typer.Context,
    place: Annotated[str, typer.Argument(help="The place's id.")],
    file: Annotated[
        Path, typer.Argument(help="JSON: width_metres, depth_metres and zones with their categories.")
    ],
    dry_run: DryRun = False,
) -> None:
    """Give a store its floor plan."""
    with open_shelf(context) as shelf:
        plan = shelf.places.set_floor(place, file, dry_run=dry_run)
    done = "would have" if dry_run else "has"
    out.print(
        f"{place} {done} a floor of {plan.width_metres:g} x {plan.depth_metres:g} m with {len(plan.zones)} zones.",
        markup=False,
    )
