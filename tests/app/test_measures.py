"""One way to ask for every figure: who asks decides which places, and whether people are protected."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from oneshelf.app.goods.measures import SALT, wording
from oneshelf.app.running.jobs import run_job
from oneshelf.app.shelf import Shelf
from oneshelf.books import secrets
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.insight.disclosure import PEOPLE_MIN
from oneshelf.insight.measures import MEASURES
from oneshelf.insight.periods import Period
from oneshelf.testing.shelves import put_events, put_nightly
from oneshelf.testing.shop import FIRST_DAY, LAST_DAY, NOW, Shop
from oneshelf.trust.access import Actor
from oneshelf.words.people import Who

PLANNER = Actor(name="pia", role="planner")
STORE = Actor(name="sam", role="store", places=("store-1",))


def test_sales_by_place_and_hour_are_what_the_shop_sold(shelf: Shelf, shop: Shop) -> None:
    zones = {place.id: ZoneInfo(place.time_zone) for place in shop.places}
    sold: dict[tuple[str, int], int] = defaultdict(int)
    for event in shop.events:
        if event.kind == "order.completed":
            sold[event.place_id, event.happened_at.astimezone(zones[event.place_id]).hour] += (
                event.body.amount_minor
            )
    table = shelf.measures.ask("gross_sales_minor", ("place", "hour"))
    assert {cell.keys: cell.value for cell in table.cells if cell.value} == {
        k: v for k, v in sold.items() if v
    }
    assert [cell.value for cell in table.total] == [shop.truth.amount_minor]
    assert (table.protected, table.simulated) == (False, False)
    assert (table.since, table.until) == (FIRST_DAY, LAST_DAY)


def test_people_are_counted_in_each_cell_and_not_added(shelf: Shelf, shop: Shop) -> None:
    table = shelf.measures.ask("active_people", ("place",))
    buyers = sum(truth.orders > 0 for truth in shop.truth.people.values())
    assert [cell.value for cell in table.total] == [buyers]
    assert sum(cell.value or 0 for cell in table.cells) > buyers


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("by", [("place", "hour"), ("category", "week"), ("channel",)])
def test_the_total_is_the_figure_without_dimensions(shelf: Shelf, name: str, by: tuple[str, ...]) -> None:
    dimensions = tuple(d for d in by if d in MEASURES[name].dimensions)
    table, whole = shelf.measures.ask(name, dimensions), shelf.measures.ask(name)
    assert table.total == whole.cells


def test_visits_say_that_simulated_events_entered(shelf: Shelf) -> None:
    table = shelf.measures.ask("visits", ("weekday",))
    assert table.simulated
    assert [cell.keys for cell in table.cells] == [(day,) for day in range(1, 8)]
    assert {cell.currency for cell in table.cells} == {None}


def test_filters_and_days_cut_what_enters(shelf: Shelf, shop: Shop) -> None:
    day = FIRST_DAY + timedelta(days=10)
    truth = sum(
        s.amount_minor for (d, place, _), s in shop.truth.sales.items() if d == day and place == "store-2"
    )
    table = shelf.measures.ask("gross_sales_minor", ("day",), {"place": "store-2"}, day, day)
    assert [(cell.keys, cell.value) for cell in table.cells] == [((day.isoformat(),), truth)]
    assert table.where == {"place": ("store-2",)}


def test_a_question_about_days_without_events_is_answered_by_an_empty_table(shelf: Shelf) -> None:
    table = shelf.measures.ask("orders", ("hour",), since=date(2001, 1, 1), until=date(2001, 1, 2))
    assert (table.cells, table.total) == ((), ())


def test_staff_of_a_store_see_the_figures_of_that_store_only(shelf: Shelf) -> None:
    mine = shelf.measures.ask("orders", ("place",), actor=STORE)
    assert [cell.keys for cell in mine.cells] == [("store-1",)]
    assert mine.total[0].value == mine.cells[0].value
    with pytest.raises(NotAllowed, match="not among yours"):
        shelf.measures.ask("orders", where={"place": ["store-1", "store-2"]}, actor=STORE)


@pytest.fixture
def salted(shelf: Shelf) -> Shelf:
    """The shop under a salt that is always the same, so that a test's noise is."""
    shelf.core.database.writer.write(lambda c: secrets.keep(c, SALT, bytes(range(32)), NOW))
    return shelf


