"""Countries and customs territories: ISO 3166-1 alpha-2 codes, `EU` and `XK`.

Groups of countries have names too, for origins are stated by them ("goods of ASEAN"); but they are
none that `find_country` finds.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from service.core.codes.tables import read_rows
from service.core.codes.unknown import Suggestions, UnknownCountry

_LONGEST = 80  # no name is longer; what is longer is not compared
_SUGGESTED = 3
_TELLING = 4  # letters that a part of a name needs before it hints at the whole
_GROUP = (
    "It is a group of countries, and this asks for one country: name each member that you mean."
    " `tariffwire groups show {0}` and GET /v1/groups/{0} list them."
)


@dataclass(frozen=True, slots=True)
class Country:
    """A row of `countries.tsv`; `phrase`, `label` and `zone` are never empty."""

    code: str
    name: str
    phrase: str
    label: str
    zone: str


def find_country(text: str) -> str:
    """Understand what a person calls a country: "UK", "Viet Nam", "DEU", "Korea (Republic of)".

    Case, accents, spaces and punctuation are ignored; control characters are not, they are no
    slip of a hand. Raises `UnknownCountry`, with the nearest.
    """
    if text in _countries():
        return text
    if len(text) <= _LONGEST and " ".join(text.split()).isprintable():
        for reading in _readings(text):
            if code := _spellings().get(reading):
                return code
    if group := _group_spellings().get(_fold(text[:_LONGEST])):
        raise UnknownCountry(text, reason=_GROUP.format(group))
    raise UnknownCountry(text, _nearest)


def is_country(code: str) -> bool:
    """Whether it is the code of a country or territory, as lanes name them; a group's is not."""
    return code in _countries()


def country_name(code: str) -> str:
    """Name by itself: "United Kingdom". Raises `UnknownCountry`."""
    return _country(code).name


def country_phrase(code: str) -> str:
    """Name inside a sentence: "goods of the Netherlands". Raises `UnknownCountry`."""
    return _country(code).phrase


def importer_label(code: str) -> str:
    """Name before "duty on …": "US", "EU", "UK", else the country's. Raises `UnknownCountry`."""
    return _country(code).label


def timezone_of(importer: str) -> str:
    """IANA zone in which the importer's customs day begins; UTC where none is known."""
    country = _countries().get(importer)
    return country.zone if country else "UTC"


def _country(code: str) -> Country:
    known = _countries().get(code) or _groups().get(code)
    if known is None:
        raise UnknownCountry(code, _nearest)
    return known


@cache
def _groups() -> dict[str, Country]:
    return {
        code: Country(code, name, phrase, code, "UTC")
        for code, name, phrase, _ in read_rows("groups.tsv")
    }


@cache
def _group_spellings() -> dict[str, str]:
    return {
        _fold(spelling): one.code
        for one in _groups().values()
        for spelling in (one.code, one.name, one.phrase)
    }


@cache
def _countries() -> dict[str, Country]:
    return {
        code: Country(code, name, phrase or name, label or name, zone or "UTC")
        for code, _, name, phrase, label, zone, _ in read_rows("countries.tsv")
    }


@cache
def _spellings() -> dict[str, str]:
    """Every folded code, name and alias, and the country it stands for."""
    return {
        _fold(spelling): code
        for code, alpha3, name, _, _, _, aliases in read_rows("countries.tsv")
        for spelling in (code, alpha3, name, *aliases.split("|"))
        if spelling
    }


def _fold(text: str) -> str:
    """Leave of a name nothing but its letters: "the U.K." is "uk"."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(sign for sign in bare if not unicodedata.combining(sign))
    words = [word for word in re.findall(r"\w+", plain) if word != "the"]
    return "".join("st" if word == "saint" else word for word in words)


def _readings(text: str) -> tuple[str, str]:
    """Official lists turn names round: "Korea (Republic of)", "Tanzania, United Republic of"."""
    head, _, tail = text.replace("(", ",", 1).partition(",")
    return _fold(text), _fold(f"{tail} {head}")


def _nearest(text: str) -> Suggestions:
    """Names spelt alike come first, then names that hold the text or are held by it."""
    given = _fold(text[:_LONGEST])
    close = get_close_matches(given, _spellings(), n=2 * _SUGGESTED, cutoff=0.75)
    codes = dict.fromkeys(_spellings()[spelling] for spelling in (*close, *_related(given)))
    return tuple((code, country_name(code)) for code in list(codes)[:_SUGGESTED])


def _related(given: str) -> Iterable[str]:
    related = (
        spelling
        for spelling in _spellings()
        if min(len(spelling), len(given)) >= _TELLING and (spelling in given or given in spelling)
    )
    return sorted(related, key=lambda spelling: abs(len(spelling) - len(given)))
