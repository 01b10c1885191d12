"""Today: the wheel, and what needs a decision now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.trust.access import Action
from oneshelf.words.money import minor

if TYPE_CHECKING:
    from oneshelf.app.offers.wheel import Station

_MONEY: Final = re.compile(r"([+-]?\d[\d,]*(?:\.\d+)?) ([A-Z]{3})\b")

#: A station's name on the page, where it leads, and what the role must cover to go there.
STATIONS: Final[dict[str, tuple[str, str, Action]]] = {
    "events": (mark("Events in"), "/sources", "sources.read"),
    "insight": (mark("People known"), "/people", "people.read"),
    "decisions": (mark("Decisions"), "/plan", "plan.read"),
    "messages": (mark("Messages out"), "/offers", "offers.read"),
    "effect": (mark("Effect"), "/offers", "offers.read"),
}


def today(visit: Visit) -> Response:
    """The home page."""
    wheel = visit.shelf.wheel.today(actor=visit.actor)
    stations = [_station(visit, station) for station in wheel.stations]
    todos = [
        {
            "title": visit.reader.say(todo.title),
            "detail": visit.reader.say(todo.detail),
            "link": todo.link,
            "button": visit.reader.say(todo.button),
        }
        for todo in wheel.decisions
    ]
    return visit.render(
        "today.html", wheel=wheel, stations=stations, todos=todos, idle=not any(any(station.spark) for station in wheel.stations),
    )  # fmt: skip


def _station(visit: Visit, station: Station) -> dict[str, object]:
    name, path, action = STATIONS[station.name]
    figure = _as_read(visit, station.figure)
    return {
        "key": station.name,
        "name": visit.reader.text(name),
        "link": path if visit.actor.may(action) else None,
        # an effect is an estimate, and an estimate carries a tilde
        "figure": f"~{figure}" if station.name == "effect" and any(map(str.isdigit, figure)) else figure,
        "unit": _as_read(visit, visit.reader.say(station.unit)),
        "spark": station.spark if any(station.spark) else (),
        "attention": visit.reader.say(station.attention) if station.attention else None,
        "simulated": station.simulated,
    }


def _as_read(visit: Visit, text: str) -> str:
    """The text with each amount of money, such as `+0.99 USD`, as the reader writes it."""

    def amount(found: re.Match[str]) -> str:
        digits, currency = found.groups()
        value = minor(digits.replace(",", ""), currency)
        return visit.reader.money(value, currency, signed=digits.startswith("+"))

    return _MONEY.sub(amount, text)
