"""One suite of expressions; every engine runs it and must give DuckDB's rows. DuckDB's own are checked against the shop's truth.

Where the engines differ by nature, the expression here is written so that they do not, and says why. These are the rules
that expressions in `insight` and `effect` follow.
"""

import math
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from oneshelf.effect.outcome import comoments_by_cell, outcome_per_person
from oneshelf.errors import Unavailable
from oneshelf.events.catalogue import KINDS
from oneshelf.insight.activity import events_by_day
from oneshelf.insight.clock import spans
from oneshelf.insight.cube import KINDS_READ as CUBE_KINDS
from oneshelf.insight.cube import Facts, cells, guarded
from oneshelf.insight.goods.demand import daily_by, daily_sales
from oneshelf.insight.measures import MEASURES, Measure
from oneshelf.insight.people.acquisition import acquisition
from oneshelf.insight.people.conditions import parse, where
from oneshelf.insight.people.portraits import KINDS_READ, Clocks, portraits
from oneshelf.insight.people.purchases import purchases
from oneshelf.insight.people.tier_moves import between, flows
from oneshelf.insight.people.tiers import buyers_with, default_tiers, tier_of, values_at
from oneshelf.insight.people.value import summaries as value
from oneshelf.lake.engine import Engine
from oneshelf.lake.engines import open_engine
from oneshelf.lake.schema import MOMENT
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import CURRENCY, Shop, small_shop

NOW = datetime(2026, 5, 3, tzinfo=UTC)

Expression = Callable[[Engine], ir.Table]
EXPRESSIONS: dict[str, Expression] = {}

#: Expressions that take Spark a quarter of a minute or more, and the one of the three on which each is compared.
DEAR = {
    "insight_portraits": "cluster",
}

#: The night whose portraits the lake keeps, as audiences and tiers read them.
NIGHT = date(2026, 5, 3)


def compared(make: Expression) -> Expression:
    EXPRESSIONS[make.__name__] = make
    return make


def order_lines(engine: Engine) -> ir.Table:
    orders = engine.events("order.completed")
    return orders.select("day", "place_id", "person_id", "happened_at", line=orders.lines).unnest("line")


@compared
def sums_of_order_lines(engine: Engine) -> ir.Table:
    lines = order_lines(engine)
    # DuckDB widens sums to 128 bits and Spark does not; Ibis declares 64 for both, and `run` holds both to it.
    return lines.group_by("day", "place_id", product_id=lines.line.product_id).agg(
        quantity=lines.line.quantity.sum(), amount_minor=lines.line.amount_minor.sum(), lines=lines.count()
    )


@compared
def empty_and_missing_lists(engine: Engine) -> ir.Table:
    """`unnest`, of a table as of a column, drops empty lists and nulls on both; `keep_empty` keeps them on both."""
    held = engine.memory(BASKETS)
    by_table = held.unnest("items").select("id", item="items", way=ibis.literal("table"))
    by_column = held.select("id", item=held["items"].unnest(), way=ibis.literal("column"))
    kept = held.unnest("items", keep_empty=True).select("id", item="items", way=ibis.literal("kept"))
    return by_table.union(by_column, distinct=False).union(kept, distinct=False)


BASKETS = pa.table(
    {
        "id": ["two", "none", "missing", "one of nothing"],
        "items": pa.array([["a", "b"], [], None, [None]], pa.list_(pa.string())),
    }
)


@compared
def the_last_order_of_each_person_by_row_number(engine: Engine) -> ir.Table:
    orders = engine.events("order.completed")
    known = orders.filter(orders.person_id.notnull())
    # A tie would fall differently, so the order ends in the place in the journal, which is unique.
    newest = ibis.window(
        group_by="person_id",
        order_by=[known.happened_at.desc(), known["offset"].desc(), known["index"].desc()],
    )
    ranked = known.mutate(rank=ibis.row_number().over(newest))
    return ranked.filter(ranked["rank"] == 0).select("person_id", "happened_at", "order_id", "lines")


