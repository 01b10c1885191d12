"""Plan: tomorrow's quantities, exceptions first, each with its interval, its reason and how often it was wrong."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.responses import Response

from oneshelf.console import charts, draw
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import NotFound

if TYPE_CHECKING:
    from oneshelf.decisions.plan.chain import Plan, PlanLine
    from oneshelf.insight.goods.forecast.next_day_backtest import Score

#: The backtest's methods as people say them; the first is the plan's own.
METHODS = {
    "weekday_level": mark("This plan"),
    "weekday_mean": mark("Mean of the same weekdays"),
    "moving_average": mark("Mean of the last 28 days"),
    "seasonal_naive": mark("Same as last week"),
}

_LIST_LENGTH = 60
_HISTORY_DAYS = 56
#: Intervals are drawn as multiples of the forecast, so that rows large and small can be compared.
_MULTIPLES = draw.Scale(0.0, 2.0, 168)


def plan(visit: Visit) -> Response:
    """The plan for the next day."""
    try:
        made = visit.shelf.goods.plan_next_day(actor=visit.actor)
    except NotFound:
        return visit.render("plan_empty.html")
    text = visit.query("q").casefold()
    lines = [line for line in made.lines if text in line.series.casefold()]
    shown = len(lines) if visit.query("all") else _LIST_LENGTH
    return visit.render(
        "plan.html",
        plan=made,
        rows=[(line, _whisker(visit, line), visit.reader.say(line.reason)) for line in lines[:shown]],
        found=len(lines),
        exceptions=sum(line.attention is not None for line in made.lines),
        ordered=sum(line.quantity > 0 for line in made.lines),
        q=visit.query("q"),
        notes=[visit.reader.say(note) for note in made.notes],
        method=visit.reader.say(made.method),
        scores=_scores(visit, made),
    )


def _scores(visit: Visit, made: Plan) -> list[tuple[str, Score]]:
    """What each method would have been wrong by, over all series; ours first."""
    found = ((visit.reader.text(name), made.backtest.score(method)) for method, name in METHODS.items())
    return [(name, score) for name, score in found if score is not None]


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
    """One line of the plan: its past, its forecast and its reason."""
    name = visit.request.path_params["series"]
    made = visit.shelf.goods.plan_next_day(actor=visit.actor)
    line = next((line for line in made.lines if line.series == name), None)
    if line is None:
        raise NotFound("The plan has no line of this name.", "Choose one from the plan.")
    history = visit.shelf.goods.history(name, until=made.as_of, days=_HISTORY_DAYS, actor=visit.actor)
    return visit.render(
        "series.html",
        plan=made, line=line, reason=visit.reader.say(line.reason), history=history,
        chart=_forecast(visit, made, line, history), charts=True, scores=_scores(visit, made), method=visit.reader.say(made.method),
    )  # fmt: skip


def _forecast(visit: Visit, made: Plan, line: PlanLine, history: object) -> charts.Figure:
    days = list(history)  # type: ignore[call-overload]
    text = visit.reader.text
    return charts.forecast(
        [(d.day.isoformat(), float(d.quantity)) for d in days],
        (made.for_day.isoformat(), line.low, line.mean, line.high),
        words={"sold": text("Sold"), "forecast": text("Forecast"), "unit": text("pieces")},
        ticks=[visit.reader.short_day(d.day) for d in days],
        shown_days=[visit.reader.day(d.day) for d in days] + [visit.reader.day(made.for_day)],
    )


def export(visit: Visit) -> Response:
    """The plan as CSV, one line a series, for whoever orders elsewhere."""
    made = visit.shelf.goods.plan_next_day(actor=visit.actor)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("for_day", "series", "quantity", "mean", "low", "high", "last_week", "simulated"))
    for line in made.lines:
        rows.writerow(
            (
                made.for_day,
                _cell(line.series),
                line.quantity,
                round(line.mean, 2),
                line.low,
                line.high,
                line.last_week,
                made.simulated,
            )
        )
    name = f"plan-{made.for_day}.csv"
    return Response(
        out.getvalue(),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t" else text
