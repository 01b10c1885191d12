"""Plans and orders as CSV, for whoever orders elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from oneshelf.app.goods.plans.raising import Document
from oneshelf.app.spreadsheets import csv_text
from oneshelf.decisions.plan.result import PlanLine


def plan_csv(for_day: date, lines: Iterable[PlanLine]) -> str:
    """The lines of a plan, one a row."""
    names = (
        "for_day", "place", "product", "action", "supplier", "quantity", "arrives_on", "mean", "low", "high", "at_hand",
        "last_week", "before", "profit_minor", "lost", "waste", "attention", "edit_reason", "simulated",
    )  # fmt: skip
    return csv_text(
        names,
        (
            (
                for_day, line.place_id, line.product_id, line.action, line.supplier_id, line.quantity, line.arrives_on,
                round(line.mean, 2), line.low, line.high, line.at_hand, line.last_week, line.before, line.profit_minor, line.lost,
                line.waste, line.attention, line.edit_reason, line.simulated,
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
    return csv_text(
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
