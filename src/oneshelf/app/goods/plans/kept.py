"""Plans as the books keep them: packed when they are made, read back with the edits that were made since."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from oneshelf.books import plans as books
from oneshelf.books.database import Connection
from oneshelf.books.plans import EditRow, PlanRow
from oneshelf.decisions.plan.changing import Edit, edited
from oneshelf.decisions.plan.outlook import Outlook
from oneshelf.decisions.plan.result import Plan, PlanLine, PlanSummary
from oneshelf.errors import NotFound

#: Lines packed together; a page of exceptions is in the first.
PART_LINES = 1_000

Line = tuple[str | None, str]

_pack = msgspec.msgpack.Encoder()
_lines = msgspec.msgpack.Decoder(tuple[PlanLine, ...])
_outlook = msgspec.msgpack.Decoder(tuple[Outlook, ...])


class PlanHead(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as lists show it: what it is, who made it, and where it stands."""

    id: str
    as_of: date
    for_day: date
    #: what was supposed otherwise; None: the plan itself
    scenario: str | None
    made_at: datetime
    made_by: str
    approved_at: datetime | None
    approved_by: str | None
    #: lines in all, lines that order something, and lines that need a look
    lines: int
    ordered: int
    exceptions: int
    pieces: int
    summary: PlanSummary


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the row of a plan holds."""

    lines: int
    ordered: int
    exceptions: int
    pieces: int
    plan: PlanSummary


def keep(
    connection: Connection,
    plan: Plan,
    outlook: Sequence[Outlook],
    *,
    by: str,
    at: datetime,
    scenario: str | None = None,
) -> PlanHead:
    """Keep a plan under the next number of its day."""
    summary = _Summary(
        lines=len(plan.lines),
        ordered=sum(line.quantity > 0 for line in plan.lines),
        exceptions=sum(line.attention is not None for line in plan.lines),
        pieces=sum(line.quantity for line in plan.lines),
        plan=plan.summary,
    )
    row = PlanRow(
        id=f"{plan.for_day}.{books.next_number(connection, plan.for_day)}",
        as_of=plan.as_of,
        for_day=plan.for_day,
        scenario=scenario,
        made_at=at,
        made_by=by,
        summary=msgspec.json.encode(summary),
        outlook=zlib.compress(_pack.encode(tuple(outlook))),
    )
    runs = [plan.lines[start : start + PART_LINES] for start in range(0, len(plan.lines), PART_LINES)]
    books.add(connection, row, [zlib.compress(_pack.encode(run)) for run in runs])
    return head(row)


def head(row: PlanRow) -> PlanHead:
    """A row as people see it."""
    summary = msgspec.json.decode(row.summary, type=_Summary)
    return PlanHead(
        id=row.id,
        as_of=row.as_of,
        for_day=row.for_day,
        scenario=row.scenario,
        made_at=row.made_at,
        made_by=row.made_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        lines=summary.lines,
        ordered=summary.ordered,
        exceptions=summary.exceptions,
        pieces=summary.pieces,
        summary=summary.plan,
    )


def read(connection: Connection, plan_id: str) -> PlanRow:
    """The plan of that id. Raises NotFound."""
    row = books.get(connection, plan_id)
    if row is None:
        raise NotFound(f"There is no plan {plan_id!r}.", "See `oneshelf plan list`.")
    return row


def lines(connection: Connection, plan_id: str) -> tuple[PlanLine, ...]:
    """All lines of a plan, in its order, with the edits made since."""
    return with_edits(made(connection, plan_id), books.edits(connection, plan_id))


def made(connection: Connection, plan_id: str) -> tuple[PlanLine, ...]:
    """All lines of a plan as it was made."""
    return tuple(
        line for part in books.parts(connection, plan_id) for line in _lines.decode(zlib.decompress(part))
    )


def with_edits(found: tuple[PlanLine, ...], edits: Sequence[EditRow]) -> tuple[PlanLine, ...]:
    """The lines with the last edit of each."""
    if not edits:
        return found
    last = {
        edit.line: edit
        for edit in (
            Edit(
                place_id=row.place_id or None,
                product_id=row.product_id,
                quantity=row.quantity,
                reason=row.reason,
            )
            for row in edits
        )
    }
    touched = {line_of(line): line for line in found if line_of(line) in last}
    changed = {line_of(line): line for line in edited(touched, [last[key] for key in touched])}
    return tuple(changed.get(line_of(line), line) for line in found)


def line_of(line: PlanLine) -> Line:
    """What a line is of: place and product."""
    return line.place_id, line.product_id


def outlook(row: PlanRow) -> tuple[Outlook, ...]:
    """What suppliers are to be told about the days ahead."""
    return _outlook.decode(zlib.decompress(row.outlook)) if row.outlook else ()
