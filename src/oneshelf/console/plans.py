"""Plan: tomorrow's quantities, exceptions first, each with its reason; edited, tried otherwise, approved, and what earlier ones came to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from oneshelf.app.goods.plans.as_csv import orders_csv, plan_csv
from oneshelf.console import charts, draw
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.decisions.plan.changing import Circumstances, Edit
from oneshelf.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oneshelf.app.goods.planning import DayValue
    from oneshelf.app.goods.plans.kept import PlanHead
    from oneshelf.app.goods.plans.raising import Document
    from oneshelf.decisions.plan.result import Move, PlanLine, PlanSummary

#: Why a line stands first, as people say it.
ATTENTIONS: Final = {
    "late": mark("data missing"),
    "new": mark("new"),
    "no_price": mark("no price"),
    "limited": mark("not enough for all"),
    "short": mark("runs out before it comes"),
    "waste": mark("will go to waste"),
    "change": mark("unlike last week"),
    "uncertain": mark("uncertain"),
}

#: The ways of ordering that a score compares.
WAYS: Final = {
    "plan": mark("The plan"),
    "proposed": mark("The plan before it was changed"),
    "yesterday": mark("Yesterday's quantities again"),
    "last_week": mark("Same as last week"),
    "foresight": mark("Perfect foresight"),
}

#: What kinds of documents an approval sends.
KINDS: Final = {
    "purchase_order": mark("Purchase order"),
    "production_request": mark("Production request"),
    "transfer_request": mark("Transfer request"),
    "outlook": mark("Outlook for next week"),
}

#: Where one sentence of a reason ends and the next begins.
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z0-9])")

_LIST_LENGTH = 60
_HISTORY_DAYS = 56
_SCORES = 7
#: Intervals are drawn as multiples of the forecast, so that rows large and small can be compared.
_MULTIPLES = draw.Scale(0.0, 2.0, 168)


def plan(visit: Visit) -> Response:
    """The plan for the next day, or the kept one that the address names."""
    plans = visit.shelf.goods.plans
    try:
        head, summary, every = _asked(visit)
    except NotFound:
        if visit.query("id"):
            raise
        return visit.render("plan_empty.html")
    text, kind, changed = visit.query("q"), visit.query("look"), bool(visit.query("changed"))
    called = _names(visit, every) if text else {}
    lines = [
        line
        for line in every
        if text.casefold() in f"{called.get(line.product_id, '')} {line.series}".casefold()
        and kind in ("", line.attention)
        and not (changed and line.quantity == (line.before or 0))
    ]
    if changed:
        lines.sort(key=lambda line: (-abs(line.quantity - (line.before or 0)), line.series))
    shown = len(lines) if visit.query("all") else _LIST_LENGTH
    base = plans.newest(actor=visit.actor) if head is not None and head.scenario else None
    return visit.render(
        "plan.html",
        plan=summary, head=head, base=base,
        rows=[(line, address(line, head), _whisker(visit, line), _said(visit, line.reason)) for line in lines[:shown]],
        found=len(lines), total=len(every), exceptions=sum(line.attention is not None for line in every),
        ordered=sum(line.quantity > 0 for line in every), edited=sum(line.edit_reason is not None for line in every),
        placed=any(line.place_id is not None for line in every), compared=any(line.before is not None for line in every),
        q=text, look=kind, changed=changed, attentions=_told(visit, ATTENTIONS), words=_told(visit, ATTENTIONS),
        notes=[visit.reader.say(note) for note in summary.notes], trust=_trust(every),
        days=plans.scores(limit=_SCORES, actor=visit.actor), ways=_told(visit, WAYS), kept=plans.listing(limit=_SCORES, actor=visit.actor).items,
        names=_names(visit, lines[:shown], summary.moves), places=_places(visit),
        query=urlencode({"id": head.id} if head is not None else {}),
    )  # fmt: skip


def _asked(visit: Visit) -> tuple[PlanHead | None, PlanSummary, tuple[PlanLine, ...]]:
    plans = visit.shelf.goods.plans
    if not visit.query("id"):
        return plans.current(actor=visit.actor)
    head = plans.get(visit.query("id"), actor=visit.actor)
    return head, head.summary, plans.all_lines(head.id, actor=visit.actor)


def address(line: PlanLine, head: PlanHead | None) -> str:
    """The page of a line."""
    asked = {"place": line.place_id} if line.place_id is not None else {}
    asked |= {"id": head.id} if head is not None else {}
    return f"/plan/{quote(line.product_id, safe='')}" + (f"?{urlencode(asked)}" if asked else "")


def _said(visit: Visit, reason: str) -> str:
    """A reason, each of its sentences in the reader's language."""
    gap = "" if visit.reader.language == "zh" else " "
    return gap.join(visit.reader.say(sentence) for sentence in _SENTENCES.split(reason))