@compared
def nulls_in_an_order_come_last(engine: Engine) -> ir.Table:
    """Spark alone would put them first when ascending; Ibis writes NULLS LAST for both."""
    held = engine.memory(pa.table({"g": [1, 1, 1, 2], "v": pa.array([3, None, 1, None], pa.int64())}))
    return held.mutate(
        up=ibis.row_number().over(ibis.window(group_by="g", order_by=held.v)),
        down=ibis.row_number().over(ibis.window(group_by="g", order_by=held.v.desc())),
    )


@compared
def running_and_lagging_windows(engine: Engine) -> ir.Table:
    lines = order_lines(engine)
    daily = lines.group_by("day").agg(amount_minor=lines.line.amount_minor.sum())
    by_day = ibis.window(order_by="day")
    return daily.mutate(
        last_week=daily.amount_minor.lag(7).over(by_day),
        so_far=daily.amount_minor.sum().over(ibis.window(order_by="day", preceding=None, following=0)),
        mean_28=daily.amount_minor.mean().over(ibis.window(order_by="day", preceding=27, following=0)),
    )


@compared
def distinct_counts(engine: Engine) -> ir.Table:
    orders = engine.events("order.completed")
    return orders.group_by("place_id").agg(
        people=orders.person_id.nunique(),
        days=orders.day.nunique(),
        web=orders.person_id.nunique(where=orders.channel == "web"),
    )


@compared
def arithmetic_of_days_and_moments(engine: Engine) -> ir.Table:
    orders = engine.events("order.completed")
    # Subtracting moments gives an interval that neither engine hands back as declared; subtract seconds since 1970.
    return orders.select(
        "event_id",
        age_days=ibis.literal(date(2026, 5, 3)).delta(orders.day, unit="day"),
        age_seconds=ibis.literal(NOW).epoch_seconds() - orders.happened_at.epoch_seconds(),
        weekday=orders.day.day_of_week.index(),
        week=orders.day.truncate("W"),
        month=orders.day.month(),
        tomorrow=orders.day + ibis.interval(days=1),
        hour=orders.happened_at.hour(),
        after=orders.happened_at >= ibis.literal(datetime(2026, 4, 1, tzinfo=UTC)),
    )


@compared
def seconds_before_1970_and_fractions(engine: Engine) -> ir.Table:
    """With a fraction of a second DuckDB gives a fraction, which does not fit the declared integer; so truncate first."""
    times = [datetime(1969, 12, 31, 23, 59, 58, 600_000, UTC), datetime(2026, 3, 2, 8, 0, 0, 999_999, UTC)]
    held = engine.memory(pa.table({"at": pa.array(times, MOMENT)}))
    return held.mutate(
        seconds=held.at.truncate("s").epoch_seconds(), minute=held.at.truncate("m"), day=held.at.date()
    )


@compared
def joins_inner_left_and_anti(engine: Engine) -> ir.Table:
    orders, searches = engine.events("order.completed"), engine.events("products.searched")
    buyers = orders.group_by("person_id").agg(orders=orders.count())
    seekers = searches.group_by("person_id").agg(searches=searches.count())
    left = buyers.left_join(seekers, "person_id").select("person_id", "orders", "searches")
    # A null key meets nothing on either engine, not even another null.
    never = buyers.anti_join(seekers, "person_id").select(
        "person_id", "orders", searches=ibis.literal(-1, "int64")
    )
    inner = buyers.join(seekers, "person_id").select("person_id", "orders", "searches")
    return left.union(never, distinct=False).union(inner, distinct=False)


@compared
def decayed_sums(engine: Engine) -> ir.Table:
    lines = order_lines(engine)
    age_days = (ibis.literal(NOW).epoch_seconds() - lines.happened_at.epoch_seconds()) / 86_400
    return lines.group_by("person_id", product_id=lines.line.product_id).agg(
        weight=(-age_days / 120.0).exp().sum(), last_at=lines.happened_at.max()
    )


@compared
def numbers_with_a_point_are_doubles(engine: Engine) -> ir.Table:
    """Spark alone would take them for decimals and cut 1/120.0 to 0.008333."""
    held = engine.memory(pa.table({"n": [1, 2, 10**12]}))
    return held.mutate(part=held.n / 120.0, times=held.n * 0.1, small=held.n * 1e-12, log=(held.n + 0.5).ln())