def test_who_may_not_see_people_gets_figures_with_noise_and_nothing_about_few(salted: Shelf) -> None:
    asked = ("active_people", ("weekday", "channel"))
    told = salted.measures.ask(*asked, actor=PLANNER)
    truth = {c.keys: c.value or 0 for c in salted.measures.ask(*asked).cells}
    assert told.protected
    assert 3 < len(told.cells) < len(truth)
    assert {cell.keys for cell in told.cells} <= truth.keys()
    off = [abs((cell.value or 0) - truth[cell.keys]) for cell in told.cells]
    assert 0 < max(off) < 30
    assert all(cell.give_or_take for cell in told.cells)
    assert told == salted.measures.ask(*asked, actor=PLANNER)


def test_a_total_less_its_other_cells_is_exact_for_who_may_see_people_only(salted: Shelf) -> None:
    def rest(actor: Actor) -> float:
        table = salted.measures.ask("orders", ("place",), actor=actor)
        return table.total[0].value - sum(cell.value for cell in table.cells)

    assert rest(Actor(name="ann", role="analyst")) == 0
    assert abs(rest(PLANNER)) > 2


def test_a_filter_and_a_key_word_one_cell_alike_so_that_there_is_nothing_to_average(salted: Shelf) -> None:
    by_key = salted.measures.ask("orders", ("channel",), actor=PLANNER)
    for cell in by_key.cells:
        by_filter = salted.measures.ask("orders", where={"channel": cell.keys[0]}, actor=PLANNER)
        assert [each.value for each in by_filter.total] == [cell.value]


def test_cells_of_few_people_are_left_out_as_empty_ones_are(salted: Shelf) -> None:
    sold = {c.keys: c.value or 0 for c in salted.measures.ask("orders", ("place", "hour")).cells}
    shown = salted.measures.ask("orders", ("place", "hour"), actor=PLANNER).cells
    # receipts of nobody known count as somebody else each, so there are at most as many people as orders
    assert {cell.keys for cell in shown} <= {keys for keys, orders in sold.items() if orders >= PEOPLE_MIN}
    assert len(shown) < len(sold)


@pytest.mark.parametrize(
    "where", [{"place": ["store-1", "store-2"]}, {"place": "store-1", "channel": "store"}]
)
def test_who_may_not_see_people_filters_by_one_value(shelf: Shelf, where: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="protected"):
        shelf.measures.ask("orders", where=where, actor=PLANNER)


def test_days_are_widened_to_months_for_who_may_not_see_people(shelf: Shelf) -> None:
    one = shelf.measures.ask("orders", since=date(2026, 3, 5), until=date(2026, 3, 6), actor=PLANNER)
    other = shelf.measures.ask("orders", since=date(2026, 3, 1), until=date(2026, 3, 31), actor=PLANNER)
    assert one == other


def test_no_range_of_days_gives_a_set_of_people_more_than_four_figures_to_average(
    empty: Shelf, shop: Shop
) -> None:
    """A place that opened in one month of sixteen, asked about by ranges around it, and again when others have come."""

    def sold(place: str, month: int, person: int) -> Event:
        at = datetime(2025 + month // 12, month % 12 + 1, 5, 4, tzinfo=UTC)
        line = Line(product_id="p", quantity=1, amount_minor=1000)
        return Event(
            id=f"{place}-{month}-{person}", source="till", happened_at=at, place_id=place, channel="store",
            who=Who.of(f"{place}-{person}"), body=OrderCompleted(order_id="o", currency="CNY", lines=(line,)),
        )  # fmt: skip

    empty.core.database.writer.write(lambda c: secrets.keep(c, SALT, bytes(range(32)), NOW))
    june, july = date(2025, 6, 1), date(2025, 7, 28)
    ranges = [
        (june, date(2025, 6, 28)), (june.replace(month=5), june.replace(day=9)), (june, july), (june.replace(month=2), july),
        (june, None), (june.replace(month=3), date(2026, 2, 1)), (None, None),
    ]  # fmt: skip

    def told() -> set[float | None]:
        return {
            cell.value
            for since, until in ranges
            for cell in empty.measures.ask("orders", ("place",), None, since, until, actor=PLANNER).cells
            if cell.keys == ("once",)
        }

    put_events(empty, [*(sold("main", m, 1) for m in range(15)), *(sold("once", 5, n) for n in range(30))], now=NOW)  # fmt: skip
    before = told()
    assert 1 < len(before) <= 4
    put_events(empty, [sold("main", 15, 1)], now=NOW)
    assert told() == before


def test_every_filter_that_cannot_be_read_is_told_at_once(shelf: Shelf) -> None:
    with pytest.raises(InvalidInput) as refused:
        shelf.measures.ask("orders", where={"hour": 24, "weekday": "Monday", "day": "soon", "place": []})
    assert [problem.field for problem in refused.value.problems] == [
        "where.hour", "where.weekday", "where.day", "where",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "since", "until", "says"),
    [
        (("place", "hour", "day"), None, None, "too many"),
        ((), date(2026, 4, 1), date(2026, 3, 1), "is after"),
    ],
)
def test_what_cannot_be_asked_is_refused(shelf: Shelf, by, since, until, says) -> None:
    with pytest.raises(InvalidInput, match=says):
        shelf.measures.ask("orders", by, since=since, until=until)


