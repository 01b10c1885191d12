"""Tables as CSV that a spreadsheet may open: what people typed stays text there, and is never taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

#: A sign that begins a formula, also in its full-width form, where a cell may begin: at the start of the text, or after a semicolon,
#: which many countries' spreadsheets take for the end of a cell, or a tab or an end of line.
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(\s*)([=+\-@＝＋－＠])")  # the full-width signs are meant


def csv_text(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under their names. Lines end in CR LF (RFC 4180); what is not known is empty; moments are ISO 8601, flags true or false.

    In text an apostrophe stands before each sign that a spreadsheet would take for the start of a formula; numbers stay numbers.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(map(_cell, names))
    writer.writerows(map(_cell, row) for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    match value:
        case str():
            return _FORMULA.sub(r"\1\2'\3", value)
        case datetime():
            return value.isoformat()
        case bool():
            return str(value).lower()
        case _:
            return value