def _told(visit: Visit, words: dict[str, str]) -> dict[str, str]:
    return {name: visit.reader.text(said) for name, said in words.items()}


def _names(visit: Visit, lines: Sequence[PlanLine], moves: Sequence[Move] = ()) -> dict[str, str]:
    """What products of lines at places are called; product types are called as they are."""
    ids = {line.product_id for line in lines if line.place_id is not None} | {
        move.product_id for move in moves
    }
    return {one: product.name for one, product in visit.shelf.core.products(ids).items()}


def _outlook_names(visit: Visit, documents: Sequence[Document]) -> dict[str, str]:
    ids = {each.product_id for one in documents for each in one.outlook}
    return {one: product.name for one, product in visit.shelf.core.products(ids).items()}


def _places(visit: Visit) -> dict[str, str]:
    return {one.place.id: one.place.name for one in visit.shelf.places.listing(actor=visit.actor).places}


def _trust(lines: Sequence[PlanLine]) -> float | None:
    """How wrong such forecasts were lately over all lines, each weighed by what is expected of it; None where nobody knows."""
    known = [(line.wape, line.mean) for line in lines if line.wape is not None]
    weight = sum(mean for _, mean in known)
    return sum(wape * mean for wape, mean in known) / weight if weight else None


def _whisker(visit: Visit, line: PlanLine) -> Markup:
    number = visit.reader.number
    label = visit.reader.text(
        "%(low)s to %(high)s, forecast %(mean)s",
        low=number(line.low),
        high=number(line.high),
        mean=number(line.mean),
    )
    if not line.mean:
        return Markup("")
    low, high, last = (value / line.mean for value in (line.low, line.high, line.last_week))
    return draw.whisker(_MULTIPLES, low, 1.0, high, label, mark=last)


def series(visit: Visit) -> Response:
    """One line of the plan: its past, its forecast, its reason, and what another quantity would do."""
    return _series(visit)


def _series(visit: Visit, *, status: int = 200, error: InvalidInput | None = None) -> Response:
    name, place = (
        visit.request.path_params.get("series") or visit.field("product"),
        visit.query("place") or visit.field("place") or None,
    )
    head, summary, lines = _asked(visit)
    line = next((line for line in lines if (line.place_id, line.product_id) == (place, name)), None)
    if line is None:
        raise NotFound("The plan has no line of this name.", "Choose one from the plan.")
    history = visit.shelf.goods.history(
        name, place_id=place, until=summary.as_of, days=_HISTORY_DAYS, actor=visit.actor
    )
    if summary.as_of == visit.shelf.core.today():
        history = history[:-1]  # a day that is not over would look like a fall
    open_to_edits = head is not None and head.approved_at is None and visit.actor.may("plan.edit")
    return visit.render(
        "series.html", status,
        plan=summary, head=head, line=line, name=_names(visit, [line]).get(line.product_id, line.product_id),
        place=_places(visit).get(line.place_id or "", line.place_id), reason=_said(visit, line.reason), history=history, back=f"/plan?id={head.id}" if head else "/plan",
        chart=_forecast(visit, summary, line, history), charts=True,
        editable=open_to_edits, words=_told(visit, ATTENTIONS), error=error and (visit.reader.say(error.cause), visit.reader.say(error.remedy)),
    )  # fmt: skip


