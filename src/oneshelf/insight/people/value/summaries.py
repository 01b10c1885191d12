"""What the models of value see of a person: a short row of whole numbers, as of a day, and what came after it.

Everything that is heavy is an Ibis expression, so a year of receipts never enters this process; what comes out is one row a
person. All sums are of integers, so that equal people have equal rows on every engine and in every order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from oneshelf.errors import InvalidInput
from oneshelf.insight.receipts import receipts, resolved

Floats = NDArray[np.float64]

#: Runs an Ibis expression and answers with its rows.
Run = Callable[[ir.Table], pa.Table]

#: Older orders are left out: five years say enough of a person, and a wrong date of 1900 does no harm.
HISTORY_DAYS = 5 * 365

#: The spans, in days up to the day of asking, for which order days and spend are counted.
SPANS = (28, 91, 182, 364)

#: How many people of a day are learnt from at most; more change nothing in the third digit.
LEARN_MAX = 300_000

#: The span of a quarter, on which the naive method stands.
QUARTER = 91

_WHOLE_NUMBERS = (
    "order_days",
    "age_days",
    "recency_days",
    "spend_minor",
    "paid_days",
    "paid_minor",
    "gaps_squared",
    *(f"order_days_last_{span}" for span in SPANS),
    *(f"spend_last_{span}_minor" for span in SPANS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """Everybody who had ordered by `as_of`, one place in each array a person.

    Columns of numbers, by name: order_days (days with an order), age_days (from the first order day to `as_of`),
    recency_days (from the last), spend_minor (orders less refunds), paid_days and paid_minor (days that came to more than
    nothing, and what they came to), gaps_squared (sum of the squared days between order days), order_days_last_SPAN and
    spend_last_SPAN_minor for each of SPANS.
    """

    as_of: date
    person_ids: pa.Array
    columns: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.person_ids)

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]

    @property
    def history_days(self) -> int:
        """How many days of orders there are, the day of asking included; 0 without anybody."""
        return int(self["age_days"].max()) + 1 if len(self) else 0

    def take(self, at: NDArray[np.intp]) -> Summaries:
        """Some of these people."""
        columns = {name: values[at] for name, values in self.columns.items()}
        return Summaries(as_of=self.as_of, person_ids=self.person_ids.take(pa.array(at)), columns=columns)

    @classmethod
    def of(cls, rows: pa.Table, as_of: date) -> Summaries:
        """From the rows of `summaries`, in whatever order."""
        rows = rows.combine_chunks().sort_by("person_id")
        columns = {name: rows[name].to_numpy().astype(np.float64) for name in _WHOLE_NUMBERS}
        return cls(as_of=as_of, person_ids=rows["person_id"].combine_chunks(), columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What the people of a `Summaries` did in the days after it, in its order. `soon_days` counts the first 28 days."""

    days: int
    order_days: Floats
    soon_days: Floats
    spend_minor: Floats

    def take(self, at: NDArray[np.intp]) -> Outcomes:
        """Those of some people."""
        return Outcomes(
            days=self.days,
            order_days=self.order_days[at],
            soon_days=self.soon_days[at],
            spend_minor=self.spend_minor[at],
        )


#: Lapse is asked for over four weeks.
SOON_DAYS = 28


def order_days(orders: ir.Table, refunds: ir.Table, *, links: ir.Table, currency: str) -> ir.Table:
    """One row a person and day: person_id, day, orders, amount_minor (orders less refunds), of one currency.

    `orders` and `refunds` are the lake's tables; `links` is (identifier, person_id).
    """
    known = [resolved(table.filter(table.person_id.notnull()), links) for table in (orders, refunds)]
    every = receipts(*known)
    rows = every.filter(every.currency == currency)
    return rows.group_by("person_id", "day").aggregate(
        orders=rows.is_order.cast("int64").sum().cast("int64"),
        amount_minor=rows.amount_minor.sum().cast("int64"),
    )


def from_flat(rows: pa.Table) -> pa.Table:
    """Check a flat table of orders (person_id, day, amount_minor) and give it the form of `order_days`.

    An amount below 0 is a refund: it counts in the spend and is no order. Raises InvalidInput when a column is missing.
    """
    needed = ("person_id", "day", "amount_minor")
    if missing := [name for name in needed if name not in rows.column_names]:
        raise InvalidInput.of("orders", missing, "are columns that it lacks.", f"Give {', '.join(needed)}.")
    typed = pa.table(
        {
            "person_id": rows["person_id"].cast(pa.string()),
            "day": rows["day"].cast(pa.date32()),
            "amount_minor": rows["amount_minor"].cast(pa.int64()),
        }
    )
    is_order = pc.greater_equal(typed["amount_minor"], 0).cast(pa.int64())
    typed = typed.append_column("orders", is_order)
    summed = typed.group_by(["person_id", "day"]).aggregate([("orders", "sum"), ("amount_minor", "sum")])
    return summed.rename_columns(["person_id", "day", "orders", "amount_minor"])


