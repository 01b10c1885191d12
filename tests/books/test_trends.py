"""Nights and flags in the books, on both databases."""

from datetime import date, timedelta

from oneshelf.books import trends
from oneshelf.books.trends import FlagRow, NightRow, Record
from oneshelf.insight.goods.trends.flag import Flag, Outcome

DAY = date(2026, 3, 1)


def row(
    name: str, *, day: date = DAY, rank: int = 1, certain: bool = True, since: date | None = None
) -> FlagRow:
    flag = Flag(
        day=day, signal="purchases", level="type", name=name, kind="established", certain=certain, rank=rank, growth=2.0, low=1.5,
        high=2.5, p_value=0.01, chance=None, recent_people=8.0, base_people=4.0, cause="demand", promoted_recent=0, promoted_base=0,
        recent_weeks=4, base_weeks=8, season=None, growth_everywhere=2.0, category_growth=None, weeks=(4, 8), promoted=(False, True),
    )  # fmt: skip
    return FlagRow(flag=flag, since=since or day)


def test_a_night_written_again_keeps_what_became_of_its_flags(database, now):
    def put(*rows, day=DAY):
        night = NightRow(day=day, made_at=now, report="{}")
        database.writer.write(lambda connection: trends.put_night(connection, night, rows))

    later = DAY + timedelta(days=28)
    put(row("茶"), row("milk", rank=2, certain=False), row("50% off", rank=3, certain=False))
    with database.read() as connection:
        assert trends.night(connection).report == "{}"
        assert trends.night(connection, later) is None
        assert [each.flag.name for each in trends.flags(connection, DAY, after=1)] == ["milk", "50% off"]
        assert [each.flag.name for each in trends.flags(connection, DAY, text="0%")] == ["50% off"]
        assert trends.count(connection, DAY, {"certain": False}) == 2
        assert trends.running(connection, DAY, later) == {
            ("purchases", "type", name): DAY for name in ("茶", "milk", "50% off")
        }
        due = trends.due(connection, DAY)
    assert trends_of(due) == ["茶", "milk", "50% off"]
    known = [
        FlagRow(flag=each.flag, since=each.since, outcome=Outcome(measured_on=later, went_on=went_on, growth=1.8, weeks=(7,)))
        for each, went_on in zip(due[:2], (True, False), strict=True)
    ]  # fmt: skip
    database.writer.write(lambda connection: trends.put_outcomes(connection, known))
    put(row("茶"), row("milk", rank=2, certain=False))
    put(row("茶", day=later, since=DAY), day=later)
    with database.read() as connection:
        assert trends.due(connection, later) == []
        assert [each.outcome.went_on for each in trends.measured(connection)] == [True, False]
        assert trends_of(trends.measured(connection, after=(DAY, 1))) == ["milk"]
        assert trends.records(connection) == [
            Record(certain=True, measured=1, went_on=1), Record(certain=False, measured=1, went_on=0)
        ]  # fmt: skip
        assert [each.flag.day for each in trends.of_series(connection, "type", "茶", limit=5)] == [later, DAY]
    database.writer.write(lambda connection: trends.forget(connection, later))
    with database.read() as connection:
        assert trends.measured(connection) == []
        assert trends.night(connection).day == later


def trends_of(rows):
    return [each.flag.name for each in rows]
