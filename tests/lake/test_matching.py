"""Matching with Splink: doubles are found, households and test accounts are not, and an incremental run finds what a full one does."""

from __future__ import annotations

import logging
import random
import sys

import msgspec
import pyarrow as pa
import pytest

from oneshelf.errors import Unavailable
from oneshelf.insight.people.matching import Model, assumed, evidence_of, propose
from oneshelf.insight.people.records import Record
from oneshelf.lake.matching import DOUBLES_MIN, TRAINING_RECORDS_MIN, Matcher, table_of

PROBABILITY = 0.9
GIVEN = [
    "ann",
    "ben",
    "carla",
    "david",
    "emma",
    "frank",
    "grace",
    "hugo",
    "ida",
    "jack",
    "kim",
    "liam",
    "mia",
    "noah",
    "olga",
    "paul",
    "rosa",
    "sam",
    "tina",
    "uwe",
    "vera",
    "will",
    "小明",
    "伟",
    "芳",
    "娜",
]
SURNAMES = [
    "adams",
    "baker",
    "clark",
    "davis",
    "evans",
    "fisher",
    "garcia",
    "hughes",
    "irwin",
    "jones",
    "keller",
    "lopez",
    "meyer",
    "nolan",
    "owens",
    "price",
    "quinn",
    "王",
    "李",
    "张",
    "刘",
]
STREETS = ["high", "park", "mill", "church", "station", "garden", "river", "hill", "forest", "lake"]
CITIES = ["springfield", "riverton", "上海", "lakeside"]


def somebody(chance: random.Random, number: int) -> Record:
    day = f"{chance.randrange(1940, 2006)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    return Record(
        person_id=f"p{number:05}",
        given_name=chance.choice(GIVEN) + chance.choice(["", "", " marie", "ette", "o"]),
        surname=chance.choice(SURNAMES) + chance.choice(["", "", "son", "s"]),
        birth_date=day,
        street=f"{chance.randrange(1, 200)} {chance.choice(STREETS)} street",
        postcode=str(chance.randrange(1_000, 1_200)),
        city=chance.choice(CITIES),
        phone=f"phone:{chance.getrandbits(60):x}",
        email=f"email:{chance.getrandbits(60):x}",
    )


def doubled(chance: random.Random, record: Record) -> Record:
    """The same person written again, with one slip and another mailbox."""
    slip = chance.choice(["given_name", "surname", "birth_date", "street", "postcode"])
    value = getattr(record, slip)
    place = chance.randrange(1, len(value)) if len(value) > 1 else 0
    written = value[:place] + ("1" if slip in ("birth_date", "postcode") else "x") + value[place + 1 :]
    return msgspec.structs.replace(
        record,
        person_id=f"{record.person_id}-again",
        email=f"email:{chance.getrandbits(60):x}",
        **{slip: written},
    )


def relative(chance: random.Random, record: Record) -> Record:
    """Somebody else who lives there: the same address, phone and mailbox."""
    other = somebody(chance, 0)
    return msgspec.structs.replace(
        record, person_id=f"{record.person_id}-kin", given_name=other.given_name, birth_date=other.birth_date
    )


@pytest.fixture(scope="module")
def people() -> list[Record]:
    """900 people, 150 of them twice, and 200 who live with one of them."""
    chance = random.Random(3)
    alone = [somebody(chance, number) for number in range(900)]
    twice = [doubled(chance, record) for record in alone[:150]]
    return [*alone, *twice, *(relative(chance, record) for record in alone[300:500])]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(memory="1GB", threads=2)


@pytest.fixture(scope="module")
def model(matcher: Matcher, people: list[Record]) -> Model:
    return matcher.train(table_of(people))


def pairs(matcher: Matcher, records: list[Record], model: Model, **kwargs) -> dict[tuple[str, str], float]:
    found = matcher.candidates(table_of(records), model, probability=PROBABILITY, **kwargs)
    return {(one.person_a, one.person_b): one.probability for one in found}


def test_doubles_are_found_and_relatives_are_not(matcher, people, model) -> None:
    found = set(pairs(matcher, people, model))
    truth = {(record.person_id, f"{record.person_id}-again") for record in people[:150]}
    assert len(found & truth) / len(truth) > 0.95
    assert len(found & truth) / len(found) > 0.97
    assert not {one for one in found if one[1].endswith("-kin")}


def test_the_model_learns_that_households_are_common(model) -> None:
    assert model.households > 1
    assert model.records == 1_250


