"""People who were told about twice, and who lives with them: what people-matching has to tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from oneshelf.events.catalogue import Line, OrderCompleted, PersonIdentified
from oneshelf.events.envelope import Event
from oneshelf.testing.shop import CURRENCY, NOW
from oneshelf.words.people import Who

ANN: Final[Mapping[str, Any]] = {
    "firstName": "Annabel",
    "lastName": "Whitlock",
    "birthday": "1984-07-19",
    "address": {"street": "12 Orchard Lane", "postalCode": "4021", "city": "Riverton"},
    "phone": "+61 7 5550 1234",
}

#: By person: Ann, Ann again with a slip and another phone, her son, and a couple of whom one name stands in two ways.
PEOPLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "ann": ANN,
    "ann-again": {**ANN, "firstName": "Anabel", "phone": "+61 7 5550 9876"},
    "anns-son": {**ANN, "firstName": "Theodore", "birthday": "2009-01-03", "phone": "+61 7 5550 7777"},
    "wang-1": {
        "name": "王小明",
        "birthday": "1991年3月8日",
        "address": {"street": "中山路 8 号", "city": "上海"},
    },
    "wang-2": {
        "firstName": "小明",
        "lastName": "王",
        "birthday": "1991-03-08",
        "address": {"street": "中山路8号", "city": "上海", "postalCode": "200001"},
    },
}


def told(person_id: str, traits: Mapping[str, Any], *, key: str = "", place: str = "store-1") -> list[Event]:
    """Somebody says who they are, and buys something. `key` tells several times apart."""

    def event(name: str, body: PersonIdentified | OrderCompleted) -> Event:
        return Event(
            id=f"{name}-{person_id}{key}",
            source="till",
            happened_at=NOW - timedelta(days=1),
            who=Who(user_id=person_id),
            body=body,
            place_id=place,
        )

    line = Line(product_id="tea", quantity=1, amount_minor=500)
    order = OrderCompleted(order_id=f"double-{person_id}{key}", currency=CURRENCY, lines=(line,))
    return [event("told", PersonIdentified(traits=dict(traits))), event("bought", order)]


def known_twice() -> list[Event]:
    """Everybody of PEOPLE, once."""
    return [event for person_id, traits in PEOPLE.items() for event in told(person_id, traits)]
