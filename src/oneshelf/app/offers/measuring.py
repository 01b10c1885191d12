"""What a campaign caused, read from the books and the lake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.people.links import links_of
from oneshelf.books import offers as books
from oneshelf.effect.comoments import Comoments
from oneshelf.effect.estimate import Arms, Effect, estimate, joined
from oneshelf.effect.outcome import (
    BEFORE_DAYS,
    BOUGHT_BEFORE,
    MEASURES,
    comoments_by_cell,
    comoments_of,
    outcome_per_person,
)
from oneshelf.effect.segments import Dimension, Group
from oneshelf.errors import NotFound

#: Every group that is looked at widens the intervals of all; the places with most people are looked at.
PLACES_MAX: Final = 12

_ASSIGNED: Final = pa.schema([("person_id", pa.string()), ("arm", pa.string())])

Row = Mapping[str, Any]


def effect_of(core: Core, campaign_id: str, *, days: int) -> Effect:
    """The effect of a campaign over the `days` after sending. Raises NotFound."""
    with core.database.read() as connection:
        campaign = books.get_campaign(connection, campaign_id)
        if campaign is None:
            raise NotFound(f"No campaign {campaign_id!r} was sent.", "See `oneshelf offers campaigns`.")
        assigned = books.assignments(connection, campaign_id)
        links = links_of(connection)
    people = pa.Table.from_arrays(
        [pa.array([row.person_id for row in assigned]), pa.array([row.arm for row in assigned])],
        schema=_ASSIGNED,
    )
    with core.analysis:
        rows = _cells(core, campaign, people, links, days)
        spent = _spent(core, campaign_id)
    return estimate(
        campaign_id,
        _arms(rows),
        holdout_share=campaign.holdout_share,
        currency=core.settings.currency,
        spent_minor=spent,
    )


def _cells(
    core: Core, campaign: books.CampaignRow, people: pa.Table, links: pa.Table, days: int
) -> list[Row]:
    engine = core.engine
    start, end = campaign.created_at, campaign.created_at + timedelta(days=days)
    # business days of any zone, a day wider on both sides
    span = (start.date() - timedelta(days=BEFORE_DAYS + 1), end.date() + timedelta(days=1))
    outcomes = outcome_per_person(
        engine.events("order.completed", days=span),
        engine.events("order.refunded", days=span),
        engine.memory(people),
        engine.memory(links),
        start=start,
        end=end,
        currency=core.settings.currency,
    )
    rows: list[Row] = engine.run(comoments_by_cell(outcomes)).to_pylist()
    return rows


def _spent(core: Core, campaign_id: str) -> int | None:
    """What was spent on the campaign, in minor units of the shop's currency; None where nothing was recorded."""
    events = core.engine.events("campaign.spent")
    mine = events.filter((events.campaign_id == campaign_id) & (events.currency == core.settings.currency))
    (row,) = core.engine.run(mine.aggregate(spent=mine.amount_minor.sum())).to_pylist()
    return None if row["spent"] is None else int(row["spent"])


def _arms(rows: Sequence[Row]) -> Arms:
    by_arm: dict[str, list[Row]] = {"offer": [], "holdout": []}
    for row in rows:
        by_arm[row["arm"]].append(row)
    offer, holdout = (
        {measure: joined(comoments_of(row, measure) for row in by_arm[arm]) for measure in MEASURES}
        for arm in ("offer", "holdout")
    )
    sold = sum(row["sold"] for row in rows)
    return Arms(
        offer=offer,
        holdout=holdout,
        groups=(*_bought_before(by_arm), *_places(by_arm)),
        costed_share=sum(row["costed"] for row in rows) / sold if sold > 0 else 0.0,
        simulated=any(row["simulated"] for row in rows),
    )


def _bought_before(by_arm: Mapping[str, Sequence[Row]]) -> Iterable[Group]:
    found = _groups(by_arm, "bought_before", lambda row: str(row["bought_before"]))
    return (found[name] for name in BOUGHT_BEFORE if name in found)


def _places(by_arm: Mapping[str, Sequence[Row]]) -> Iterable[Group]:
    """The places with most people, largest first, where people ordered at more than one."""
    named = {arm: [row for row in rows if row["place_before"] is not None] for arm, rows in by_arm.items()}
    found = _groups(named, "place_before", lambda row: str(row["place_before"]))
    if len(found) < 2:
        return ()
    return sorted(found.values(), key=lambda g: (-g.offer.count - g.holdout.count, g.segment))[:PLACES_MAX]


def _groups(
    by_arm: Mapping[str, Sequence[Row]], dimension: Dimension, name_of: Callable[[Row], str]
) -> dict[str, Group]:
    parts: defaultdict[str, dict[str, Comoments]] = defaultdict(dict)
    for arm, rows in by_arm.items():
        for row in rows:
            mine = parts[name_of(row)]
            mine[arm] = mine.get(arm, Comoments()) + comoments_of(row, "sales")
    return {
        name: Group(
            dimension=dimension,
            segment=name,
            offer=arms.get("offer", Comoments()),
            holdout=arms.get("holdout", Comoments()),
        )
        for name, arms in parts.items()
    }