def test_a_trained_model_is_kept_as_json(matcher, people, model) -> None:
    read = msgspec.json.decode(msgspec.json.encode(model), type=Model)
    assert read == model
    assert pairs(matcher, people, read) == pairs(matcher, people, model)


def test_training_twice_gives_the_same_model(matcher, people, model) -> None:
    assert matcher.train(table_of(list(reversed(people)))) == model


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_an_incremental_run_finds_what_a_full_one_does(matcher, people, model, share) -> None:
    chance = random.Random(7)
    new = {record.person_id for record in people if chance.random() < share}
    full = pairs(matcher, people, model)
    fresh = pairs(matcher, people, model, new_since=new)
    assert fresh == {pair: chance for pair, chance in full.items() if set(pair) & new}
    assert pairs(matcher, people, model, new_since=set()) == {}


@pytest.mark.parametrize("trained", [False, True])
def test_traps_are_not_one_person(matcher, people, model, trained) -> None:
    home = {"surname": "adams", "street": "5 trap street", "postcode": "1001", "city": "riverton",
            "phone": "phone:home", "email": "email:home"}  # fmt: skip
    trap = [
        Record(person_id="mother", given_name="petra", birth_date="19700612", **home),
        Record(person_id="twin-1", given_name="quentin", birth_date="19990203", **home),
        Record(person_id="twin-2", given_name="yolanda", birth_date="19990203", **home),
        Record(person_id="father", given_name="walter", birth_date="19680912", **home),
        Record(person_id="son", given_name="walter", birth_date="19970330", **home),
        Record(person_id="nameless", surname="adams", phone="phone:home", birth_date=None),
        Record(
            person_id="hostile-1", given_name="robert drop table person", surname="x or 1 1", email="email:h"
        ),
        Record(
            person_id="hostile-2", given_name="script alert 1 script", surname="x or 1 1", email="email:h"
        ),
    ]
    used = model if trained else assumed(len(people))
    found = pairs(matcher, [*people, *trap], used)
    assert not {one for one in found if set(one) & {record.person_id for record in trap}}
    low = matcher.candidates(table_of([*people, *trap]), used, probability=0.01)
    twins = [one for one in low if (one.person_a, one.person_b) == ("twin-1", "twin-2")]
    for one in twins:  # wherever they come up, the evidence says what tells them apart
        assert {each.field for each in evidence_of(one) if each.verdict == "different"} == {"given_name"}
        assert one.household > 0.1


def test_a_shared_test_account_is_flagged_and_never_chains_strangers(matcher, people, model) -> None:
    template = people[0]
    flood = [msgspec.structs.replace(template, person_id=f"flood-{number}") for number in range(30)]
    found = matcher.candidates(table_of([*people, *flood]), model, probability=PROBABILITY)
    proposals = propose(found)
    assert {record.person_id for record in flood} <= set(proposals.crowded)
    assert not {one for pair in proposals.pairs for one in (pair.person_a, pair.person_b) if "flood" in one}
    assert len(proposals.pairs) > 100


def test_a_value_that_everybody_shares_costs_nothing(matcher) -> None:
    chance = random.Random(5)
    crowd = [
        msgspec.structs.replace(
            somebody(chance, number), postcode="1000", city="上海", surname="王", phone="phone:1"
        )
        for number in range(3_000)
    ]
    pair = msgspec.structs.replace(crowd[0], person_id="again")
    found = pairs(matcher, [*crowd, pair], assumed(3_001))
    assert ("again", "p00000") in found
    assert len(found) < 30


def test_few_records_and_empty_fields_are_no_fault(matcher) -> None:
    nothing = table_of([])
    assert list(matcher.candidates(nothing, matcher.train(nothing), probability=0.5)) == []
    empty = [Record(person_id=f"e{number}") for number in range(TRAINING_RECORDS_MIN + 5)]
    model = matcher.train(table_of(empty))
    assert pairs(matcher, empty, model) == {}
    assert DOUBLES_MIN > 0


def test_splink_is_silent(matcher, people, model, capfd, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        pairs(matcher, people[:300], model)
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith("splink")]


def test_without_the_extra_the_remedy_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(Unavailable, match="matching"):
        Matcher()


def test_a_table_of_records_is_in_order_of_person() -> None:
    table = table_of([Record(person_id="b"), Record(person_id="a")])
    assert isinstance(table, pa.Table)
    assert table["person_id"].to_pylist() == ["a", "b"]
