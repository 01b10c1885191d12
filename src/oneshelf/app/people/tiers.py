"""Tiers as people look at them: the rules, how many are in each, who moved between two days, and a file tried before it is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from oneshelf.app.core import Core
from oneshelf.app.goods.measures import SALT
from oneshelf.app.people.audiences import guarded
from oneshelf.app.people.links import links_of
from oneshelf.app.people.nightly import nightly
from oneshelf.app.people.tiering import JOINED, compute_cutpoints, standing, tiers_in_force
from oneshelf.books import tiers as books
from oneshelf.errors import InvalidInput, NotAllowed
from oneshelf.insight.disclosure import count_band, protected_count
from oneshelf.insight.people import tier_moves
from oneshelf.insight.people.conditions import written
from oneshelf.insight.people.tiers import TierRule, Tiers, read_tiers, tier_of
from oneshelf.insight.periods import EVER, Period, told_period
from oneshelf.insight.receipts import resolved
from oneshelf.trust.access import OPERATOR, Actor

_DAY: Final = timedelta(days=1)


class TierCount(msgspec.Struct, frozen=True, kw_only=True):
    """One tier: its rule as text, what entering it should trigger, and how many people are in it; None: too few to tell."""

    name: str
    title: str
    title_zh: str
    rule: str
    response: str
    response_zh: str
    watched: bool
    people: int | None


class Cutpoint(msgspec.Struct, frozen=True, kw_only=True):
    """From which value of a field the top share begins."""

    field: str
    share: float
    value: float


class TierReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every tier in the order of its rules. `give_or_take`: figures have noise of this width in nine cases of ten."""

    tiers: tuple[TierCount, ...]
    cutpoints: tuple[Cutpoint, ...]
    cutpoints_at: datetime | None
    give_or_take: float | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """How many people went from a tier to a tier; None stands for no tier, or, as `people`, for too few to tell."""

    from_tier: str | None
    to_tier: str | None
    people: int | None
    simulated: bool


class TierFlows(msgspec.Struct, frozen=True, kw_only=True):
    """Who was where at the end of two days."""

    first: date
    last: date
    flows: tuple[Flow, ...]
    give_or_take: float | None = None


