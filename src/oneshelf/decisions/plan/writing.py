"""Writing a plan down: a line with its figures and its reason for every quantity, the exceptions first, and what a reader should know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from oneshelf.decisions.plan.arrays import Bools, Floats, Ints
from oneshelf.decisions.plan.curve import Worth
from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.reasons import Facts, attention, reason
from oneshelf.decisions.plan.result import (
    ATTENTIONS,
    Alternative,
    Attention,
    Move,
    Plan,
    PlanLine,
    PlanPolicy,
    Use,
)
from oneshelf.decisions.plan.weighing import Figures

_RANK: dict[Attention | None, int] = {name: at for at, name in enumerate((*ATTENTIONS, None))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The numbers of a plan, by line."""

    worth: Worth
    #: the best without limits, and the best within them
    wanted: Ints
    quantities: Ints
    #: what is expected with `quantities`
    figures: Figures
    moves: tuple[Move, ...] = ()


def write(inputs: Inputs, decided: Decided, policy: PlanPolicy) -> Plan:
    """The plan of these numbers."""
    figures, priced = (
        decided.figures,
        ~np.isnan(inputs.terms.price_minor) | ~np.isnan(inputs.terms.cost_minor),
    )
    lines = list(_lines(inputs, decided, priced))
    prices = decided.worth.price.tolist()
    keyed = sorted(
        ((_RANK[line.attention], -_stake(line, price), line.series, at) for at, (line, price) in enumerate(zip(lines, prices, strict=True)))
    )  # fmt: skip
    return Plan(
        as_of=inputs.as_of,
        for_day=inputs.day(0),
        lines=tuple(lines[at] for *_, at in keyed),
        uses=tuple(
            Use(
                kind=one.kind,
                name=one.name,
                most=one.most,
                wanted=one.used(decided.wanted),
                used=one.used(decided.quantities),
            )
            for one in inputs.limits
        ),
        moves=decided.moves,
        currency=inputs.currency if priced.any() else None,
        profit_minor=round(float(figures.profit[priced].sum())) if priced.any() else None,
        lost=round(float(figures.lost.sum()), 1),
        waste=round(float((figures.old_waste + figures.new_waste).sum()), 1),
        policy=policy,
        simulated=bool(inputs.simulated.any()),
        notes=(*inputs.notes, *_notes(inputs, decided, policy)),
    )


def _stake(line: PlanLine, price: float) -> float:
    """By what lines of the same rank stand in order: the money that is in question."""
    match line.attention:
        case "limited" | "short" | "waste":
            return price * (line.lost + line.waste)
        case "change":
            return price * abs(line.mean - line.last_week)
        case "uncertain":
            return price * (line.high - line.low)
        case _:
            return price * line.quantity


def _lines(inputs: Inputs, decided: Decided, priced: Bools) -> Iterator[PlanLine]:
    figures, terms, cut = decided.figures, inputs.terms, _cut(inputs, decided)
    for row, facts in enumerate(_facts(inputs, decided, cut)):
        place_id, product_id = inputs.lines[row]
        said = (reason(facts), *(inputs.remarks[row] if inputs.remarks else ()))
        yield PlanLine(
            place_id=place_id, product_id=product_id, action=facts.action, supplier_id=terms.supplier[row],
            quantity=facts.quantity, wanted=facts.wanted, arrives_on=facts.arrives_on, mean=round(facts.mean, 3),
            low=int(facts.low), high=int(facts.high), cover=round(facts.cover, 4), at_hand=round(facts.at_hand, 1),
            profit_minor=round(float(figures.profit[row])) if priced[row] else None, lost=round(float(figures.lost[row]), 2),
            waste=round(float(figures.old_waste[row] + figures.new_waste[row]), 2), last_week=facts.last_week,
            before=_whole(inputs.before, row), wape=_number(inputs.wape, row), attention=attention(facts), reason=" ".join(said),
            limits=facts.limits, pack=facts.pack, life_days=facts.life_days, price_minor=_number(terms.price_minor, row),
            cost_minor=_number(terms.cost_minor, row), effects=_effects(figures, row, known=bool(priced[row])), simulated=bool(inputs.simulated[row]),
        )  # fmt: skip


