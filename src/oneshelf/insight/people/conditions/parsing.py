"""Parsing: a condition's text becomes a condition, by a small recursive descent. Nothing of it is ever executed."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.conditions.checking import (
    DEPTH_MAX,
    LENGTH_MAX,
    Fields,
    checked,
    checked_test,
    joined,
    known_field,
    refused,
    too_deep,
    written,
)
from oneshelf.insight.people.conditions.nodes import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Operator,
    Scalar,
    Test,
    Top,
    Within,
)
from oneshelf.insight.people.conditions.vocabulary import VOCABULARY

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
      | (?P<text>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign><=|>=|==|!=|<>|[<>=(),])
    )""",
    re.VERBOSE,
)

_OPERATORS: Final[dict[str, Operator]] = {
    "=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
}  # fmt: skip


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str, fields: Fields = VOCABULARY) -> Condition:
    """Read a condition such as `recency_days <= 30 and favourite_category in ("SNACKS", "BEER")`.

    Raises InvalidInput that names the position (from 1), what stands there, and what to write instead.
    """
    if len(text) > LENGTH_MAX:
        raise refused("condition", f"{len(text)} characters", "is too long.", f"Use at most {LENGTH_MAX}.")
    return checked(_Parser(_tokens(text), fields).whole(), fields)


def from_json(data: bytes, fields: Fields = VOCABULARY) -> Condition:
    """Read a condition that came as JSON, as a builder sends it. Raises InvalidInput."""
    try:
        condition = msgspec.json.decode(data, type=Condition)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused(
            "condition", data[:40], f"cannot be read: {error}.", "Send the condition as text."
        ) from None
    # what is kept is the text, so that what cannot be read again is refused here
    return parse(written(checked(condition, fields)), fields)


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            cause = "is not closed." if text[at] in "\"'" else "is not understood here."
            raise refused(
                "condition", text[at : at + 20], cause, "Write such as recency_days <= 30.", at=at + 1
            )
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind), match.start(kind) + 1))
        at = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    def __init__(self, tokens: list[_Token], fields: Fields) -> None:
        self._tokens, self._fields = tokens, fields
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        condition = self._or()
        if self._token.kind != "end":
            raise self._unexpected("and, or, or the end")
        return condition

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return joined(AnyOf, tuple(parts))

    def _and(self) -> Condition:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return joined(All, tuple(parts))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise too_deep(self._token.at)
        try:
            if self._take("not"):
                return Not(part=self._one())
            if self._take("("):
                inner = self._or()
                self._expect(")")
                return inner
            if self._take("everybody"):
                return Everybody()
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Condition:
        field = self._token
        if field.kind != "word":
            raise self._unexpected("a field, not, or an opening bracket")
        known_field(field.text, self._fields, at=field.at)
        self._next += 1
        negative = self._take("not")
        test = self._after(field.text, negative=negative)
        made = checked_test(test, self._fields, at=field.at)
        return Not(part=made) if negative else made

    def _after(self, field: str, *, negative: bool) -> Test:
        if self._take("in"):
            return Within(field=field, values=self._list())
        if negative:
            raise self._unexpected("in")
        if self._take("between"):
            low = self._scalar()
            self._expect("and")
            return Between(field=field, low=low, high=self._scalar())
        if self._take("is"):
            if self._take("known"):
                return Known(field=field)
            if self._take("unknown"):
                return Known(field=field, known=False)
            raise self._unexpected("known or unknown")
        sign = self._token
        if sign.text not in _OPERATORS or sign.kind != "sign":
            raise self._unexpected("<, <=, =, !=, >=, >, in, between or is")
        self._next += 1
        value = self._top() if self._take("top") else self._scalar()
        return Compare(field=field, op=_OPERATORS[sign.text], value=value)

    def _top(self) -> Top:
        self._expect("(")
        share = self._scalar()
        self._expect(")")
        if isinstance(share, bool | str):
            raise self._unexpected("a share such as top(0.05)")
        return Top(share=float(share))

    def _list(self) -> tuple[Scalar, ...]:
        self._expect("(")
        values = [self._scalar()]
        while self._take(","):
            if self._token.text == ")":
                break
            values.append(self._scalar())
        self._expect(")")
        return tuple(values)

    def _scalar(self) -> Scalar:
        token = self._token
        self._next += 1
        match token.kind:
            case "number":
                return _number(token)
            case "text":
                return re.sub(r"\\(.)", r"\1", token.text[1:-1])
            case "word" if token.text.lower() in ("true", "false"):
                return token.text.lower() == "true"
            case "word":
                self._next -= 1
                raise self._unexpected(f'a value; a text stands in quotes: "{token.text}"')
            case _:
                self._next -= 1
                raise self._unexpected("a value")

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, text: str) -> bool:
        token = self._token
        if token.kind in ("word", "sign") and token.text.lower() == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(text)

    def _unexpected(self, wanted: str) -> InvalidInput:
        token = self._token
        shown = token.text or "the end"
        return refused("condition", shown, "is not expected here.", f"Expected {wanted}.", at=token.at)


def _number(token: _Token) -> Scalar:
    plain = re.fullmatch(r"[-+]?\d{1,16}", token.text)
    return int(token.text) if plain else float(token.text)