@compared
def exact_quantiles(engine: Engine) -> ir.Table:
    """`quantile` and `median` are exact and interpolate on both; `approx_median` and `approx_quantile` differ."""
    lines = order_lines(engine)
    one = lines.group_by("place_id", "person_id", "happened_at").agg(
        amount_minor=lines.line.amount_minor.sum()
    )
    return one.group_by("place_id").agg(
        low=one.amount_minor.quantile(0.1),
        median=one.amount_minor.median(),
        high=one.amount_minor.quantile(0.9),
    )


@compared
def division_rounding_and_remainders(engine: Engine) -> ir.Table:
    held = engine.memory(
        pa.table({"a": [7, -7, 7, -7, 5], "b": [2, 2, -2, -2, 10], "x": [2.5, -2.5, 0.5, 1.5, -0.4]})
    )
    # Dividing by zero is infinite on DuckDB and an error on Spark: write nullif(0).
    return held.mutate(
        whole=held.a // held.b,
        rest=held.a % held.b,
        share=held.a / held.b.nullif(2),
        rounded=held.x.round(),
        down=held.x.floor().cast("int64"),
    )


@compared
def aggregates_of_nothing_and_of_flags(engine: Engine) -> ir.Table:
    schema = pa.schema([("g", pa.string()), ("v", pa.int64()), ("f", pa.bool_())])
    rows = [
        {"g": "a", "v": None, "f": None},
        {"g": "b", "v": 2, "f": False},
        {"g": "b", "v": None, "f": True},
    ]
    held = engine.memory(pa.Table.from_pylist(rows, schema))
    figures = held.group_by("g").agg(
        total=held.v.sum(), mean=held.v.mean(), any=held.f.any(), all=held.f.all(), n=held.v.count(), rows=held.count(),
        big=held.v.max(where=held.v > 1),
    )  # fmt: skip
    empty = held.filter(held.g == "nobody")
    nothing = empty.agg(
        g=ibis.literal("-"), total=empty.v.sum(), mean=empty.v.mean(), any=empty.f.any(), all=empty.f.all(), n=empty.v.count(),
        rows=empty.count(), big=empty.v.max(),
    )  # fmt: skip
    return figures.union(nothing, distinct=False)


@compared
def text_in_any_script(engine: Engine) -> ir.Table:
    held = engine.memory(pa.table({"t": ["Grüner TEE", "绿茶 no. 1", "a%b_c", "", None]}))
    return held.mutate(
        low=held.t.lower(), length=held.t.length(), tea=held.t.contains("茶"), percent=held.t.contains("%b_"),
        start=held.t.startswith("a%"), cut=held.t[:4], kept=held.t.fill_null("?"),
    )  # fmt: skip


@compared
def events_with_their_nested_columns_as_they_lie(engine: Engine) -> ir.Table:
    return engine.events("order.completed", days=(date(2026, 3, 5), date(2026, 3, 7)))


@compared
def a_kind_that_never_happened(engine: Engine) -> ir.Table:
    reviews = engine.events("product.reviewed")
    return reviews.group_by("product_id").agg(n=reviews.count(), mean=reviews.rating.mean())


@compared
def insight_daily_sales(engine: Engine) -> ir.Table:
    return daily_sales(engine.events("order.completed"), engine.events("order.refunded"))


@compared
def insight_daily_sales_by_type(engine: Engine) -> ir.Table:
    return daily_by(insight_daily_sales(engine), engine.reference("products"), "type")


@compared
def insight_portraits(engine: Engine) -> ir.Table:
    events = {kind: engine.events(kind) for kind in KINDS_READ}
    places = {place.id: place.time_zone for place in small_shop().places}
    names = {"place_id": list(places), "time_zone": list(places.values())}
    zones = {name: spans(name, (date(2026, 1, 1), date(2026, 7, 1))) for name in sorted(set(places.values()))}
    clocks = Clocks(places=engine.memory(pa.table(names)), zones=zones, own="Asia/Shanghai")
    products = engine.reference("products")
    return portraits(events, links=links_of(engine), products=products, now=NOW, clocks=clocks)


