"""Plans as people use them: made each afternoon, looked over, edited, tried otherwise, approved, and scored the day after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.calendar import CalendarDay, calendar_in_force, coming
from oneshelf.app.goods.plans import approving, kept
from oneshelf.app.goods.plans import past as pasts
from oneshelf.app.goods.plans.gathering import Gathered, gather
from oneshelf.app.goods.plans.kept import Line, PlanHead, line_of
from oneshelf.app.goods.plans.raising import Document, only_at
from oneshelf.app.goods.plans.scoring import scored
from oneshelf.app.goods.plans.sight import Sight
from oneshelf.app.offers.delivery import channel_of
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import plans as books
from oneshelf.books.database import Connection
from oneshelf.books.plans import EditRow
from oneshelf.decisions.plan.changing import Circumstances, Edit, edited, supposed
from oneshelf.decisions.plan.making import DEFAULT_POLICY, make_plan
from oneshelf.decisions.plan.outlook import Outlook, outlook
from oneshelf.decisions.plan.result import Attention, Plan, PlanLine, PlanPolicy, PlanSummary
from oneshelf.decisions.plan.scoring import PlanScore
from oneshelf.errors import Conflict, NotAllowed, NotFound
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day

LINES_SHOWN = 100


class Edited(msgspec.Struct, frozen=True, kw_only=True):
    """What edits come to: the lines as they are afterwards, and what that changes over all of them."""

    lines: tuple[PlanLine, ...]
    #: None where prices are not known
    profit_minor: int | None
    lost: float
    waste: float
    dry_run: bool


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval sends, and through which channel."""

    plan_id: str
    channel: str
    documents: tuple[Document, ...]
    dry_run: bool


