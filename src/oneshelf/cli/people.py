"""`oneshelf people`: find people, look at a portrait."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.money import Money

commands = typer.Typer(help="People: search, portraits, what happened to them.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="people")


@commands.command()
def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="The beginning of a person's id; empty for everybody.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json: Json = False,
) -> None:
    """List people, those who spent most first."""
    with open_shelf(context) as shelf:
        page = shelf.people.search(text, limit=limit)
    if json:
        print_json(page)
        return
    print_table(
        f"{page.total:,} people" if page.total is not None else "People",
        ("person", "orders", "spend", "last seen", "simulated"),
        ((p.person_id, p.orders, Money(p.monetary_minor, p.currency), p.last_seen_at, p.simulated) for p in page.items),
    )


@commands.command()
def portrait(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="The person's id, such as household-1.")],
    purpose: Annotated[str, typer.Option(help="What the look is for; it stands in the access log.")] = "service",
    json: Json = False,
) -> None:
    """Show one person's live portrait."""
    with open_shelf(context) as shelf:
        found = shelf.people.portrait(person_id, purpose=purpose)
    if json:
        print_json(found)
        return
    out.print(f"[bold]{found.person_id}[/bold], as of {found.as_of:%Y-%m-%d %H:%M}")
    tag = {name: "simulated" for name in found.simulated}
    rows = [
        ("last seen", f"{found.last_seen_at:%Y-%m-%d %H:%M} {found.last_channel or ''}".strip(), tag.get("last_seen_at", "")),
        ("days since last order", found.recency_days, tag.get("recency_days", "")),
        ("orders", found.frequency, tag.get("frequency", "")),
        ("spend", Money(found.monetary_minor, found.currency), tag.get("monetary_minor", "")),
        ("average order", Money(found.average_order_minor, found.currency), tag.get("average_order_minor", "")),
        ("refunds", found.refunds, tag.get("refunds", "")),
        ("channels", ", ".join(f"{c.channel} {c.share:.0%}" for c in found.channel_mix), tag.get("channel_mix", "")),
        ("favourites", ", ".join(f"{c.category} {c.share:.0%}" for c in found.favourite_categories), tag.get("favourite_categories", "")),
        ("searched, not bought", ", ".join(w.query for w in found.searched_not_bought), tag.get("searched_not_bought", "")),
    ]
    print_table("", ("trait", "value", ""), rows)


@commands.command()
def timeline(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="The person's id.")],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json: Json = False,
) -> None:
    """List what happened with a person, newest first."""
    with open_shelf(context) as shelf:
        events = shelf.people.timeline(person_id, limit=limit)
    if json:
        print_json(events)
        return
    print_table(
        person_id,
        ("when", "kind", "what", "where", "channel", "simulated"),
        ((e.at, e.kind, e.what, e.place_id, e.channel, e.simulated) for e in events),
    )
