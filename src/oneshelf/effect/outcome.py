"""Outcomes: what each person of a campaign spent while its effect was watched."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from oneshelf.insight.receipts import receipts, resolved
from oneshelf.words.time import check_aware


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
    """Spend of everybody assigned, whether or not they were reached or bought: by intention to treat.

    Takes the lake's tables of orders and refunds, assignments (person_id, arm) of one campaign, and links (identifier,
    person_id). Counts what happened from `start` until before `end` in `currency`; refunds are taken off.
    Each person is one row; who was drawn into both arms under two ids is left out.
    Columns: person_id, arm, spend_minor, orders, simulated.
    """
    first, last = ibis.literal(check_aware(start, "start")), ibis.literal(check_aware(end, "end"))

    def watched(events: ir.Table) -> ir.Table:
        inside = (events.happened_at >= first) & (events.happened_at < last) & (events.currency == currency)
        return events.filter(inside)

    spent = resolved(receipts(watched(orders), watched(refunds)), links)
    by_person = spent.group_by(buyer_id=spent.person_id).aggregate(
        spend_minor=spent.amount_minor.sum().cast("int64"),
        orders=spent.is_order.cast("int64").sum().cast("int64"),
        simulated=spent.simulated.any(),
    )
    # two assigned ids may since have turned out to be one person
    assigned = resolved(assignments.select("person_id", "arm"), links)
    people = assigned.group_by("person_id").aggregate(arm=assigned.arm.min(), arms=assigned.arm.nunique())
    people = people.filter(people.arms == 1)
    joined = people.left_join(by_person, people.person_id == by_person.buyer_id)
    return joined.select(
        "person_id",
        "arm",
        spend_minor=joined.spend_minor.fill_null(0),
        orders=joined.orders.fill_null(0),
        simulated=joined.simulated.fill_null(False),
    )


def moments_by_arm(outcomes: ir.Table) -> ir.Table:
    """Count, mean and sum of squared distances of spend by arm, as `Moments` takes them. Columns: arm, people, mean, squares, simulated."""
    mean = outcomes.spend_minor.mean()
    people = outcomes.count()
    return outcomes.group_by("arm").aggregate(
        people=people,
        mean=mean,
        squares=outcomes.spend_minor.cast("float64").var(how="pop") * people,
        simulated=outcomes.simulated.any(),
    )
