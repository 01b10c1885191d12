"""A folder that looks like the Complete Journey package's data, small and with its quirks."""

# ruff: noqa: DTZ001  # the package's times are naive
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NANOSECONDS = pa.timestamp("ns")


def _lines():
    """(household, store, basket, product, quantity, dollars, retail, coupon, match, naive UTC time); not sorted."""
    evening, night = (
        datetime(2017, 3, 1, 23, 10),
        datetime(2017, 3, 2, 4, 59),
    )  # both are March 1st in New York
    return [
        (2, 367, 20, 1000051, 1, 19.99, 0.0, 1.0, 0.4, night),
        (1, 330, 10, 1000050, 2, 0.29, 0.1, 0.0, 0.0, evening),
        (1, 330, 10, 1000049, 0, 0.0, 0.0, 0.0, 0.0, evening),
        (1, 330, 10, 6534178, 9528, 20.0, 0.0, 0.0, 0.0, evening),
        (1, 367, 30, 1000050, 1, 4.35, 0.0, 0.0, 0.0, datetime(2017, 3, 2, 5, 0)),
    ]


@pytest.fixture
def journey_folder(tmp_path):
    """The eight tables, five receipt lines in three baskets."""
    names = "household_id store_id basket_id product_id quantity sales_value retail_disc coupon_disc coupon_match_disc"
    tables = {
        "transactions": ([*names.split(), "transaction_timestamp"], _lines()),
        "products": (
            [
                "product_id",
                "manufacturer_id",
                "department",
                "brand",
                "product_category",
                "product_type",
                "package_size",
            ],
            [
                (1000050, 2, "GROCERY", "National", "FRZN ICE", "FRZN SS ENTREES/DNRS", "12 PK/12 OZ"),
                (1000051, 2, "MISCELLANEOUS", "Private", None, None, None),
            ],
        ),
        "demographics": (
            ["household_id", "age", "income", "home_ownership", "household_comp"],
            [(1, "65+", "35-49K", None, "2 Adults Kids")],
        ),
        "campaigns": (["campaign_id", "household_id"], [(7, 1), (7, 2)]),
        "campaign_descriptions": (
            ["campaign_id", "campaign_type", "start_date", "end_date"],
            [(7, "Type A", datetime(2017, 3, 1), datetime(2017, 4, 1))],
        ),
        "coupons": (["coupon_upc", "product_id", "campaign_id"], [(51380041013, 1000050, 7)]),
        "coupon_redemptions": (
            ["household_id", "coupon_upc", "campaign_id", "redemption_date"],
            [(1, 51380041013, 7, datetime(2017, 3, 2))],
        ),
        "promotions": (
            ["product_id", "store_id", "display_location", "mailer_location", "week"],
            [(1000050, 330, "9", "0", 1), (1000051, 367, "0", "A", 2)],
        ),
    }
    for name, (columns, rows) in tables.items():
        table = pa.table(
            {column: list(values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)}
        )
        schema = pa.schema(
            [pa.field(f.name, NANOSECONDS if pa.types.is_timestamp(f.type) else f.type) for f in table.schema]
        )
        pq.write_table(table.cast(schema), tmp_path / f"{name}.parquet")
    return tmp_path
