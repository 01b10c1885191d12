"""Same person? How records are compared, what a pair's evidence says in words, and which pairs are worth a person's time.

The model is that of Fellegi and Sunter (A Theory for Record Linkage, 1969): each field of a pair falls into a level (same, similar,
different), and a level weighs log2(m / u), where m is how often it occurs between two records of one person and u between two of strangers.
u and m are estimated from the records themselves; what is stated here is where estimation starts, and what holds where there
is too little to estimate from.

The model takes fields for independent, which the people of one household are not: they share a surname, an address, a phone and a mailbox, and by
those alone would be one person with near certainty. So a third possibility stands beside "one person" and "two strangers": two people
of one household, who agree in the household's fields as one person does, and in a person's own fields (given name, birth date,
national id) as siblings, spouses, or a father and his son do. How many such pairs there are for each pair of one person is counted in the records.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from oneshelf.insight.people.comparisons import COMPARED, COMPARISONS, HOUSEHOLD, Comparison, Verdict

#: Pairs of one household for each pair of one person, until the records say otherwise, and how many pairs it takes to say so.
HOUSEHOLDS_ASSUMED: Final = 3.0
HOUSEHOLDS_WEIGHT: Final = 2.0

#: A record that would be one person with more others than this is a shared account or a test, not a customer.
PARTNERS_MAX: Final = 10
#: People that proposals would chain into one; more are a fault in the data.
CLUSTER_MAX: Final = 20


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """m and u of one comparison's levels, in order, the last one for pairs that pass none."""

    m: tuple[float, ...]
    u: tuple[float, ...]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model. `prior`: how probable it is that two records drawn at random are one person's."""

    records: int
    prior: float
    weights: dict[str, Weights]
    #: pairs of two people of one household for each pair of one person
    households: float = HOUSEHOLDS_ASSUMED


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One compared pair, `person_a` the smaller id.

    `levels` has for each field the place of its level: -1 where a value is missing, the number of levels where none was
    passed. `bits` are what each level weighs: log2 of how much more often it occurs between records of one person than of strangers.
    """

    person_a: str
    person_b: str
    #: that both are one person
    probability: float
    #: that they are two people of one household
    household: float = 0.0
    levels: dict[str, int]
    bits: dict[str, float]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one field says about a pair. `swapped`: similar because its value stands in another field."""

    field: str
    verdict: Verdict
    bits: float
    swapped: bool = False


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs for a person to decide, and the people whom too many pairs name, of whom none is proposed."""

    pairs: tuple[Scored, ...]
    crowded: tuple[str, ...]


def assumed(records: int) -> Model:
    """The model before any training: the levels' own m and u, and one in a hundred of the records another's double."""
    return Model(
        records=records,
        prior=least_prior(records),
        weights={
            each.field: Weights(
                m=(*(level.m for level in each.levels), each.m),
                u=(*(level.u for level in each.levels), each.u),
            )
            for each in COMPARISONS
        },
    )


def least_prior(records: int) -> float:
    """The prior if one record in a hundred is the double of another: 0.01 n pairs of n (n - 1) / 2."""
    return min(0.1, 0.02 / max(records - 1, 1))


def households_of(together: Iterable[tuple[int, int]], model: Model) -> float:
    """Pairs of one household for each pair of one person, from the levels of (given name, birth date) of pairs that live together.

    Both different: two people, less those whom two errors make differ. Neither different: one person. The rest can be either, and is
    left out.
    """
    name, day = (len(COMPARED[field].levels) for field in ("given_name", "birth_date"))
    two = one = 0.0
    for given, born in together:
        if given >= 0 and born >= 0:
            two += given == name and born == day
            one += given < name and born < day
    changed = model.weights["given_name"].m[-1], model.weights["birth_date"].m[-1]
    two -= one * math.prod(chance / (1 - chance) for chance in changed)
    return (max(two, 0.0) + HOUSEHOLDS_ASSUMED * HOUSEHOLDS_WEIGHT) / (one + HOUSEHOLDS_WEIGHT)


def with_households(pair: Scored, model: Model) -> Scored:
    """Weigh the third possibility: that both are two people of one household.

    With odds w against strangers, and k = households x product over a person's own fields of h / m, the three stand as
    w : w k : 1, so that one person has the probability w / (w + w k + 1) = 1 / (1 / p + k) where p = w / (w + 1).
    """
    k = model.households
    for field, chances in HOUSEHOLD.items():
        level = pair.levels.get(field, -1)
        if level >= 0:
            k *= chances[level] / model.weights[field].m[level]
    probability = 1.0 / (1.0 / pair.probability + k)
    return msgspec.structs.replace(pair, probability=probability, household=k * probability)


def evidence_of(pair: Scored) -> tuple[Evidence, ...]:
    """The evidence of a pair in words, field by field."""
    return tuple(
        _evidence(each, pair.levels.get(each.field, -1), pair.bits.get(each.field, 0.0))
        for each in COMPARISONS
    )


def _evidence(comparison: Comparison, level: int, bits: float) -> Evidence:
    if level < 0:
        return Evidence(field=comparison.field, verdict="unknown", bits=0.0)
    if level == len(comparison.levels):
        return Evidence(field=comparison.field, verdict="different", bits=round(bits, 2))
    passed = comparison.levels[level]
    return Evidence(
        field=comparison.field,
        verdict=passed.verdict,
        bits=round(bits, 2),
        swapped=passed.test == "swapped",
    )


def propose(pairs: Iterable[Scored], *, apart: Callable[[str, str], bool] = lambda a, b: False) -> Proposals:
    """Leave out pairs that somebody told apart, and everybody whom too many pairs name.

    A record in more than PARTNERS_MAX pairs, or a chain of more than CLUSTER_MAX people, is no customer seen twice.
    """
    wanted = [pair for pair in pairs if not apart(pair.person_a, pair.person_b)]
    partners = Counter(person for pair in wanted for person in (pair.person_a, pair.person_b))
    crowded = {person for person, count in partners.items() if count > PARTNERS_MAX}
    wanted = [pair for pair in wanted if not {pair.person_a, pair.person_b} & crowded]
    for cluster in _clusters(wanted):
        if len(cluster) > CLUSTER_MAX:
            crowded |= cluster
    kept = tuple(pair for pair in wanted if pair.person_a not in crowded)
    return Proposals(pairs=kept, crowded=tuple(sorted(crowded)))


def expected_precision(pairs: Iterable[Scored]) -> float | None:
    """The share of pairs that the model expects to be one person's: the mean of their probabilities. None without any."""
    chances = [pair.probability for pair in pairs]
    return math.fsum(chances) / len(chances) if chances else None


def _clusters(pairs: Iterable[Scored]) -> list[set[str]]:
    head: dict[str, str] = {}

    def find(one: str) -> str:
        while (above := head.setdefault(one, one)) != one:
            head[one] = one = head[above]
        return one

    for pair in pairs:
        head[find(pair.person_a)] = find(pair.person_b)
    clusters: dict[str, set[str]] = {}
    for one in list(head):
        clusters.setdefault(find(one), set()).add(one)
    return list(clusters.values())
