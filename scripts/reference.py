"""Write the generated parts of docs/reference/ from the code. `--check` writes nothing and fails where a page is stale."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import typer
from pydantic_core import PydanticUndefined
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

import oneshelf
from oneshelf.api import create
from oneshelf.app.settings import Settings
from oneshelf.cli.root import app as command_line
from oneshelf.events.catalogue import KINDS, Line
from oneshelf.events.stock import CountedLine, StockLine
from oneshelf.insight.people.fields import FIELDS

PAGES = Path(__file__).parents[1] / "docs" / "reference"
MARKED = re.compile(r"(<!-- generated: begin -->\n).*?(<!-- generated: end -->)", re.DOTALL)


def settings() -> str:
    """Every setting with its variable, default and meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
        rows.append((f"`{name}`", f"`ONESHELF_{name.upper()}`", default, field.description or ""))
    return table(("in `oneshelf.toml`", "environment", "default", "meaning"), rows)


def portrait() -> str:
    """Every field of a portrait with its formula."""
    rows = [
        (
            f"`{f.name}`",
            f.title,
            f.formula,
            f.type,
            f.unit,
            f.when,
            ", ".join(f"`{kind}`" for kind in f.enters),
        )
        for f in FIELDS.values()
    ]
    return table(("field", "title", "formula", "type", "unit", "changes", "events that enter"), rows)


def events() -> str:
    """Every kind of event with its fields."""
    parts = []
    parts_of_bodies = {kind.__name__: kind for kind in (Line, CountedLine, StockLine)}
    for name, kind in (KINDS | parts_of_bodies).items():
        fields = [
            (f"`{f.encode_name}`", f"`{type_name(f.type)}`", "yes" if f.required else "")
            for f in msgspec.structs.fields(kind)
        ]
        parts += [f"### `{name}`", first_line(kind.__doc__), table(("field", "type", "required"), fields)]
    return "\n\n".join(parts)


def cli() -> str:
    """Every command with its arguments and options, as `--help` tells them."""
    return "\n\n".join(commands(typer.main.get_command(command_line), "oneshelf"))


def http() -> str:
    """Every operation of the HTTP API, from its own OpenAPI document."""
    with tempfile.TemporaryDirectory() as folder, oneshelf.open(folder) as shelf:
        document = create(shelf).openapi()
    rows = [
        (f"`{method.upper()}`", f"`{path}`", first_sentence(operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return table(("method", "path", "what it does"), rows)


def first_sentence(operation: dict[str, Any]) -> str:
    """What an operation does: its summary where that is a sentence, else the first sentence of its description."""
    summary: str = operation.get("summary", "")
    if summary.endswith("."):
        return summary
    return first_line(operation.get("description")).split(". ")[0].rstrip(".") + "."


def commands(command: TyperCommand | TyperGroup, path: str) -> Iterator[str]:
    """A section for the command, then for those under it."""
    context = typer.Context(command, info_name=path)
    yield f"### `{path}`"
    yield (command.help or "").strip()
    usage = command.get_usage(context).removeprefix("Usage: ").strip()
    usage = re.sub(r"{(\w+)}", lambda found: found[1].upper(), usage)
    yield f"```text\n{usage}\n```"
    rows = [parameter_row(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        yield table(("argument or option", "default", "meaning"), rows)
    if isinstance(command, TyperGroup):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from commands(child, f"{path} {name}")


def parameter_row(parameter: TyperArgument | TyperOption) -> tuple[str, str, str]:
    """One argument or option of a command."""
    option = isinstance(parameter, TyperOption)
    names = (*parameter.opts, *parameter.secondary_opts) if option else (str(parameter.name).upper(),)
    plain = parameter.default not in (None, False, ...) and not callable(parameter.default)
    return (
        ", ".join(f"`{name}`" for name in names),
        f"`{parameter.default}`" if plain else "",
        parameter.help or "",
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def type_name(kind: Any) -> str:
    """A type as its reader would write it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(each) for each in arguments if each is not type(None)) + (
            " or null" if type(None) in arguments else ""
        )
    if origin is Literal:
        return " or ".join(arguments)
    if origin is tuple:
        return f"array of {type_name(arguments[0])}"
    if origin is dict:
        return "object"
    if hasattr(kind, "__metadata__"):
        return "id"
    return {"str": "string", "int": "integer", "bool": "true or false"}.get(kind.__name__, kind.__name__)


def first_line(docstring: str | None) -> str:
    """A docstring as one paragraph."""
    return " ".join((docstring or "").split())


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for make in (settings, events, portrait, cli, http):
        page = PAGES / f"{make.__name__}.md"
        old = page.read_text()
        generated = make()
        new = MARKED.sub(lambda found, text=generated: f"{found[1]}\n{text}\n\n{found[2]}", old)
        if new != old:
            stale.append(page.name)
            if not check:
                page.write_text(new)
    if check and stale:
        sys.exit(f"Stale: {', '.join(stale)}. Run: .venv/bin/python scripts/reference.py")


if __name__ == "__main__":
    main()
