"""Tiers: the rules as text, how many people are in each, who moved between two days, and who left a watched tier."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from oneshelf.app.people.audiences import guarded
from oneshelf.console import charts
from oneshelf.console.visit import Visit
from oneshelf.errors import InvalidInput

if TYPE_CHECKING:
    from oneshelf.app.people.tiers import TierCount, TierFlows, TierReport

_DAYS: Final = 28
_LEAVERS: Final = 20


def tiers(visit: Visit) -> Response:
    """The page of tiers."""
    today = visit.shelf.core.now().astimezone(visit.reader.zone).date()
    first, last = _day(visit, "from", today - timedelta(days=_DAYS)), _day(visit, "to", today)
    report = visit.shelf.tiers.report(actor=visit.actor)
    flows = visit.shelf.tiers.moves(first, last, actor=visit.actor)
    titles = {tier.name: _title(visit, tier) for tier in report.tiers}
    closed = guarded(visit.actor)
    left = () if closed else visit.shelf.tiers.watched(first, limit=_LEAVERS, actor=visit.actor)
    chinese = visit.reader.language == "zh"
    return visit.render(
        "tiers.html",
        report=report,
        rows=[(tier, titles[tier.name], tier.response_zh if chinese else tier.response) for tier in report.tiers],
        total=sum(tier.people or 0 for tier in report.tiers),
        flows=[(flow, *(_named(visit, titles, name) for name in (flow.from_tier, flow.to_tier))) for flow in flows.flows],
        first=flows.first, last=flows.last, chart=_chart(visit, report, flows, titles), charts=bool(flows.flows), closed=closed,
        may_send=visit.actor.may("offers.send"),
        left=[(one, *(_named(visit, titles, name) for name in (one.from_tier, one.to_tier)), one.response_zh if chinese else one.response) for one in left],
    )  # fmt: skip


def _day(visit: Visit, name: str, default: date) -> date:
    asked = visit.query(name)
    if not asked:
        return default
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise InvalidInput.of(name, asked, "is not a day.", "Write such as 2017-11-30.") from None


def _title(visit: Visit, tier: TierCount) -> str:
    return tier.title_zh if visit.reader.language == "zh" else tier.title


def _named(visit: Visit, titles: dict[str, str], name: str | None) -> str:
    return visit.reader.text("No tier") if name is None else titles.get(name, name)


def _chart(
    visit: Visit, report: TierReport, flows: TierFlows, titles: dict[str, str]
) -> charts.Figure | None:
    """Left the first day, right the last: one node a tier on each side, in the order of the rules."""
    if not flows.flows:
        return None
    names: list[str | None] = [tier.name for tier in report.tiers]
    seen = {name for flow in flows.flows for name in (flow.from_tier, flow.to_tier)}
    names += sorted(name for name in seen if name is not None and name not in titles)
    names = [name for name in [*names, None] if name in seen]
    sides = []
    for side in ("from_tier", "to_tier"):
        totals = {name: sum(f.people or 0 for f in flows.flows if getattr(f, side) == name) for name in names}
        sides.append(
            [f"{_named(visit, titles, name)} · {visit.reader.number(totals[name])}" for name in names]
        )
    links = [
        (names.index(flow.from_tier), names.index(flow.to_tier), float(flow.people or 0),
         f"{_named(visit, titles, flow.from_tier)} → {_named(visit, titles, flow.to_tier)}: {visit.reader.number(flow.people or 0)}")
        for flow in flows.flows
    ]  # fmt: skip
    return charts.flows(sides[0], sides[1], links)
