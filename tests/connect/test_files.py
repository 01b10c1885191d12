"""Files by a mapping: what becomes of good rows, bad rows and strange files."""

import csv
import json
import random
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.connect.ports import Source
from oneshelf.connect.sources import files
from oneshelf.connect.sources.files import FileSource, Judgement
from oneshelf.connect.sources.mapping import Mapping
from oneshelf.connect.sources.rejects import reasons_beside
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.events.catalogue import Line

NOW = datetime(2012, 1, 1, tzinfo=UTC)
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"
INVOICES = """\
536365,85123A,"HEART, WHITE",6,2010-12-01 08:26,2.55,17850
536366,22633,HAND WARMER,2,2010-12-01 08:28,1.85,
536365,71053,LANTERN,1,2010-12-01 08:27,3.39,17850
C536379,D,Discount,-1,2010-12-01 09:41,27.50,14527
536365,POST,POSTAGE,1,2010-12-01 08:26,18.00,17850
A563185,B,Adjust bad debt,1,2011-08-12 14:50,11062.06,
536589,21777,lost,-10,2010-12-01 16:50,0,
"""


def shop_mapping(**changes):
    """The guide's mapping for these invoices, with changes."""
    document = {
        "source": "shop",
        "time_zone": "Europe/London",
        "currency": "GBP",
        "time": {"column": "InvoiceDate"},
        "order": {"column": "InvoiceNo"},
        "person": {"column": "CustomerID", "prefix": "customer-"},
        "quantity": {"column": "Quantity"},
        "unit_price": {"column": "UnitPrice"},
        "place": {"constant": "web"},
        "channel": {"constant": "web"},
        "product": {"id": {"column": "StockCode"}, "name": {"column": "Description"}},
        "properties": ["Description"],
        "rules": [
            {"kind": "order.refunded", "when": [{"column": "InvoiceNo", "starts_with": "C"}]},
            {"kind": "ignore", "when": [{"column": "InvoiceNo", "starts_with": "A"}]},
            {"kind": "custom.tracked", "name": "Lost", "when": [{"column": "Quantity", "below": 0}]},
            {"kind": "order.completed"},
        ],
    }
    return msgspec.convert({**document, **changes}, Mapping)


@pytest.fixture
def load(tmp_path):
    """Write a file and open it."""
    opened = []

    def write(text, *, name="invoices.csv", mapping=None, policy="refuse_all", header=HEADER):
        path = tmp_path / name
        data = text if isinstance(text, bytes) else (f"{header}\n{text}" if header else text).encode()
        path.write_bytes(data)
        source = FileSource(path, mapping or shop_mapping(), now=NOW, policy=policy)
        opened.append(source)
        return source

    yield write
    for source in opened:
        source.close()


def events_of(source, **which):
    return [event for batch in source.batches(**which) for event in batch.events]


def problems_of(source):
    return [(told.problem.at, told.problem.field, told.refused) for told in source.problems()]


def test_lines_of_one_invoice_become_one_receipt_wherever_they_stand(load):
    source = load(INVOICES)
    assert isinstance(source, Source)
    receipts = {event.id: event for event in events_of(source)}
    receipt = receipts["order.completed/536365"]
    assert receipt.body.lines == (
        Line(product_id="85123A", quantity=6, amount_minor=1530),
        Line(product_id="71053", quantity=1, amount_minor=339),
        Line(product_id="POST", quantity=1, amount_minor=1800),
    )
    assert receipt.happened_at == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)  # its earliest line
    assert (receipt.source, receipt.who.user_id, receipt.place_id, receipt.channel) == (
        "shop",
        "customer-17850",
        "web",
        "web",
    )


