"""`oneshelf people`: find people, look at a portrait."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.insight.people.portrait import Portrait
from oneshelf.words.money import Money

#: How many favourite categories fit a terminal's line.
CATEGORIES_SHOWN = 6

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
        (
            (p.person_id, p.orders, Money(p.monetary_minor, p.currency), p.last_seen_at, p.simulated)
            for p in page.items
        ),
    )


@commands.command()
def portrait(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="The person's id, such as household-1.")],
    purpose: Annotated[
        str, typer.Option(help="What the look is for; it stands in the access log.")
    ] = "service",
    json: Json = False,
) -> None:
    """Show one person's live portrait."""
    with open_shelf(context) as shelf:
        found = shelf.people.portrait(person_id, purpose=purpose)
    if json:
        print_json(found)
        return
    print_table(
        f"{found.person_id}, as of {found.as_of:%Y-%m-%d %H:%M}",
        ("trait", "value", ""),
        [
            (label, value, "simulated" if field in found.simulated else "")
            for label, field, value in _rows(found)
        ],
    )


@commands.command()
def portraits(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option(help="The file to write: .csv or .parquet; it must be new.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many people to print.")] = 20,
    json: Json = False,
) -> None:
    """Everybody's portrait as of the newest night; `oneshelf run portraits` makes it."""
    with open_shelf(context) as shelf:
        found = shelf.people.portraits(target=output)
    if json:
        print_json(found.to_pylist() if output is None else {"people": found.num_rows, "file": str(output)})
        return
    shown = found.slice(0, limit).to_pylist()
    print_table(
        f"{found.num_rows:,} people" + ("" if output is None else f", written to {output}"),
        ("person", "orders", "days since", "spend", "favourite", "tier", "expected orders", "simulated"),
        (
            (
                row["person_id"],
                row["frequency"],
                row["recency_days"],
                None if row["currency"] is None else Money(row["monetary_minor"], row["currency"]),
                row["favourite_category"],
                row["tier"],
                None if row["expected_orders_90_days"] is None else f"{row['expected_orders_90_days']:.1f}",
                row["simulated"],
            )
            for row in shown
        ),
    )


def _rows(portrait: Portrait) -> list[tuple[str, str, object]]:
    """Label, field of the portrait, and what a person reads."""

    def amount(minor: int | None) -> str | None:
        return None if minor is None or portrait.currency is None else str(Money(minor, portrait.currency))

    return [
        ("last seen", "last_seen_at", portrait.last_seen_at),
        ("days since last order", "recency_days", portrait.recency_days),
        ("orders", "frequency", portrait.frequency),
        ("spend", "monetary_minor", amount(portrait.monetary_minor)),
        ("average order", "average_order_minor", amount(portrait.average_order_minor)),
        ("refunds", "refunds", portrait.refunds),
        ("channels", "channel_mix", ", ".join(f"{c.channel} {c.share:.0%}" for c in portrait.channel_mix)),
        (
            "favourites",
            "favourite_categories",
            ", ".join(f"{c.name} {c.share:.0%}" for c in portrait.favourite_categories[:CATEGORIES_SHOWN]),
        ),
        (
            "searched, not bought",
            "searched_not_bought",
            ", ".join(wanted.what for wanted in portrait.searched_not_bought),
        ),
    ]


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


@commands.command()
def why(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="The person's id.")],
    field: Annotated[str, typer.Argument(help="A field of the portrait, such as recency_days.")],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json: Json = False,
) -> None:
    """Explain one field of a portrait: its formula, and the events that entered it."""
    with open_shelf(context) as shelf:
        found = shelf.people.why(person_id, field, limit=limit)
    if json:
        print_json(found)
        return
    shown = (
        str(Money(int(found.value), found.currency))
        if found.currency is not None and isinstance(found.value, int | float)
        else found.value
    )
    print_table(
        f"{found.field.title}: {shown}",
        ("when", "kind", "what", "where", "channel", "simulated"),
        ((e.at, e.kind, e.what, e.place_id, e.channel, e.simulated) for e in found.events),
    )
    out.print(found.field.formula, markup=False)