class TierMove(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Moves to respond to: into a tier, out of one, or both, from a day on."""

    entered: str | None = None
    left: str | None = None
    since: date


class Leaver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who left a watched tier or came into one, why, and what that should trigger: the response of the tier they are in then."""

    person_id: str
    from_tier: str | None
    to_tier: str | None
    at: datetime
    reason: str
    response: str
    response_zh: str
    simulated: bool


class TierViews:
    """Use cases about tiers."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def rules(self) -> tuple[TierRule, ...]:
        """The rules in force, in their order. Raises SettingsError when their file cannot be used."""
        return tuple(tiers_in_force(self._core.settings).rules)

    def report(self, *, actor: Actor = OPERATOR) -> TierReport:
        """The tiers in force and how many people are in each, protected for whoever may not see people."""
        tiers = tiers_in_force(self._core.settings)
        with self._core.database.read() as connection:
            # a cut-point is what one person came to, to the cent
            cutpoints = {} if guarded(actor) else books.cutpoints(connection)
            at = books.cutpoints_at(connection)
            counts = {} if guarded(actor) else books.counts(connection)
        known: Mapping[str, int | None] = self._protected_counts(tiers) if guarded(actor) else counts
        return TierReport(
            tiers=tuple(_counted(rule, known.get(rule.name, 0)) for rule in tiers.rules),
            cutpoints=tuple(
                Cutpoint(field=field, share=share, value=value)
                for (field, share), value in sorted(cutpoints.items())
            ),
            cutpoints_at=at,
            give_or_take=count_band() if guarded(actor) else None,
        )

    def moves(self, first: date, last: date, *, actor: Actor = OPERATOR) -> TierFlows:
        """How many people went from which tier to which between the ends of two days. Raises InvalidInput when they are swapped.

        Whoever may not see people gets protected figures of the calendar period that holds the days in between.
        """
        if first > last:
            raise InvalidInput.of("from", first.isoformat(), f"is after {last}.", "Swap the two days.")
        if guarded(actor):
            return self._protected_moves(first, last)
        with self._core.analysis:
            rows = self._core.engine.run(tier_moves.flows(self._between(first, last))).to_pylist()
        flows = tuple(sorted((Flow(**row) for row in rows), key=_order))
        return TierFlows(first=first, last=last, flows=flows)

    def _protected_moves(self, first: date, last: date) -> TierFlows:
        """Few pairs of days, so that one set of people cannot be asked about in many ways: from before a period to its end."""
        moved = self._core.lake.days("tier.changed")
        if not moved or last < min(moved) or first >= max(moved):
            return TierFlows(first=first, last=last, flows=(), give_or_take=count_band())
        known = Period(min(moved), max(moved))
        # what moved on the first of the two days was before its end
        period = told_period(min(first + _DAY, last), last, known) or EVER
        first, last = max(period.first, known.first) - _DAY, min(period.last, known.last)
        with self._core.analysis:
            found = self._core.engine.run(self._between(first, last)).to_pylist()
        flows = self._protected_flows(found, period)
        return TierFlows(first=first, last=last, flows=flows, give_or_take=count_band())

    def watched(self, since: date, *, limit: int = 50, actor: Actor = OPERATOR) -> tuple[Leaver, ...]:
        """Who left a watched tier or came into one since a day, the newest first, and what each move should trigger; the look is logged."""
        self._core.look(actor, "people.read", purpose="tiers")
        if actor.places:
            raise NotAllowed("Tiers are of the whole shop.", "Ask somebody who may see everybody.")
        tiers = tiers_in_force(self._core.settings)
        names = [rule.name for rule in tiers.rules if rule.watched]
        with self._core.analysis:
            moves = self._core.engine.events("tier.changed", days=(since, date.max))
            touched = moves.from_tier.isin(names) | moves.to_tier.isin(names)
            left = moves.filter(touched) if names else moves.limit(0)
            newest = left.order_by(left.happened_at.desc(), left["offset"].desc(), left["index"].desc())
            rows = self._core.engine.run(newest.limit(limit)).to_pylist()
        return tuple(_leaver(row, tiers) for row in rows)

    def check(self, file: Path | str, *, actor: Actor = OPERATOR) -> TierReport:
        """Read a file of rules and say how many people each would hold, without using it.

        Raises InvalidInput with every problem, NotFound before the first night.
        """
        if guarded(actor):
            raise NotAllowed("Trying rules needs a role that may see people.", "Ask an admin.")
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise InvalidInput.of("file", str(file), "cannot be read.", "Give a TOML file.") from None
        tiers = read_tiers(text)
        with self._core.analysis:
            table = nightly(self._core).table
            cutpoints = compute_cutpoints(self._core, table, tiers.tops)
            judged = table.select(tier=tier_of(tiers, table, cutpoints, self._core.settings.time_zone))
            rows = self._core.engine.run(judged.group_by("tier").aggregate(people=judged.count())).to_pylist()
        counts = {row["tier"]: row["people"] for row in rows}
        return TierReport(
            tiers=tuple(_counted(rule, counts.get(rule.name, 0)) for rule in tiers.rules),
            cutpoints=tuple(
                Cutpoint(field=field, share=share, value=value)
                for (field, share), value in sorted(cutpoints.items())
            ),
            cutpoints_at=None,
        )

    def _between(self, first: date, last: date) -> Any:
        with self._core.database.read() as connection:
            links = links_of(connection)
        return tier_moves.between(
            self._core.engine.events("tier.changed"),
            self._core.engine.memory(links),
            first,
            last,
        )

    def _protected_counts(self, tiers: Tiers) -> dict[str, int | None]:
        people: defaultdict[str, list[str]] = defaultdict(list)
        rows = standing(self._core)
        for person_id, tier in zip(rows["person_id"].to_pylist(), rows["tier"].to_pylist(), strict=True):
            people[tier].append(person_id)
        salt = self._core.secret(SALT)
        return {
            rule.name: protected_count(
                people[rule.name], salt=salt, question=f"tier {rule.name} {written(rule.rule)}"
            )
            for rule in tiers.rules
        }

    def _protected_flows(self, found: list[dict[str, Any]], period: Period) -> tuple[Flow, ...]:
        """Only what may be told: a flow of too few people is left out, as is that there is one."""
        people: defaultdict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        for row in found:
            people[row["from_tier"], row["to_tier"]].append(row["person_id"])
        salt, simulated = self._core.secret(SALT), any(row["simulated"] for row in found)
        flows = []
        for (source, target), ids in people.items():
            question = f"moves {source} {target} {period.first} {period.last}"
            count = protected_count(ids, salt=salt, question=question)
            if count is not None:
                flows.append(Flow(from_tier=source, to_tier=target, people=count, simulated=simulated))
        return tuple(sorted(flows, key=_order))


def movers(core: Core, move: TierMove) -> tuple[str, ...]:
    """The people whose moves these are and who are still where the move took them, in order of their ids.

    Whoever came into a tier and has left it again, or left one and is back, is not among them: the response would come too late. Raises
    InvalidInput for a move that says nothing, and for tiers that the rules do not know.
    """
    known = [rule.name for rule in tiers_in_force(core.settings).rules]
    if not move.entered and not move.left:
        raise InvalidInput.of("moved", "", "names no tier.", "Say which tier people entered, or left.")
    for name in (move.entered, move.left):
        if name and name not in known:
            raise InvalidInput.of("moved", name, "is no tier.", f"Known: {', '.join(known)}.")
    with core.database.read() as connection:
        links = links_of(connection)
    with core.analysis:
        moves = core.engine.events("tier.changed", days=(move.since, date.max))
        if move.entered:
            moves = moves.filter(moves.to_tier == move.entered)
        if move.left:  # who was only joined to somebody else has not left
            moves = moves.filter((moves.from_tier == move.left) & (moves.reason != JOINED))
        people = resolved(moves.select("person_id"), core.engine.memory(links)).distinct()
        found = core.engine.run(people.order_by("person_id"))["person_id"].to_pylist()
    with core.database.read() as connection:
        now_in = books.tiers(connection, found)
    tiers = {person_id: row.tier for person_id, row in now_in.items()}
    return tuple(
        person_id
        for person_id in found
        if (tiers.get(person_id) == move.entered if move.entered else tiers.get(person_id) != move.left)
    )


def _order(flow: Flow) -> tuple[int, str, str]:
    return (-(flow.people or 0), flow.from_tier or "", flow.to_tier or "")


def _counted(rule: TierRule, people: int | None) -> TierCount:
    return TierCount(
        name=rule.name,
        title=rule.title,
        title_zh=rule.title_zh or rule.title,
        rule=written(rule.rule),
        response=rule.response,
        response_zh=rule.response_zh or rule.response,
        watched=rule.watched,
        people=people,
    )


def _leaver(row: dict[str, Any], tiers: Tiers) -> Leaver:
    now_in = tiers.by_name.get(row["to_tier"] or "")
    return Leaver(
        person_id=row["person_id"],
        from_tier=row["from_tier"],
        to_tier=row["to_tier"],
        at=row["happened_at"],
        reason=row["reason"],
        response=now_in.response if now_in else "",
        response_zh=(now_in.response_zh or now_in.response) if now_in else "",
        simulated=row["simulated"],
    )