def test_tiers_are_asked_for_only_when_there_are_any(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="tier"):
        shelf.measures.ask("orders", ("tier",))


def test_tiers_are_those_of_the_newest_night(shelf: Shelf) -> None:
    run_job(shelf, "portraits")
    table = shelf.measures.ask("active_people", ("tier",))
    assert table.cells[0].keys[0]  # who fits no rule has none, and stands last
    assert sum(cell.value for cell in table.cells) == table.total[0].value  # a person has one tier
    (first, *_) = table.cells
    kept = shelf.measures.ask("active_people", where={"tier": first.keys[0]})
    assert [cell.value for cell in kept.cells] == [first.value]


NIGHT = date(2026, 4, 30)
LOYAL = {f"person-{number}" for number in range(1, 26)}


@pytest.fixture
def loyal(salted: Shelf) -> Shelf:
    """An audience of twenty-five of the forty people, and the whole of them under two names."""
    rows = [{"person_id": f"person-{n}", "frequency": 1 + (n <= 25)} for n in range(1, 41)]
    put_nightly(salted, rows, day=NIGHT)
    for name in ("loyal", "the same", "in"):
        salted.audiences.save(name, "frequency > 1")
    return salted


def test_an_audience_is_told_from_the_rest(loyal: Shelf, shop: Shop) -> None:
    spent = dict.fromkeys(("in", "rest", None), 0)
    for event in shop.events:
        if event.kind == "order.completed":
            who = event.who.user_id
            spent[who and ("in" if who in LOYAL else "rest")] += event.body.amount_minor
    table = loyal.measures.ask("gross_sales_minor", ("audience",), audience="loyal")
    assert {cell.keys[0]: cell.value for cell in table.cells} == spent
    assert [cell.value for cell in table.total] == [shop.truth.amount_minor]
    assert table.audience is not None
    assert (table.audience.version, table.audience.condition, table.audience.as_of) == (
        1,
        "frequency > 1",
        NIGHT,
    )
    by_name = loyal.measures.ask("gross_sales_minor", where={"audience": "loyal"})
    assert ([cell.value for cell in by_name.cells], by_name.where) == ([spent["in"]], {"audience": ("in",)})
    others = loyal.measures.ask("gross_sales_minor", where={"audience": "rest"}, audience="loyal")
    assert [cell.value for cell in others.cells] == [spent["rest"]]
    odd = loyal.measures.ask("gross_sales_minor", where={"audience": "in"})  # an audience that is called so
    assert odd.audience is not None
    assert odd.audience.name == "in"


def test_an_audience_must_be_named_saved_and_one(loyal: Shelf) -> None:
    for asked, error in (
        ({"by": ("audience",)}, InvalidInput),
        ({"where": {"audience": ["loyal", "the same"]}}, InvalidInput),
        ({"where": {"audience": "loyal"}, "audience": "the same"}, InvalidInput),
        ({"where": {"audience": "'; drop table audience; --"}}, NotFound),
    ):
        with pytest.raises(error):
            loyal.measures.ask("orders", **asked)


