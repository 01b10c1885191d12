"""`oneshelf suppliers`: who sends the goods."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.supply import Supplier

suppliers = typer.Typer(help="Suppliers: who sends the goods.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(suppliers, name="suppliers")


@suppliers.command("list")
def list_suppliers(context: typer.Context, json: Json = False) -> None:
    """List suppliers and what they can send a day."""
    with open_shelf(context) as shelf:
        found = shelf.goods.supply.suppliers()
    if json:
        print_json(found)
        return
    print_table(
        "",
        ("supplier", "name", "GLN", "pieces a day"),
        ((one.id, one.name, one.gln or "", one.capacity_pieces) for one in found),
    )


@suppliers.command("set")
def set_supplier(
    context: typer.Context,
    supplier: Annotated[str, typer.Argument(help="The supplier's id.")],
    name: Annotated[str, typer.Argument(help="What it is called.")],
    gln: Annotated[str | None, typer.Option(help="GS1's number of the party, 13 digits.")] = None,
    capacity: Annotated[
        int | None, typer.Option(min=0, help="Pieces of all its goods that it can send a day.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Name a supplier, or rename one. Terms come with the catalogue: columns supplier, cost, lead_time_days and so on."""
    given = Supplier(id=supplier, name=name, gln=gln, capacity_pieces=capacity)
    with open_shelf(context) as shelf:
        report = shelf.goods.supply.set_suppliers([given], dry_run=dry_run)
    if json:
        print_json(report)
        return
    done = "would be" if dry_run else "is"
    state = "new" if report.new else "changed" if report.changed else "as it was"
    out.print(f"{supplier} {done} {state}.", markup=False)