def test_cancellations_missing_customers_and_left_out_rows_are_ordinary(load):
    source = load(INVOICES)
    events = {event.kind: event for event in events_of(source)}
    refund = events["order.refunded"]
    assert refund.body.refund_id == "C536379"
    assert refund.body.lines == (Line(product_id="D", quantity=1, amount_minor=2750),)
    assert events["custom.tracked"].body.properties == {"Description": "lost"}
    assert [event.who.person_id for event in events_of(source) if event.id.endswith("536366")] == [None]
    assert source.judgement == Judgement(
        rows=7,
        left_out=1,
        refused=0,
        problems=0,
        events={"custom.tracked": 1, "order.completed": 2, "order.refunded": 1},
    )
    assert source.total() == 4
    assert [product.name for product in source.products()] == [
        "HAND WARMER",
        "LANTERN",
        "HEART, WHITE",
        "POSTAGE",
    ]


def test_the_same_rows_as_csv_parquet_and_json_lines_are_the_same_events(load, tmp_path):
    rows = list(csv.DictReader(f"{HEADER}\n{INVOICES}".splitlines()))
    typed = [
        {
            **row,
            "Quantity": int(row["Quantity"]),
            "UnitPrice": float(row["UnitPrice"]),
            "InvoiceDate": datetime.fromisoformat(row["InvoiceDate"]),
            "CustomerID": float(row["CustomerID"] or "nan"),  # as pandas writes integers with gaps
        }
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(typed), tmp_path / "rows.parquet")
    lines = "".join(
        json.dumps({**row, "InvoiceDate": row["InvoiceDate"].isoformat(), "CustomerID": raw["CustomerID"]})
        + "\n\n"
        for row, raw in zip(typed, rows, strict=True)
    )
    expected = events_of(load(INVOICES))
    assert events_of(load((tmp_path / "rows.parquet").read_bytes(), name="again.parquet")) == expected
    assert events_of(load(lines, name="rows.jsonl", header=None)) == expected


def test_an_order_with_its_items_inside_is_unnested(load):
    mapping = shop_mapping(
        file={"unnest": "items"},
        time={"column": "at"},
        order={"column": "order.no"},
        quantity={"column": "items.n"},
        unit_price={"column": "items.price"},
        person={"column": "order.buyer"},
        product={"id": {"column": "items.sku"}},
        properties=[],
        rules=[{"kind": "order.completed"}],
    )
    order = {
        "at": "2011-05-01T10:00:00+02:00",
        "order": {"no": 7, "buyer": "b"},
        "items": [{"sku": 1, "n": 2, "price": 0.1}, {"sku": 2, "n": 1, "price": 3}],
    }
    (event,) = events_of(load(json.dumps(order), name="o.jsonl", header=None, mapping=mapping))
    assert event.body.lines == (
        Line(product_id="1", quantity=2, amount_minor=20),
        Line(product_id="2", amount_minor=300),
    )
    assert event.happened_at == datetime(2011, 5, 1, 8, tzinfo=UTC)


BAD = """\
1,A,one,x,2010-12-01 08:26,2.55,17850
1,B,two,1,2010-12-01 08:26,1.00,17850
2,A,one,1.5,2010-12-01,2.55,17850
3,,one,1,1970-01-01,two,17850
4,A,one,1,2010-12-02 08:00,1.00,17850
5,A,one,-1,2010-12-02 08:00,1.00,17850
,A,one,1,2010-12-02 08:00,1.00,17850
6,A,one,1,31/12/2010,1.00,17850
"""
NO_WRITE_OFFS = {"rules": [{"kind": "order.completed"}]}


def test_every_problem_is_told_with_line_field_value_and_remedy(load):
    source = load(BAD, mapping=shop_mapping(**NO_WRITE_OFFS))
    assert problems_of(source) == [
        (2, "quantity", True),
        (4, "quantity", True),
        (5, "time", True),
        (5, "product.id", True),
        (5, "unit_price", True),
        (7, "quantity", True),
        (8, "order", True),
        (9, "time", True),
    ]
    assert all(told.problem.cause and told.problem.remedy for told in source.problems())
    values = [told.problem.value for told in source.problems()]
    assert values[0] == "'x'"
    with pytest.raises(InvalidInput) as refused:
        list(source.batches())
    assert "8 problems in 8 rows; nothing was loaded" in refused.value.cause
    assert len(refused.value.problems) == 8
    with pytest.raises(InvalidInput):  # a file that is refused leaves no products either
        list(source.products())


