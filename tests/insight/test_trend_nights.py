"""Signals against plain Python, and nights and backtests over panels whose truth is planted."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest

from oneshelf.decisions.trends import advise
from oneshelf.errors import NotFound
from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.trends import backtest as backtests
from oneshelf.insight.goods.trends import ranker
from oneshelf.insight.goods.trends.causes import promoted, season, tell
from oneshelf.insight.goods.trends.flag import Flag
from oneshelf.insight.goods.trends.night import night
from oneshelf.insight.goods.trends.panel import Panel, panel_of
from oneshelf.insight.goods.trends.signals import NAMES_SCHEMA, acts, daily, weekly, whole
from oneshelf.insight.goods.trends.windows import ESTABLISHED
from oneshelf.words.people import Who

LAST_DAY = date(2026, 3, 29)


def panel(people, *, discount=None, group=None, signal="purchases", everywhere=None) -> Panel:
    people = np.asarray(people, dtype=float)
    return Panel(
        signal=signal,
        level="product",
        last_day=LAST_DAY,
        names=tuple(f"p{n}" for n in range(len(people))),
        people=people,
        everywhere=people if everywhere is None else everywhere,
        discount=np.where(people > 0, 0.0, np.nan) if discount is None else discount,
        total=np.full(people.shape[1], 1000.0),
        group=np.full(len(people), -1) if group is None else np.asarray(group),
        simulated=np.zeros(len(people), dtype=np.bool_),
    )


def flat(series, weeks=40, *, mean=6.0, seed=1):
    return np.random.default_rng(seed).poisson(mean, size=(series, weeks)).astype(float)


def order(*products, day, who, at=None, **given) -> Event:
    lines = tuple(c.Line(product_id=p, amount_minor=80, discount_minor=20) for p in products)
    return Event(
        id=f"{who}{day}{products}", source="test", happened_at=datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9),
        body=c.OrderCompleted(order_id="o", currency="CNY", lines=lines), who=Who(user_id=who), place_id=at, **given,
    )  # fmt: skip


def test_people_count_once_a_series_and_week_and_new_places_apart(connection, tables_of):
    days = [LAST_DAY - timedelta(days=n) for n in range(21)]
    events = [
        order("milk", "tea", day=day, who=f"p{n % 3}", at="new" if n % 5 == 0 else "old")
        for n, day in enumerate(days)
    ]
    events += [order("milk", day=LAST_DAY, who=None, at="old"), order("milk", day=LAST_DAY, who=None)]
    names = pa.Table.from_pylist(
        [{"about": "milk", "name": "food"}, {"about": "tea", "name": "food"}], schema=NAMES_SCHEMA
    )
    bought = acts("purchases", tables_of(events)["order.completed"])
    rows = connection.to_pyarrow(
        weekly(bought, ibis.memtable(names), last_day=LAST_DAY, weeks=2, new_places=["new"])
    )
    seen, settled = defaultdict(set), defaultdict(set)
    for n, event in enumerate(events):
        week = 1 - (LAST_DAY - event.happened_at.date()).days // 7
        if week >= 0:
            who = event.who.user_id or n
            seen[week].add(who)
            if event.place_id != "new":
                settled[week].add(who)
    found = {row["week"]: row for row in rows.to_pylist()}
    assert {week: row["people"] for week, row in found.items()} == {w: len(p) for w, p in seen.items()}
    assert {week: row["settled"] for week, row in found.items()} == {w: len(p) for w, p in settled.items()}
    assert found[1]["off_minor"] * 5 == found[1]["full_minor"]
    by_day = connection.to_pyarrow(daily(bought, None, days=(LAST_DAY, LAST_DAY), only=["milk"])).to_pylist()
    assert by_day == [{"name": "milk", "day": LAST_DAY, "channel": "unknown", "people": 3}]
    orders = tables_of(events)["order.completed"]
    total = connection.to_pyarrow(weekly(whole(orders), None, last_day=LAST_DAY, weeks=2))
    made = panel_of(
        rows,
        total,
        signal="purchases",
        level="category",
        last_day=LAST_DAY,
        weeks=2,
        category={"food": "all"},
    )
    assert made.names == ("food",)
    assert made.discount[0] == pytest.approx([0.2, 0.2])
    assert made.group.tolist() == [0]
    assert made.until(1).last_day == LAST_DAY - timedelta(days=7)


def test_a_search_is_a_topic_in_small_letters_with_single_spaces(connection, tables_of):
    event = Event(
        id="s", source="test", happened_at=datetime(2026, 3, 2, 9, tzinfo=UTC), who=Who(anonymous_id="a"),
        body=c.ProductsSearched(query="  Oat   MILK "),
    )  # fmt: skip
    (row,) = connection.to_pyarrow(acts("searches", tables_of([event])["products.searched"])).to_pylist()
    assert row["about"] == "oat milk"


def test_a_night_flags_what_grows_first_with_its_evidence_and_what_to_do():
    counts = flat(300)
    counts[7, -4:] = [20, 24, 26, 28]
    searches = panel(flat(300, seed=2), signal="searches")
    found = night([panel(counts, group=np.zeros(300, dtype=int)), searches])
    first = found.flags[0]
    assert (first.name, first.signal, first.certain, first.rank) == ("p7", "purchases", True, 1)
    assert first.weeks[-4:] == (20, 24, 26, 28)
    assert len(first.beside["searches"]) == len(first.weeks) == 26
    assert first.low < first.growth < first.high
    assert first.category_growth == pytest.approx(1, abs=0.1)
    assert first.cause == "demand"
    assert [each.action for each in advise(first)] == ["order_more", "ask_factory"]
    assert sum(flag.certain for flag in found.flags) <= 2
    assert found.series == 600
    assert night([panel(counts[:, :8])]).flags == ()


def test_a_rise_in_promoted_weeks_alone_is_put_down_to_the_promotion():
    counts = flat(3, mean=20)
    counts[:, -4:-1] = 60
    discount = np.zeros(counts.shape)
    discount[0, -4:-1] = 0.3
    discount[1, -4:] = 0.3
    counts[1, -1] = 60
    told = tell(panel(counts, discount=discount), ESTABLISHED)
    assert told.cause == ("promotion", "promotion or demand", "demand")
    assert (told.promoted_recent[0], told.promoted_base[0]) == (3, 0)


def test_an_ordinary_discount_is_no_promotion_and_one_to_come_is_not_known():
    discount = np.full((1, 40), 0.2)
    assert not promoted(panel(flat(1), discount=discount)).any()
    discount[0, 30:] = 0.5
    assert promoted(panel(flat(1), discount=discount))[0, 30:].all()
    assert not promoted(panel(flat(1), discount=discount).until(30)).any()


def test_what_its_category_did_a_year_ago_is_the_season():
    counts = flat(6, 64, mean=50)
    counts[:3, 8:12] *= 2  # 52 weeks before the recent ones
    counts[:3, -4:] *= 2
    counts[3, -4:] *= 2
    made = panel(counts, group=[0, 0, 0, 1, 1, 1])
    assert season(made, ESTABLISHED) == pytest.approx([2, 2, 2, 1, 1, 1], rel=0.2)
    assert tell(made, ESTABLISHED).cause == ("season", "season", "season", "demand", "demand", "demand")
    assert season(made.until(63), ESTABLISHED) is None


def test_sales_of_new_places_are_told_beside_the_growth():
    counts = flat(2, mean=20)
    everywhere = counts.copy()
    everywhere[0, -4:] *= 3
    told = tell(panel(counts, everywhere=everywhere), ESTABLISHED)
    assert told.ratio_everywhere[0] > 2 > 1.5 > told.ratio_everywhere[1]


def planted(series=200, weeks=44, seed=3):
    """Rises that begin in any week; half of them last for eight weeks, and half for two."""
    counts = flat(series, weeks, mean=5, seed=seed)
    random = np.random.default_rng(seed)
    for each in range(0, series, 2):
        start = int(random.integers(12, weeks - 2))
        counts[each, start : start + (8 if each % 4 else 2)] *= 4
    return panel(counts)


def test_a_backtest_scores_every_method_on_panels_of_the_past():
    found = backtests.backtest(planted(weeks=32), rounds=2)
    assert (found.first_origin, found.last_origin) == (
        LAST_DAY - timedelta(weeks=32 - backtests.KNOWN_WEEKS_MIN),
        LAST_DAY - timedelta(weeks=4),
    )
    for method in ("naive growth", "Kleinberg", "CUSUM", "BOCPD", backtests.LOWER_BOUND, backtests.ALARM):
        score = found.score(method)
        assert score is not None
        assert score.precision_20 > score.by_chance
    alarm = found.score(backtests.ALARM)
    assert alarm.named < alarm.series / 4
    assert [each.block for each in found.false_alarms] == [1, 2, 4]
    assert found.score(backtests.LOWER_BOUND, "established", "second half").origins == 4
    with pytest.raises(NotFound, match="25 weeks"):
        backtests.backtest(planted(weeks=25))


def test_a_ranker_learns_nothing_from_weeks_to_come():
    whole_past = planted()
    cut = whole_past.until(34)
    other = np.random.default_rng(9).poisson(50, size=(200, 10)).astype(float)
    changed = panel(np.concatenate([whole_past.people[:, :34], other], axis=1)).until(34)
    rows = [ranker.features(each, ESTABLISHED) for each in (cut, changed)]
    assert (rows[0] == rows[1]).all()
    assert np.isfinite(rows[0]).all()
    lessons = ranker.lessons(cut, ESTABLISHED, range(60), lambda people: people[:, -1] >= 0)
    assert [known.weeks for known, _ in lessons] == list(range(12, 31)), (
        "the last four weeks have no label yet"
    )
    if gradient_boosting.installed():
        fitted = ranker.fit(lessons, ESTABLISHED)
        assert fitted is not None
        chances = fitted.chances(cut, ESTABLISHED)
        assert ((chances >= 0) & (chances <= 1)).all()
    assert ranker.fit([], ESTABLISHED) is None


@pytest.mark.parametrize(
    ("given", "action"),
    [
        ({"cause": "promotion"}, "let_it_end"),
        ({"cause": "season", "season": 1.4}, "keep_to_season"),
        ({"certain": False, "chance": 0.1}, "watch"),
        ({"certain": False, "chance": 0.6}, "order_more"),
        ({"signal": "favourites"}, "offer"),
        ({"signal": "searches", "level": "topic", "sold_here": False}, "ask_factory"),
    ],
)
def test_what_to_do_follows_from_the_cause(given, action):
    sold_here = given.pop("sold_here", True)
    flag = Flag(
        **{
            "day": LAST_DAY, "signal": "purchases", "level": "type", "name": "oat milk", "kind": "established", "certain": True,
            "rank": 1, "growth": 2.0, "low": 1.5, "high": 2.6, "p_value": 0.001, "chance": None, "recent_people": 20.0,
            "base_people": 10.0, "cause": "demand", "promoted_recent": 3, "promoted_base": 0, "recent_weeks": 4, "base_weeks": 8,
            "season": None, "growth_everywhere": 2.0, "category_growth": None, "weeks": (1,), "promoted": (False,),
        } | given
    )  # fmt: skip
    assert advise(flag, sold_here=sold_here)[0].action == action
