"""Value: what people are expected to spend and whether they are still active, how far to trust it, who is alike, what winning them cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from oneshelf.app.people.audiences import guarded
from oneshelf.console import charts
from oneshelf.console.happenings import CHANNELS
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import InvalidInput, NotFound, OneShelfError
from oneshelf.insight.people.fields import FIELDS
from oneshelf.words.money import major

if TYPE_CHECKING:
    from oneshelf.app.people.expecting import Band, ValueReport
    from oneshelf.app.people.value import Acquisition
    from oneshelf.insight.people.lookalike import Lookalikes
    from oneshelf.insight.people.value.backtest import Tenth, ValueBacktest

_PEOPLE: Final = 12
_ALIKE: Final = 20

#: The methods as people say them.
METHODS: Final = {
    "naive": mark("The last 91 days go on"),
    "blend": mark("The last 91 days and the lifetime"),
    "dropout": mark("Rate and drop-out of each"),
    "boosting": mark("Trees on portraits"),
    "pool": mark("Mean of several"),
}


def value(visit: Visit) -> Response:
    """The page of value and acquisition."""
    closed = guarded(visit.actor)
    try:
        report = visit.shelf.people.value(actor=visit.actor)
    except NotFound:
        report = None
    alike, wrong = (None, None) if closed or report is None else _alike(visit)
    won, days_wrong = (None, None) if closed else _won(visit)
    tested = None if closed else visit.shelf.people.last_backtest(actor=visit.actor)
    lists: dict[str, Any] = {}
    if report is not None and not closed:
        lists = {
            "top": visit.shelf.people.expectations("top", limit=_PEOPLE, actor=visit.actor),
            "risk": [
                one
                for one in visit.shelf.people.expectations("at-risk", limit=_PEOPLE, actor=visit.actor)
                if one.at_stake_minor > 0
            ],
        }
    spend, active = ([], []) if report is None else (_spend(visit, report), _active(visit, report))
    return visit.render(
        "value.html",
        422 if wrong or days_wrong else 200,
        report=report,
        closed=closed,
        spend=spend,
        active=active,
        spend_chart=_bars(spend),
        active_chart=_bars(active),
        charts=(report is not None and bool(spend)) or tested is not None,
        method=None if report is None or report.method is None else report.method,
        tested=tested,
        calibrated=None if tested is None else _calibrated(visit, tested),
        said=partial(_named, visit, METHODS),
        saved=[] if closed else [row.name for row in visit.shelf.audiences.list(actor=visit.actor)],
        seed=visit.query("audience"),
        alike=alike,
        fields=lambda names: ", ".join(
            visit.reader.say(FIELDS[n].title) if n in FIELDS else n for n in names
        ),
        wrong=wrong,
        won=won,
        days_wrong=days_wrong,
        channel=partial(_named, visit, CHANNELS),
        **lists,
    )


def _named(visit: Visit, names: Mapping[str, str], name: str) -> str:
    return visit.reader.text(names.get(name, name))


def _told(visit: Visit, error: OneShelfError) -> tuple[str, str]:
    return visit.reader.say(error.cause or ""), visit.reader.say(error.remedy or "")


def _alike(visit: Visit) -> tuple[Lookalikes | None, tuple[str, str] | None]:
    name = visit.query("audience")
    if not name:
        return None, None
    try:
        return visit.shelf.people.lookalikes(audience=name, limit=_ALIKE, actor=visit.actor), None
    except (InvalidInput, NotFound) as error:
        return None, _told(visit, error)


def _won(visit: Visit) -> tuple[Acquisition | None, tuple[str, str] | None]:
    try:
        days = [_day(visit, name) for name in ("from", "to")]
        return visit.shelf.people.acquisition(*days, actor=visit.actor), None
    except InvalidInput as error:
        return None, _told(visit, error)


def _day(visit: Visit, name: str) -> date | None:
    asked = visit.query(name)
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError:
        raise InvalidInput.of(name, asked, "is not a day.", "Write such as 2017-11-30.") from None


Row = tuple[str, int | None, str]


def _spend(visit: Visit, report: ValueReport) -> list[Row]:
    reader = visit.reader

    def money(minor: float) -> str:
        return reader.money(minor, report.currency, whole=True)

    def name(band: Band) -> str:
        if band.low is None:
            return reader.text("below %(high)s", high=money(band.high or 0))
        if band.high is None:
            return reader.text("%(low)s and more", low=money(band.low))
        return reader.text("%(low)s to %(high)s", low=money(band.low), high=money(band.high))

    return [_row(visit, name(band), band) for band in report.spend]


def _active(visit: Visit, report: ValueReport) -> list[Row]:
    reader = visit.reader
    return [
        _row(
            visit,
            reader.text(
                "%(low)s to %(high)s", low=reader.percent(band.low or 0), high=reader.percent(band.high or 1)
            ),
            band,
        )
        for band in report.active
    ]


def _row(visit: Visit, name: str, band: Band) -> Row:
    return name, band.people, "–" if band.people is None else visit.reader.number(band.people)


def _bars(rows: list[Row]) -> charts.Figure | None:
    if not rows:
        return None
    names, people, shown = zip(*rows, strict=True)
    return charts.bars(names, [float(each or 0) for each in people], shown)


def _calibrated(visit: Visit, tested: ValueBacktest) -> tuple[charts.Figure, charts.Figure]:
    """What was expected of each tenth of the people and what happened, of spend and of activity."""
    reader = visit.reader
    currency = tested.currency or visit.shelf.settings.currency
    words = {
        "expected": reader.text("Expected"),
        "happened": reader.text("Happened"),
        "even": reader.text("exactly as expected"),
    }

    def figure(tenths: tuple[Tenth, ...], scale: float, ticks: str, shown: Any) -> charts.Figure:
        return charts.calibration(
            [each.expected * scale for each in tenths],
            [each.happened * scale for each in tenths],
            [
                reader.text(
                    "%(people)s people: expected %(expected)s, happened %(happened)s",
                    people=reader.number(each.people),
                    expected=shown(each.expected),
                    happened=shown(each.happened),
                )
                for each in tenths
            ],
            words={**words, "ticks": ticks},
        )

    unit = float(major(1, currency))  # one minor unit in major ones
    return (
        figure(tested.spend_by_tenth, unit, "~s", lambda minor: reader.money(minor, currency)),
        figure(tested.activity_by_tenth, 1.0, ".0%", reader.percent),
    )
