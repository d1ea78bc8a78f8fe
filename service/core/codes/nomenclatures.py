"""Nomenclatures: whose list an 8 or 10 digit code is taken from."""

import re
from difflib import get_close_matches
from functools import cache

from service.core.codes.countries import find_country
from service.core.codes.tables import read_rows
from service.core.codes.unknown import Suggestions, UnknownCountry, UnknownNomenclature

HS = "HS"  # the part that all countries share: 2, 4 and 6 digits

_NATIONAL = re.compile(r"([A-Za-z]{2})-TARIFF", re.IGNORECASE)
_LONGEST = 80


def find_nomenclature(text: str) -> str:
    """Understand the name of a nomenclature: "HTSUS" is "HTS".

    A country whose list has no name of its own here is written `JP-TARIFF`. `CN` is the EU's
    Combined Nomenclature, never China's list. Raises `UnknownNomenclature`, with the nearest.
    """
    name = known_nomenclature(text)
    if name is None:
        raise UnknownNomenclature(text, _nearest)
    return name


def known_nomenclature(text: str) -> str | None:
    """Do the same for a word that may well be something else: then `None`."""
    if len(text) > _LONGEST or not text.isprintable():
        return None
    if national := _NATIONAL.fullmatch(text.strip()):
        return _name_national(national[1])
    return _spellings().get(_fold(text))


@cache
def list_nomenclatures() -> str:
    """For messages: "HTS, CN, …"."""
    return ", ".join(name for name in _titles() if name != HS)


def _name_national(country: str) -> str | None:
    try:
        return f"{find_country(country)}-TARIFF"
    except UnknownCountry:
        return None


@cache
def _titles() -> dict[str, str]:
    return {name: title for name, title, _ in read_rows("nomenclatures.tsv")}


@cache
def _spellings() -> dict[str, str]:
    return {
        _fold(spelling): name
        for name, _, aliases in read_rows("nomenclatures.tsv")
        for spelling in (name, *aliases.split("|"))
        if spelling
    }


def _fold(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _nearest(text: str) -> Suggestions:
    close = get_close_matches(_fold(text[:_LONGEST]), _spellings(), n=5, cutoff=0.6)
    names = dict.fromkeys(_spellings()[spelling] for spelling in close)
    return tuple((name, _titles()[name]) for name in names)
