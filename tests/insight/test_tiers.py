"""Tiers: the file, the first rule that holds, cut-points, and equal tiers from Python and from the engine."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.tier_moves import between, flows, standing
from oneshelf.insight.people.tiers import (
    buyers_with,
    default_tiers,
    judge,
    judge_of,
    rank_of,
    read_tiers,
    tier_of,
    values_at,
)

CUT = {("monetary_minor", 0.05): 90_000.0, ("monetary_minor", 0.2): 50_000.0}
SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("recency_days", pa.int64()),
        ("frequency", pa.int64()),
        ("monetary_minor", pa.int64()),
        ("customer_age_days", pa.int64()),
    ]
)
ONE = '[[tier]]\nname = "{name}"\ntitle = "T"\nrule = \'{rule}\'\n'


def person(**given: Any) -> dict[str, Any]:
    return {"recency_days": 10, "frequency": 5, "monetary_minor": 1_000, "customer_age_days": 300} | given


@pytest.mark.parametrize(
    ("who", "tier", "reason"),
    [
        (person(recency_days=181), "lost", "recency_days 181 > 180"),
        (person(recency_days=180), "drowsy", "recency_days 180 > 60"),
        (
            person(monetary_minor=90_000),
            "super",
            "monetary_minor 90000 >= 90000 (top 0.05) and frequency 5 >= 3",
        ),
        (
            person(monetary_minor=89_999),
            "core",
            "monetary_minor 89999 >= 50000 (top 0.2) and frequency 5 >= 3",
        ),
        (person(monetary_minor=90_000, frequency=2), "growing", "frequency 2 >= 1"),
        (person(customer_age_days=30), "new", "customer_age_days 30 <= 30"),
        (person(), "growing", "frequency 5 >= 1"),
        ({"recency_days": None, "frequency": 0, "monetary_minor": 0}, None, None),
    ],
)
def test_the_first_rule_that_holds_is_the_tier(
    who: dict[str, Any], tier: str | None, reason: str | None
) -> None:
    assert judge(who, cutpoints=CUT) == (tier, reason)


def test_before_the_first_night_nobody_is_at_the_top() -> None:
    assert judge(person(monetary_minor=10**9))[0] == "growing"


def test_everybody_gets_the_tier_that_each_gets(connection: ibis.BaseBackend) -> None:
    drawn = random.Random(4)

    def maybe(low: int, high: int) -> int | None:
        return None if drawn.random() < 0.1 else drawn.randint(low, high)

    rows = [
        {
            "person_id": f"p{at}",
            "recency_days": maybe(0, 250),
            "frequency": maybe(0, 6),
            "monetary_minor": maybe(0, 120_000),
            "customer_age_days": maybe(0, 60),
        }
        for at in range(3_000)
    ]
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))
    found = connection.to_pyarrow(
        table.select("person_id", tier=tier_of(default_tiers(), table, CUT))
    ).to_pylist()
    each = judge_of(default_tiers(), CUT)
    assert {row["person_id"]: row["tier"] for row in found} == {
        row["person_id"]: each(row)[0] for row in rows
    }
    assert {row["tier"] for row in found} == {*default_tiers().by_name, None}


@given(
    values=st.lists(st.none() | st.integers(-5, 20), min_size=1, max_size=40),
    share=st.sampled_from([0.05, 0.07, 0.2, 0.5, 0.999]),
)
def test_the_top_share_is_counted_in_people_and_ties_stay_together(
    values: list[int | None], share: float
) -> None:
    known = sorted((value for value in values if value is not None), reverse=True)
    if not known:
        return
    cut = known[rank_of(share, len(known)) - 1]
    above = sum(value >= cut for value in known)
    strictly = sum(value > cut for value in known)
    assert strictly < share * len(known) or strictly == 0
    assert above >= share * len(known) * (1 - 1e-12)


def test_cut_points_are_values_of_people_who_ordered(connection: ibis.BaseBackend) -> None:
    rows = [person(person_id=f"p{n}", monetary_minor=n) for n in range(1, 101)]
    rows += [person(person_id=f"guest{n}", monetary_minor=10**6, frequency=0) for n in range(50)]
    rows += [person(person_id="blank", monetary_minor=None)]
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=SCHEMA))
    (counted,) = connection.to_pyarrow(buyers_with(table, {"monetary_minor"})).to_pylist()
    assert counted == {"monetary_minor": 100}
    shares = {0.05: 96, 0.2: 81, 0.07: 94, 0.001: 100}
    ranks = {rank_of(share, 100): value for share, value in shares.items()}
    found = connection.to_pyarrow(values_at(table, {"monetary_minor": ranks, "frequency": [1]})).to_pylist()
    told = {(row["field"], row["rank"]): row["value"] for row in found}
    assert {key: value for key, value in told.items() if key[0] == "monetary_minor"} == {
        ("monetary_minor", rank): value for rank, value in ranks.items()
    }
    assert told["frequency", 1] == max(row["frequency"] for row in rows)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tier = 3", "cannot be read"),
        ("[[tier]", "cannot be read"),
        ("tier = []", "no number of tiers"),
        (ONE.format(name="A b", rule="everybody"), "is no name"),
        (ONE.format(name="a", rule="everybody") * 2, "is there already"),
        (ONE.format(name="a", rule="recency_day > 3"), "not a field"),
        (ONE.format(name="a", rule='tier = "b"'), "asks for the tier itself"),
        (ONE.format(name="a", rule="everybody") + 'colour = "red"', "cannot be read"),
    ],
)
def test_a_file_that_cannot_work_says_where(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_tiers(text)
    everything = " ".join([str(refused.value), *map(str, refused.value.problems)])
    assert told in everything


def test_every_wrong_tier_is_told_at_once() -> None:
    text = (
        ONE.format(name="a", rule="x > 3")
        + ONE.format(name="b", rule="everybody")
        + ONE.format(name="c", rule="(")
    )
    with pytest.raises(InvalidInput) as refused:
        read_tiers(text)
    assert [problem.at for problem in refused.value.problems] == [1, 3]


DAY = date(2026, 3, 1)


def moves_table(rows: list[tuple[str, int, str | None]]) -> ibis.Table:
    """(person, day, to_tier), in the order of the journal."""
    return ibis.memtable(
        pa.table(
            {
                "person_id": [row[0] for row in rows],
                "day": [DAY + timedelta(days=row[1]) for row in rows],
                "happened_at": pa.array(
                    [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=row[1]) for row in rows],
                    pa.timestamp("us", "UTC"),
                ),
                "offset": list(range(len(rows))),
                "index": [0] * len(rows),
                "to_tier": pa.array([row[2] for row in rows], pa.string()),
                "simulated": [False] * len(rows),
            }
        )
    )


def test_flows_are_counted_between_two_days(connection: ibis.BaseBackend, links_of: Any) -> None:
    moves = moves_table(
        [
            ("ann", 0, "new"),
            ("bob", 0, "new"),
            ("card:1", 0, "core"),
            ("ann", 3, "growing"),
            ("ann", 5, "core"),
            ("bob", 5, None),
            ("cat", 5, "new"),
            ("dan", 9, "new"),
        ]
    )
    links = links_of({"card:1": "eve"})
    stood = connection.to_pyarrow(standing(moves, links, DAY)).to_pylist()
    assert {row["person_id"]: row["tier"] for row in stood} == {"ann": "new", "bob": "new", "eve": "core"}
    moved = connection.to_pyarrow(flows(between(moves, links, DAY, DAY + timedelta(days=5)))).to_pylist()
    assert {(row["from_tier"], row["to_tier"]): row["people"] for row in moved} == {
        ("new", "core"): 1,
        ("new", None): 1,
        ("core", "core"): 1,
        (None, "new"): 1,
    }
