"""`oneshelf load` and `oneshelf simulate`: get data in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from oneshelf.app.arriving.loading import LoadReport, Policy
from oneshelf.cli.output import PROBLEMS_SHOWN, DryRun, Json, out, print_json, print_table, progress
from oneshelf.cli.shelf import open_shelf


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.command()(load)
    app.command()(simulate)


def load(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="An installed source, such as completejourney, or a CSV, Parquet or JSON lines file."
        ),
    ],
    mapping: Annotated[
        Path | None, typer.Option("--map", help="For a file: the mapping that says what its columns mean.")
    ] = None,
    policy: Annotated[
        Policy, typer.Option(help="Bad rows: refuse_all, refuse_bad (kept aside) or accept (what can be).")
    ] = "refuse_all",
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Stop after this business day.")
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Load a source. Running it again goes on where it stopped and doubles nothing."""
    with open_shelf(context) as shelf, progress(f"Loading {Path(source).name}", shown=not json) as advance:
        report = shelf.load(
            source,
            mapping=mapping,
            policy=policy,
            until=until.date() if until else None,
            dry_run=dry_run,
            progress=advance,
        )
        if not dry_run:
            shelf.catch_up()
    _print_report(report, json=json)


def simulate(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 1,
    scale: Annotated[
        float, typer.Option(min=0.01, max=5.0, help="How much happens: 1 is usual, 0.1 a tenth.")
    ] = 1.0,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Simulate what the receipts lack (web sessions, searches, visits, stock, reviews); each event is marked as simulated."""
    with open_shelf(context) as shelf, progress("Simulating", shown=not json) as advance:
        report = shelf.simulate(seed=seed, scale=scale, dry_run=dry_run, progress=advance)
        if not dry_run:
            shelf.catch_up()
    _print_report(report, json=json)


def _print_report(report: LoadReport, *, json: bool) -> None:
    if json:
        print_json(report)
        return
    verb = "Would load" if report.dry_run else "Loaded"
    out.print(
        f"{verb} {report.events:,} events of {report.source}, {report.problems_total:,} lines with a problem."
    )
    if report.kinds:
        print_table("", ("kind", "events"), sorted(report.kinds.items()))
    if report.references:
        print_table(
            "", ("table", "rows", "version"), ((r.table, r.rows, r.version) for r in report.references)
        )
    for problem in report.problems[:PROBLEMS_SHOWN]:
        out.print(f"  line {problem}", markup=False)
    if report.problems_total > PROBLEMS_SHOWN:
        out.print(f"  and {report.problems_total - PROBLEMS_SHOWN:,} more; --json prints all that are kept")
    if report.reject_file:
        out.print(f"Refused rows are in {report.reject_file}.", markup=False)
