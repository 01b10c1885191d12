"""Words: both languages complete, numbers and times as the reader writes them."""

import io
import re
import string
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from oneshelf.console import create
from oneshelf.console.visit import RAIL
from oneshelf.console.words import Reader, choose_language

ROOM = Path(str(files("oneshelf.console")))
NOW = datetime(2026, 5, 2, 9, 30, tzinfo=UTC)
KEYWORDS = {"_": None, "mark": None, "text": None, "plural": (1, 2)}


def reader(language="en", accepted=""):
    chosen, locale = choose_language(language, accepted)
    return Reader(chosen, locale, time_zone="Asia/Shanghai", now=NOW)


def messages_in_use() -> set[str | tuple[str, str]]:
    options = {"**/templates/*.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}}
    methods = [("**/*.py", "python"), ("**/templates/*.html", "jinja2.ext:babel_extract")]
    found = extract_from_dir(str(ROOM), methods, options, keywords=KEYWORDS)
    return {
        message if isinstance(message, str) else tuple(message[:2])
        for _, _, message, _, _ in found
        if message
    }


def catalogue(language):
    data = (ROOM / "locale" / language / "LC_MESSAGES" / "oneshelf.po").read_bytes()
    return read_po(io.BytesIO(data), locale=language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_message_is_translated_and_no_translation_is_left_over(language):
    used = messages_in_use()
    known = {
        m.id if isinstance(m.id, str) else tuple(m.id): m
        for m in catalogue(language)
        if m.id and m.context is None
    }
    assert len(used) > 200
    assert used - known.keys() == set()
    assert known.keys() - used == set()
    for message in known.values():
        strings = [message.string] if isinstance(message.string, str) else message.string
        assert all(strings), message.id


def test_translations_fill_the_same_gaps():
    gaps = re.compile(r"%\((\w+)\)s")
    fields = string.Formatter()
    for message in catalogue("zh"):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for translated in [message.string] if isinstance(message.string, str) else message.string:
            if message.context == "sentence":
                names = {name for _, name, _, _ in fields.parse(translated) if name}
                assert names <= {name for _, name, _, _ in fields.parse(source) if name}, source
            elif source:
                assert set(gaps.findall(translated)) <= set(gaps.findall(source)), source
                assert re.sub(r"%\(\w+\)s|%%", "", translated).count("%") == 0, source


def test_a_chinese_page_has_no_english_sentence_left(as_role):
    ours = {name for _, name, _, _ in RAIL}
    for path in (
        "/",
        "/plan",
        "/plan/green%20tea",
        "/offers/first",
        "/people/person-1",
        "/nowhere",
        "/people/nobody",
    ):
        page = as_role("admin", "zh").get(path).text
        main = re.sub(r"<script.*?</script>|<[^>]+>", "\n", page.split("<main", 1)[1], flags=re.S)
        assert not ours & {line.strip() for line in main.splitlines()}
        english = [
            line.strip() for line in main.splitlines() if re.search(r"\b(the|is|are|of|to|and)\b", line)
        ]
        assert english == [], path


@pytest.mark.parametrize(
    ("wanted", "accepted", "language", "locale"),
    [
        (None, "", "en", "en_US"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh", "zh_Hans_CN"),
        (None, "fr-FR, en-GB;q=0.7", "en", "en_GB"),
        (None, "fr, de", "en", "en_US"),
        ("zh", "en-GB", "zh", "zh_Hans_CN"),
        ("en", "zh-CN, en-GB;q=0.5", "en", "en_GB"),
        ("tlh", "zh-SG", "zh", "zh_Hans_SG"),
        (None, "en;q=x,,;;,zh", "zh", "zh_Hans_CN"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(wanted, accepted, language, locale):
    chosen, region = choose_language(wanted, accepted)
    assert (chosen, str(region)) == (language, locale)


def test_the_switch_changes_the_language_and_is_remembered(visitor, shelf):
    client = TestClient(create(shelf), headers={"accept-language": "en"})
    page = client.get("/sign-in").text
    assert "Sign in" in page
    token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    client.post("/preferences", data={"csrf": token, "language": "zh", "next": "/sign-in"})
    assert "登录" in client.get("/sign-in").text
    client.post("/preferences", data={"csrf": token, "theme": "dark", "next": "https://evil.example"})
    assert 'data-theme="dark"' in client.get("/sign-in").text


def test_numbers_money_and_days_follow_the_reader():
    english, british, chinese = reader(), reader("en", "en-GB"), reader("zh")
    assert english.number(1234567.4) == "1,234,567"
    assert english.money(123456, "USD") == "$1,234.56"
    assert english.money(123456, "JPY") == "¥123,456"
    assert english.money(500, "EUR", signed=True) == "+€5.00"
    assert chinese.money(123456, "CNY") == "¥1,234.56"
    assert english.percent(0.213, 1) == "21.3%"
    assert english.change(-0.125) == "−12%"
    assert (english.short(1_469_307), chinese.short(1_469_307)) == ("1.47M", "147万")
    day = date(2026, 5, 1)
    assert english.day(day) == "May 1, 2026"
    assert british.day(day) == "1 May 2026"
    assert chinese.day(day) == "2026年5月1日"


def test_times_are_relative_when_near_and_exact_on_hover_in_the_shops_zone():
    shown = reader().when(NOW - timedelta(hours=3))
    assert ">3 hours ago<" in shown
    assert 'datetime="2026-05-02T06:30:00Z"' in shown
    assert re.search(r'title="May 2, 2026, 2:30:00\s?PM \(CST\)"', shown)
    assert ">Mar 2, 2026<" in reader().when(NOW - timedelta(days=61))
    assert ">–<" in reader().when(None)


def test_a_sentence_of_another_room_is_said_in_chinese_with_its_gaps():
    chinese = reader("zh")
    assert chinese.say("12 refused") == "12 个被拒"
    doubt = "Nothing can be claimed: the hold-out has only 3 people, and fewer than 30 say too little about spend."
    assert chinese.say(doubt) == "尚不能下结论：对照组只有 3 人，少于 30 人不足以说明消费。"
    assert chinese.say("A sentence that nobody translated.") == "A sentence that nobody translated."
    assert reader().say(doubt) == doubt
