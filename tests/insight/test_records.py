"""Records of people: what two forms write differently reads the same, and what says nothing is unknown."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.insight.people.records import birth_date, code, names, record_of, words

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  Zoë  ", "zoe"),
        ("O'Neill-Smith", "o neill smith"),
        ("ＡＮＮＡ", "anna"),
        ("王小明", "王小明"),
        ("Straße 5", "strasse 5"),
        ("が", "が"),
        ("<script>alert(1)</script>", "script alert 1 script"),
        ("Robert'); DROP TABLE person;--", "robert drop table person"),
        ("n/a", None),
        ("NULL", None),
        ("无", None),
        ("---", None),
        ("", None),
        (None, None),
        (True, None),
        (["Ann"], None),
        ({"first": "Ann"}, None),
    ],
)
def test_words_have_one_width_and_case_and_no_accents(written: object, read: str | None) -> None:
    assert words(written) == read


@given(st.text())
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert once is None or words(once) == once


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1990-05-01", "19900501"),
        ("1990-05-01T00:00:00Z", "19900501"),
        ("1990/5/1", "19900501"),
        ("1990年5月1日", "19900501"),
        ("１９９０年５月１日", "19900501"),
        ("19900501", "19900501"),
        (19900501, "19900501"),
        ("31.12.1980", "19801231"),
        ("12/31/1980", "19801231"),
        ("05/05/1985", "19850505"),
        ("19901301", "19901301"),  # a slip: seven digits are right
        ("19900231", "19900231"),
        ("03/04/1990", None),  # April or March
        ("1900-01-01", None),  # what forms fill in
        ("1970-01-01", None),
        ("0000-00-00", None),
        ("9999-12-31", None),
        ("1850-06-06", None),
        ("2026-11-25", None),  # tomorrow
        ("1990-00-10", None),
        ("19909999", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_birth_dates_are_read_and_absurd_ones_are_unknown(written: object, read: str | None) -> None:
    assert birth_date(written, today=TODAY) == read


@given(st.dates(min_value=date(1907, 1, 1), max_value=TODAY))
def test_every_way_to_write_a_birth_date_reads_the_same(day: date) -> None:
    first = birth_date(day.isoformat(), today=TODAY)
    assert first in (None, f"{day:%Y%m%d}")
    for written in (f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日"):
        assert birth_date(written, today=TODAY) == first


@pytest.mark.parametrize(
    ("written", "read"), [("1000-A", "1000a"), ("SW1A 1AA", "sw1a1aa"), ("0000", None), ("1", "1")]
)
def test_codes_are_letters_and_digits(written: str, read: str | None) -> None:
    assert code(written) == read


@pytest.mark.parametrize(
    ("given_name", "surname", "whole", "read"),
    [
        ("Ann", "Lee", "somebody else", ("ann", "lee")),
        (None, None, "Ann Marie Lee", ("ann marie", "lee")),
        (None, None, "王小明", ("小明", "王")),
        (None, None, "欧阳 娜娜", ("娜娜", "欧阳")),
        (None, None, "Cher", ("cher", None)),
        (None, None, None, (None, None)),
    ],
)
def test_a_whole_name_is_told_apart(given_name, surname, whole, read) -> None:
    assert names(given_name, surname, whole) == read


def test_a_record_is_read_from_the_traits_of_the_segment_spec() -> None:
    record = record_of(
        "p1",
        {
            "firstName": "Ann",
            "lastName": "Lee",
            "birthday": "1990-05-02",
            "address": {"street": "5 High St.", "postalCode": "10 001", "city": "Zürich"},
            "phone": "+41 44 668 18 00",
            "email": "Ann@Lee.ch",
        },
        today=TODAY,
    )
    assert record is not None
    assert (record.given_name, record.surname, record.birth_date) == ("ann", "lee", "19900502")
    assert (record.street, record.postcode, record.city) == ("5 high st", "10001", "zurich")
    assert record.phone is not None
    assert record.email is not None
    assert record.phone.startswith("phone:")
    assert "lee" not in record.email


def test_a_person_with_an_id_alone_or_a_household_alone_has_no_record() -> None:
    assert record_of("p1", {}, today=TODAY) is None
    assert record_of("p1", {"firstName": "Ann"}, today=TODAY) is None
    household = {"lastName": "Lee", "phone": "+41446681800", "address": {"street": "5 High St"}}
    assert record_of("p1", household, today=TODAY) is None
    assert record_of("p1", {**household, "firstName": "null"}, today=TODAY) is None


@given(
    st.dictionaries(
        st.sampled_from(["firstName", "lastName", "name", "birthday", "address", "phone", "email", "city"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_whatever_a_tracker_sends_is_read_or_left_out(traits: dict[str, object]) -> None:
    record = record_of("p1", traits, today=TODAY)
    assert record is None or record.person_id == "p1"
