"""What the reader reads: language by gettext, numbers, money and dates in their locale, times in the shop's zone."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations
from markupsafe import Markup

from oneshelf.words.money import major
from oneshelf.words.time import zone

#: The languages of the console, each under its own name. The first is the one that message ids are written in.
LANGUAGES: Final = {"en": "English", "zh": "中文"}

#: Regions whose way with numbers and dates we follow when the browser names them; the first of a language is its default.
_LOCALES: Final = {
    "en": ("en_US", "en_GB", "en_AU", "en_CA", "en_IE", "en_IN", "en_NZ", "en_SG"),
    "zh": ("zh_Hans_CN", "zh_Hans_SG"),
}

_CATALOGUES = Path(__file__).parent / "locale"
#: Up to here "3 days ago" says more than a date.
_RELATIVE_MAX: Final = timedelta(days=6)


def mark(message: str) -> str:
    """Mark a message for translation where it is written down, to be translated where it is shown."""
    return message


@lru_cache
def translations(language: str) -> Translations:
    """The language's messages, compiled in memory from its .po file: there is no build step to forget."""
    with (_CATALOGUES / language / "LC_MESSAGES" / "oneshelf.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@lru_cache
def _sentences(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The messages with named gaps, as patterns: how a sentence made in another room is found in the catalogue."""
    with (_CATALOGUES / language / "LC_MESSAGES" / "oneshelf.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    found = []
    for message in catalogue:
        if isinstance(message.id, str) and message.context == "sentence" and message.string:
            escaped = re.escape(message.id).replace(r"\{", "{").replace(r"\}", "}")
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>.+?)", escaped)
            found.append((re.compile(pattern), str(message.string)))
    return tuple(found)


def choose_language(wanted: str | None, accepted: str) -> tuple[str, Locale]:
    """The language and locale: what the reader chose, else the first that the browser accepts, else English.

    `accepted` is an Accept-Language header; its order of weights is followed.
    """
    tags = _weighed(accepted)
    language = wanted if wanted in LANGUAGES else None
    if language is None:
        language = next((tag[:2] for tag in tags if tag[:2] in LANGUAGES), "en")
    for tag in tags:
        parts = tag.split("-")
        for name in _LOCALES[language]:
            if parts[0] == language and len(parts) > 1 and parts[-1].upper() == name[-2:]:
                return language, Locale.parse(name)
    return language, Locale.parse(_LOCALES[language][0])


def _weighed(accepted: str) -> list[str]:
    weighed = []
    for part in accepted[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag.lower() for _, tag in sorted(weighed, key=lambda pair: pair[0])]


class Reader:
    """How one reader is spoken to. `now` is the moment of the request; `time_zone` the shop's."""

    def __init__(self, language: str, locale: Locale, *, time_zone: str, now: datetime) -> None:
        self.language = language
        self.locale = locale
        self.zone = zone(time_zone)
        self.now = now
        self._translations = translations(language)

    @property
    def tag(self) -> str:
        """The BCP 47 tag for the page's lang attribute."""
        return "zh-Hans" if self.language == "zh" else "en"

    def text(self, message: str, **gaps: object) -> str:
        """A message in the reader's language, its %(named)s gaps filled."""
        translated = self._translations.gettext(message)
        return translated % gaps if gaps else translated

    def plural(self, one: str, many: str, n: int, **gaps: object) -> str:
        """A message that counts; %(n)s is the number in the reader's locale."""
        return self._translations.ngettext(one, many, n) % {"n": self.number(n), **gaps}

    def say(self, sentence: str) -> str:
        """A sentence that another room wrote in English, translated by its pattern where the catalogue knows it."""
        for pattern, translated in _sentences(self.language):
            if match := pattern.fullmatch(sentence):
                return translated.format(
                    **{name: self.say(value) for name, value in match.groupdict().items()}
                )
        return sentence

    def number(self, value: float, places: int = 0) -> str:
        """A number with at most so many decimal places."""
        return str(
            format_decimal(value, format="#,##0." + "#" * places if places else "#,##0", locale=self.locale)
        )

    def short(self, value: float) -> str:
        """A large number in three figures: 1.47 million as 1.47M."""
        if abs(value) < 10_000:
            return self.number(value)
        for size, suffix in (
            ((1e8, "亿"), (1e4, "万")) if self.language == "zh" else ((1e9, "B"), (1e6, "M"), (1e3, "k"))
        ):
            if abs(value) >= size:
                scaled = value / size
                return self.number(scaled, 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0) + suffix
        return self.number(value)

    def bytes(self, value: int) -> str:
        """A size in kB, MB or GB."""
        for size, unit in ((1e9, "GB"), (1e6, "MB")):
            if value >= size:
                return f"{self.number(value / size, 1)} {unit}"
        return f"{self.number(value / 1e3, 1)} kB"

    def percent(self, share: float, places: int = 0) -> str:
        """A share of one as a percentage."""
        return str(
            format_percent(
                share, format="#,##0." + "0" * places + "%" if places else "#,##0%", locale=self.locale
            )
        )

    def change(self, share: float) -> str:
        """A relative change with its sign."""
        return f"{'+' if share >= 0 else '−'}{self.percent(abs(share))}"

    def money(self, amount_minor: float, currency: str, *, signed: bool = False, whole: bool = False) -> str:
        """Minor units as money of the currency; `signed` shows a plus as well, `whole` no fractions."""
        text = str(
            format_currency(
                major(round(amount_minor), currency),
                currency,
                "¤#,##0" if whole else None,
                locale=self.locale,
                currency_digits=not whole,
            )
        )
        return f"+{text}" if signed and amount_minor > 0 else text

    def day(self, value: date, form: str = "medium") -> str:
        """A calendar day."""
        return str(format_date(value, format=form, locale=self.locale))

    def weekday(self, value: date) -> str:
        """A calendar day with its weekday and without its year, as in a plan's heading."""
        return str(format_skeleton("MMMEd", value, locale=self.locale))

    def short_day(self, value: date) -> str:
        """A calendar day without its year, as on an axis."""
        return str(format_skeleton("MMMd", value, locale=self.locale))

    def clock(self, at: datetime) -> Markup:
        """The time of day in the shop's zone, the exact moment on hover."""
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        shown = format_time(at.astimezone(self.zone), format="short", locale=self.locale)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, self.exact(at), shown)

    def year(self, value: date) -> str:
        """A calendar day's year."""
        return f"{value.year}年" if self.language == "zh" else str(value.year)

    def exact(self, at: datetime) -> str:
        """A moment to the second, in the shop's zone, with the zone's name."""
        local = at.astimezone(self.zone)
        return f"{format_datetime(local, format='medium', locale=self.locale)} ({local.tzname()})"

    def when(self, at: datetime | None) -> Markup:
        """A moment as people say it, with the exact one on hover; a dash where there is none."""
        if at is None:
            return Markup("<span class='muted'>–</span>")
        age = self.now - at
        if timedelta(0) <= age < _RELATIVE_MAX:
            shown = str(
                format_timedelta(-age, add_direction=True, locale=self.locale, format="long", threshold=1.1)
            )
        else:
            shown = self.day(at.astimezone(self.zone).date())
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, self.exact(at), shown)

    def seconds(self, value: float) -> str:
        """A short duration."""
        if value < 90:
            return self.text("%(n)s s", n=self.number(value, 1))
        return str(format_timedelta(timedelta(seconds=value), locale=self.locale))
