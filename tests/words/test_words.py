"""The field's nouns: checked at birth, exact, never parsed for meaning."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.words import ids, money, places, quantity, time
from oneshelf.words.people import ANONYMOUS, Who, identifier, kind_of


class Named(msgspec.Struct):
    id: ids.Id


@pytest.mark.parametrize("bad", ["", "a" * 201, "tab\there", "nul\x00", "del\x7f", "in\nside"])
def test_an_id_of_another_form_is_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": bad}, Named)


@pytest.mark.parametrize(
    "good", ["a", "a" * 200, "顾客-1", "with space", "urn:epc:id:sgtin:0614141.107346.2017"]
)
def test_an_id_is_any_short_printable_text(good):
    assert msgspec.convert({"id": good}, Named).id == good


@given(st.lists(st.text()), st.lists(st.text()))
def test_two_lists_of_parts_share_a_derived_id_only_when_they_are_equal(a, b):
    assert (ids.derived_id(*a) == ids.derived_id(*b)) == (a == b)


def test_parts_do_not_run_together():
    assert ids.digest("ab", "c") != ids.digest("a", "bc")
    assert len(ids.digest("x")) == 16


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=5),
    st.sampled_from(["EUR", "CNY", "JPY", "KWD"]),
)
def test_minor_units_are_the_decimal_shifted_and_rounded_half_to_even(amount, currency):
    places_of = {"EUR": 2, "CNY": 2, "JPY": 0, "KWD": 3}[currency]
    expected = amount.quantize(Decimal(1).scaleb(-places_of), rounding=ROUND_HALF_EVEN) * 10**places_of
    assert money.minor(amount, currency) == int(expected)


@given(st.integers(-money.AMOUNT_MINOR_MAX, money.AMOUNT_MINOR_MAX), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_major_and_minor_are_each_others_inverse(amount_minor, currency):
    assert money.minor(money.major(amount_minor, currency), currency) == amount_minor


def test_a_float_is_read_as_it_is_printed():
    assert money.minor(0.1 + 0.2, "EUR") == 30
    assert money.minor(19.99, "EUR") == 1999
    assert money.minor("1234.5", "JPY") == 1234


@pytest.mark.parametrize("bad", ["", "twelve", "1,50", "NaN", "Infinity", float("inf")])
def test_what_is_not_an_amount_is_refused_by_field_and_value(bad):
    with pytest.raises(InvalidInput) as refused:
        money.minor(bad, "EUR", "price")
    (problem,) = refused.value.problems
    assert problem.field == "price"
    assert problem.remedy


def test_an_amount_beyond_any_shop_is_a_mistaken_unit():
    money.check_amount(money.AMOUNT_MINOR_MAX)
    with pytest.raises(InvalidInput, match="more than any shop sells"):
        money.check_amount(money.AMOUNT_MINOR_MAX + 1)


@pytest.mark.parametrize("bad", ["", "eur", "EU", "EURO", "E1R", "ÉUR"])
def test_a_currency_is_three_capital_letters(bad):
    with pytest.raises(InvalidInput):
        money.Money(1, bad)


def test_money_of_two_currencies_is_not_added():
    assert money.Money(1, "EUR") + money.Money(2, "EUR") == money.Money(3, "EUR")
    assert str(money.Money(1234, "EUR")) == "12.34 EUR"
    assert str(money.Money(1234, "JPY")) == "1234 JPY"
    with pytest.raises(InvalidInput):
        money.Money(1, "EUR") + money.Money(2, "USD")


def test_a_quantity_is_never_negative_and_never_absurd():
    assert quantity.check_quantity(0) == 0
    assert quantity.check_quantity(quantity.QUANTITY_MAX) == quantity.QUANTITY_MAX
    for bad in (-1, quantity.QUANTITY_MAX + 1):
        with pytest.raises(InvalidInput):
            quantity.check_quantity(bad)


def test_the_business_day_is_the_places_own():
    at = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
    assert time.business_day(at, "Asia/Shanghai") == date(2026, 11, 24)
    assert time.business_day(at, "America/New_York") == date(2026, 11, 23)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InvalidInput, match="no time zone"):
        time.check_aware(datetime(2026, 1, 1), "at")  # noqa: DTZ001


def test_what_cannot_have_happened_is_refused():
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for plausible in (time.EARLIEST, now, now + time.CLOCK_SKEW_MAX):
        assert time.check_plausible(plausible, now) == plausible
    for impossible in (
        time.EARLIEST - timedelta(seconds=1),
        now + time.CLOCK_SKEW_MAX + timedelta(seconds=1),
    ):
        with pytest.raises(InvalidInput, match="cannot have happened"):
            time.check_plausible(impossible, now)


@given(st.datetimes(min_value=datetime(1991, 1, 1), max_value=datetime(2090, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001
def test_seconds_and_moment_are_each_others_inverse(naive, hours):
    at = naive.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours)))
    assert time.moment(time.seconds(at)) == at


def test_an_unknown_zone_is_refused_wherever_it_is_named():
    with pytest.raises(InvalidInput, match="is not a time zone"):
        places.Place(id="s", name="Shop", time_zone="Mars/Olympus")
    assert places.Place(id="s", name="Shop", time_zone="Asia/Shanghai").kind == "store"


def test_a_browser_cannot_pass_for_a_member_by_taking_their_id():
    member, browser = Who(user_id="m-1"), Who(anonymous_id="m-1")
    assert member.person_id == "m-1"
    assert browser.person_id == f"{ANONYMOUS}m-1"
    assert Who(user_id="m-1", anonymous_id="b").person_id == "m-1"
    assert Who().person_id is None


@pytest.mark.parametrize("kind", ["user", "card", "email", "phone", "payment", "anonymous", "device"])
def test_an_identifier_says_of_what_kind_it_is_and_hides_what_gives_a_person_away(kind):
    plain = {"email": "Ann@Shop.cn", "phone": "+86 138 0013 8000"}.get(kind, "x-77")
    made = identifier(kind, plain)
    assert kind_of(made) == kind
    assert (plain.casefold() in made) == (kind in ("user", "card", "anonymous"))
    assert identifier(kind, f" {plain} ") == made
    assert Who.of(made).person_id == made


@pytest.mark.parametrize(
    ("kind", "value"),
    [("user", "NULL"), ("user", " "), ("card", "0"), ("email", "test@shop.cn"), ("email", "a@example.com"), ("email", "none"),
     ("phone", "000000000"), ("phone", "12345678"), ("phone", "911"), ("device", "00000000-0000-0000-0000-000000000000")],
)  # fmt: skip
def test_what_names_nobody_is_no_identifier(kind, value):
    assert identifier(kind, value) is None


def test_the_strongest_identifier_says_whose_an_event_is():
    who = Who(anonymous_id="b", identifiers=("email:1", "card:2", "device:3"))
    assert who.every == ("card:2", "email:1", "anonymous:b", "device:3")
    assert who.person_id == "card:2"
    with pytest.raises(InvalidInput, match="kind"):
        Who(identifiers=("77",))
    with pytest.raises(InvalidInput, match="card:"):
        Who(user_id="card:77")
