"""Places: where they are, what each of them does, and the floor of a store with the figures of its zones."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from markupsafe import Markup
from starlette.responses import Response

from oneshelf.console import charts, draw
from oneshelf.console.figures import named, shown
from oneshelf.console.visit import Visit
from oneshelf.insight.measures import MEASURES

if TYPE_CHECKING:
    from oneshelf.app.goods.measures import MeasureTable
    from oneshelf.app.goods.places import PlaceList
    from oneshelf.words.places import FloorPlan

#: What a floor can be coloured by.
FLOOR_MEASURES: Final = ("net_sales_minor", "orders", "active_people", "margin_minor", "discount_share")
_CHOICES: Final = (7, 28, 91, 364)


def places(visit: Visit) -> Response:
    """The list, and a map of those with coordinates."""
    days = _days(visit)
    found = visit.shelf.places.listing(days=days, actor=visit.actor)
    chart = _map(visit, found)
    return visit.render(
        "places.html", found=found, days=days, choices=_CHOICES, chart=chart, charts=chart is not None,
        mapped=sum(one.place.latitude is not None for one in found.places),
    )  # fmt: skip


def place(visit: Visit) -> Response:
    """One place: its hours, its figures, its floor."""
    place_id = visit.request.path_params["place_id"]
    days = _days(visit)
    found, floor = visit.shelf.places.place(place_id, actor=visit.actor)
    listing = visit.shelf.places.listing(days=days, actor=visit.actor)
    mine = next(one for one in listing.places if one.place.id == place_id)
    measure = visit.query("measure") if visit.query("measure") in FLOOR_MEASURES else FLOOR_MEASURES[0]

    def ask(name: str, *by: str) -> MeasureTable:
        where = {"place": place_id}
        return visit.shelf.measures.ask(name, by, where, listing.since, listing.until, actor=visit.actor)

    hours = ask("orders", "weekday", "hour")
    by_category = ask(measure, "category") if floor else None
    zones = _zones(floor, by_category) if floor and by_category else []
    return visit.render(
        "place.html", place=found, floor=floor, one=mine, listing=listing, days=days, choices=_CHOICES, measure=measure,
        measures=[(name, visit.reader.say(MEASURES[name].title)) for name in FLOOR_MEASURES],
        zones=[(zone, _told(visit, by_category, value, currency)) for zone, value, currency in zones],
        drawing=_floor(visit, floor, zones, by_category) if floor else None,
        hours=hours, chart=_hours(visit, hours), charts=bool(hours.cells), by_category=by_category,
    )  # fmt: skip


def _days(visit: Visit) -> int:
    return int(visit.query("days")) if visit.query("days") in map(str, _CHOICES) else 28


def _map(visit: Visit, found: PlaceList) -> charts.Figure | None:
    placed = [
        one for one in found.places if one.place.latitude is not None and one.place.longitude is not None
    ]
    if not placed:
        return None
    sold = [max(0.0, one.figures["net_sales_minor"] or 0.0) for one in placed]
    told = [
        f"{one.place.name}: {shown(visit.reader, one.figures['net_sales_minor'], 'minor', one.currency)}"
        for one in placed
    ]
    where = [(one.place.longitude or 0.0, one.place.latitude or 0.0) for one in placed]
    return charts.map_of(where, sold, [one.place.name for one in placed], told)


def _hours(visit: Visit, table: MeasureTable) -> charts.Figure | None:
    if not table.cells:
        return None
    values = {cell.keys: cell.value for cell in table.cells}
    hours = sorted({int(cell.keys[1]) for cell in table.cells if cell.keys[1] is not None})
    columns = list(range(hours[0], hours[-1] + 1))
    days = [named(visit.reader, "weekday", day, {}) for day in range(1, 8)]
    cells = [[values.get((day, hour)) for hour in columns] for day in range(1, 8)]
    texts = [
        [
            f"{name} {hour:02d}: {shown(visit.reader, value, 'orders', None)}"
            for hour, value in zip(columns, line, strict=True)
        ]
        for name, line in zip(days, cells, strict=True)
    ]
    return charts.heat(days, [f"{hour:02d}" for hour in columns], cells, texts)


_Zone = tuple[int, float | None, str | None]


def _zones(floor: FloorPlan, table: MeasureTable) -> list[_Zone]:
    """Each zone's figure: that of its categories. Only what adds up is added; of anything else a zone has one category."""
    by_key: dict[tuple[str | int | None, str | None], float | None] = {
        (cell.keys[0], cell.currency): cell.value for cell in table.cells
    }
    totals: dict[str | None, float] = defaultdict(float)
    for cell in table.cells:
        totals[cell.currency] += abs(cell.value or 0)
    currency = max(totals, key=lambda name: totals[name], default=None)
    adds = table.measure.unit == "minor"
    found: list[_Zone] = []
    for at, zone in enumerate(floor.zones):
        values = [v for name in zone.categories if (v := by_key.get((name, currency))) is not None]
        usable = values and (adds or len(zone.categories) == 1)
        found.append((at, sum(values) if usable else None, currency))
    return found


def _floor(visit: Visit, floor: FloorPlan, zones: list[_Zone], table: MeasureTable | None) -> Markup:
    rectangles = [
        draw.Zone(
            zone.x_metres,
            zone.y_metres,
            zone.width_metres,
            zone.depth_metres,
            zone.name,
            _told(visit, table, value, currency),
            value,
        )
        for zone, (_, value, currency) in zip(floor.zones, zones, strict=True)
    ]
    return draw.floor(floor.width_metres, floor.depth_metres, rectangles)


def _told(visit: Visit, table: MeasureTable | None, value: float | None, currency: str | None) -> str:
    return "" if table is None else shown(visit.reader, value, table.measure.unit, currency)