def test_a_receipt_with_one_bad_line_is_refused_whole(load, tmp_path):
    source = load(BAD, mapping=shop_mapping(**NO_WRITE_OFFS), policy="refuse_bad")
    assert [event.id for event in events_of(source)] == ["order.completed/4"]
    assert source.judgement.refused == 7
    assert source.judgement.rows == 8
    told = [problem for batch in source.batches() for problem in batch.problems]
    assert told == list(source.problems())
    assert source.write_rejects(tmp_path / "rejects.csv") == 7
    reasons = list(csv.DictReader(reasons_beside(tmp_path / "rejects.csv").open()))
    assert reasons[0]["line"] == "2"
    assert reasons[1] == {"row": "2", "line": "3", "reason": "Its receipt was refused for line 2."}


def test_a_corrected_reject_file_loads_by_the_same_mapping_and_completes_the_year(load, tmp_path):
    mapping = shop_mapping(**NO_WRITE_OFFS)
    source = load(BAD, mapping=mapping, policy="refuse_bad")
    rejects = tmp_path / "rejects.csv"
    source.write_rejects(rejects)
    repaired = (
        rejects.read_text()
        .replace("1,A,one,x,", "1,A,one,3,")
        .replace(",1.5,", ",2,")
        .replace("3,,one,1,1970-01-01,two", "3,C,one,1,2010-12-03,2")
        .replace(",-1,", ",1,")
        .replace("\n,A", "\n7,A")
        .replace("31/12/2010", "2010-12-31")
    )
    again = load(repaired, name="rejects.csv", header=None, mapping=mapping)
    ids = {event.id for event in events_of(source)} | {event.id for event in events_of(again)}
    assert ids == {f"order.completed/{number}" for number in range(1, 8)}


def test_accept_drops_bad_optional_fields_and_still_refuses_what_it_must(load):
    mapping = shop_mapping(channel={"column": "Description"}, **NO_WRITE_OFFS)
    rows = f"1,A,store,1,2010-12-01,1.00,{'9' * 300}\n2,A,moon,1,2010-12-01,1.00,5\n3,A,web,?,2010-12-01,1.00,5\n"
    source = load(rows, mapping=mapping, policy="accept")
    events = {event.id: event for event in events_of(source)}
    assert events["order.completed/1"].who.user_id is None
    assert events["order.completed/2"].channel == "unknown"
    assert set(events) == {"order.completed/1", "order.completed/2"}
    assert problems_of(source) == [(2, "person", False), (3, "channel", False), (4, "quantity", True)]
    assert next(source.problems()).problem.value == "(not shown)"
    assert problems_of(load(rows, mapping=mapping, policy="refuse_bad"))[0] == (2, "person", True)


def test_a_receipt_that_names_two_people_is_refused(load):
    rows = "1,A,one,1,2010-12-01,1.00,5\n1,B,one,1,2010-12-01,1.00,\n1,C,one,1,2011-06-01,1.00,6\n2,A,one,1,2010-12-01,1.00,5\n"
    source = load(rows, policy="refuse_bad")
    assert problems_of(source) == [(4, "person", True)]
    assert [event.id for event in events_of(source)] == ["order.completed/2"]
    by_day = shop_mapping(order={"column": ["InvoiceDate", "InvoiceNo"]})
    assert len(events_of(load(rows, mapping=by_day))) == 3


