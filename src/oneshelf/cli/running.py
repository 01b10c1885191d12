"""`oneshelf serve`, `work`, `run`, `demo`: processes and jobs."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.app.running import demo as demonstration
from oneshelf.app.running.jobs import JOBS, run_job
from oneshelf.app.running.serve import serve as serve_faces
from oneshelf.app.running.worker import Part, work_until_stopped
from oneshelf.cli.output import Json, err, out, print_json
from oneshelf.cli.shelf import open_shelf, settings_of


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.command()(serve)
    app.command()(work)
    app.command()(run)
    app.command()(demo)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Default: the setting, 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: the setting, 8321.")] = None,
    worker: Annotated[bool, typer.Option(help="Also run the two parts of `oneshelf work` beside it.")] = True,
) -> None:
    """Serve the API and the console until interrupted."""
    settings = settings_of(context)
    with open_shelf(context) as shelf:
        bound, numbered = host or settings.host, settings.port if port is None else port
        err.print(f"OneShelf listens on http://{bound}:{numbered}", markup=False)
        serve_faces(shelf, host=bound, port=numbered, worker=worker)


def work(
    context: typer.Context,
    part: Annotated[
        Part,
        typer.Option(
            help="live folds events into the books; lake does all that takes longer; all does both."
        ),
    ] = "all",
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the standard input ends.")
    ] = False,
) -> None:
    """Keep the projections, the outbox and the scheduled jobs running until interrupted."""
    with open_shelf(context) as shelf:
        work_until_stopped(shelf, part, with_parent=with_parent)


def run(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(sorted(JOBS))}.")],
    json: Json = False,
) -> None:
    """Run one job now: for cron, Airflow or Kubernetes."""
    with open_shelf(context) as shelf:
        done = run_job(shelf, name)
    if json:
        print_json(done)
        return
    out.print(f"{name}: {done.detail}", markup=False)


def demo(
    context: typer.Context,
    headless: Annotated[bool, typer.Option(help="Check what the console shows, then end.")] = False,
) -> None:
    """Run the main job on the Complete Journey year and open the console on it."""
    given = context.obj or {}
    demonstration.run(given.get("data"), headless=headless, say=lambda text: err.print(text, markup=False))
