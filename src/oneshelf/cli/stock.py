"""`oneshelf stock`: what lies where, how old it is, what moved, and files of documents."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from oneshelf.app.goods.stock.files import Form
from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf

stock = typer.Typer(help="Stock: what lies where, how old it is, and what moved it.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(help="The place's id.")]
ProductArgument = Annotated[str, typer.Argument(help="The product's id.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(stock, name="stock")


@stock.command("list")
def list_stock(
    context: typer.Context,
    place: Annotated[str | None, typer.Option(help="Only at this place.")] = None,
    product: Annotated[str | None, typer.Option(help="Only this product.")] = None,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List what lies where of each product; without a place or a product, one line a place."""
    with open_shelf(context) as shelf:
        if place is None and product is None:
            kept = shelf.goods.stock.places()
            if json:
                print_json(kept)
                return
            print_table(
                "",
                ("place", "products", "pieces", "promised", "sold out"),
                ((one.place_id, one.products, one.pieces, one.reserved, one.sold_out) for one in kept),
            )
            return
        page = shelf.goods.stock.on_hand(
            None if place is None else [place], None if product is None else [product], limit=limit
        )
    if json:
        print_json(page)
        return
    print_table(
        "",
        ("place", "product", "on hand", "promised", "available", "simulated"),
        ((one.place_id, one.product_id, one.on_hand, one.reserved, one.available, one.simulated) for one in page.items),
    )  # fmt: skip


@stock.command("lots")
def list_lots(
    context: typer.Context,
    place: Place,
    product: Annotated[str | None, typer.Option(help="Only this product.")] = None,
    as_of: Day = None,
    json: Json = False,
) -> None:
    """List what is left of each lot at a place, what expires first in front; with a day, as it was at its end."""
    with open_shelf(context) as shelf:
        found = shelf.goods.stock.lots(
            [place], None if product is None else [product], as_of=None if as_of is None else as_of.date()
        )
    if json:
        print_json(found)
        return
    print_table(
        "",
        ("product", "lot", "last day of sale", "owner", "pieces"),
        ((lot.product_id, lot.lot_id, lot.expires_on, lot.owner_id, lot.pieces) for lot in found),
    )


@stock.command("moves")
def list_moves(
    context: typer.Context, place: Place, product: ProductArgument, limit: Limit = 50, json: Json = False
) -> None:
    """List the moves of a product at a place, the newest first."""
    with open_shelf(context) as shelf:
        page = shelf.goods.stock.moves(place, product, limit=limit)
    if json:
        print_json(page)
        return
    print_table(
        "",
        ("when", "what", "pieces", "on hand", "promised", "unexplained", "document", "reason"),
        ((m.at.astimezone(UTC), m.kind, m.pieces, m.effect, m.held, m.unexplained, m.document, m.reason) for m in page.items),
    )  # fmt: skip


@stock.command("available")
def available(
    context: typer.Context, product: ProductArgument, place: Place, on: Day = None, json: Json = False
) -> None:
    """Say what of a product can be promised at a place, today or on a later day."""
    with open_shelf(context) as shelf:
        found = shelf.goods.stock.available(product, place, None if on is None else on.date())
    if json:
        print_json(found)
        return
    out.print(
        f"{found.pieces:,} pieces on {found.on}: {found.on_hand:,} on hand, {found.expiring:,} of them expired by then, "
        f"{found.reserved:,} promised, {found.due:,} due."
    )


@stock.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="CSV with a heading: place_id, product_id, pieces, and more by form.")
    ],
    form: Annotated[Form, typer.Option("--as", help="What the rows say happened.")],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Record counts, receipts, waste, transfers or orders from a file; every problem is told at once."""
    with open_shelf(context) as shelf:
        report = shelf.goods.stock.record_file(file, form, dry_run=dry_run)
    if json:
        print_json(report)
        return
    would = "Would record" if dry_run else "Recorded"
    out.print(
        f"{would} {report.documents:,} documents with {report.rows:,} rows and {report.pieces:,} pieces, {form}, "
        f"at {report.places:,} places."
    )


@stock.command("consigned")
def consigned(
    context: typer.Context,
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first business day.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last business day.")],
    json: Json = False,
) -> None:
    """List what was sold and wasted of other owners' goods."""
    with open_shelf(context) as shelf:
        found = shelf.goods.stock.consigned(since.date(), until.date())
    if json:
        print_json(found)
        return
    print_table(
        "",
        ("owner", "place", "product", "sold", "wasted"),
        ((one.owner_id, one.place_id, one.product_id, one.sold, one.wasted) for one in found),
    )


@stock.command("check")
def check(context: typer.Context, json: Json = False) -> None:
    """Prove that the moves add up to the stock, the lots and the promises; ends with 1 where they do not."""
    with open_shelf(context) as shelf:
        found = shelf.goods.stock.differences()
    if json:
        print_json(found)
    elif found:
        print_table(
            "The ledger does not add up.",
            ("place", "product", "on hand", "by moves", "by lots", "promised", "by moves", "by orders"),
            ((d.place_id, d.product_id, d.on_hand, d.by_moves, d.by_lots, d.reserved, d.reserved_by_moves, d.reserved_by_orders) for d in found),
        )  # fmt: skip
    else:
        out.print("The moves add up to the stock, the lots and the promises.")
    if found:
        raise typer.Exit(1)
