"""Audiences: sizes over the nightly table, versions, overlaps, and who may see whom."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oneshelf.app.people import audience_files
from oneshelf.app.people.tiers import Flow, TierMove, movers
from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.testing.shelves import put_nightly
from oneshelf.testing.shop import NOW
from oneshelf.trust.access import Actor

MARKETER = Actor(name="mei", role="marketer")
PLANNER = Actor(name="pip", role="planner")
ONE_STORE = Actor(name="sal", role="store", places=("store-1",))
NIGHT = date(2026, 5, 1)
FEW = "monetary_minor >= 39000"
BOTH = 'favourite_category = "tea"'


@pytest.fixture
def nightly(empty: Shelf) -> Shelf:
    """Forty people of last night: person-1 spent 1000, person-40 spent 40,000; every other one likes tea."""
    for day, ahead in ((date(2026, 4, 30), 1_000_000), (NIGHT, 0)):
        put_nightly(
            empty,
            [
                {
                    "person_id": f"person-{n}",
                    "recency_days": None if n % 10 == 0 else n,
                    "frequency": n % 5 + 1,
                    "monetary_minor": n * 1_000 + ahead,
                    "favourite_category": "tea" if n % 2 else "=cmd()",
                    "simulated": n == 40,
                }
                for n in range(1, 41)
            ],
            day=day,
        )
    return empty


def test_without_a_night_the_remedy_is_to_run_it(empty: Shelf) -> None:
    with pytest.raises(NotFound, match="oneshelf run portraits"):
        empty.audiences.size("everybody")


def test_the_size_is_that_of_the_newest_night_and_says_so(nightly: Shelf) -> None:
    found = nightly.audiences.size("recency_days<=20 and favourite_category = 'tea'")
    assert (found.people, found.everybody, found.as_of) == (10, 40, NIGHT)
    assert found.condition == 'recency_days <= 20 and favourite_category = "tea"'
    assert not found.simulated
    assert nightly.audiences.size(FEW).simulated
    assert nightly.audiences.size("recency_days is unknown").people == 4
    assert nightly.audiences.size("monetary_minor > 99000000").people == 0


def test_the_top_is_counted_over_the_night(nightly: Shelf) -> None:
    assert nightly.audiences.size("monetary_minor >= top(0.05)").people == 2
    assert nightly.audiences.size("monetary_minor < top(0.5)").people == 20


def test_another_condition_under_the_same_name_is_a_new_version(nightly: Shelf) -> None:
    audiences = nightly.audiences
    first = audiences.save("tea", BOTH, actor=MARKETER, now=NOW)
    again = audiences.save("tea", "favourite_category=='tea'", actor=MARKETER)
    second = audiences.save(" tea ", f"{BOTH} and recency_days <= 20")
    assert (first.version, again, second.version) == (1, first, 2)
    assert [one.version for one in audiences.versions("tea")] == [2, 1]
    assert audiences.list() == (second,)
    assert audiences.get("tea", 1) == first
    assert (audiences.size_of("tea").people, audiences.size_of("tea", 1).people) == (10, 20)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_a_name_that_is_none_is_refused(nightly: Shelf, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        nightly.audiences.save(name, "everybody")


def test_what_is_not_there_is_told(nightly: Shelf) -> None:
    nightly.audiences.save("tea", BOTH)
    for ask in (
        lambda: nightly.audiences.get("coffee"),
        lambda: nightly.audiences.get("tea", 2),
        lambda: nightly.audiences.versions("coffee"),
        lambda: nightly.audiences.export("coffee", purpose="a letter"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_overlaps_are_counted_both_ways(nightly: Shelf) -> None:
    nightly.audiences.save("tea", BOTH)
    nightly.audiences.save("recent", "recency_days <= 20")
    nightly.audiences.save("rich", FEW)
    found = nightly.audiences.overlap("tea", "recent", "rich")
    assert found.people == ((20, 10, 1), (10, 18, 0), (1, 0, 2))
    for names in (("tea",), ("tea", "tea")):
        with pytest.raises(InvalidInput):
            nightly.audiences.overlap(*names)


def test_a_sample_is_drawn_again_by_its_seed_and_shows_only_what_was_asked_for(nightly: Shelf) -> None:
    found = nightly.audiences.sample(BOTH, limit=5, actor=MARKETER, purpose="marketing")
    assert found.columns == ("person_id", "favourite_category")
    assert len(found.rows) == 5
    assert {row[1] for row in found.rows} == {"tea"}
    assert found == nightly.audiences.sample(BOTH, limit=5)
    assert found.rows != nightly.audiences.sample(BOTH, limit=5, seed=2).rows
    assert len(nightly.audiences.sample(FEW, limit=5).rows) == 2
    assert nightly.audiences.sample("refunds > 4").rows == ()


def test_an_export_holds_everybody_and_no_formula(nightly: Shelf, tmp_path: Path) -> None:
    nightly.audiences.save("rest", 'favourite_category != "tea" and recency_days <= 8')
    made = nightly.audiences.export("rest", tmp_path / "rest.csv", purpose="a letter", actor=MARKETER)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "rest.csv").read_text())))
    assert made.people == len(lines) == 4
    assert lines[0] == {"person_id": "person-2", "favourite_category": "'=cmd()", "recency_days": "2"}
    assert (tmp_path / "rest.csv").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput, match="there already"):
        nightly.audiences.export("rest", tmp_path / "rest.csv", purpose="a letter")
    packed = nightly.audiences.export("rest", format="parquet", purpose="a letter")
    assert pq.read_table(io.BytesIO(packed.data))["person_id"].to_pylist() == [
        "person-2", "person-4", "person-6", "person-8",
    ]  # fmt: skip
    for purpose in ("", " ", "a\nb"):
        with pytest.raises(InvalidInput, match="purpose"):
            nightly.audiences.export("rest", purpose=purpose)
    with pytest.raises(InvalidInput, match="format"):
        audience_files.packed(pa.table({"a": [1]}), "xlsx")


def test_looks_at_an_audiences_people_are_logged_with_their_purpose(nightly: Shelf) -> None:
    nightly.audiences.save("rest", BOTH)
    nightly.audiences.export("rest", purpose="spring letter", actor=MARKETER)
    with pytest.raises(NotAllowed):
        nightly.audiences.sample(BOTH, actor=PLANNER, purpose="curious")
    log = nightly.staff.access_log()
    assert [(row.actor, row.purpose, row.allowed) for row in log.items] == [
        ("pip", "curious", False),
        ("mei", "spring letter; export of audience rest, version 1", True),
    ]


@pytest.mark.parametrize("actor", [PLANNER, ONE_STORE])
def test_who_may_not_see_everybody_gets_protected_sizes_of_saved_audiences_only(
    nightly: Shelf, actor: Actor
) -> None:
    nightly.audiences.save("all", "everybody")
    nightly.audiences.save("few", FEW)
    found = nightly.audiences.size_of("all", actor=actor)
    assert found.give_or_take
    assert found.people is not None
    assert abs(found.people - 40) < 30
    assert found == nightly.audiences.size_of("all", actor=actor)
    assert nightly.audiences.size_of("few", actor=actor).people is None
    assert nightly.audiences.overlap("all", "few", actor=actor).people[0][1] is None
    for refused in (
        lambda: nightly.audiences.size(BOTH, actor=actor),
        lambda: nightly.audiences.sample(BOTH, actor=actor),
        lambda: nightly.audiences.export("all", purpose="a letter", actor=actor),
        lambda: nightly.audiences.save("mine", BOTH, actor=actor),
        lambda: nightly.tiers.check("tiers.toml", actor=actor),
        lambda: nightly.tiers.watched(NIGHT, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_hostile_text_is_a_text(nightly: Shelf) -> None:
    sly = "'; DROP TABLE person; --<script>"
    condition = f'favourite_category = "{sly}"'
    assert nightly.audiences.size(condition).people == 0
    nightly.audiences.save(sly, condition)
    assert nightly.audiences.size_of(sly).people == 0


def test_tiers_are_counted_tried_and_their_moves_told(nightly: Shelf, tmp_path: Path) -> None:
    rows = [
        {"person_id": f"p{n}", "recency_days": n * 2, "frequency": 5, "monetary_minor": n} for n in range(40)
    ]
    put_nightly(nightly, rows, day=NIGHT, now=NOW)
    report = {tier.name: tier.people for tier in nightly.tiers.report().tiers}
    assert report == {"lost": 0, "drowsy": 9, "super": 0, "core": 0, "new": 0, "growing": 31}
    tried = tmp_path / "mine.toml"
    tried.write_text('[[tier]]\nname = "rich"\ntitle = "Rich"\nrule = "monetary_minor >= top(0.25)"\n')
    checked = nightly.tiers.check(tried)
    assert [(tier.name, tier.people) for tier in checked.tiers] == [("rich", 10)]
    assert checked.cutpoints[0].value == 30
    nightly.catch_up()
    day = NOW.date()
    assert nightly.tiers.moves(date(2026, 4, 1), day).flows == (
        Flow(from_tier=None, to_tier="growing", people=31, simulated=False),
        Flow(from_tier=None, to_tier="drowsy", people=9, simulated=False),
    )
    assert nightly.tiers.watched(date(2026, 4, 1)) == ()
    protected = nightly.tiers.moves(date(2026, 4, 1), day, actor=PLANNER)
    assert protected.give_or_take
    assert (protected.first, protected.last) == (day - timedelta(days=1), day)
    for first in (1960, 2025):  # nobody moved in these years: one question, not sixty-six to average
        assert nightly.tiers.moves(date(first, 2, 3), day, actor=PLANNER) == protected
    assert nightly.tiers.moves(date(9999, 12, 31), date(9999, 12, 31), actor=PLANNER).flows == ()
    assert nightly.tiers.report(actor=PLANNER).give_or_take
    with pytest.raises(InvalidInput, match="Swap"):
        nightly.tiers.moves(day, date(2026, 4, 1))
    with pytest.raises(InvalidInput, match="cannot be read"):
        nightly.tiers.check(tmp_path / "missing.toml")


def test_who_leaves_a_watched_tier_or_enters_one_is_listed_with_what_that_should_trigger(
    nightly: Shelf,
) -> None:
    def night(recency_days: int, day: date, now: object) -> None:
        rows = [
            {"person_id": f"p{n}", "recency_days": recency_days, "frequency": 5, "monetary_minor": n}
            for n in range(40)
        ]
        put_nightly(nightly, rows, day=day, now=now)

    night(1, NIGHT, NOW.replace(hour=1))
    night(1, NIGHT, NOW.replace(hour=2))  # the cut-points of the night before are there now
    night(61, NIGHT, NOW.replace(hour=3))
    nightly.catch_up()
    moved = nightly.tiers.watched(date(2026, 4, 1), actor=MARKETER)
    came, left = moved[8:], moved[:8]
    assert {(one.from_tier, one.to_tier) for one in left} == {("super", "drowsy"), ("core", "drowsy")}
    assert {one.to_tier for one in came} == {"super", "core"}
    assert {one.response[:8] for one in came} == {"Thank th", "Keep wha"}
    assert len(moved) == 16
    assert left[0].response.startswith("Win them back")
    assert left[0].reason == "recency_days 61 > 60"
    since = date(2026, 4, 1)
    gone = {one.person_id for one in left}
    assert set(movers(nightly.core, TierMove(left="super", since=since))) < gone
    assert set(movers(nightly.core, TierMove(left="super", entered="drowsy", since=since))) < gone
    assert len(movers(nightly.core, TierMove(entered="drowsy", since=since))) == 40
    assert movers(nightly.core, TierMove(entered="super", since=since)) == ()  # they came, and are gone again
    assert movers(nightly.core, TierMove(entered="drowsy", since=date(2026, 6, 1))) == ()
    for wrong in (TierMove(since=since), TierMove(entered="sleepy", since=since)):
        with pytest.raises(InvalidInput, match="tier"):
            movers(nightly.core, wrong)


def test_what_is_saved_can_be_read_again_and_its_name_can_stand_in_an_address(nightly) -> None:
    deep = "frequency = 1"
    for _ in range(17):
        deep = f"frequency = 1 or (frequency = 2 and ({deep}))"
    with pytest.raises(InvalidInput):
        nightly.audiences.save("deep", deep)
    for name in ("vip/versions", "..", "."):
        with pytest.raises(InvalidInput, match=r"is no name|ends as an address"):
            nightly.audiences.save(name, "frequency = 1")
