"""Who speaks: a language, and the clocks of whoever reads it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Self

from service.core.language import figures
from service.core.language.catalog import Language, translations
from service.core.language.names import Name, name_of


@dataclass(frozen=True, slots=True)
class Tongue:
    """Says things in `language`. `zone` are the reader's own clocks, if it named any.

    A text is written in English where it is said, as a whole sentence or clause with named places
    ("{old} → {new}"), and looked up in the catalog of the language. `is_brief`: for a subject line,
    where what can be spared is left out.
    """

    language: Language = Language.ENGLISH
    zone: str | None = None
    is_brief: bool = False

    def say(self, text: str, /, **parts: str) -> str:
        """The text in this language, with its places filled."""
        found = self.find(text)
        return found.format_map(parts) if parts else found

    def say_as(self, context: str, text: str, /, **parts: str) -> str:
        """The same, where one English text is several in other languages."""
        found = self.find(text, context)
        return found.format_map(parts) if parts else found

    def count(self, one: str, many: str, number: int, /, **parts: str) -> str:
        """In the singular or plural of this language; the number stands at `{n}`."""
        return self.find_number(one, many, number).format(n=self.number(number), **parts)

    def find(self, text: str, context: str = "") -> str:
        """As the catalog has it; what it has not stays as it is."""
        if not text:  # which is where gettext keeps what is said of the catalog itself
            return ""
        known = translations(self.language)
        return known.pgettext(context, text) if context else known.gettext(text)

    def find_number(self, one: str, many: str, number: int) -> str:
        """As the catalog has it, for so many."""
        return translations(self.language).ngettext(one, many, number)

    @property
    def lang(self) -> str:
        """As HTML and JSON name it."""
        return self.language.value

    @property
    def gap(self) -> str:
        """Between two sentences."""
        return "" if self.language is Language.JAPANESE else " "

    def in_brief(self) -> Self:
        """For a subject line."""
        return self if self.is_brief else replace(self, is_brief=True)

    def join(self, sentences: Iterable[str]) -> str:
        """One behind the other; empty ones are left out."""
        return self.gap.join(one for one in sentences if one)

    def listed(self, names: Iterable[str]) -> str:
        """As "a, b and c"."""
        return figures.say_list(self.language, list(names))

    def number(self, amount: Decimal | int) -> str:
        """As this language writes it."""
        return figures.say_number(self.language, Decimal(amount))

    def money(self, amount: Decimal) -> str:
        """With the decimals that were stated."""
        return figures.say_money(self.language, amount)

    def date(self, day: date) -> str:
        """As "10 Apr 2025"."""
        return figures.say_date(self.language, day)

    def weekday(self, day: str) -> str:
        """As "Monday"."""
        return figures.say_weekday(self.language, day)

    def city(self, zone: str) -> str:
        """As "New York"."""
        return figures.say_city(self.language, zone)

    def name(self, code: str) -> Name:
        """Of a country or a group."""
        return name_of(self.language, code)


ENGLISH = Tongue()


@lru_cache(maxsize=1024)
def tongue_for(language: Language, zone: str | None = None) -> Tongue:
    """Of whoever asked for that language and that zone."""
    return Tongue(language, zone)
