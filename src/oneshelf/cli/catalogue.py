"""`oneshelf catalogue`: products, from where they come and what is known of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from oneshelf.cli.output import DryRun, Json, out, print_json, print_table, progress
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.gtin import shown
from oneshelf.words.money import major

if TYPE_CHECKING:
    from oneshelf.app.goods.products import ProductDetails

catalogue = typer.Typer(help="The catalogue: products, imports, one product.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(catalogue, name="catalogue")


@catalogue.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of products, prices and terms.")],
    form: Annotated[
        str, typer.Option(help="How it is written: shopify, odoo, plain, or a TOML file of your own.")
    ] = "plain",
    source: Annotated[
        str | None,
        typer.Option(help="The system whose references the file holds. Default: the form's name."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The currency of amounts that name none. Default: the shop's.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Import products, prices and terms. All is judged before anything is taken; what a row leaves out stays as it is."""
    with open_shelf(context) as shelf, progress(f"Importing {file.name}", shown=not json) as advance:
        report = shelf.goods.imports.file(
            file, form=form, source=source, currency=currency, dry_run=dry_run, progress=advance
        )
    if json:
        print_json(report)
        return
    verb = "Would take" if dry_run else "Took"
    out.print(
        f"{verb} {report.rows - report.left_out:,} of {report.rows:,} rows, {report.suppliers:,} new suppliers."
    )
    print_table(
        "",
        ("", "new", "changed", "as they were"),
        (
            (what, tally.new, tally.changed, tally.same)
            for what, tally in (
                ("products", report.products),
                ("prices", report.prices),
                ("terms", report.terms),
            )
        ),
    )
    if report.costs_left_out:
        out.print(f"{report.costs_left_out:,} costs were left out: their products have no supplier.")


@catalogue.command("list")
def list_products(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Begins the id, is the GTIN, or stands in the name, type or brand.")
    ] = "",
    group: Annotated[str | None, typer.Option(help="A department, category or type.")] = None,
    supplier: Annotated[str | None, typer.Option(help="From whom it is ordered.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` of the page before.")] = None,
    json: Json = False,
) -> None:
    """List products in order of name."""
    with open_shelf(context) as shelf:
        page = shelf.goods.catalogue.listing(
            text, group=group, supplier_id=supplier, limit=limit, after=after
        )
    if json:
        print_json(page)
        return
    print_table(
        f"{len(page.items):,} of {page.total or 0:,}",
        ("product", "name", "GTIN", "category", "brand", "case", "shelf life (days)", "supplier"),
        (
            (
                one.id,
                one.name,
                shown(one.gtin) if one.gtin else "",
                one.path[-1] if one.path else "",
                one.brand or "",
                one.case_pack,
                one.shelf_life_days,
                one.supplier_id or "",
            )
            for one in page.items
        ),
    )
    if page.next:
        out.print(f"More: --after {page.next}")


@catalogue.command("show")
def show(
    context: typer.Context,
    product: Annotated[str, typer.Argument(help="The product's id.")],
    json: Json = False,
) -> None:
    """Show one product: what it is, its names elsewhere, from whom it comes and on what terms."""
    with open_shelf(context) as shelf:
        details = shelf.goods.catalogue.product(product)
    if json:
        print_json(details)
    else:
        _print_details(details)


def _print_details(details: ProductDetails) -> None:
    one = details.product
    told = (
        ("name", one.name),
        ("GTIN", shown(one.gtin) if one.gtin else None),
        ("path", " > ".join(one.path) or None),
        ("brand", one.brand),
        ("size", one.size),
        ("unit", one.unit),
        ("case", one.case_pack),
        ("shelf life (days)", one.shelf_life_days),
        ("temperature", one.temperature),
        ("supplier", details.supplier.name if details.supplier else one.supplier_id),
        ("sold", "yes" if one.active else "delisted"),
        *((f"in {named.source}", named.reference) for named in details.references),
    )
    print_table(one.id, ("", ""), ((name, value) for name, value in told if value is not None))
    if details.terms:
        print_table(
            "Terms",
            ("supplier", "place", "days to arrive", "case", "at least", "cost", "", "order by"),
            (
                (
                    term.supplier_id,
                    term.place_id or "every place",
                    term.lead_time_days,
                    term.case_pack,
                    term.minimum_order_pieces,
                    float(major(term.cost_minor, term.currency)),
                    term.currency,
                    term.order_by or "",
                )
                for term in details.terms
            ),
        )
