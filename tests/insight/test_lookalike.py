"""Look-alikes: who is like a seed, and what that is worth on people held out."""

import numpy as np
import pyarrow as pa
import pytest

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.lookalike import SHARE, lookalikes


def portraits(people: int = 2_000, seed: int = 1) -> pa.Table:
    """People of whom one in ten are tea drinkers, who differ from the others in three fields."""
    chance = np.random.default_rng(seed)
    tea = np.arange(people) % 10 == 0
    return pa.table(
        {
            "person_id": [f"{'tea' if t else 'other'}-{n}" for n, t in enumerate(tea)],
            "frequency": chance.poisson(np.where(tea, 14, 8)),
            "average_order_minor": (chance.gamma(3, 500, people) * np.where(tea, 1.6, 1)).astype(np.int64),
            "repurchase_interval_days": [None if n % 3 else float(n % 17) for n in range(people)],
            "main_channel": np.where(chance.random(people) < np.where(tea, 0.7, 0.3), "web", "store"),
            "refunded_minor": np.zeros(people, dtype=np.int64),
        }
    )


def tea_drinkers(people: int = 2_000) -> list[str]:
    return [f"tea-{n}" for n in range(0, people, 10)]


def test_people_like_the_seed_come_first() -> None:
    hidden, seed = tea_drinkers()[::2], tea_drinkers()[1::2]
    found = lookalikes(portraits(), seed)
    first = {each.person_id for each in found.people[:190]}
    assert len(first & set(hidden)) / len(hidden) > 0.3
    assert found.seed == 100
    assert found.others == 1_900
    assert not {each.person_id for each in found.people} & set(seed)
    assert {"frequency", "main_channel", "average_order_minor"} == set(found.by[:3])


def test_the_lift_is_that_of_people_whom_the_ranking_has_not_seen() -> None:
    seed = tea_drinkers()[1::2]
    found = lookalikes(portraits(), seed)
    assert found.lift.low > 1.5
    assert found.lift.low < found.lift.value < found.lift.high <= 1 / SHARE
    # the true lift, of the tea drinkers who were in no seed, is within reach of the interval
    first = {each.person_id for each in lookalikes(portraits(), seed, limit=190).people}
    hidden = set(tea_drinkers()[::2])
    assert len(first & hidden) / len(hidden) / SHARE == pytest.approx(found.lift.value, abs=1.2)


def test_a_seed_drawn_by_chance_has_no_lift() -> None:
    table = portraits()
    lifts = []
    for draw in range(10):
        drawn = np.random.default_rng(draw).choice(
            table["person_id"].to_numpy(zero_copy_only=False), 150, False
        )
        lift = lookalikes(table, list(drawn)).lift
        lifts.append(lift.low <= 1 <= lift.high)
    assert sum(lifts) >= 9


def test_a_field_that_defines_the_seed_can_be_left_out() -> None:
    table = portraits()
    web = [
        p
        for p, c in zip(table["person_id"].to_pylist(), table["main_channel"].to_pylist(), strict=True)
        if c == "web"
    ]
    repeated = lookalikes(table, web[::2])
    honest = lookalikes(table, web[::2], without=["main_channel"])
    assert repeated.lift.value > honest.lift.value
    assert "main_channel" not in honest.by
    assert honest.without == ("main_channel",)


def test_equal_people_have_equal_scores_in_the_order_of_their_ids() -> None:
    table = portraits(400)
    twins = table.set_column(0, "person_id", pa.array([f"{p}-twin" for p in table["person_id"].to_pylist()]))
    seed = [f"tea-{n}" for n in range(0, 400, 10)]
    both = pa.concat_tables([twins, table])
    scores = {each.person_id: each.score for each in lookalikes(both, seed).people}
    assert all(
        scores[p] == scores[f"{p}-twin"] for p in scores if p.startswith("other") and not p.endswith("twin")
    )
    ranked = lookalikes(both, seed).people
    assert list(ranked) == sorted(ranked, key=lambda each: (-each.score, each.person_id))


def test_a_basket_of_a_billion_and_columns_of_nothing_change_no_order() -> None:
    table = portraits(400)
    huge = table["average_order_minor"].to_pylist()
    huge[int(np.argmax(huge))] = 10**11
    changed = table.set_column(2, "average_order_minor", pa.array(huge, pa.int64()))
    seed = [f"tea-{n}" for n in range(0, 400, 10)]
    assert lookalikes(changed, seed).people == lookalikes(table, seed).people
    empty = table.append_column("margin_minor", pa.nulls(400, pa.int64()))
    assert lookalikes(empty, seed).people == lookalikes(table, seed).people


def test_seeds_that_say_nothing_are_refused() -> None:
    table = portraits(100)
    everybody = table["person_id"].to_pylist()
    for seed in ([], ["nobody"], everybody[:5], everybody):
        with pytest.raises(InvalidInput, match="seed"):
            lookalikes(table, seed)
    with pytest.raises(InvalidInput, match="without"):
        lookalikes(table, everybody[:30], without=["shoe_size"])
