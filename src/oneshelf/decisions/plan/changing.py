"""Changing a plan: a planner's edits with their reasons, what would happen under other circumstances, and what is new since yesterday."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
import numpy as np

from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.result import Plan, PlanLine
from oneshelf.errors import InvalidInput, Problem
from oneshelf.words.quantity import QUANTITY_MAX


class Edit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another quantity for one line, and why."""

    place_id: str | None = None
    product_id: str
    quantity: int
    reason: str

    @property
    def line(self) -> tuple[str | None, str]:
        """The line that it changes."""
        return self.place_id, self.product_id


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is supposed to be otherwise when a plan is tried on a copy."""

    #: demand as a multiple of the forecast
    demand: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    #: of these products only; none named: of all
    products: tuple[str, ...] = ()
    #: places that will be closed tomorrow
    closed: tuple[str, ...] = ()
    #: suppliers that send nothing
    without_suppliers: tuple[str, ...] = ()
    #: every shared limit as a multiple of itself
    limits: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0

    def __post_init__(self) -> None:
        for name, value in (("demand", self.demand), ("limits", self.limits)):
            if not 0 <= value <= 100:
                raise InvalidInput.of(
                    name, value, "is out of range.", "Expected 0 to 100, where 1 is as it is."
                )


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise in one plan than in another, line by line."""

    place_id: str | None
    product_id: str
    #: None: the plan has no such line
    before: int | None
    now: int | None


def supposed(inputs: Inputs, circumstances: Circumstances) -> Inputs:
    """The inputs under other circumstances. Raises InvalidInput for places, products and suppliers that no line has."""
    _known(inputs, circumstances)
    about = np.array(
        [not circumstances.products or product in circumstances.products for _, product in inputs.lines], bool
    )
    factor = np.where(about, circumstances.demand, 1.0)
    is_open = inputs.open.copy()
    is_open[[place in circumstances.closed for place, _ in inputs.lines], 0] = False
    gone = np.array([supplier in circumstances.without_suppliers for supplier in inputs.terms.supplier], bool)
    return replace(
        inputs,
        mean=inputs.mean * factor[:, None],
        quantiles=inputs.quantiles * factor[:, None, None],
        open=is_open,
        sends=~gone,
        limits=tuple(replace(limit, most=limit.most * circumstances.limits) for limit in inputs.limits),
    )


def _known(inputs: Inputs, circumstances: Circumstances) -> None:
    known: dict[str, set[str | None]] = {
        "closed": {place for place, _ in inputs.lines},
        "products": {product for _, product in inputs.lines},
        "without_suppliers": set(inputs.terms.supplier),
    }
    problems = [
        Problem(at=at, field=field, value=name, cause=f"{name} is in no line of the plan.", remedy="Name one that is.")
        for field, names in known.items()
        for at, name in enumerate(getattr(circumstances, field))
        if name not in names
    ]  # fmt: skip
    if problems:
        raise InvalidInput(problems[0].cause, problems[0].remedy, problems=problems)


def edited(lines: Mapping[tuple[str | None, str], PlanLine], edits: Sequence[Edit]) -> tuple[PlanLine, ...]:
    """The lines that edits change, as they are afterwards. Raises InvalidInput with everything that is wrong, each with its index."""
    problems = [problem for at, edit in enumerate(edits) for problem in _wrong(at, edit, lines)]
    first: dict[tuple[str | None, str], int] = {}
    for at, edit in enumerate(edits):
        if first.setdefault(edit.line, at) != at:
            problems.append(
                Problem(
                    at=at, field="product_id", value=repr(edit.product_id), cause="is edited twice at once.", remedy="Send one quantity for a line."
                )
            )  # fmt: skip
    if problems:
        raise InvalidInput("The edits cannot be used.", problems[0].remedy, problems=problems)
    return tuple(_with(lines[edit.line], edit) for edit in edits)


def _wrong(at: int, edit: Edit, lines: Mapping[tuple[str | None, str], PlanLine]) -> list[Problem]:
    found: list[tuple[str, object, str, str]] = []
    line = lines.get(edit.line)
    if line is None:
        found.append(
            ("product_id", edit.product_id, "is in no line of the plan.", "Choose a line of the plan.")
        )
    elif edit.quantity % line.pack:
        found.append(
            (
                "quantity",
                edit.quantity,
                f"is no whole number of packs of {line.pack}.",
                f"Give a multiple of {line.pack}.",
            )
        )
    if not 0 <= edit.quantity <= QUANTITY_MAX:
        found.append(("quantity", edit.quantity, "cannot be ordered.", f"Expected 0 to {QUANTITY_MAX}."))
    if not edit.reason.strip():
        found.append(("reason", edit.reason, "is empty.", "Say why, so that the next planner knows."))
    return [
        Problem(at=at, field=field, value=repr(value), cause=cause, remedy=remedy)
        for field, value, cause, remedy in found
    ]


def _with(line: PlanLine, edit: Edit) -> PlanLine:
    effect = line.effect(edit.quantity)
    return msgspec.structs.replace(
        line,
        quantity=edit.quantity,
        planned=line.quantity if line.planned is None else line.planned,
        edit_reason=edit.reason.strip(),
        profit_minor=effect.profit_minor,
        lost=effect.lost,
        waste=effect.waste,
    )


def differences(before: Plan | None, now: Plan) -> tuple[Difference, ...]:
    """Every line whose quantity is another one, the largest change first."""
    old = {} if before is None else {(line.place_id, line.product_id): line.quantity for line in before.lines}
    new = {(line.place_id, line.product_id): line.quantity for line in now.lines}
    found = [
        Difference(place_id=key[0], product_id=key[1], before=old.get(key), now=new.get(key))
        for key in old.keys() | new.keys()
        if old.get(key) != new.get(key)
    ]
    return tuple(
        sorted(
            found,
            key=lambda one: (-abs((one.now or 0) - (one.before or 0)), one.product_id, one.place_id or ""),
        )
    )
