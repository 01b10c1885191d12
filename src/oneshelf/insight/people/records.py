"""A record of a person: what forms ask for, brought into one form, so that the same person written twice can be recognised.

Nothing here guesses. A field that says nothing (empty, `n/a`, 1900-01-01) is unknown, and unknown never counts for or against.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from oneshelf.words.people import identifier

#: Longer values are cut: no name or street needs more.
LENGTH_MAX: Final = 100

AGE_YEARS_MAX: Final = 120

#: What forms and broken exports write in place of a name or a street.
_NOBODY: Final = frozenset(
    ("n a", "na", "null", "nil", "none", "unknown", "undefined", "test", "tester", "anonymous", "guest", "xxx", "无", "未知", "测试")
)  # fmt: skip

#: What forms fill in for somebody who does not say when they were born. Those really born then lose this one field.
_DEFAULT_DAYS: Final = frozenset(("19000101", "19700101", "19800101", "19900101", "20000101"))

#: Chinese surnames of two characters; every other one has one.
_DOUBLE_SURNAMES: Final = frozenset(
    ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "令狐", "夏侯", "长孙", "宇文", "端木", "轩辕", "歐陽", "司馬", "諸葛", "東方", "尉遲", "公孫", "長孫", "軒轅")
)  # fmt: skip

_MARKS: Final = re.compile("[\u0300-\u036f]")
_BETWEEN_WORDS: Final = re.compile(r"[^\w]|_")
_HAN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.年 ](\d{1,2})[-/.月 ](\d{1,2})(?:日)?(?:[T ].*)?")
_DAYS_TOGETHER: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")


#: What senders call each field, in their traits or in the address among them.
_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name",),
    "given_name": ("firstName", "first_name", "given_name"),
    "surname": ("lastName", "last_name", "surname"),
    "birth_date": ("birthday", "birth_date", "date_of_birth"),
    "street": ("street", "address1"),
    "street_2": ("street2", "address2"),
    "postcode": ("postalCode", "postal_code", "postcode", "zip"),
    "city": ("city",),
    "phone": ("phone",),
    "email": ("email",),
    "national_id": ("nationalId", "national_id"),
}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one person, in the form in which records are compared. None: unknown.

    Names, street and city are words in folded case without accents or punctuation; `birth_date` is eight digits, year first;
    `phone` and `email` are digests, as in their identifiers.
    """

    person_id: str
    given_name: str | None = None
    surname: str | None = None
    birth_date: str | None = None
    street: str | None = None
    #: the second line of an address: a building, a flat, a quarter
    street_2: str | None = None
    postcode: str | None = None
    city: str | None = None
    phone: str | None = None
    email: str | None = None
    national_id: str | None = None


#: The fields that are compared, in the order in which evidence is shown.
FIELDS: Final = tuple(name for name in Record.__struct_fields__ if name != "person_id")

#: Fields that say which of the people of a household it is; all others a family shares.
PERSONAL: Final = ("given_name", "birth_date", "national_id")


def record_of(
    person_id: str, traits: Mapping[str, Any], identifiers: Iterable[str] = (), *, today: date
) -> Record | None:
    """The record of a person from the traits that `identify` told (the names of the Segment spec) and their identifiers.

    None when it could match nobody: without a given name, a birth date or a national id, or without anything beside it.
    """
    said = written(traits)
    given, surname = names(said.get("given_name"), said.get("surname"), said.get("name"))
    record = Record(
        person_id=person_id,
        given_name=given,
        surname=surname,
        birth_date=birth_date(said.get("birth_date"), today=today),
        street=words(said.get("street")),
        street_2=words(said.get("street_2")),
        postcode=code(said.get("postcode")),
        city=words(said.get("city")),
        phone=_digest("phone", said.get("phone"), identifiers),
        email=_digest("email", said.get("email"), identifiers),
        national_id=code(said.get("national_id")),
    )
    known = [name for name in FIELDS if getattr(record, name) is not None]
    return record if len(known) > 1 and any(name in PERSONAL for name in known) else None


