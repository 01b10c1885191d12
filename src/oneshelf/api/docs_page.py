"""The page under /docs: the OpenAPI document as plain HTML, without a script and without a CDN."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #d5dae1}code{font:14px ui-monospace,monospace}
details{border:1px solid #d5dae1;border-radius:6px;margin:.5rem 0;padding:.5rem .8rem}summary{cursor:pointer}
b{display:inline-block;min-width:3.5rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e4e8ee}a{color:#8ab4ff}}
"""


def page(document: Mapping[str, Any]) -> str:
    """Render the document: one section a tag, one fold an operation."""
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    info = document["info"]
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(folds)}" for tag, folds in sections.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f'<p>{escape(info["description"])} The whole document: <a href="/openapi.json">openapi.json</a>.</p>{body}</html>'
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    told = operation.get("description") or operation["summary"]
    rows = "".join(_parameter(one) for one in operation.get("parameters", ()))
    table = f"<table><tr><th>parameter<th>in<th>form<th>meaning{rows}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{status}<td>{escape(answer['description'])}"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<p>{escape(told)}</p>{table}{_body(operation)}<table><tr><th>answer<th>when{answers}</table></details>"
    )


def _parameter(one: Mapping[str, Any]) -> str:
    form = one["schema"]
    shown = form.get("type") or " or ".join(str(part.get("type")) for part in form.get("anyOf", ()))
    name = f"{one['name']} *" if one.get("required") else one["name"]
    return f"<tr><td><code>{escape(name)}</code><td>{one['in']}<td>{escape(str(shown))}<td>{escape(one.get('description', ''))}"


def _body(operation: Mapping[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    (content,) = operation["requestBody"]["content"].values()
    ref = content["schema"].get("$ref") or content["schema"]["allOf"][0]["$ref"]
    return f"<p>Body: <code>{escape(ref.rpartition('/')[2])}</code> as JSON.</p>"