def _facts(inputs: Inputs, decided: Decided, cut: dict[int, list[str]]) -> Iterator[Facts]:
    terms, worth, figures = inputs.terms, decided.worth, decided.figures
    first = terms.lead_days - 1
    is_open = inputs.open[np.arange(len(inputs.lines)), first]
    # of one delivery: what is left over when the next one comes is lost
    single = (terms.life_days > 0) & (terms.life_days <= terms.review_days)
    asked = (worth.price - worth.cost) / np.maximum(worth.price - worth.salvage, 1e-9)
    # where no cost is known at all nobody has given terms, and a missing price is no exception
    told = (np.isnan(terms.price_minor) | np.isnan(terms.cost_minor)) & ~np.isnan(terms.cost_minor).all()
    for row in range(len(inputs.lines)):
        yield Facts(
            action=terms.action[row], quantity=int(decided.quantities[row]), wanted=int(decided.wanted[row]),
            arrives_on=inputs.day(int(first[row])), mean=float(figures.mean[row]), low=float(figures.low[row]),
            high=float(figures.high[row]), last_week=int(inputs.last_week[row]), at_hand=float(figures.at_hand[row]),
            one_would_earn=figures.one_piece[row] > 0, cover=float(figures.cover[row]),
            cover_without=float(figures.cover_without[row]), lasts=float(figures.lasts[row]),
            asked=float(asked[row]) if single[row] else None, review_days=int(terms.review_days[row]),
            life_days=int(terms.life_days[row]), lead_days=int(terms.lead_days[row]), pack=int(terms.pack_pieces[row]),
            minimum=int(terms.minimum_pieces[row]), old_waste=float(figures.old_waste[row]), closed=not is_open[row],
            sends=inputs.sends is None or bool(inputs.sends[row]),
            late=bool(inputs.late[row]), new=inputs.new is not None and bool(inputs.new[row]), price_known=not np.isnan(terms.price_minor[row]), priced=not told[row], limits=tuple(cut.get(row, ())),
        )  # fmt: skip


def _effects(figures: Figures, row: int, *, known: bool) -> tuple[Alternative, ...]:
    """The other quantities that were looked at, each once."""
    rows = zip(
        figures.tried[row].tolist(),
        figures.tried_profit[row].tolist(),
        figures.tried_lost[row].tolist(),
        figures.tried_waste[row].tolist(),
        strict=True,
    )
    found = {
        int(pieces): Alternative(
            int(pieces), round(profit) if known else None, round(lost, 2), round(waste, 2)
        )
        for pieces, profit, lost, waste in rows
    }
    return tuple(found.values())


def _number(values: Floats | None, row: int) -> float | None:
    return None if values is None or np.isnan(values[row]) else float(values[row])


def _whole(values: Floats | None, row: int) -> int | None:
    found = _number(values, row)
    return None if found is None else int(found)


def _cut(inputs: Inputs, decided: Decided) -> dict[int, list[str]]:
    """The names of the limits that took something from a line."""
    cut: defaultdict[int, list[str]] = defaultdict(list)
    for limit in inputs.limits:
        if not limit.holds(decided.wanted):
            for row in limit.lines[decided.quantities[limit.lines] < decided.wanted[limit.lines]]:
                cut[int(row)].append(limit.name)
    return cut


def _notes(inputs: Inputs, decided: Decided, policy: PlanPolicy) -> Iterator[str]:
    total = len(inputs.lines)
    if closed := _places(inputs, ~inputs.open[:, 0]):
        yield f"Closed on {inputs.day(0)}: {closed}."
    if inputs.sends is not None and (
        gone := {inputs.terms.supplier[row] for row in np.flatnonzero(~inputs.sends)}
    ):
        yield f"Nothing is sent by {', '.join(sorted(str(one) for one in gone))}."
    if late := _places(inputs, inputs.late):
        yield f"Nothing of {inputs.as_of} has come yet from {late}."
    for name, lack in (
        ("price", np.isnan(inputs.terms.price_minor)),
        ("cost", np.isnan(inputs.terms.cost_minor)),
    ):
        if lack.any():
            yield f"The {name} of {int(lack.sum()):,} of {total:,} lines is not known; a margin of {policy.margin_share:.0%} was assumed."
    for limit in inputs.limits:
        best = limit.used(decided.wanted)
        if not limit.holds(decided.wanted):
            yield f"{limit.name} has {limit.most:,.0f}, and {best:,.0f} would be best: the most profitable {limit.used(decided.quantities):,.0f} are taken."
    if decided.moves:
        pieces, trips = (
            sum(one.pieces for one in decided.moves),
            len({(one.from_place, one.to_place) for one in decided.moves}),
        )
        yield f"{pieces:,} pieces should change places tonight, on {trips:,} trips: they are expected to earn more there than the moves cost."
    if nothing := int((decided.quantities == 0).sum()):
        yield f"{nothing:,} of {total:,} lines are best left without an order."


def _places(inputs: Inputs, so: Bools) -> str:
    """The names of the places of those lines; of many, the first."""
    names = sorted({inputs.lines[row][0] or "the whole chain" for row in np.flatnonzero(so)})
    return ", ".join(islice(names, 5)) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
