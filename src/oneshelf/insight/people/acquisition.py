"""What it costs to win a person, by channel, and what those people were worth since.

A person is won by the channel of their first order, on its day: first-order attribution, stated plainly. It credits a campaign with
people who would have come anyway, so the cost is what was spent for each new person of the channel, not what one more would cost; a
hold-out (see offers) is what tells the two apart.
"""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from oneshelf.insight.receipts import receipts, resolved


def acquisition(
    orders: ir.Table,
    refunds: ir.Table,
    spent: ir.Table,
    *,
    links: ir.Table,
    currency: str,
    first: date,
    last: date,
) -> ir.Table:
    """A row a channel that won somebody, or on which money was spent, from `first` to `last`.

    `orders` and `refunds` are the lake's tables with all days, so that a first order is one; `spent` is that of `campaign.spent`. Columns:
    channel, people, spent_minor, campaigns, value_minor (orders less refunds of these people from their first order on, until now), orders,
    simulated (whether any event of these was). Money in the one currency. The channel is "unknown" where an event names none.
    """
    known = [resolved(table.filter(table.person_id.notnull()), links) for table in (orders, refunds)]
    won = _first_orders(known[0])
    won = won.filter(won.first_day.between(first, last))
    every = receipts(*known)
    money = every.filter(every.currency == currency)
    worth = money.group_by("person_id").aggregate(
        value_minor=_total(money.amount_minor),
        orders=_total(money.is_order.cast("int64")),
        simulated_since=money.simulated.any(),
    )
    people = won.left_join(worth, "person_id").drop("person_id_right")
    by_people = people.group_by("channel").aggregate(
        people=people.count(),
        value_minor=_total(people.value_minor.fill_null(0)),
        orders=_total(people.orders.fill_null(0)),
        simulated=(people.simulated | people.simulated_since.fill_null(False)).any(),
    )
    paid = spent.filter((spent.currency == currency) & spent.day.between(first, last))
    paid = paid.mutate(channel=ibis.coalesce(paid.channel, ibis.literal("unknown")))
    by_spend = paid.group_by("channel").aggregate(
        spent_minor=_total(paid.amount_minor),
        campaigns=paid.campaign_id.nunique(),
        simulated=paid.simulated.any(),
    )
    both = by_people.outer_join(by_spend, "channel")
    nothing = ibis.literal(0, "int64")
    return both.select(
        channel=ibis.coalesce(both.channel, both.channel_right),
        people=ibis.coalesce(both.people, nothing),
        # unknown, not nothing, where no spend was recorded
        spent_minor=both.spent_minor,
        campaigns=ibis.coalesce(both.campaigns, nothing),
        value_minor=ibis.coalesce(both.value_minor, nothing),
        orders=ibis.coalesce(both.orders, nothing),
        simulated=ibis.coalesce(both.simulated, ibis.literal(False))
        | ibis.coalesce(both.simulated_right, ibis.literal(False)),
    )


def _first_orders(orders: ir.Table) -> ir.Table:
    """The first order of each person: person_id, first_day, channel, simulated. Ties fall by place in the journal."""
    turn = ibis.row_number().over(
        ibis.window(group_by="person_id", order_by=[orders.happened_at, orders["offset"], orders["index"]])
    )
    ranked = orders.mutate(turn=turn)
    firsts = ranked.filter(ranked.turn == 0)
    return firsts.select(
        "person_id",
        "simulated",
        first_day=firsts.day,
        channel=ibis.coalesce(firsts.channel, ibis.literal("unknown")),
    )


def _total(values: ir.Value) -> ir.Value:
    """A sum that stays an integer of 64 bits on every engine."""
    return values.sum().cast("int64")
