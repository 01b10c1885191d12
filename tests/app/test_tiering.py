"""Tiering: people move live and by night, once, and every move is an event that the lake knows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from oneshelf.app import tiering
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.app.tiering import Tiering
from oneshelf.books import tiers as books
from oneshelf.errors import SettingsError
from oneshelf.testing.shop import NOW

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
        moves = live.moves(connection, {"bob": record, "ann": record}, later)
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
        moves = live.moves(connection, {"bob": back, "new": back}, NOW + timedelta(days=1, minutes=1))
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
        assert live.moves(connection, {"bob": record}, NOW) == []
    with pytest.raises(SettingsError, match="freqency"):
        tiering.retier(empty.core, table(*PEOPLE), NOW)
    path.write_text(RULES)  # corrected while the process runs
    with empty.core.database.read() as connection:
        assert len(live.moves(connection, {"bob": record}, NOW)) == 1


def test_the_shipped_rules_need_no_setting(empty: Shelf) -> None:
    assert tiering.retier(empty.core, table(*PEOPLE), NOW).moves == 4
    with empty.core.database.read() as connection:
        assert set(books.cutpoints(connection)) == {("monetary_minor", 0.05), ("monetary_minor", 0.2)}
