"""Trends as pages: the list, the evidence of one series, what became of earlier flags, and what stands there before the first night."""

import re
from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest

from oneshelf.app.build import open_shelf
from oneshelf.app.goods.trends.nightly import TrendNight
from oneshelf.app.settings import read_settings
from oneshelf.books import trends
from oneshelf.books.trends import FlagRow, NightRow
from oneshelf.insight.goods.trends.alarms import FalseAlarms
from oneshelf.insight.goods.trends.flag import Flag, Outcome
from oneshelf.insight.goods.trends.leads import LeadLag
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW

PASSWORD = "correct horse battery staple"
HOSTILE = "<script>alert(1)</script>"
LEVELS = {"green tea": "type", HOSTILE: "topic", "a/b": "brand"}
CAUSES = ("demand", "season", "promotion", "promotion or demand")


def flag(rank: int, name: str, **given) -> Flag:
    fields = {
        "day": LAST_DAY, "signal": "purchases", "level": LEVELS.get(name, "product"), "name": name, "kind": "established",
        "certain": rank < 3, "rank": rank, "growth": 2.0, "low": 1.5, "high": 2.6, "p_value": 0.001, "chance": 0.6,
        "recent_people": 20.0, "base_people": 10.0, "cause": CAUSES[rank % 4], "promoted_recent": 3, "promoted_base": 0,
        "recent_weeks": 4, "base_weeks": 8, "season": 1.2, "growth_everywhere": 2.1, "category_growth": 1.1,
        "weeks": (4, 5, 20), "promoted": (False, False, True), "beside": {"searches": (1, 2, 9)}, "simulated": rank == 1,
    }  # fmt: skip
    return Flag(**(fields | given))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A shelf with nothing but a night of flags, and one of four weeks before."""
    with open_shelf(read_settings(data=tmp_path_factory.mktemp("trends"), currency=CURRENCY)) as shelf:
        for role in ("admin", "marketer"):
            shelf.staff.create(role, PASSWORD, role)
        yield shelf


def fill(shelf) -> None:
    before = LAST_DAY - timedelta(days=28)
    lead = LeadLag(
        first="searches", second="purchases", lag_days=2, low_days=1, high_days=3, correlation=0.1, p_value=0.003,
        correlations=(), series=9, simulated=True,
    )  # fmt: skip
    unsure = msgspec.structs.replace(lead, first="views", p_value=0.4)
    after = msgspec.structs.replace(lead, first="mentions", lag_days=-2, low_days=-3, high_days=-1)
    report = TrendNight(
        day=LAST_DAY, series=100, certain=2, watched=50, rate=0.1, leads=(lead, unsure, after), learnt=1, measured=1,
        false_alarms=FalseAlarms(series=90, rounds=40, block=1, rate=0.1, rounds_with_any=0.05, flagged_share=0.0001),
    )  # fmt: skip
    names = ("green tea", HOSTILE, "a/b", *(f"product-{n}" for n in range(50)))
    rows = [FlagRow(flag=flag(rank, name), since=before) for rank, name in enumerate(names, 1)]
    rows[1] = FlagRow(
        flag=flag(2, HOSTILE, signal="searches", beside={}, season=None, category_growth=None, chance=None), since=LAST_DAY
    )  # fmt: skip
    went = Outcome(measured_on=LAST_DAY, went_on=True, growth=1.9, weeks=(9, 9, 9, 9))
    old = FlagRow(flag=flag(1, "green tea", day=before), since=before, outcome=went)

    def write(connection):
        for day, flags in ((before, [old]), (LAST_DAY, rows)):
            night = msgspec.structs.replace(report, day=day)
            kept = NightRow(day=day, made_at=NOW, report=msgspec.json.encode(night).decode())
            trends.put_night(connection, kept, flags)

    shelf.core.database.writer.write(write)


@pytest.fixture(scope="module")
def visit(shelf, visiting):
    client = visiting(shelf)
    assert "oneshelf run trends" in client("admin").get("/trends").text
    assert client("admin").get("/trends/type/green%20tea").status_code == 404
    fill(shelf)
    return client


PAGES = (
    "/trends",
    "/trends?signal=searches&level=topic&certain=1&q=script",
    "/trends/type/green%20tea",
    "/trends/brand/a/b",
    f"/trends/topic/{quote(HOSTILE, safe='')}",
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_and_obeys_the_policy(visit, obeys_the_policy, path, language):
    answer = visit("admin", language).get(path)
    obeys_the_policy(answer, language)


def test_the_list_tells_what_rises_which_signal_is_first_and_what_became_of_earlier_flags(visit):
    text = visit("admin").get("/trends").text
    assert "2 series rise beyond chance" in text
    assert "“searched for” comes 2 days before “bought”" in text
    assert "“looked at” tells nothing sure" in text
    assert "“written about” comes 2 days after “bought”" in text
    assert "1 of 1 went on" in text
    assert "2 of 40 rounds over 90 products" in text
    following = re.search(r'href="(/trends\?after=[^"]+)"', text)[1].replace("&amp;", "&")
    assert "product-49" in visit("admin").get(following).text


def test_a_series_tells_its_flags_and_what_to_do(visit):
    text = visit("admin").get("/trends/type/green%20tea").text
    assert "Order as last season" in text
    assert text.count('class="spark"') == 2
    assert 'href="/plan/green%20tea"' in text


def test_whose_role_plans_nothing_sees_no_trends(visit):
    assert visit("marketer").get("/trends").status_code == 403
    assert 'href="/trends"' not in visit("marketer").get("/").text
    assert visit("admin").get("/trends/nothing/x").status_code == 404