def nightly(engine: Engine) -> ir.Table:
    schema = insight_portraits(engine).schema().to_pyarrow()
    return engine.derived("portraits", schema, days=(NIGHT, NIGHT))


@compared
def conditions_over_portraits(engine: Engine) -> ir.Table:
    """One column a condition: true, false or unknown for each person."""
    asked = (
        "recency_days <= 30 and monetary_minor >= 10000 and not favourite_category_share > 0.5",
        r'favourite_category in ("snacks", "back\\slash", "it\'s") or favourite_category not in ("x")',
        'last_seen_at between "2026-03-05" and "2026-04-10" or recency_days is unknown',
        'not (last_seen_at > "2026-04-10T12:00:00+02:00" or simulated = true)',
        "monetary_minor >= top(0.1) or average_order_minor > 12.5 or frequency in (1, 2.0, 3)",
        "p_active > 0.5 or everybody and not refunds = 0",
    )
    table = nightly(engine)
    cutpoints = {("monetary_minor", 0.1): 20_000}
    return table.select(
        "person_id",
        **{
            f"asked_{at}": where(parse(text), table, cutpoints=cutpoints, time_zone="Asia/Shanghai")
            for at, text in enumerate(asked)
        },
    )


@compared
def tiers_of_everybody(engine: Engine) -> ir.Table:
    table = nightly(engine)
    cutpoints = {("monetary_minor", 0.05): 40_000, ("monetary_minor", 0.2): 20_000}
    return table.select("person_id", tier=tier_of(default_tiers(), table, cutpoints))


@compared
def cut_points(engine: Engine) -> ir.Table:
    table = nightly(engine)
    counted = buyers_with(table, {"monetary_minor"}).select(
        field=ibis.literal("counted"),
        rank=ibis.literal(0, "int64"),
        value=ibis._.monetary_minor.cast("float64"),
    )
    return values_at(table, {"monetary_minor": [1, 3], "recency_days": [2]}).union(counted, distinct=False)


@compared
def moves_between_tiers(engine: Engine) -> ir.Table:
    """Orders stand for moves here: their place is the tier."""
    orders = engine.events("order.completed")
    moves = orders.mutate(to_tier=orders.place_id.nullif("web"))
    people = between(moves, links_of(engine), date(2026, 3, 20), date(2026, 4, 20))
    return flows(people)


@compared
def insight_purchases(engine: Engine) -> ir.Table:
    return purchases(engine.events("order.completed"))


def value_days(engine: Engine) -> ir.Table:
    return value.order_days(
        engine.events("order.completed"),
        engine.events("order.refunded"),
        links=links_of(engine),
        currency=CURRENCY,
    )


@compared
def value_order_days(engine: Engine) -> ir.Table:
    return value_days(engine)


@compared
def value_summaries(engine: Engine) -> ir.Table:
    return value.summaries(value_days(engine), NOW.date())


@compared
def value_outcomes(engine: Engine) -> ir.Table:
    return value.outcomes(value_days(engine), NOW.date() - timedelta(days=30), horizon=30)


@compared
def value_acquisition(engine: Engine) -> ir.Table:
    return acquisition(
        engine.events("order.completed"),
        engine.events("order.refunded"),
        engine.events("campaign.spent"),
        links=links_of(engine),
        currency=CURRENCY,
        first=date(2026, 1, 1),
        last=NOW.date(),
    )


@compared
def insight_events_by_day(engine: Engine) -> ir.Table:
    return events_by_day(engine.events("place.visited"))


def facts_of(engine: Engine, measure: Measure) -> Facts:
    people = [f"person-{number}" for number in range(1, 31)]
    zones = {"store-1": "Asia/Shanghai", "store-2": "Asia/Shanghai", "store-3": "Europe/Berlin"}
    tiers = ["core" if number % 3 else "new" for number in range(30)]
    return Facts(
        events={kind: engine.events(kind) for kind in CUBE_KINDS[measure.family]},
        links=links_of(engine),
        products=engine.reference("products"),
        tiers=engine.memory(pa.table({"person_id": people, "tier": tiers})),
        audience=engine.memory(pa.table({"person_id": people[:12]})),
        places=engine.memory(pa.table({"id": list(zones), "time_zone": list(zones.values())})),
        zones=frozenset(zones.values()),
        time_zone="Asia/Shanghai",
        days=(date(2026, 3, 1), date(2026, 5, 3)),
    )


