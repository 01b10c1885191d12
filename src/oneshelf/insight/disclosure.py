"""Disclosure: figures about groups of people, for those who may not see a person.

The method is the cell key of the Australian Bureau of Statistics (Fraser and Wooton 2005, "A proposed method for confidentialising
tabular output to protect against differencing"; for sums Thompson, Broadfoot and Elazar 2013, "Methodology for the automatic
confidentialisation of statistical outputs from remote servers"), with noise that has no bound and a key that holds the question:

- Each person has a secret key, a hash of their id under a salt that never leaves the books. The sum of the keys of a cell's people,
  the cell's key, stands for exactly this set of people.
- The salt, the cell's key and the question choose the noise. So the same question about the same people is answered by the same figure for
  ever: asking again teaches nothing. Two sets that differ by one person, and two questions about one set, get noise of their own:
  the difference of two figures, zero included, says nothing certain about who is in between. (With the set alone as the key, as in the papers,
  two equal figures give away that two sets are equal, and that somebody is in neither or both.)
- A count gets two-sided geometric noise of `SCALE` people: of any two sets that differ by one person, no figure is more than
  exp(1 / SCALE) = 1.65 times as likely under one as under the other. A sum gets Laplace noise of `SCALE` times the largest contribution of one
  person in the cell, rounded up to a power of two and 1 at least, so that the presence of the largest contributor is hidden as well as everybody's,
  and the stated width of two sets does not tell what the one spent who is in between. The total is part of a sum's question.
- A cell is withheld below `PEOPLE_MIN` people, always, and where its noisy count is below `PEOPLE_MIN + MARGIN`: which cells are withheld
  is itself nearly silent about the tenth person (a cell of exactly ten is shown in 5 of 100 cases).

What it does not promise: noise of different questions about one set can be averaged, so that whoever may ask freely worded questions without
end about the same two sets tells them apart after some hundred questions. Callers therefore give the question in one canonical wording, and offer
those who may not see people no filters with which one set can be worded in many ways. Where groups of people are compared (audiences, tiers), they
hand in the largest contribution of everybody under the same other conditions, so that the width says nothing about who is in a group. Otherwise it says between which two powers
of two the largest contribution lies: somebody who alone is far above all others of two sets is seen to be in one of them, and roughly how far
above, as is whether anybody contributed more than 1 of what is counted. A change of the salt would allow averaging over salts: it is made once.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Final

import msgspec

#: Fewer people than this are never shown as a figure.
PEOPLE_MIN: Final = 10

#: A cell is shown when its noisy count has this many people more than PEOPLE_MIN.
MARGIN: Final = 5

#: The width of the noise: of counts in people, of sums in contributions of the cell's largest contributor.
SCALE: Final = 2.0

#: Half of the central range of the noise that holds 90 of 100 figures, in units of SCALE.
BAND: Final = math.log(10)

#: Keys are below 2**31, so that the keys of four billion people add up within 64 bits on every engine.
KEY_BITS: Final = 31

_RATIO: Final = math.exp(-1 / SCALE)
_TWO_64: Final = float(1 << 64)


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that may be shown, and how far it may be off: the true one lies within `give_or_take` in nine cases of ten."""

    value: float
    give_or_take: float


def person_key(person_id: str, salt: bytes) -> int:
    """The secret key of one person, from 0 to 2**31 - 1. `salt` has 16 to 64 bytes."""
    digest = hashlib.blake2b(person_id.encode(), digest_size=4, key=salt, person=b"person").digest()
    return int.from_bytes(digest, "big") >> (32 - KEY_BITS)


def set_key(people: Iterable[str], salt: bytes) -> tuple[int, int]:
    """How many different people these are, and the sum of their keys: what stands for the set, in whatever order it comes."""
    keys = [person_key(person, salt) for person in set(people)]
    return len(keys), sum(keys)


def protected_count(people: Iterable[str], *, salt: bytes, question: str) -> int | None:
    """The number of these people with noise, or None when it is withheld.

    `question` is the canonical wording of what was asked (an audience's expression in its one written form); the same people under
    the same question give the same answer for ever. See the module for what is promised and what is not.
    """
    number, key = set_key(people, salt)
    return count_of(number, key, salt=salt, question=question)


def count_of(number: int, key: int, *, salt: bytes, question: str) -> int | None:
    """`protected_count` for a set that is known by its number of people and the sum of their keys."""
    noisy = number + _geometric(_draw(salt, question, "people", number, key))
    return None if number < PEOPLE_MIN or noisy < PEOPLE_MIN + MARGIN else noisy


def sum_of(
    total: float, largest: float, *, number: int, key: int, salt: bytes, question: str, what: str
) -> Protected:
    """A total over a set's people with noise, to be shown only where `count_of` of the same set shows a count.

    `largest` is the largest absolute contribution of one person; `what` names the figure, so that the sums of one cell have
    noise of their own. So has another total of the same people: the difference of two days' figures would otherwise be, to the cent,
    what the one spent who came back in between.
    """
    scale = SCALE * _coarse(abs(largest))
    noise = _laplace(_draw(salt, f"{question}\x00{total}", what, number, key))
    return Protected(value=total + scale * noise, give_or_take=scale * BAND)


def count_band() -> float:
    """How far a count may be off in nine cases of ten, in people."""
    return SCALE * BAND


def _coarse(largest: float) -> float:
    """The next power of two, and 1 at least: a width that says how large a contribution may be, not how large one was, nor of a 1 that it was."""
    return math.ldexp(1.0, math.ceil(math.log2(max(largest, 1.0))))


def _draw(salt: bytes, question: str, what: str, number: int, key: int) -> tuple[float, float]:
    """Two numbers evenly spread over (0, 1], chosen by everything that the noise may depend on."""
    asked = f"{number}\x00{key}\x00{what}\x00{question}".encode()
    digest = hashlib.blake2b(asked, digest_size=16, key=salt, person=b"cell").digest()
    first, second = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")
    return (first + 1) / _TWO_64, (second + 1) / _TWO_64


def _geometric(draw: tuple[float, float]) -> int:
    """Two-sided geometric: the difference of two geometric numbers, P(k) proportional to exp(-abs(k) / SCALE)."""
    first, second = (math.floor(math.log(part) / math.log(_RATIO)) for part in draw)
    return first - second


def _laplace(draw: tuple[float, float]) -> float:
    """Laplace of width 1: the difference of two exponential numbers."""
    return math.log(draw[1]) - math.log(draw[0])
