"""The pages load Complete Journey; their tests load a slice of it: twelve households, October to December."""

from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import oneshelf
from oneshelf.app.running import demo
from oneshelf.app.settings import SETTINGS_FILE
from oneshelf.connect.sources.completejourney import PACKAGE, CompleteJourney

HOUSEHOLDS_MAX = 12
FIRST = datetime(2017, 10, 1)  # noqa: DTZ001  # the package's times are naive
PROMOTIONS = 20_000


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the front of the import path, in which the package holds only the slice."""
    root = tmp_path_factory.mktemp("journey")
    target = root / PACKAGE / "data"
    target.mkdir(parents=True)
    (root / PACKAGE / "__init__.py").touch()
    whole = CompleteJourney().folder
    chosen = (pc.field("household_id") <= HOUSEHOLDS_MAX) & (pc.field("transaction_timestamp") >= FIRST)
    lines = ds.dataset(whole / "transactions.parquet").to_table(filter=chosen)
    pq.write_table(lines, target / "transactions.parquet")
    bought = pc.field("product_id").isin(pc.unique(lines["product_id"]))
    pq.write_table(
        ds.dataset(whole / "products.parquet").to_table(filter=bought), target / "products.parquet"
    )
    calendar = ds.dataset(whole / "promotions.parquet").head(PROMOTIONS)
    pq.write_table(calendar, target / "promotions.parquet")
    for name in ("demographics", "campaigns", "coupon_redemptions"):
        table = pq.read_table(whole / f"{name}.parquet")
        pq.write_table(table.filter(pc.field("household_id") <= HOUSEHOLDS_MAX), target / f"{name}.parquet")
    for name in ("campaign_descriptions", "coupons"):
        (target / f"{name}.parquet").symlink_to(whole / f"{name}.parquet")
    return root


@pytest.fixture(scope="session")
def demo_data(journey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that `make demo` leaves behind, made of the slice."""
    folder = tmp_path_factory.mktemp("demo") / "demo-data"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(journey)
        folder.mkdir()
        (folder / SETTINGS_FILE).write_text(demo._SETTINGS)
        with oneshelf.open(folder) as shelf:
            demo.turn(shelf, lambda text: None)
    return folder