@compared
def insight_cube_of_sales_by_place_and_hour(engine: Engine) -> ir.Table:
    measure = MEASURES["average_transaction_minor"]
    return cells(facts_of(engine, measure), measure, by=("place", "hour"))


@compared
def insight_cube_of_people_by_category_and_week(engine: Engine) -> ir.Table:
    measure = MEASURES["repeat_rate"]
    return cells(facts_of(engine, measure), measure, by=("category", "week"), where={"weekday": [1, 2, 6]})


@compared
def insight_cube_of_visits_by_tier_and_channel(engine: Engine) -> ir.Table:
    measure = MEASURES["visits"]
    return cells(facts_of(engine, measure), measure, by=("tier", "channel"))


@compared
def insight_cube_with_the_people_of_each_cell(engine: Engine) -> ir.Table:
    measure = MEASURES["margin_minor"]
    people = [f"person-{number}" for number in range(1, 41)]
    keys = engine.memory(pa.table({"person_id": people, "key": [2**31 - number for number in range(1, 41)]}))
    return guarded(
        facts_of(engine, measure), measure, by=("place", "hour"), where={"audience": ["rest"]}, keys=keys
    )


@compared
def effect_outcomes(engine: Engine) -> ir.Table:
    assigned = engine.memory(
        pa.table(
            {
                "person_id": [f"person-{n}" for n in range(1, 41)],
                "arm": ["offer" if n % 3 else "holdout" for n in range(40)],
            }
        )
    )
    return outcome_per_person(
        engine.events("order.completed"),
        engine.events("order.refunded"),
        assigned,
        links_of(engine),
        start=datetime(2026, 4, 1, tzinfo=UTC),
        end=datetime(2026, 4, 29, tzinfo=UTC),
        currency=CURRENCY,
    )


@compared
def effect_comoments(engine: Engine) -> ir.Table:
    return comoments_by_cell(effect_outcomes(engine))


def links_of(engine: Engine) -> ir.Table:
    people = [f"person-{number}" for number in range(1, 41)]
    return engine.memory(
        pa.table({"identifier": [f"anonymous:browser-of-{person}" for person in people], "person_id": people})
    )


# --- how rows are compared


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Rows in an order of their own that does not depend on floats."""
    return sorted(
        table.to_pylist(),
        key=lambda row: repr([value for value in row.values() if not isinstance(value, float)]),
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def differences(found: pa.Table, expected: pa.Table) -> list[str]:
    if found.schema != expected.schema:
        return [f"columns: {found.schema} instead of {expected.schema}"]
    if found.num_rows != expected.num_rows:
        return [f"{found.num_rows} rows instead of {expected.num_rows}"]
    return [
        f"{name}: {row[name]!r} instead of {wanted[name]!r} in {wanted}"
        for row, wanted in zip(rows_of(found), rows_of(expected), strict=True)
        for name in wanted
        if not same(row[name], wanted[name])
    ]


@pytest.fixture(scope="session")
def stocked(shop_lake: Lake, shop: Shop) -> Lake:
    """The small shop with its catalogue and a night's portraits."""
    rows = [
        {
            "id": p.id,
            "name": p.name,
            "department": p.department,
            "category": p.category,
            "type": p.type,
            "brand": p.brand,
        }
        for p in shop.products
    ]
    shop_lake.load_reference("products", pa.Table.from_pylist(rows), sha256="0" * 64)
    engine = open_engine(shop_lake, "duckdb")
    night = engine.run(insight_portraits(engine))
    engine.close()
    dated = night.append_column("day", pa.array([NIGHT] * night.num_rows, pa.date32()))
    shop_lake.replace_days("portraits", dated, {NIGHT})
    return shop_lake


@pytest.fixture(scope="session")
def expected(stocked: Lake) -> Iterator[dict[str, pa.Table]]:
    """DuckDB's rows of every expression."""
    engine = open_engine(stocked, "duckdb")
    yield {name: engine.run(make(engine)) for name, make in EXPRESSIONS.items()}
    engine.close()