class Plans:
    """Use cases about plans."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sight = Sight(core)

    def make(
        self,
        as_of: date | None = None,
        *,
        policy: PlanPolicy = DEFAULT_POLICY,
        budget_minor: int | None = None,
        scenario: str | None = None,
        circumstances: Circumstances | None = None,
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> PlanHead:
        """Make the plan after the close of `as_of` (default: the newest day with sales) and keep it.

        With `scenario` it is a copy that is never approved, under other `circumstances`. Raises NotFound when there are no sales.
        """
        actor.require("plan.edit")
        gathered = self.gathered(as_of, budget_minor=budget_minor)
        inputs = gathered.inputs if circumstances is None else supposed(gathered.inputs, circumstances)
        plan = make_plan(inputs, policy=self._moving(policy))
        ahead = outlook(inputs)
        at = now or utc_now()
        return self._core.database.writer.write(
            lambda connection: kept.keep(connection, plan, ahead, by=actor.name, at=at, scenario=scenario)
        )

    def next_day(self, as_of: date | None = None, *, actor: Actor = OPERATOR) -> Plan:
        """The plan that `make` would keep, without keeping it. The same sales make the same plan."""
        actor.require("plan.read")
        gathered = self.gathered(as_of)
        if gathered.by_terms:
            return make_plan(gathered.inputs, policy=self._moving(DEFAULT_POLICY))
        # without terms nothing but sales and yesterday's plan enters
        before = gathered.inputs.before
        key = ("plan", gathered.inputs.as_of, None if before is None else before.tobytes())
        return self._sight.keep(key, lambda: make_plan(gathered.inputs))

    def _moving(self, policy: PlanPolicy) -> PlanPolicy:
        """The policy with what moves cost by the settings, where it does not say itself."""
        settings = self._core.settings
        if policy.move_minor is not None or settings.move_minor is None:
            return policy
        return msgspec.structs.replace(policy, move_minor=settings.move_minor, trip_minor=settings.trip_minor)

    def current(
        self, *, actor: Actor = OPERATOR
    ) -> tuple[PlanHead | None, PlanSummary, tuple[PlanLine, ...]]:
        """The plan to look at today: the kept one, where it knows the newest sales, else what would be kept now.

        Raises NotFound when nothing was sold yet.
        """
        day = pasts.last_day(self._core)
        head = self.newest(actor=actor)
        if head is not None and (day is None or head.as_of >= day):
            return head, head.summary, self.all_lines(head.id, actor=actor)
        plan = self.next_day(day, actor=actor)
        return (
            None,
            plan.summary,
            tuple(one for one in plan.lines if one.place_id is None or actor.may_at(one.place_id)),
        )

    def newest(self, *, for_day: date | None = None, actor: Actor = OPERATOR) -> PlanHead | None:
        """The plan that counts: of a day, or of the newest one; an approved one, else the last made. None before the first."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            row = books.newest(connection, for_day=for_day)
        return None if row is None else kept.head(row)

    def get(self, plan_id: str, *, actor: Actor = OPERATOR) -> PlanHead:
        """One plan without its lines. Raises NotFound."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            return kept.head(kept.read(connection, plan_id))

    def listing(
        self, *, after: str | None = None, limit: int = 30, actor: Actor = OPERATOR
    ) -> Page[PlanHead]:
        """Plans and scenarios, the newest day first."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            rows = books.listing(connection, limit=limit + 1, after=read_cursor(after, tuple[date, str]))
        more = len(rows) > limit
        last = rows[limit - 1] if more else None
        return Page(
            items=tuple(map(kept.head, rows[:limit])),
            next=None if last is None else write_cursor((last.for_day, last.id)),
        )

    def all_lines(self, plan_id: str, *, actor: Actor = OPERATOR) -> tuple[PlanLine, ...]:
        """Every line of a plan that is the actor's to see, with its edits, the exceptions first. Raises NotFound."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            kept.read(connection, plan_id)
            found = kept.lines(connection, plan_id)
        return tuple(line for line in found if line.place_id is None or actor.may_at(line.place_id))

    def lines(
        self,
        plan_id: str,
        *,
        text: str = "",
        place_id: str | None = None,
        attention: Attention | None = None,
        changed: bool = False,
        after: str | None = None,
        limit: int = LINES_SHOWN,
        actor: Actor = OPERATOR,
    ) -> Page[PlanLine]:
        """Lines of a plan, the exceptions first: those whose name holds a text, at one place, of one kind of exception.

        With `changed`, those that order another quantity than yesterday's plan, the largest change first.
        """
        start = read_cursor(after, int) or 0
        found = [
            line
            for line in self.all_lines(plan_id, actor=actor)
            if text.casefold() in line.series.casefold()
            and place_id in (None, line.place_id)
            and attention in (None, line.attention)
            and not (changed and line.quantity == (line.before or 0))
        ]
        if changed:
            found.sort(key=lambda line: (-abs(line.quantity - (line.before or 0)), line.series))
        end = start + limit
        return Page(
            items=tuple(found[start:end]),
            next=write_cursor(end) if end < len(found) else None,
            total=len(found),
        )

    def edit(
        self,
        plan_id: str,
        edits: Sequence[Edit],
        *,
        dry_run: bool = False,
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> Edited:
        """Change quantities, each with a reason; with `dry_run` only tell what that would do.

        Raises InvalidInput with everything that is wrong and then changes nothing; Conflict when the plan was approved.
        """
        actor.require("plan.edit")
        at = now or utc_now()

        def write(connection: Connection) -> Edited:
            row = kept.read(connection, plan_id)
            if row.approved_at is not None:
                raise Conflict("This plan was approved, so its orders are out.", "Change the next plan.")
            before = {line_of(line): line for line in kept.lines(connection, plan_id)}
            changed = edited(before, edits)
            for line in changed:
                actor.require_reach(line.place_id)
            if not dry_run:
                first = len(books.edits(connection, plan_id)) + 1
                books.add_edits(
                    connection,
                    [_edit_row(plan_id, first + at_, edit, actor.name, at) for at_, edit in enumerate(edits)],
                )
            return _difference(before, changed, dry_run=dry_run)

        if dry_run:
            with self._core.database.read() as connection:
                return write(connection)
        return self._core.database.writer.write(write)

    def approve(
        self,
        plan_id: str,
        *,
        channel: str | None = None,
        dry_run: bool = False,
        actor: Actor = OPERATOR,
        now: datetime | None = None,
    ) -> Approved:
        """Approve a plan: its orders and outlooks are kept, and leave through the channel (default: the webhook, where one is set).

        One plan a day can be approved, once. Raises Conflict otherwise, SettingsError for a channel that cannot send.
        """
        actor.require("plan.approve")
        if actor.places:
            raise NotAllowed(
                "This plan is for more than your places.", "Ask somebody of head office to approve it."
            )
        way = channel or ("webhook" if self._core.settings.webhook_url else "file")
        channel_of(self._core.settings, way)  # better refused now than in every attempt to deliver
        at = now or utc_now()
        if dry_run:
            with self._core.database.read() as connection:
                found = approving.raised(connection, plan_id, by=actor.name, at=at)
        else:
            found = self._core.database.writer.write(
                partial(
                    approving.approve,
                    journal=self._core.journal,
                    plan_id=plan_id,
                    channel=way,
                    by=actor.name,
                    at=at,
                )
            )
        return Approved(plan_id=plan_id, channel=way, documents=found, dry_run=dry_run)

    def orders(self, plan_id: str, *, actor: Actor = OPERATOR) -> tuple[Document, ...]:
        """What an approved plan raised; empty before: to staff of some places what it asks for these. Raises NotFound."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            kept.read(connection, plan_id)
            rows = books.orders(connection, plan_id)
        found = [msgspec.json.decode(row.document, type=Document) for row in rows]
        if actor.places:
            found = [part for one in found if (part := only_at(one, actor.places)) is not None]
        # what is to be done before what is to be expected
        return tuple(sorted(found, key=lambda one: one.kind == "outlook"))

    def outlook(self, plan_id: str, *, actor: Actor = OPERATOR) -> tuple[Outlook, ...]:
        """What each supplier will be asked for in the week ahead, as it was foreseen when the plan was made. Raises NotFound."""
        actor.require_everywhere("plan.read")
        with self._core.database.read() as connection:
            return kept.outlook(kept.read(connection, plan_id))

    def score(self, for_day: date | None = None, *, now: datetime | None = None) -> PlanScore | None:
        """Score the plan of a day (default: the newest day with sales) against what was sold, and keep it; None when it had none."""
        day = for_day or pasts.last_day(self._core)
        with self._core.database.read() as connection:
            row = None if day is None else books.newest(connection, for_day=day)
            if row is None or day is None:
                return None
            made, changed = kept.made(connection, row.id), kept.lines(connection, row.id)
        share = kept.head(row).summary.policy.margin_share
        score = scored(self._core, day, made, changed, margin_share=share)
        at = now or utc_now()
        self._core.database.writer.write(
            lambda connection: books.put_score(connection, day, row.id, msgspec.json.encode(score), at)
        )
        return score

    def scores(self, *, limit: int = 28, actor: Actor = OPERATOR) -> tuple[PlanScore, ...]:
        """What the plans of the newest days came to, the newest first."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            found = books.scores(connection, limit=limit)
        return tuple(msgspec.json.decode(score, type=PlanScore) for score in found)

    def calendar(self, days: int = 60, *, actor: Actor = OPERATOR) -> tuple[CalendarDay, ...]:
        """The coming days of the shop's own calendar. Raises SettingsError when its file cannot be used."""
        actor.require("plan.read")
        return coming(calendar_in_force(self._core.settings), self._core.today(), days)

    def gathered(self, as_of: date | None = None, *, budget_minor: int | None = None) -> Gathered:
        """What a plan of that day is made from. Raises NotFound when there are no sales, InvalidInput for a day outside the calendar."""
        day = check_day(as_of, "as_of") if as_of else pasts.last_day(self._core)
        if day is None:
            raise NotFound("Nothing was sold yet, so there is nothing to plan from.", "Load receipts first.")
        with self._core.database.read() as connection:
            before = books.newest(connection, before=day + timedelta(days=1))
            ordered = {} if before is None else _quantities(kept.lines(connection, before.id))
        return gather(self._core, self._sight, day, before=ordered, budget_minor=budget_minor)


def _quantities(lines: Sequence[PlanLine]) -> dict[Line, int]:
    return {line_of(line): line.quantity for line in lines}


def _edit_row(plan_id: str, number: int, edit: Edit, by: str, at: datetime) -> EditRow:
    return EditRow(
        plan_id=plan_id,
        number=number,
        place_id=edit.place_id or "",
        product_id=edit.product_id,
        quantity=edit.quantity,
        reason=edit.reason.strip(),
        made_at=at,
        made_by=by,
    )


def _difference(before: dict[Line, PlanLine], changed: Sequence[PlanLine], *, dry_run: bool) -> Edited:
    pairs = [(before[line_of(line)], line) for line in changed]
    profits = [
        None if old.profit_minor is None or new.profit_minor is None else new.profit_minor - old.profit_minor
        for old, new in pairs
    ]
    known = [profit for profit in profits if profit is not None]
    return Edited(
        lines=tuple(changed),
        profit_minor=sum(known) if known else None,
        lost=round(sum(new.lost - old.lost for old, new in pairs), 2),
        waste=round(sum(new.waste - old.waste for old, new in pairs), 2),
        dry_run=dry_run,
    )
