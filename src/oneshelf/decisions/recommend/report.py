"""The report of an evaluation as a file: JSON for programs, Markdown and HTML for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final, Literal

import msgspec

from oneshelf.decisions.recommend.evaluate import PLAIN, PLAIN_NEW, Compared, RecommendReport
from oneshelf.decisions.recommend.scores import ListScore
from oneshelf.errors import InvalidInput

Kind = Literal["json", "md", "html"]
KINDS: Final[tuple[Kind, ...]] = ("json", "md", "html")

_SCORES: Final = ("method", "truth", "first", "people", "recall", "± se", "NDCG", "NDCG cut", "hit rate")
_AGAINST: Final = ("method", "first", "z of recall", "z of NDCG")

#: a heading, the names of columns, and rows
_Table = tuple[str, Sequence[str], list[Sequence[str]]]


def kind_of(path: Path) -> Kind:
    """The kind of report that a file's name asks for. Raises InvalidInput for another."""
    for kind in KINDS:
        if path.suffix == f".{kind}":
            return kind
    raise InvalidInput.of(
        "report", path.name, "is no kind of report.", f"Expected a name with one of .{', .'.join(KINDS)}."
    )


def written(report: RecommendReport, kind: Kind) -> str:
    """The report as text."""
    if kind == "json":
        return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
    return _markdown(report) if kind == "md" else _html(report)


def _markdown(report: RecommendReport) -> str:
    lines = ["# Recommendation: " + _title(report), "", *_notes(report)]
    for heading, columns, rows in _tables(report):
        lines += ["", f"## {heading}", "", _row(columns), _row(["---"] * len(columns)), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _html(report: RecommendReport) -> str:
    parts = [
        f"<h1>Recommendation: {escape(_title(report))}</h1>",
        *(f"<p>{escape(n)}</p>" for n in _notes(report) if n),
    ]
    for heading, columns, rows in _tables(report):
        head = "".join(f"<th scope=col>{escape(name)}</th>" for name in columns)
        body = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in rows)
        parts.append(
            f"<h2>{escape(heading)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    style = "body{font:16px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}td,th{padding:.2rem .8rem;text-align:left}"
    title = "<title>Recommendation</title>"
    return f'<!doctype html><html lang="en"><meta charset="utf-8">{title}<style>{style}</style><body>{"".join(parts)}</body></html>\n'


def _title(report: RecommendReport) -> str:
    what = f"first basket in the 28 days from {report.cut}" if report.cut else "last basket"
    return f"{what} of {report.people:,} people"


def _notes(report: RecommendReport) -> list[str]:
    chosen = report.chosen
    return [
        f"{report.items:,} items; {report.bought_before:.1%} of a true basket had been bought before. Nothing is left out of the truth.",
        "",
        f"Chosen on {'earlier days' if report.cut else 'other people'}: `{chosen.next}` for the next basket, `{chosen.new}` for what is new; "
        f"frequency fades in {chosen.tau_days:g} days; {chosen.tifu_knn}; {chosen.up_cf}.",
        "",
        "NDCG measures against an ideal list of the whole true basket, `NDCG cut` against one as long as the list. z is the mean difference a person over its "
        "standard error: beyond 2 it is hardly chance.",
    ]


def _tables(report: RecommendReport) -> list[_Table]:
    return [
        ("The next basket", _SCORES, list(_scores(report.next))),
        (f"Against {PLAIN}", _AGAINST, list(_against(report.next_against_plain))),
        ("What is new, as a list of its own", _SCORES, list(_scores(report.new))),
        (f"What is new, against {PLAIN_NEW}", _AGAINST, list(_against(report.new_against_plain))),
    ]


def _scores(scores: Iterable[ListScore]) -> Iterable[Sequence[str]]:
    for s in scores:
        figures = (s.recall, s.recall_error, s.ndcg, s.ndcg_cut, s.hit_rate)
        yield (s.method, s.part, str(s.k), f"{s.people:,}", *(f"{figure:.4f}" for figure in figures))


def _against(found: Iterable[Compared]) -> Iterable[Sequence[str]]:
    for each in found:
        yield (each.method, str(each.k), f"{each.recall_z:+.1f}", f"{each.ndcg_z:+.1f}")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