@pytest.fixture(scope="session", params=["local", "connect", "cluster"])
def spark(
    request: pytest.FixtureRequest, stocked: Lake, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Spark in this process, over Connect, and on a standalone cluster of two workers: one after the other."""
    pytest.importorskip("pyspark")
    from oneshelf.testing import spark as servers

    folder: Path = tmp_path_factory.mktemp("spark")
    with ExitStack() as stack:
        stack.enter_context(servers.defaults(folder / "conf"))
        if request.param == "local":
            url = "local[2]"
        else:
            start = servers.connect_server if request.param == "connect" else servers.cluster
            url = stack.enter_context(start(folder / request.param))
        engine = open_engine(stocked, url)
        stack.callback(engine.close)
        yield engine


@pytest.mark.spark
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if name not in DEAR])
def test_spark_gives_the_rows_of_duckdb(spark: Engine, expected: dict[str, pa.Table], name: str) -> None:
    found = spark.run(EXPRESSIONS[name](spark))
    assert differences(found, expected[name])[:5] == []


@pytest.mark.spark
@pytest.mark.parametrize(("spark", "name"), [(url, name) for name, url in DEAR.items()], indirect=["spark"])
def test_the_dearest_are_compared_on_one_spark_each(
    spark: Engine, expected: dict[str, pa.Table], name: str
) -> None:
    found = spark.run(EXPRESSIONS[name](spark))
    assert differences(found, expected[name])[:5] == []


@pytest.mark.spark
@pytest.mark.parametrize("url", ["sc://127.0.0.1:1", "spark://127.0.0.1:1"])
def test_a_spark_that_is_not_there_is_told_at_once(stocked: Lake, url: str) -> None:
    with pytest.raises(Unavailable, match=url):
        open_engine(stocked, url)


def test_duckdbs_sales_are_the_truth(expected: dict[str, pa.Table], shop: Shop) -> None:
    found = {
        (row["day"], row["place_id"], row["product_id"]): (row["quantity"], row["amount_minor"], row["lines"])
        for row in expected["sums_of_order_lines"].to_pylist()
    }
    assert found == {
        key: (sold.quantity, sold.amount_minor, sold.orders) for key, sold in shop.truth.sales.items()
    }


def test_duckdb_drops_empty_lists_unless_told_to_keep_them(expected: dict[str, pa.Table]) -> None:
    rows = expected["empty_and_missing_lists"].to_pylist()
    dropped = [("one of nothing", "-"), ("two", "a"), ("two", "b")]
    for way, wanted in {
        "table": dropped,
        "column": dropped,
        "kept": [("missing", "-"), ("none", "-"), *dropped],
    }.items():
        assert sorted((row["id"], row["item"] or "-") for row in rows if row["way"] == way) == wanted


def test_exact_quantiles_are_those_of_sorting(expected: dict[str, pa.Table], shop: Shop) -> None:
    sums: dict[str, list[int]] = {}
    for event in shop.events:
        if event.kind == "order.completed":
            sums.setdefault(event.place_id, []).append(event.body.amount_minor)
    assert len(sums) == expected["exact_quantiles"].num_rows
    for row in expected["exact_quantiles"].to_pylist():
        amounts = sums[row["place_id"]]
        assert row["median"] == pytest.approx(statistics.median(amounts))
        deciles = statistics.quantiles(amounts, n=10, method="inclusive")
        assert [row["low"], row["high"]] == pytest.approx([deciles[0], deciles[-1]])


@pytest.mark.spark
def test_what_an_engine_cannot_do_is_told(spark: Engine) -> None:
    held = spark.memory(pa.table({"a": [1]}))
    with pytest.raises(Unavailable, match="spark"):
        spark.run(held.agg(first=held.a.first(order_by=held.a)))
    with pytest.raises(Unavailable, match="Spark could not run"):
        spark.run(held.select(infinite=held.a / (held.a - 1)))


def test_every_kind_is_read_alike(stocked: Lake) -> None:
    """A cheap guard: what no expression above touches still opens."""
    engine = open_engine(stocked, "duckdb")
    assert all(engine.run(engine.events(kind).limit(1)).num_rows <= 1 for kind in KINDS)
    engine.close()
