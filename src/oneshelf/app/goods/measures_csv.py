"""A table of a measure as CSV: one line a cell, the dimensions first."""

from __future__ import annotations

from oneshelf.app.goods.measures import MeasureTable
from oneshelf.app.spreadsheets import csv_text


def as_csv(table: MeasureTable) -> str:
    """The cells of a table under the names of its dimensions, currency, the measure, give_or_take and simulated."""
    return csv_text(
        (*table.by, "currency", table.measure.name, "give_or_take", "simulated"),
        ((*cell.keys, cell.currency, cell.value, cell.give_or_take, cell.simulated) for cell in table.cells),
    )