def test_one_set_of_people_has_one_protected_figure_under_every_name_of_its_audience(loyal: Shelf) -> None:
    def told(name: str) -> list[tuple[object, ...]]:
        table = loyal.measures.ask("orders", ("audience", "channel"), audience=name, actor=PLANNER)
        return [(cell.keys, cell.value) for cell in table.cells]

    assert told("loyal") == told("the same") != []
    by_filter = loyal.measures.ask("orders", ("channel",), {"audience": "loyal"}, actor=PLANNER)
    assert [("in", *cell.keys) for cell in by_filter.cells if cell.keys] == [
        k for k, _ in told("loyal") if k[0] == "in"
    ]
    assert [cell.value for cell in by_filter.cells] == [value for k, value in told("loyal") if k[0] == "in"]


def test_an_audience_less_another_that_lacks_one_person_does_not_find_that_person(loyal: Shelf) -> None:
    """The saved audiences differ by one person; for who may see people the difference is theirs, for others it is noise."""
    rows = [{"person_id": f"person-{n}", "frequency": n} for n in range(1, 41)]
    put_nightly(loyal, rows, day=NIGHT)
    loyal.audiences.save("with", "frequency <= 30")
    loyal.audiences.save("without", "frequency <= 29")
    loyal.audiences.save("alone", "frequency = 30")

    def figure(name: str, actor: Actor) -> float | None:
        found = loyal.measures.ask("orders", where={"audience": name}, actor=actor).cells
        return found[0].value if found else None

    analyst = Actor(name="ann", role="analyst")
    truth = figure("alone", analyst)
    assert truth == figure("with", analyst) - figure("without", analyst)
    assert figure("alone", PLANNER) is None
    assert figure("with", PLANNER) - figure("without", PLANNER) != truth


def test_the_width_of_a_figure_says_nothing_about_who_is_in_an_audience(loyal: Shelf, shop: Shop) -> None:
    """Two audiences that differ by the one who gave most back: with widths of their own, they would tell that, and how much."""
    back = {person: truth.refunded_minor for person, truth in shop.truth.people.items()}
    most = max(back, key=lambda person: back[person])
    rows = [
        {"person_id": person, "frequency": 9 if person == most else 2 if not back[person] else 1}
        for person in back
    ]
    put_nightly(loyal, rows, day=NIGHT)
    loyal.audiences.save("with", "frequency > 1")
    loyal.audiences.save("without", "frequency between 2 and 3")

    def width(audience: str, side: str) -> float | None:
        asked = {"where": {"audience": side}, "audience": audience, "actor": PLANNER}
        return loyal.measures.ask("refunded_minor", **asked).cells[0].give_or_take

    widths = {width(audience, "in") for audience in ("with", "without")}
    assert len(widths) == 1
    assert (widths.pop() or 0) > back[most]  # though nobody without gave anything back


def test_hostile_text_in_a_filter_matches_nothing_and_breaks_nothing(shelf: Shelf) -> None:
    for text in ("'; drop table person; --", "<script>", "\x00", "茶" * 500):
        assert shelf.measures.ask("orders", ("hour",), {"category": text}).cells == ()


def test_one_cell_has_one_wording_however_it_is_asked():
    days = Period(date(2026, 3, 1), date(2026, 4, 30))
    row = {"place": "a", "hour": 8, "currency": "CNY"}
    both = wording(row, ("place", "hour"), {}, days)
    assert both == wording({"hour": 8, "currency": "CNY"}, ("hour",), {"place": ("a",)}, days)
    assert both != wording({"hour": 9, "currency": "CNY"}, ("hour",), {"place": ("a",)}, days)
    one_day = {"day": date(2026, 3, 5), "currency": "CNY"}
    assert wording(one_day, ("day",), {}, days) == wording(
        one_day, ("day",), {}, Period(date(2026, 3, 1), date(2026, 3, 31))
    )


def test_the_salt_is_made_once_and_is_not_in_any_answer(shelf: Shelf) -> None:
    assert shelf.core.secret("disclosure") == shelf.core.secret("disclosure")
    assert len(shelf.core.secret("disclosure")) == 32