def _forecast(visit: Visit, made: PlanSummary, line: PlanLine, history: Sequence[DayValue]) -> charts.Figure:
    text = visit.reader.text
    return charts.forecast(
        [(d.day.isoformat(), float(d.quantity)) for d in history],
        (line.arrives_on.isoformat(), line.low, line.mean, line.high),
        words={"sold": text("Sold"), "forecast": text("Forecast"), "unit": text("pieces")},
        ticks=[visit.reader.short_day(d.day) for d in history],
        shown_days=[visit.reader.day(d.day) for d in history] + [visit.reader.day(line.arrives_on)],
    )


def edit(visit: Visit) -> Response:
    """Change the quantity of one line, with its reason."""
    line = Edit(
        place_id=visit.field("place") or None,
        product_id=visit.field("product"),
        quantity=_whole(visit.field("quantity"), "quantity"),
        reason=visit.field("reason"),
    )
    plan_id = visit.field("id")
    visit.shelf.goods.plans.edit(plan_id, [line], actor=visit.actor)
    return visit.to(f"/plan?{urlencode({'id': plan_id, 'q': line.product_id})}")


def keep(visit: Visit) -> Response:
    """Make the plan of the newest day and keep it."""
    head = visit.shelf.goods.plans.make(actor=visit.actor)
    return visit.to(f"/plan?id={quote(head.id)}")


def suppose(visit: Visit) -> Response:
    """Try other circumstances on a copy."""
    name = visit.field("name")
    if not name:
        raise InvalidInput.of("name", name, "is empty.", "Say what the scenario is called.")
    demand, limits = (_whole(visit.field(field) or "100", field) / 100 for field in ("demand", "limits"))
    try:
        circumstances = msgspec.convert(
            {"demand": demand, "limits": limits, "closed": tuple(visit.field("closed").split())},
            Circumstances,
        )
    except msgspec.ValidationError:
        raise InvalidInput.of("demand", demand, "is out of range.", "Write 0 to 10,000 percent.") from None
    head = visit.shelf.goods.plans.make(scenario=name, circumstances=circumstances, actor=visit.actor)
    return visit.to(f"/plan?id={quote(head.id)}")


def approve(visit: Visit) -> Response:
    """Show what an approval would send, and to whom; a second form sends it."""
    plan_id = visit.field("id")
    if visit.field("step") == "send":
        visit.shelf.goods.plans.approve(plan_id, actor=visit.actor)
        return visit.to(f"/plans/orders?id={quote(plan_id)}")
    found = visit.shelf.goods.plans.approve(plan_id, dry_run=True, actor=visit.actor)
    head = visit.shelf.goods.plans.get(plan_id, actor=visit.actor)
    return visit.render(
        "plan_orders.html", head=head, plan=head.summary, documents=found.documents, channel=found.channel,
        sent=False, kinds=_told(visit, KINDS), names=_outlook_names(visit, found.documents), places=_places(visit),
    )  # fmt: skip


def orders(visit: Visit) -> Response:
    """What an approved plan sent, and to whom."""
    head = visit.shelf.goods.plans.get(visit.query("id"), actor=visit.actor)
    found = visit.shelf.goods.plans.orders(head.id, actor=visit.actor)
    return visit.render(
        "plan_orders.html", head=head, plan=head.summary, documents=found, channel=None, sent=True, kinds=_told(visit, KINDS),
        names=_outlook_names(visit, found), places=_places(visit),
    )  # fmt: skip


def orders_file(visit: Visit) -> Response:
    """What an approved plan ordered, as CSV."""
    plan_id = visit.query("id")
    return _file(
        orders_csv(visit.shelf.goods.plans.orders(plan_id, actor=visit.actor)), f"orders-{plan_id}.csv"
    )


def export(visit: Visit) -> Response:
    """The plan as CSV, one line a row, for whoever orders elsewhere."""
    _, summary, lines = _asked(visit)
    return _file(plan_csv(summary.for_day, lines), f"plan-{summary.for_day}.csv")


def _file(text: str, name: str) -> Response:
    safe = "".join(c if c.isalnum() or c in "-." else "-" for c in name)
    return Response(
        text, media_type="text/csv", headers={"content-disposition": f'attachment; filename="{safe}"'}
    )


def _whole(text: str, field: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    raise InvalidInput.of(field, text, "is no whole number.", "Write a whole number, 0 or more.")
