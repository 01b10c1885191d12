"""Tiering: people move live and by night, once, and every move is an event that the lake knows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from oneshelf.app.people import tiering
from oneshelf.app.people.tiering import Tiering
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import tiers as books
from oneshelf.errors import SettingsError
from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW
from oneshelf.words.people import Who

RULES = """
[[tier]]
name = "gone"
title = "Gone"
rule = "recency_days > 30"
[[tier]]
name = "top"
title = "Top"
rule = "monetary_minor >= top(0.25)"
[[tier]]
name = "here"
title = "Here"
rule = "frequency >= 1"
"""


def table(*people: tuple[str, int | None, int]) -> pa.Table:
    """(person, recency_days, monetary_minor); who has no recency never ordered."""
    return pa.table(
        {
            "person_id": [one[0] for one in people],
            "recency_days": pa.array([one[1] for one in people], pa.int64()),
            "frequency": pa.array([0 if one[1] is None else 3 for one in people], pa.int64()),
            "monetary_minor": pa.array([one[2] for one in people], pa.int64()),
            "simulated": [one[0] == "sim" for one in people],
        }
    )


@pytest.fixture
def ruled(empty: Shelf, tmp_path: Path) -> Shelf:
    path = tmp_path / "tiers.toml"
    path.write_text(RULES)
    empty.core.settings = empty.core.settings.model_copy(update={"tiers": path})
    return empty


def standing(shelf: Shelf) -> dict[str, str]:
    rows = tiering.standing(shelf.core).to_pylist()
    return {row["person_id"]: row["tier"] for row in rows}


PEOPLE = (("ann", 1, 900), ("bob", 1, 100), ("cat", 40, 800), ("dan", None, 0), ("sim", 2, 50))


def test_a_night_puts_everybody_into_their_tier_and_tells_each_move_once(ruled: Shelf) -> None:
    first = tiering.retier(ruled.core, table(*PEOPLE), NOW)
    assert (first.people, first.moves) == (5, 4)
    assert standing(ruled) == {"ann": "top", "bob": "here", "cat": "gone", "sim": "here"}
    again = tiering.retier(ruled.core, table(*PEOPLE), NOW + timedelta(days=1))
    assert again.moves == 0
    later = tiering.retier(
        ruled.core, table(("ann", 31, 900), ("bob", 1, 100), ("cat", 70, 800)), NOW + timedelta(days=2)
    )
    assert later.moves == 2  # ann is gone, and sim is nobody any more
    ruled.catch_up()
    told = ruled.core.engine.run(ruled.core.engine.events("tier.changed")).to_pylist()
    assert {(row["person_id"], row["from_tier"], row["to_tier"], row["simulated"]) for row in told} == {
        ("ann", None, "top", False),
        ("bob", None, "here", False),
        ("cat", None, "gone", False),
        ("sim", None, "here", True),
        ("ann", "top", "gone", False),
        ("sim", "here", None, False),
    }


def test_the_reason_is_the_rule_with_the_persons_own_figures(ruled: Shelf) -> None:
    rows = tiering.enrich(ruled.core, table(*PEOPLE), NOW).to_pylist()
    assert [row["person_id"] for row in rows] == [one[0] for one in PEOPLE]
    told = {row["person_id"]: (row["tier"], row["tier_reason"], row["tier_since"]) for row in rows}
    assert told["ann"] == ("top", "monetary_minor 900 >= 900 (top 0.25)", NOW)
    assert told["cat"] == ("gone", "recency_days 40 > 30", NOW)
    assert told["dan"] == (None, None, None)


def test_a_live_move_uses_the_nights_cut_points_and_is_kept_once(ruled: Shelf) -> None:
    tiering.retier(ruled.core, table(*PEOPLE), NOW)
    live = Tiering(ruled.core.settings)
    record: dict[str, Any] = {"recency_days": 0, "frequency": 4, "monetary_minor": 950, "simulated": False}
    later = NOW + timedelta(hours=1)
    with ruled.core.database.read() as connection:
        moves = live.moves(connection, {"bob": record, "ann": record}, dict.fromkeys(("bob", "ann"), later))
    assert [(move.person_id, move.from_tier, move.to_tier) for move in moves] == [("bob", "here", "top")]

    def keep() -> int:
        return ruled.core.database.writer.write(
            lambda connection: tiering.keep(connection, ruled.core.journal, moves, later)
        )

    assert keep() == 1
    assert keep() == 0  # the tier is no longer the one that the move was judged from
    assert standing(ruled)["bob"] == "top"


def test_the_night_leaves_those_alone_who_moved_after_it_began(ruled: Shelf) -> None:
    tiering.retier(ruled.core, table(("bob", 40, 100)), NOW)
    live = Tiering(ruled.core.settings)
    back = {"recency_days": 0, "frequency": 4, "monetary_minor": 1}
    with ruled.core.database.read() as connection:
        moves = live.moves(
            connection,
            {"bob": back, "new": back},
            dict.fromkeys(("bob", "new"), NOW + timedelta(days=1, minutes=1)),
        )
    ruled.core.database.writer.write(
        lambda connection: tiering.keep(connection, ruled.core.journal, moves, NOW)
    )
    tiering.retier(ruled.core, table(("bob", 41, 100)), NOW + timedelta(days=1))
    assert standing(ruled) == {"bob": "here", "new": "here"}


def test_a_broken_file_stops_the_night_with_its_reason_and_holds_no_event_up(
    empty: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "tiers.toml"
    path.write_text(RULES.replace("frequency", "freqency"))
    settings: Settings = empty.core.settings.model_copy(update={"tiers": path})
    empty.core.settings = settings
    live = Tiering(settings)
    record = {"recency_days": 0, "frequency": 4, "monetary_minor": 950}
    with empty.core.database.read() as connection:
        assert live.moves(connection, {"bob": record}, {"bob": NOW}) == []
    with pytest.raises(SettingsError, match="freqency"):
        tiering.retier(empty.core, table(*PEOPLE), NOW)
    path.write_text(RULES)  # corrected while the process runs
    with empty.core.database.read() as connection:
        assert len(live.moves(connection, {"bob": record}, {"bob": NOW})) == 1


def test_the_shipped_rules_need_no_setting(empty: Shelf) -> None:
    assert tiering.retier(empty.core, table(*PEOPLE), NOW).moves == 4
    with empty.core.database.read() as connection:
        assert set(books.cutpoints(connection)) == {("monetary_minor", 0.05), ("monetary_minor", 0.2)}


def bought(number: int, who: Who, days_ago: float, amount_minor: int = 500) -> Event:
    line = Line(product_id="product-1", amount_minor=amount_minor)
    body = OrderCompleted(order_id=f"o{number}", currency=CURRENCY, lines=(line,))
    return Event(
        id=f"t{number}", source="till", happened_at=NOW - timedelta(days=days_ago), who=who, body=body
    )


def moves_of(shelf: Shelf) -> list[tuple[str, str | None, str | None, int]]:
    """(person, from, to, days ago), oldest first."""
    rows = shelf.core.engine.run(shelf.core.engine.events("tier.changed")).to_pylist()
    told = [(r["person_id"], r["from_tier"], r["to_tier"], (NOW - r["happened_at"]).days) for r in rows]
    return sorted(told, key=lambda move: (-move[3], move[0]))


def test_an_order_moves_its_person_live_at_the_moment_when_it_happened(empty: Shelf) -> None:
    ann = Who(user_id="ann")
    put_events(empty, [bought(1, ann, 90)], now=NOW)
    assert standing(empty) == {"ann": "new"}
    put_events(empty, [bought(2, ann, 50)], now=NOW)
    assert standing(empty) == {"ann": "growing"}
    put_events(empty, [bought(2, ann, 50), bought(3, ann, 1)], now=NOW)
    assert moves_of(empty) == [("ann", None, "new", 90), ("ann", "new", "growing", 50)]


def test_who_is_joined_to_somebody_has_no_tier_of_their_own_and_gets_it_back(empty: Shelf) -> None:
    card = Who(identifiers=("card:1",))
    put_events(empty, [bought(4, card, 20), bought(5, Who(user_id="ann"), 10)], now=NOW)
    assert standing(empty) == {"ann": "new", "card:1": "new"}
    joined = empty.identity.join("ann", "card:1", reason="one desk", now=NOW)
    assert (joined, standing(empty)) == ("ann", {"ann": "new"})
    empty.identity.split("ann", "card:1", reason="two desks", now=NOW)
    assert standing(empty) == {"ann": "new", "card:1": "new"}


def test_a_record_for_the_rules_is_the_portraits_own(empty: Shelf) -> None:
    from oneshelf.insight.people.drawing import portrait_of
    from oneshelf.insight.people.flat import _CHEAP, flat, record

    put_events(empty, [bought(6, Who(user_id="ann"), 20), bought(7, Who(user_id="ann"), 3.5)], now=NOW)
    _, state = empty.people.state("ann")
    whole = flat(portrait_of("ann", state, now=NOW, products={}))
    names = tuple(_CHEAP)
    assert record(state, names, now=NOW, products={}) == {name: whole[name] for name in (*names, "simulated")}
    more = (*names, "promoted_share", "orders_store")
    assert record(state, more, now=NOW, products={}) == {name: whole[name] for name in (*more, "simulated")}
