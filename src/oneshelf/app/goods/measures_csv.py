"""A table of a measure as CSV: one line a cell, the dimensions first."""

from __future__ import annotations

import csv
import io

from oneshelf.app.goods.measures import MeasureTable
from oneshelf.insight.cells import Key


def as_csv(table: MeasureTable) -> str:
    """The cells of a table under the names of its dimensions, currency, the measure, give_or_take and simulated.

    Lines end in CR LF (RFC 4180). What is not known is empty; text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow((*table.by, "currency", table.measure.name, "give_or_take", "simulated"))
    for cell in table.cells:
        rows.writerow(
            (
                *map(harmless, cell.keys),
                cell.currency,
                cell.value,
                cell.give_or_take,
                str(cell.simulated).lower(),
            )
        )
    return out.getvalue()


def harmless(key: Key) -> Key:
    """A key, or text, that no spreadsheet takes for a formula."""
    return f"'{key}" if isinstance(key, str) and key[:1] in "=+-@\t\r" else key
