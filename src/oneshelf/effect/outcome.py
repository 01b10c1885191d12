"""Outcomes: what each person of a campaign did before it was sent, and while its effect was watched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from oneshelf.effect.comoments import Comoments
from oneshelf.effect.difference import Measure
from oneshelf.insight.receipts import resolved
from oneshelf.words.time import check_aware

#: How many days before sending say what kind of buyer a person is: long enough for rare buyers, and settled ahead.
BEFORE_DAYS: Final = 56

MEASURES: Final[tuple[Measure, ...]] = ("sales", "orders", "margin")

#: How much a person bought before sending, beside the mean of those who bought anything.
BOUGHT_BEFORE: Final = ("nothing", "less than the mean", "the mean or more")


def outcome_per_person(
    orders: ir.Table,
    refunds: ir.Table,
    assignments: ir.Table,
    links: ir.Table,
    *,
    start: datetime,
    end: datetime,
    currency: str,
) -> ir.Table:
    """What everybody assigned did, whether or not they were reached or bought: by intention to treat.

    Takes the lake's tables of orders and refunds, assignments (person_id, arm) of one campaign, and links (identifier,
    person_id). `after` is from `start` until before `end`, `before` the `BEFORE_DAYS` days until `start`; only `currency` counts,
    refunds are taken off and are no orders. Margin is over the lines whose cost is known.
    Each person is one row; who was drawn into both arms under two ids is left out.
    Columns: person_id, arm, sales_before, sales_after, orders_before, orders_after, margin_before, margin_after, costed (sales
    after whose cost is known; all money in minor units), bought_before, place_before (where they ordered most), simulated.
    """
    check_aware(end, "end")
    first = check_aware(start, "start") - timedelta(days=BEFORE_DAYS)
    bought, returned = (_between(events, first, end, currency) for events in (orders, refunds))
    moves = resolved(_moves(bought, returned, ibis.literal(start)), links)
    # two assigned ids may since have turned out to be one person
    assigned = resolved(assignments.select("person_id", "arm"), links)
    people = assigned.group_by("person_id").aggregate(arm=assigned.arm.min(), arms=assigned.arm.nunique())
    people = people.filter(people.arms == 1).drop("arms")
    sums = _sums(moves)
    places = _places(moves)
    joined = people.left_join(sums, people.person_id == sums.buyer_id)
    joined = joined.left_join(places, joined.person_id == places.visitor_id)
    counted = [name for name in sums.columns if name not in ("buyer_id", "simulated")]
    filled = joined.select(
        "person_id",
        "arm",
        "place_before",
        **{name: joined[name].fill_null(0) for name in counted},
        simulated=joined.simulated.fill_null(False),
    )
    buyers = ibis.ifelse(filled.sales_before > 0, filled.sales_before, ibis.null("int64"))
    ordinary = buyers.mean().over(ibis.window())
    nothing, less, more = BOUGHT_BEFORE
    return filled.mutate(
        bought_before=ibis.cases(
            (filled.sales_before <= 0, nothing), (filled.sales_before < ordinary, less), else_=more
        )
    )


def comoments_by_cell(outcomes: ir.Table) -> ir.Table:
    """`Comoments` of each measure by arm and segment, to be read by `comoments_of` and joined.

    Columns: arm, bought_before, place_before, people, costed, sold, simulated, and five a measure.
    """
    figures = {
        name: expression for measure in MEASURES for name, expression in _figures(outcomes, measure).items()
    }
    return outcomes.group_by("arm", "bought_before", "place_before").aggregate(
        people=outcomes.count(),
        costed=outcomes.costed.sum(),
        sold=outcomes.sales_after.sum(),
        simulated=outcomes.simulated.any(),
        **figures,
    )


def comoments_of(row: Mapping[str, Any], measure: Measure) -> Comoments:
    """One measure's comoments out of a row of `comoments_by_cell`."""
    names = ("mean_before", "mean_after", "squares_before", "squares_after", "products")
    return Comoments(row["people"], *(row[f"{measure}_{name}"] or 0.0 for name in names))


def _figures(outcomes: ir.Table, measure: Measure) -> dict[str, ir.Value]:
    before = outcomes[f"{measure}_before"].cast("float64")
    after = outcomes[f"{measure}_after"].cast("float64")
    people = outcomes.count()
    return {
        f"{measure}_mean_before": before.mean(),
        f"{measure}_mean_after": after.mean(),
        f"{measure}_squares_before": before.var(how="pop") * people,
        f"{measure}_squares_after": after.var(how="pop") * people,
        f"{measure}_products": before.cov(after, how="pop") * people,
    }


def _moves(orders: ir.Table, refunds: ir.Table, start: ir.Scalar) -> ir.Table:
    """Orders and refunds as rows that add up: one for the order itself, and one a line."""
    parts = (*_parts(orders, 1, start), *_parts(refunds, -1, start))
    return ibis.union(*parts, distinct=False)


def _between(events: ir.Table, first: datetime, end: datetime, currency: str) -> ir.Table:
    inside = (events.happened_at >= ibis.literal(first)) & (events.happened_at < ibis.literal(end))
    return events.filter(inside & (events.currency == currency))


def _parts(events: ir.Table, sign: int, start: ir.Scalar) -> tuple[ir.Table, ir.Table]:
    head = ("person_id", "place_id", "simulated")
    none = ibis.literal(0, "int64")
    whole = events.select(
        *head,
        after=events.happened_at >= start,
        orders=ibis.literal(max(sign, 0), "int64"),
        sales=none,
        margin=none,
        costed=none,
    )
    rows = events.select(*head, after=events.happened_at >= start, line=events.lines.unnest())
    amount, cost = rows.line.amount_minor.cast("int64"), rows.line.cost_minor.cast("int64")
    lines = rows.select(
        *head,
        "after",
        orders=none,
        sales=amount * sign,
        margin=(amount - cost).fill_null(0) * sign,
        costed=ibis.ifelse(cost.notnull(), amount, 0) * sign,
    )
    return whole, lines


def _sums(moves: ir.Table) -> ir.Table:
    """What each buyer did before and after."""

    def total(name: str, where: ir.BooleanValue) -> ir.Value:
        return moves[name].sum(where=where).fill_null(0).cast("int64")

    figures = {
        f"{name}_{when}": total(name, where)
        for name in MEASURES
        for when, where in (("before", ~moves.after), ("after", moves.after))
    }
    return moves.group_by(buyer_id=moves.person_id).aggregate(
        **figures,
        costed=total("costed", moves.after),
        simulated=moves.simulated.any(),
    )


def _places(moves: ir.Table) -> ir.Table:
    """Where each buyer ordered most before; of equals the first by name."""
    before = moves.filter(~moves.after & (moves.orders > 0) & moves.place_id.notnull())
    counts = before.group_by("person_id", "place_id").aggregate(times=before.count())
    turn = ibis.row_number().over(
        ibis.window(group_by="person_id", order_by=[counts.times.desc(), counts.place_id])
    )
    ranked = counts.mutate(turn=turn)
    first = ranked.filter(ranked.turn == 0)
    return first.select(visitor_id=first.person_id, place_before=first.place_id)
