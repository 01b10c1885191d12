"""What people are worth: the next 90 days of each, and how far such expectations can be trusted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.books import identity
from oneshelf.errors import NotFound
from oneshelf.insight.people.value.backtest import HORIZON_DAYS, ValueBacktest, backtest, expected
from oneshelf.insight.people.value.summaries import order_days
from oneshelf.trust.access import OPERATOR, Actor

_LINKS: Final = pa.schema([("identifier", pa.string()), ("person_id", pa.string())])


def expected_of_everybody(core: Core, *, as_of: date) -> pa.Table:
    """What each person who ordered by `as_of` is expected to do in the 90 days after it, for the nightly portraits.

    Columns: person_id, expected_orders_90_days (days with an order), expected_spend_90_days_minor, p_active. Whoever never
    ordered has no row.
    """
    with core.analysis:
        return expected(core.engine.run, _order_days(core), as_of=as_of)[0]


class Worth:
    """Use cases about what people are worth; part of `shelf.people`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def backtest_value(
        self, cut: date | None = None, *, horizon: int = HORIZON_DAYS, actor: Actor = OPERATOR
    ) -> ValueBacktest:
        """Calibrate on the orders up to `cut`, score the `horizon` days after it, by every method.

        Without a cut, the last one that leaves a whole horizon of known days. Raises NotFound when nobody ordered before or
        after it, NotAllowed when the role does not cover people.
        """
        actor.require("people.read")
        with self._core.analysis:
            days = _order_days(self._core)
            if cut is None:
                newest = self._core.engine.run(days.aggregate(day=days.day.max()))["day"][0].as_py()
                if newest is None:
                    raise NotFound("Nobody has ordered yet.", "Load orders first.")
                cut = newest - timedelta(days=horizon)
            return backtest(self._core.engine.run, days, cut=cut, horizon=horizon)


def _order_days(core: Core) -> Any:
    with core.database.read() as connection:
        pairs = [{"identifier": i, "person_id": p} for i, p in identity.links(connection)]
    return order_days(
        core.engine.events("order.completed"),
        core.engine.events("order.refunded"),
        links=core.engine.memory(pa.Table.from_pylist(pairs, schema=_LINKS)),
        currency=core.settings.currency,
    )
