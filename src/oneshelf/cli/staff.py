"""`oneshelf staff` and `oneshelf keys`: who may sign in, and the keys of trackers and programs."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.trust.access import Role

staff = typer.Typer(help="Staff: who may sign in to the console.", no_args_is_help=True)
keys = typer.Typer(help="Keys: write keys of trackers, tokens of programs.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(staff, name="staff")
    app.add_typer(keys, name="keys")


@staff.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")],
    place: Annotated[
        list[str] | None, typer.Option(help="Limit to this place; may be given more than once.")
    ] = None,
    password: Annotated[
        str | None, typer.Option(envvar="ONESHELF_STAFF_PASSWORD", help="Asked for when not given.")
    ] = None,
) -> None:
    """Add somebody. The password is asked for, so that it stands in no shell history."""
    secret = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_shelf(context) as shelf:
        shelf.staff.create(name, secret, role, places=tuple(place or ()))
    out.print(f"{name} may sign in as {role}.", markup=False)


@staff.command("list")
def list_staff(context: typer.Context, json: Json = False) -> None:
    """List who may sign in."""
    with open_shelf(context) as shelf:
        found = shelf.staff.list()
    if json:
        print_json(found)
        return
    print_table(
        "Staff", ("name", "role", "places"), ((s.name, s.role, ", ".join(s.places) or "all") for s in found)
    )


@staff.command("password")
def new_password(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose password.")],
    password: Annotated[
        str | None, typer.Option(envvar="ONESHELF_STAFF_PASSWORD", help="Asked for when not given.")
    ] = None,
) -> None:
    """Give somebody a new password; their sessions end."""
    secret = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with open_shelf(context) as shelf:
        shelf.staff.set_password(name, secret)
    out.print(f"{name} has a new password.", markup=False)


@staff.command("disable")
def disable(context: typer.Context, name: Annotated[str, typer.Argument(help="Who leaves.")]) -> None:
    """Shut somebody out: no sign-in, no session, no token of theirs works from now on."""
    with open_shelf(context) as shelf:
        shelf.staff.disable(name)
    out.print(f"{name} can no longer sign in.", markup=False)


@keys.command("revoke")
def revoke(context: typer.Context) -> None:
    """Refuse a write key or token from now on. It is asked for, so that it stands in no shell history."""
    secret = typer.prompt("Key or token", hide_input=True)
    with open_shelf(context) as shelf:
        shelf.staff.revoke(secret)
    out.print("It is refused from now on.")


@keys.command("write-key")
def write_key(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="The source id that its events will carry.")],
) -> None:
    """Make a write key for a tracker or till. It is shown once."""
    with open_shelf(context) as shelf:
        typer.echo(shelf.staff.write_key(source))


@keys.command("token")
def token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The member of staff whose role and places the program gets.")],
    label: Annotated[str, typer.Option(help="What the program is.")] = "program",
) -> None:
    """Make a bearer token for a program. It is shown once."""
    with open_shelf(context) as shelf:
        typer.echo(shelf.staff.api_token(name, label))