def summaries(days: ir.Table, as_of: date) -> ir.Table:
    """The columns of `Summaries` of everybody with an order day in the HISTORY_DAYS up to `as_of`, that day included."""
    first = as_of - timedelta(days=HISTORY_DAYS)
    past = days.filter(days.person_id.notnull() & days.day.between(first, as_of))
    ago = ibis.literal(as_of).delta(past.day, unit="day").cast("int64")
    past = past.mutate(ago=ago, bought=past.orders > 0)
    bought = past.filter(past.bought)
    bought = bought.mutate(
        gap=bought.ago.lag().over(ibis.window(group_by="person_id", order_by=bought.ago.desc())) - bought.ago
    )
    visits = bought.group_by("person_id").aggregate(
        order_days=bought.count(),
        age_days=bought.ago.max(),
        recency_days=bought.ago.min(),
        gaps_squared=_total((bought.gap * bought.gap).fill_null(0)),
        **{f"order_days_last_{span}": _total((bought.ago < span).cast("int64")) for span in SPANS},
    )
    paid = past.amount_minor > 0
    money = past.group_by("person_id").aggregate(
        spend_minor=_total(past.amount_minor),
        paid_days=_total((paid & past.bought).cast("int64")),
        paid_minor=_total((paid & past.bought).ifelse(past.amount_minor, 0)),
        **{
            f"spend_last_{span}_minor": _total((past.ago < span).ifelse(past.amount_minor, 0))
            for span in SPANS
        },
    )
    return visits.inner_join(money, "person_id").select("person_id", *_WHOLE_NUMBERS)


def outcomes(days: ir.Table, as_of: date, *, horizon: int) -> ir.Table:
    """What each person did in the `horizon` days after `as_of`: person_id, order_days, soon_days, spend_minor."""
    after = days.filter(
        (days.day > as_of) & (days.day <= as_of + timedelta(days=horizon)) & days.person_id.notnull()
    )
    soon = after.day <= as_of + timedelta(days=SOON_DAYS)
    bought = (after.orders > 0).cast("int64")
    return after.group_by("person_id").aggregate(
        order_days=_total(bought),
        soon_days=_total(soon.ifelse(bought, 0)),
        spend_minor=_total(after.amount_minor),
    )


def read_summaries(run: Run, days: ir.Table, as_of: date) -> Summaries:
    """Everybody as of a day."""
    return Summaries.of(run(summaries(days, as_of)), as_of)


def read_outcomes(run: Run, days: ir.Table, people: Summaries, *, horizon: int) -> Outcomes:
    """What these people did afterwards; who did nothing has zeros."""
    rows = run(outcomes(days, people.as_of, horizon=horizon)).combine_chunks()
    place = pc.index_in(people.person_ids, value_set=rows["person_id"].combine_chunks())
    found = place.is_valid().to_numpy(zero_copy_only=False)
    at = place.fill_null(0).to_numpy()

    def column(name: str) -> Floats:
        values = rows[name].to_numpy().astype(np.float64)
        return np.where(found, values[at], 0.0) if len(values) else np.zeros(len(people))

    return Outcomes(
        days=horizon,
        order_days=column("order_days"),
        soon_days=column("soon_days"),
        spend_minor=column("spend_minor"),
    )


def evenly(count: int) -> NDArray[np.intp]:
    """Places of LEARN_MAX people at most, evenly over the sorted ids: the same people whenever it is asked."""
    return np.linspace(0, count - 1, min(count, LEARN_MAX)).astype(np.intp)


def sample(people: Summaries) -> Summaries:
    """As many as are learnt from."""
    return people if len(people) <= LEARN_MAX else people.take(evenly(len(people)))


def ceiling(values: Floats) -> float:
    """Beyond this an amount is taken for a slip of the till: fifty times what one in twenty of the positive exceeds."""
    positive = values[values > 0]
    return 50.0 * float(np.quantile(positive, 0.95, method="lower")) if len(positive) else float("inf")


def capped(values: Floats) -> Floats:
    """Amounts from which to learn about everybody; a person's own figures are never cut."""
    return np.minimum(values, ceiling(values))


def _total(values: Any) -> Any:
    """A sum that stays an integer of 64 bits on every engine."""
    return values.sum().cast("int64")