def test_damaged_csv_gives_one_clear_problem_each_with_its_line(load):
    good = "{n},A,one,1,2010-12-01,1.00,5\n"
    parts = [
        good.format(n=1).encode(),
        b'2,A,"two\r\nlines, quoted",1,2010-12-01,1.00,5\n',
        b"\n",
        b"3,A,one,1,2010-12-01,1.00\n",
        b"4,A,caf\xe9,1,2010-12-01,1.00,5\n",
        b'5,A,"never closed,1,2010-12-01,1.00,5\n',
        good.format(n=6).encode(),
        b'7,A,"closed" badly,1,2010-12-01,1.00,5\n',
        "8,A,café,1,2010-12-01,1.00,5".encode(),
    ]
    data = b"\xef\xbb\xbf" + HEADER.encode() + b"\n" + b"".join(parts)
    source = load(data, policy="refuse_bad")
    assert problems_of(source) == [
        (6, "line", True),
        (7, "line", True),
        (8, "line", True),
        (10, "line", True),
    ]
    assert [event.id[-1] for event in events_of(source)] == ["1", "2", "6", "8"]
    assert [told.problem.value for told in source.problems()] == ["(not shown)"] * 4


def test_rejects_keep_bytes_that_are_no_text(load, tmp_path):
    data = HEADER.encode() + b"\n4,A,caf\xe9,1,2010-12-01,1.00,5\n"
    load(data, policy="refuse_bad").write_rejects(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_bytes() == data


def test_another_encoding_delimiter_and_decimal_mark(load):
    mapping = shop_mapping(file={"encoding": "gb18030", "delimiter": ";", "decimal_mark": ","})
    data = (HEADER.replace(",", ";") + "\n1;A;绿茶;2;2010-12-01;1.234,50;5\n").encode("gb18030")
    source = load(data, mapping=mapping)
    assert events_of(source)[0].body.amount_minor == 246_900
    assert [product.name for product in source.products()] == ["绿茶"]


def test_weighed_goods_have_a_unit(load):
    mapping = shop_mapping(quantity={"column": "Quantity", "scale": 1000, "unit": "g"})
    (event,) = events_of(load("1,A,apples,1.25,2010-12-01,2.00,5\n", mapping=mapping))
    assert event.body.lines == (Line(product_id="A", quantity=1250, unit="g", amount_minor=250),)


def test_columns_that_the_file_does_not_have_are_all_named_with_the_nearest(load):
    with pytest.raises(InvalidInput) as refused:
        load(INVOICES, header=HEADER.replace("Quantity", "Qantity").replace("UnitPrice", "InvoiceNo"))
    assert {problem.field for problem in refused.value.problems} == {"Quantity", "UnitPrice", "InvoiceNo"}
    assert "Did you mean Qantity?" in [problem.remedy for problem in refused.value.problems]
    with pytest.raises(InvalidInput, match="is in no record"):
        events_of(load('{"InvoiceNo": 1}\n', name="rows.jsonl", header=None))
    with pytest.raises(InvalidInput, match="no header"):
        load("", header=None)
    with pytest.raises(InvalidInput, match="does not say how"):
        load(INVOICES, name="invoices.xlsx")
    with pytest.raises(InvalidInput, match="not Parquet"):
        load(INVOICES, name="invoices.parquet")


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        FileSource(tmp_path / "none.csv", shop_mapping(), now=NOW)


def test_identical_rows_stay_distinct_and_reading_again_repeats_them(load):
    mapping = shop_mapping(rules=[{"kind": "product.viewed"}], properties=[])
    row = "1,A,one,1,2010-12-01,1.00,5\n"
    first = events_of(load(row * 3 + row.replace("A", "B"), mapping=mapping))
    assert len({event.id for event in first}) == 4
    again = events_of(load(row.replace("A", "B") + row * 3, mapping=mapping))
    assert {event.id for event in again} == {event.id for event in first}


def test_the_ids_of_rows_never_change_between_versions(load):
    mapping = shop_mapping(rules=[{"kind": "product.viewed"}], properties=[])
    source = load("1,A,one,1,2010-12-01,1.00,5\n" * 2, mapping=mapping)
    assert [event.id for event in events_of(source)] == [
        "7b5dc6edb5683e4e247713bbe73346ad",
        "f2aa56576bbafb9d5e37d74949b5510f",
    ]


def test_a_row_that_no_rule_fits_is_a_problem(load):
    mapping = shop_mapping(
        rules=[{"kind": "product.viewed", "when": [{"column": "StockCode", "one_of": ["A", "B"]}]}]
    )
    source = load("1,A,,1,2010-12-01,1,\n1,C,,1,2010-12-01,1,\n", mapping=mapping, policy="refuse_bad")
    assert problems_of(source) == [(3, "rules", True)]


def test_until_is_the_business_day_of_the_place(load):
    mapping = shop_mapping(places=[{"id": "web", "name": "Web", "time_zone": "Asia/Shanghai"}])
    source = load(
        "1,A,,1,2010-12-01T15:59:59Z,1,\n2,A,,1,2010-12-01T16:00:00Z,1,\n3,A,,1,2010-12-02 23:59,1,\n",
        mapping=mapping,
    )
    assert [event.id[-1] for event in events_of(source, until=date(2010, 12, 1))] == ["1"]
    assert [event.id[-1] for event in events_of(source, until=date(2010, 12, 2))] == ["1", "2", "3"]
    assert events_of(source)[2].happened_at == datetime(
        2010, 12, 2, 15, 59, tzinfo=UTC
    )  # local time of the place


def test_a_later_run_goes_on_behind_a_position_unless_the_file_changed(load, monkeypatch):
    monkeypatch.setattr(files, "_BATCH", 2)
    source = load(INVOICES)
    batches = list(source.batches())
    assert [len(batch.events) for batch in batches] == [2, 2]
    assert events_of(load(INVOICES), after=batches[0].position) == list(batches[1].events)
    assert len(events_of(load(INVOICES + "9,A,,1,2010-12-02,1,\n"), after=batches[0].position)) == 5


def test_what_waits_on_disk_is_gone_after_closing(load):
    source = load(INVOICES)
    assert source.total() == 4
    folder = Path(source._judged[0]._folder.name)
    assert folder.is_dir()
    source.close()
    assert not folder.exists()
    assert source.total() == 4  # and is made anew when asked


cells = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["A", "B", "C"]),
    st.integers(0, 50),
    st.decimals(0, 99, places=3, allow_nan=False),
    st.integers(0, 86_399 * 3),
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(cells, min_size=1, max_size=30), shuffler=st.randoms(use_true_random=False))
def test_receipts_add_up_to_an_independent_sum_and_their_ids_do_not_depend_on_the_order_of_rows(
    tmp_path_factory, rows, shuffler
):
    def write(some):
        path = tmp_path_factory.mktemp("rows") / "rows.csv"
        base = datetime(2011, 3, 1, tzinfo=UTC).timestamp()
        lines = [
            f"{no},{sku},x,{n},{datetime.fromtimestamp(base + s, UTC).isoformat()},{price},c{no}"
            for no, sku, n, price, s in some
        ]
        path.write_text("\n".join([HEADER, *lines]))
        source = FileSource(path, shop_mapping(), now=NOW)
        found = events_of(source)
        source.close()
        return found

    events = write(rows)
    cents = {no: 0 for no, *_ in rows}
    for no, _, n, price, _ in rows:
        cents[no] += int((n * price * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert {int(event.body.order_id): event.body.amount_minor for event in events} == cents
    assert [event.happened_at for event in events] == sorted(event.happened_at for event in events)
    mixed = list(rows)
    shuffler.shuffle(mixed)
    assert {(e.id, e.happened_at, e.body.amount_minor) for e in write(mixed)} == {
        (e.id, e.happened_at, e.body.amount_minor) for e in events
    }


def test_any_bytes_at_all_end_in_events_and_problems_never_in_a_crash(tmp_path):
    chance = random.Random(5)
    good = f"{HEADER}\n{INVOICES}".encode()
    for number in range(60):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 12)):
            data[chance.randrange(len(HEADER) + 1, len(data))] = chance.randrange(256)
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        source = FileSource(path, shop_mapping(), now=NOW, policy="refuse_bad")
        events = events_of(source)
        report = source.judgement
        lines = sum(len(getattr(event.body, "lines", "x")) for event in events)
        assert report.rows == lines + report.refused + report.left_out
        source.close()
