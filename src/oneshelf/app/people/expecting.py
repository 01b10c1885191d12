"""What people are expected to spend and whether they are still active, as one looks at it: distributions, who, and how far to trust it.

Distributions are of the newest nightly portraits. Whoever may not see people, or only those of some places, gets protected ones. The
method in force is kept by the night that decided it, and its backtest by the job `value`: neither is computed while somebody waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oneshelf.app.goods.measures import SALT
from oneshelf.app.people.audiences import guarded
from oneshelf.app.people.nightly import Nightly, newest_note, nightly
from oneshelf.app.people.value import BACKTESTS, CHOICES, Worth
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.disclosure import count_band, protected_count
from oneshelf.insight.people.value.backtest import ValueBacktest
from oneshelf.insight.people.value.rule import Choice
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.money import exponent

#: Worth most first, or most at stake first: what was spent in a year, times the chance that no order follows.
Order = Literal["top", "at-risk"]

#: How many people these are, or None where too few to tell, under the wording of what is asked.
_Counting: TypeAlias = Callable[[NDArray[np.bool_], str], int | None]

LIMIT_MAX: Final = 500

#: What the report and the lists read of the portraits.
_FIELDS: Final = (
    "expected_spend_90_days_minor",
    "expected_orders_90_days",
    "p_active",
    "spend_last_364_days_minor",
    "recency_days",
    "frequency",
    "tier",
    "simulated",
)
#: In major units, 1, 2, 5, 10 and so on: bands that are equally wide to the eye that compares amounts.
_EDGES: Final = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))
_CHANCES: Final = tuple(each / 10 for each in range(1, 10))


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """People from `low` up to `high`, which is not included; None at an end that is open. `people` None: too few to tell."""

    low: float | None
    high: float | None
    people: int | None


class ValueReport(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody who ever ordered is expected to do in the 90 days after `as_of`.

    `spend` is by expected spend in minor units, `active` by the chance of an order, 0 to 1. Where figures are protected, `give_or_take` says how
    far they may be off in nine cases of ten, and the sum is left out. `method` is None before a night has decided one.
    """

    as_of: date
    currency: str
    people: int | None
    expected_minor: int | None
    #: how many are expected to order at all: the sum of the chances
    expected_active: float | None
    spend: tuple[Band, ...]
    active: tuple[Band, ...]
    method: Choice | None
    simulated: bool
    give_or_take: float | None = None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One person; `at_stake_minor` is what they spent in 364 days, times the chance that no order follows."""

    person_id: str
    expected_spend_90_days_minor: int
    expected_orders_90_days: float
    p_active: float
    spend_last_364_days_minor: int
    at_stake_minor: int
    recency_days: int
    tier: str | None
    simulated: bool


class Expecting(Worth):
    """Use cases about expectations; part of `shelf.people`."""

    def value(self, *, actor: Actor = OPERATOR) -> ValueReport:
        """The distributions, protected for whoever may not see people. Raises NotFound before the first night."""
        with self._core.analysis:
            night = nightly(self._core, _FIELDS)
            known = _known(night)
            columns = ["expected_spend_90_days_minor", "p_active", "simulated"]
            rows = self._core.engine.run(known.select("person_id", *columns))
            method = self._method(night.day)
        spend = rows["expected_spend_90_days_minor"].to_numpy()
        active = rows["p_active"].to_numpy()
        scale = 10 ** exponent(self._core.settings.currency)
        count = self._count(rows["person_id"], actor)
        closed = guarded(actor)
        return ValueReport(
            as_of=night.day,
            currency=self._core.settings.currency,
            people=count(np.ones(len(spend), dtype=bool), "everybody"),
            expected_minor=None if closed else int(spend.sum()),
            expected_active=None if closed else float(active.sum()),
            spend=_bands(spend, [edge * scale for edge in _EDGES], "spend", count),
            active=_bands(active, _CHANCES, "active", count, trim=False),
            method=method,
            simulated=any(rows["simulated"].to_pylist()),
            give_or_take=count_band() if closed else None,
        )

    def expectations(
        self, order: Order = "top", *, limit: int = 50, purpose: str = "analysis", actor: Actor = OPERATOR
    ) -> tuple[Expectation, ...]:
        """Those who are worth most, or with whom most is at stake; the look is logged.

        Equal people stand in the order of their ids. Raises NotAllowed when the role does not cover people, or only those of some
        places; NotFound before the first night; InvalidInput.
        """
        self._core.look(actor, "people.read", purpose=purpose)
        if actor.places:
            raise NotAllowed("Expectations are of the whole shop.", "Ask somebody who may see everybody.")
        if not 1 <= limit <= LIMIT_MAX:
            raise InvalidInput.of("limit", limit, "is no length of a list.", f"Ask for 1 to {LIMIT_MAX}.")
        with self._core.analysis:
            known = _known(nightly(self._core, _FIELDS))
            lost = known.spend_last_364_days_minor.fill_null(0) * (1 - known.p_active)
            known = known.mutate(at_stake_minor=lost.round().cast("int64"))
            worth = known.at_stake_minor if order == "at-risk" else known.expected_spend_90_days_minor
            some = known.order_by([worth.desc(), known.person_id]).limit(limit)
            rows = self._core.engine.run(some).to_pylist()
        return tuple(_expectation(row) for row in rows)

    def last_backtest(self, *, actor: Actor = OPERATOR) -> ValueBacktest | None:
        """The newest backtest that the job `value` kept; None before there is one. Raises NotAllowed when the role does not cover people."""
        actor.require_everywhere("people.read")
        with self._core.analysis:
            found = newest_note(self._core, BACKTESTS)
        return None if found is None else msgspec.json.decode(found[1], type=ValueBacktest)

    def _method(self, day: date) -> Choice | None:
        found = newest_note(self._core, CHOICES)
        return msgspec.json.decode(found[1], type=Choice) if found is not None and found[0] == day else None

    def _count(self, ids: pa.ChunkedArray, actor: Actor) -> _Counting:
        if not guarded(actor):
            return lambda inside, question: int(inside.sum())
        salt, everybody = self._core.secret(SALT), np.asarray(ids.to_pylist(), dtype=object)
        return lambda inside, question: protected_count(
            everybody[inside], salt=salt, question=f"value {question}"
        )


def _known(night: Nightly) -> Any:
    """Who has an expectation: everybody who ever ordered. Columns that the night lacks are unknown."""
    table = night.table
    missing = [name for name in _FIELDS if name not in table.columns]
    if "expected_spend_90_days_minor" in missing or "p_active" in missing:
        raise NotFound(
            "The newest night expects nothing of anybody.", "Run it again: `oneshelf run portraits`."
        )
    table = table.mutate(**dict.fromkeys(missing))
    return table.filter(table.expected_spend_90_days_minor.notnull() & table.p_active.notnull())


def _bands(
    values: NDArray[Any], edges: Sequence[float], name: str, count: _Counting, *, trim: bool = True
) -> tuple[Band, ...]:
    """How many lie between each two edges; with `trim` without the empty bands at both ends."""
    at = np.searchsorted(np.asarray(edges), values, side="right")
    bands = [
        Band(
            low=edges[place - 1] if place else None,
            high=edges[place] if place < len(edges) else None,
            people=count(at == place, f"{name} {place}"),
        )
        for place in range(len(edges) + 1)
    ]
    full = [place for place, band in enumerate(bands) if band.people]
    return tuple(bands[full[0] : full[-1] + 1] if trim and full else bands if not trim else ())


def _expectation(row: dict[str, Any]) -> Expectation:
    return Expectation(
        person_id=row["person_id"],
        expected_spend_90_days_minor=round(row["expected_spend_90_days_minor"]),
        expected_orders_90_days=row["expected_orders_90_days"] or 0.0,
        p_active=row["p_active"],
        spend_last_364_days_minor=row["spend_last_364_days_minor"] or 0,
        at_stake_minor=row["at_stake_minor"],
        recency_days=row["recency_days"] or 0,
        tier=row["tier"],
        simulated=bool(row["simulated"]),
    )
