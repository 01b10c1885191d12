"""Forecast: what the newest night expects, series by series, and each with its past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast, get_args

from starlette.responses import Response

from oneshelf.app.goods.forecasting.answers import AnyLevel
from oneshelf.console import charts, draw
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import NotFound

if TYPE_CHECKING:
    from oneshelf.app.goods.forecasting.answers import ForecastLine, SeriesForecast

#: The levels as people say them, the one shown first in front.
LEVELS: Final[dict[AnyLevel, str]] = {
    "type": mark("Product types"),
    "category": mark("Categories"),
    "department": mark("Departments"),
    "all": mark("Everything"),
    "id": mark("Products"),
}

#: The methods as people say them.
METHODS: Final[dict[str, str]] = {
    "boosted": mark("Trees over all series, with what is known ahead"),
    "seasonal_level": mark("Level and weekday"),
    "seasonal_mean": mark("Mean of the same weekdays"),
    "moving_average": mark("Mean of the last 28 days"),
    "seasonal_naive": mark("Same as last week"),
    "croston_sba": mark("Croston's method for rare sales"),
    "tsb": mark("TSB, for sales that fade"),
    "smoothing": mark("Exponential smoothing"),
    "nothing": mark("Has stopped selling"),
}

_PAGE: Final = 50
_WEEK: Final = 7
_PAST_DAYS: Final = 84


def forecasts(visit: Visit) -> Response:
    """The list: what sells most first."""
    level, place_id = _level(visit), visit.query("place") or _own_place(visit)
    try:
        found = visit.shelf.goods.forecasts.listing(
            level=level,
            place_id=place_id,
            text=visit.query("q"),
            limit=_PAGE,
            after=visit.query("after") or None,
            actor=visit.actor,
        )
    except NotFound:
        return visit.render("forecast_empty.html")
    listed = visit.shelf.places.listing(actor=visit.actor).places
    return visit.render(
        "forecasts.html",
        found=found,
        rows=[(item, _spark(visit, item)) for item in found.items],
        level=level,
        levels=[(name, visit.reader.text(title)) for name, title in LEVELS.items()],
        place_id=place_id,
        places=[(one.place.id, one.place.name) for one in listed if visit.actor.may_at(one.place.id)],
        q=visit.query("q"),
        week=_WEEK,
        whole_chain=not visit.actor.places,
        method={name: visit.reader.text(title) for name, title in METHODS.items()},
    )


def series(visit: Visit) -> Response:
    """One series: its past, its days to come, and what made the forecast."""
    found = visit.shelf.goods.forecasts.series(
        visit.request.path_params["series"],
        level=_level(visit),
        place_id=visit.query("place") or None,
        past_days=_PAST_DAYS,
        actor=visit.actor,
    )
    return visit.render(
        "forecast.html",
        found=found,
        first=found.days[0],
        week=sum(day.mean for day in found.days[:_WEEK]),
        last_week=sum(day.sold for day in found.past[-_WEEK:]),
        level=visit.reader.text(LEVELS[cast(AnyLevel, found.level)]),
        method=visit.reader.text(METHODS.get(found.method, found.method)),
        notes=[visit.reader.say(note) for note in found.notes],
        foreseen=any(day.expected is not None for day in found.past),
        chart=_chart(visit, found),
        charts=True,
    )


def _level(visit: Visit) -> AnyLevel:
    asked = visit.query("level")
    return cast(AnyLevel, asked) if asked in get_args(AnyLevel) else next(iter(LEVELS))


def _own_place(visit: Visit) -> str | None:
    """Who works at some places starts at the first of them."""
    return min(visit.actor.places) if visit.actor.places else None


def _spark(visit: Visit, item: ForecastLine) -> object:
    number = visit.reader.number
    label = visit.reader.text(
        "%(first)s pieces on the first day, %(last)s on the last",
        first=number(item.means[0], 1),
        last=number(item.means[-1], 1),
    )
    return draw.spark(item.means, label)


def _chart(visit: Visit, found: SeriesForecast) -> charts.Figure:
    text, reader = visit.reader.text, visit.reader
    days = [day.day for day in found.past] + [day.day for day in found.days]
    return charts.outlook(
        [(day.day.isoformat(), day.sold, day.expected) for day in found.past],
        [(day.day.isoformat(), day.quantiles["0.1"], day.mean, day.quantiles["0.9"]) for day in found.days],
        words={
            "sold": text("Sold"),
            "forecast": text("Forecast"),
            "expected": text("expected"),
            "unit": text("pieces"),
        },
        ticks=[reader.short_day(day) for day in days],
        shown_days=[reader.day(day) for day in days],
    )