def written(traits: Mapping[str, Any]) -> dict[str, str]:
    """What the traits say of each field, as it was written; `name` is the whole name. What they do not say is left out."""
    address = traits.get("address")
    told = {**(address if isinstance(address, Mapping) else {}), **traits}
    found = {field: _first(told, spellings) for field, spellings in _SPELLINGS.items()}
    return {field: text for field, text in found.items() if text is not None}


def words(value: Any) -> str | None:
    """A text as words: one width and case, no accents, no punctuation. Chinese stays as it is. None when it says nothing."""
    text = _text(value)
    if text is None:
        return None
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text.casefold())))
    plain = " ".join(_BETWEEN_WORDS.sub(" ", plain).split())[:LENGTH_MAX].strip()
    return None if not plain or plain in _NOBODY or not any(map(str.isalnum, plain)) else plain


def code(value: Any) -> str | None:
    """A postcode or a number as letters and digits alone. None when it says nothing (all of one character)."""
    plain = words(value)
    joined = None if plain is None else plain.replace(" ", "")
    return None if joined is None or (len(joined) > 2 and len(set(joined)) == 1) else joined


def names(given: Any, surname: Any, whole: Any) -> tuple[str | None, str | None]:
    """Given name and surname, from the whole name where they are not told apart.

    A Chinese name begins with the surname; of any other the last word is taken for it.
    """
    one, other = words(given), words(surname)
    if one is not None or other is not None:
        return one, other
    name = words(whole)
    if name is None:
        return None, None
    if _HAN.fullmatch(name.replace(" ", "")):
        joined = name.replace(" ", "")
        cut = 2 if joined[:2] in _DOUBLE_SURNAMES and len(joined) > 2 else 1
        return joined[cut:] or None, joined[:cut]
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last, None)


def birth_date(value: Any, *, today: date) -> str | None:
    """A birth date as eight digits, year first. None for what nobody's can be, and for what a form fills in by itself.

    A slip (a 13th month, a 31st of June) is kept as written: seven right digits are evidence. 03/04/1990 can be read in two
    ways and is unknown.
    """
    text = _text(value)
    if text is None:
        return None
    parts = _date_parts(text)
    if parts is None:
        return None
    year, month, day = parts
    if not today.year - AGE_YEARS_MAX <= year <= today.year or not (1 <= month <= 12 or 1 <= day <= 31):
        return None
    digits = f"{year:04}{month:02}{day:02}"
    if digits in _DEFAULT_DAYS or not month or not day or digits > f"{today:%Y%m%d}":
        return None
    return digits


def _date_parts(text: str) -> tuple[int, int, int] | None:
    text = text.strip()
    found = _YEAR_FIRST.fullmatch(text) or _DAYS_TOGETHER.fullmatch(text)
    if found is not None:
        return int(found[1]), int(found[2]), int(found[3])
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    one, other, year = int(found[1]), int(found[2]), int(found[3])
    if one == other or one > 12 >= other:
        return year, other, one
    return (year, one, other) if other > 12 >= one else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return unicodedata.normalize("NFKC", str(value)[: 4 * LENGTH_MAX]) or None


def _first(fields: Mapping[str, Any], spellings: Iterable[str]) -> str | None:
    texts = (_text(fields.get(name)) for name in spellings)
    return next((text for text in texts if text is not None and text.strip()), None)


def _digest(kind: Any, value: Any, identifiers: Iterable[str]) -> str | None:
    """The digest of a plain value, or else of the only identifier of that kind."""
    text = _text(value)
    if text is not None and (found := identifier(kind, text)) is not None:
        return found
    linked = sorted(one for one in identifiers if one.startswith(f"{kind}:"))
    return linked[0] if len(linked) == 1 else None
