"""Plans and orders as CSV, for whoever orders elsewhere. Lines end in CR LF (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from oneshelf.app.goods.measures_csv import harmless
from oneshelf.app.goods.plans.raising import Document
from oneshelf.decisions.plan.result import PlanLine


def plan_csv(for_day: date, lines: Iterable[PlanLine]) -> str:
    """The lines of a plan, one a row."""
    names = (
        "for_day", "place", "product", "action", "supplier", "quantity", "arrives_on", "mean", "low", "high", "at_hand",
        "last_week", "before", "profit_minor", "lost", "waste", "attention", "edit_reason", "simulated",
    )  # fmt: skip
    return _written(
        names,
        (
            (
                for_day, line.place_id, line.product_id, line.action, line.supplier_id, line.quantity, line.arrives_on,
                round(line.mean, 2), line.low, line.high, line.at_hand, line.last_week, line.before, line.profit_minor, line.lost,
                line.waste, line.attention, line.edit_reason, str(line.simulated).lower(),
            )
            for line in lines
        ),
    )  # fmt: skip


def orders_csv(found: Iterable[Document]) -> str:
    """What a plan ordered, one place and product a row; outlooks are left out."""
    names = (
        "document",
        "kind",
        "supplier",
        "place",
        "product",
        "name",
        "pieces",
        "packs",
        "arrives_on",
        "cost_minor",
        "currency",
    )
    return _written(
        names,
        (
            (
                document.id, document.kind, document.supplier_id, line.place_id, line.product_id, line.name, line.pieces,
                line.packs, line.arrives_on, line.cost_minor, document.currency,
            )
            for document in found
            for line in document.lines
        ),
    )  # fmt: skip


def _written(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue()
