"""Mappings: read, checked, refused with the nearest known name."""

from pathlib import Path

import pytest

from oneshelf.connect.sources.mapping import read_mapping
from oneshelf.errors import InvalidInput, NotFound

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
GOOD = """
source = "till"
time = { column = "Time" }
currency = "EUR"
order = { column = "No" }
product = { id = { column = "Sku" } }
rules = [{ kind = "order.completed" }]
"""


def refusal(tmp_path, text):
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_mapping(path)
    return refused.value


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_of_the_guide_are_mappings(example):
    assert read_mapping(example).columns()


def test_a_mapping_names_the_columns_that_it_reads_once_each(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(
        GOOD.replace(
            'kind = "order.completed"', 'kind = "order.completed", when = [{ column = "No", empty = false }]'
        )
    )
    assert sorted(read_mapping(path).columns()) == ["No", "Sku", "Time"]


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        (('source = "till"', 'source = "oneshelf"'), "source", "Choose another name"),
        (("currency", "curency"), "curency", "Did you mean currency?"),
        (("id =", "ident ="), "ident", "Known keys"),
        (('kind = "order.completed"', 'kind = "order.complete"'), "rules[0].kind", "order.completed"),
        (('"EUR"', '"euro"'), "currency", "three capital letters"),
        (('rules = [{ kind = "order.completed" }]', "rules = []"), "rules", "[[rules]]"),
        (('order = { column = "No" }', ""), "rules", "Add order to the mapping."),
        (('order = { column = "No" }', "order = {}"), "order", "Write order"),
        (('{ kind = "order.completed" }', '{ kind = "custom.tracked" }'), "rules", "Add name"),
        (
            ("source =", 'unit_price = { column = "P" }\namount = { column = "A" }\nsource ='),
            "amount",
            "Keep the one",
        ),
        (("source =", 'time_zone = "Europe/Atlantis"\nsource ='), "time_zone", "IANA"),
        (("source =", 'file = { encoding = "utf-16" }\nsource ='), "file.encoding", "UTF-8"),
        (("source =", 'file = { encoding = "klingon" }\nsource ='), "file.encoding", "utf-8"),
        (("source =", "source"), "mapping", "Correct it there."),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_its_key_and_a_remedy(tmp_path, change, field, remedy):
    refused = refusal(tmp_path, GOOD.replace(*change))
    assert refused.problems[0].field == field
    assert remedy in refused.remedy


def test_a_missing_mapping_points_to_the_examples(tmp_path):
    with pytest.raises(NotFound, match="docs/examples"):
        read_mapping(tmp_path / "none.toml")
