"""Trends: what rises beyond chance, why, what to do about it, which signal comes first, and what became of earlier flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from markupsafe import Markup
from starlette.responses import Response

from oneshelf.app.pages import Page
from oneshelf.console import draw
from oneshelf.console.visit import Visit
from oneshelf.console.words import Reader, mark
from oneshelf.errors import NotFound
from oneshelf.insight.goods.trends.signals import LEVELS, SIGNALS

if TYPE_CHECKING:
    from oneshelf.app.goods.trends.looking import Trend
    from oneshelf.decisions.trends import Action
    from oneshelf.insight.goods.trends.causes import Cause
    from oneshelf.insight.goods.trends.flag import Flag
    from oneshelf.insight.goods.trends.leads import LeadLag
    from oneshelf.insight.goods.trends.signals import Level, Signal

SIGNAL_NAMES: Final[dict[Signal, str]] = {
    "purchases": mark("bought"),
    "searches": mark("searched for"),
    "mentions": mark("written about"),
    "favourites": mark("put on wish lists"),
    "views": mark("looked at"),
}
LEVEL_NAMES: Final[dict[Level, str]] = {
    "product": mark("product"),
    "type": mark("product type"),
    "category": mark("category"),
    "brand": mark("brand"),
    "department": mark("department"),
    "topic": mark("search words"),
}
CAUSES: Final[dict[Cause, str]] = {
    "demand": mark("demand"),
    "promotion": mark("promotion"),
    "season": mark("season"),
    "promotion or demand": mark("promotion, or demand: every recent week was promoted"),
}
ACTIONS: Final[dict[Action, str]] = {
    "order_more": mark("Order more"),
    "offer": mark("Offer it to those who look"),
    "ask_factory": mark("Tell the factory"),
    "let_it_end": mark("Let the promotion end"),
    "keep_to_season": mark("Order as last season"),
    "watch": mark("Wait another week"),
}
T = TypeVar("T", bound=str)

_LIST_LENGTH, _OUTCOMES = 40, 20
_TIMES = draw.Scale(0.0, 6.0, 168)


class Row(NamedTuple):
    """One line of the list, ready to show."""

    trend: Trend
    what: str
    spark: Markup
    whisker: Markup
    cause: str
    to_do: str


def trends(visit: Visit) -> Response:
    """The list of the newest night."""
    shop, text = visit.shelf.trends, visit.reader.text
    try:
        night = shop.night(actor=visit.actor)
    except NotFound:
        return visit.render("trends_empty.html")
    signal = _chosen(visit, "signal", SIGNALS)
    level = _chosen(visit, "level", LEVELS)
    certain = True if visit.query("certain") else None
    found: Page[Trend] = shop.flags(
        signal=signal, level=level, certain=certain, text=visit.query("q"), limit=_LIST_LENGTH,
        after=visit.query("after") or None, actor=visit.actor,
    )  # fmt: skip
    return visit.render(
        "trends.html",
        night=night,
        rows=[_row(visit.reader, trend) for trend in found.items],
        found=found,
        signals={each: text(SIGNAL_NAMES[each]) for each in SIGNALS},
        levels={each: text(LEVEL_NAMES[each]) for each in LEVELS if each != "department"},
        chosen={
            "signal": signal or "",
            "level": level or "",
            "certain": certain or "",
            "q": visit.query("q"),
        },
        leads=[_lead(visit.reader, lead) for lead in night.leads],
        records=shop.records(actor=visit.actor),
        outcomes=[
            (trend, _what(visit.reader, trend.flag))
            for trend in shop.outcomes(limit=_OUTCOMES, actor=visit.actor).items
        ],
    )


def trend(visit: Visit) -> Response:
    """One series: the evidence as small charts, why, what to do, and its earlier flags."""
    level, name = visit.request.path_params["level"], visit.request.path_params["name"]
    if level not in LEVELS:
        raise NotFound("This was never flagged.", "Choose a series from the list of trends.")
    found = visit.shelf.trends.flags_of(level, name, actor=visit.actor)
    flag = found[0].flag
    reader = visit.reader
    weeks = {flag.signal: flag.weeks, **flag.beside}
    return visit.render(
        "trend.html",
        newest=found[0],
        flag=flag,
        what=_what(reader, flag),
        cause=reader.text(CAUSES[flag.cause]),
        evidence=[
            (
                reader.text(SIGNAL_NAMES[signal]),
                counts,
                _spark(reader, signal, counts, 320, 72),
                signal in flag.simulated_beside,
            )
            for signal, counts in weeks.items()
        ],
        advice=[
            (reader.text(ACTIONS[each.action]), _reason(reader, flag, each.action))
            for each in found[0].advice
        ],
        earlier=found,
        signal_names={signal: reader.text(SIGNAL_NAMES[signal]) for signal in SIGNALS},
    )


def _chosen(visit: Visit, name: str, known: tuple[T, ...]) -> T | None:
    """A filter of the address; what is not known filters nothing."""
    return next((each for each in known if each == visit.query(name)), None)


def _row(reader: Reader, trend: Trend) -> Row:
    flag = trend.flag
    return Row(
        trend=trend,
        what=_what(reader, flag),
        spark=_spark(reader, flag.signal, flag.weeks, 120, 28),
        whisker=draw.whisker(
            _TIMES,
            flag.low,
            flag.growth,
            flag.high,
            reader.text(
                "%(ratio)s times as many, 80%% interval %(low)s to %(high)s",
                ratio=reader.number(flag.growth, 1), low=reader.number(flag.low, 1), high=reader.number(flag.high, 1),
            ),
            mark=1.0,
        ),
        cause=reader.text(CAUSES[flag.cause]),
        to_do=reader.text(ACTIONS[trend.advice[0].action]),
    )  # fmt: skip


def _what(reader: Reader, flag: Flag) -> str:
    return f"{reader.text(LEVEL_NAMES[flag.level])}, {reader.text(SIGNAL_NAMES[flag.signal])}"


def _spark(reader: Reader, signal: Signal, weeks: tuple[int, ...], width: int, height: int) -> Markup:
    label = reader.text(
        "%(what)s: people a week, %(n)s weeks, the newest %(last)s",
        what=reader.text(SIGNAL_NAMES[signal]), n=reader.number(len(weeks)), last=reader.number(weeks[-1]),
    )  # fmt: skip
    return draw.spark(weeks, label, width, height)


def _lead(reader: Reader, lead: LeadLag) -> tuple[str, bool]:
    """Which signal moves first, in words, and whether it is simulated."""
    ends = lead.low_days, lead.high_days
    # "3 days after" lies between 1 and 8 days after, not between -8 and -1
    low, high = sorted(abs(each) for each in ends) if lead.sure else ends
    gaps = {
        "first": reader.text(SIGNAL_NAMES[lead.first]),
        "second": reader.text(SIGNAL_NAMES[lead.second]),
        "days": reader.number(abs(lead.lag_days)),
        "low": reader.number(low),
        "high": reader.number(high),
        "p": reader.number(lead.p_value, 3),
    }
    if lead.tied and not lead.sure:
        said = reader.text(
            "“%(first)s” and “%(second)s” are tied (p = %(p)s), but which comes first is not sure (90%%: %(low)s to %(high)s days).",
            **gaps,
        )
    elif not lead.sure:
        said = reader.text(
            "“%(first)s” tells nothing sure about the days before or after “%(second)s” (p = %(p)s).", **gaps
        )
    elif lead.lag_days > 0:
        said = reader.text(
            "“%(first)s” comes %(days)s days before “%(second)s” (90%%: %(low)s to %(high)s; p = %(p)s).",
            **gaps,
        )
    else:
        said = reader.text(
            "“%(first)s” comes %(days)s days after “%(second)s” (90%%: %(low)s to %(high)s; p = %(p)s).",
            **gaps,
        )
    return said, lead.simulated


def _reason(reader: Reader, flag: Flag, action: Action) -> str:
    gaps = {
        "now": reader.number(flag.recent_people), "before": reader.number(flag.base_people),
        "low": reader.number(flag.low, 1), "ratio": reader.number(flag.growth, 1),
        "promoted": reader.number(flag.promoted_recent), "weeks": reader.number(flag.recent_weeks),
        "season": reader.number(flag.season or 1.0, 1),
    }  # fmt: skip
    text = reader.text
    match action:
        case "order_more":
            return text(
                "%(now)s people a week after %(before)s: plan for at least %(low)s times as much.", **gaps
            )
        case "ask_factory":
            return text(
                "It rises on its own, %(ratio)s times: tell early whoever makes it, or could.", **gaps
            )
        case "offer":
            return text("%(now)s people a week after %(before)s show interest; that is no sale yet.", **gaps)
        case "let_it_end":
            return text(
                "%(promoted)s of %(weeks)s recent weeks were promoted; without them it does not rise beyond chance.",
                **gaps,
            )
        case "keep_to_season":
            return text("Last year its category rose %(season)s times in these weeks.", **gaps)
        case "watch":
            return text("%(now)s people a week after %(before)s may be chance.", **gaps)
