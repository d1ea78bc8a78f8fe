"""Numbers, dates, cities and lists as CLDR has them, by the locale of a language.

Babel is a pure library: its data ship with it, and it reads no setting of the machine as long as
the locale is named, as it is here.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from service.core.language.catalog import Language

REMEMBERED = 4096

_DAYS = {
    Language.ENGLISH: "d MMM y",
    Language.GERMAN: "d. MMM y",
    Language.JAPANESE: "y年M月d日",
}
_OLD_ZONES = {
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Yangon": "Asia/Rangoon",
    "Europe/Kyiv": "Europe/Kiev",
}
"""By which names CLDR, which never renames a zone, keeps their cities."""
_LISTS = {Language.ENGLISH: "en_001"}
"""The world's English has no comma before "and"."""


@lru_cache(maxsize=REMEMBERED)
def say_number(language: Language, amount: Decimal) -> str:
    """Without trailing zeros: "2.5", "2,5"."""
    return format_decimal(amount, locale=language.value, decimal_quantization=False)


def say_money(language: Language, amount: Decimal) -> str:
    """With as many decimals as were stated: "0.40", "0,40"."""
    exponent = amount.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return _say_decimals(language, amount, decimals)


@lru_cache(maxsize=REMEMBERED)
def _say_decimals(language: Language, amount: Decimal, decimals: int) -> str:
    """Remembered by its decimals too: 0.4 and 0.40 are equal."""
    form = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(amount, format=form, locale=language.value)


@lru_cache(maxsize=REMEMBERED)
def say_date(language: Language, day: date) -> str:
    """As "10 Apr 2025", "10. Apr. 2025", "2025年4月10日"."""
    return format_date(day, _DAYS[language], locale=language.value)


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def say_weekday(language: Language, day: str) -> str:
    """As "Monday", of "monday"."""
    return str(Locale(language.value).days["format"]["wide"][_WEEK.index(day)])


@lru_cache(maxsize=REMEMBERED)
def say_city(language: Language, zone: str) -> str:
    """By whose clocks: "Brussels", "Brüssel", "ブリュッセル"."""
    known = Locale(language.value).time_zones.get(_OLD_ZONES.get(zone, zone), {})
    return str(known.get("city") or zone.rpartition("/")[2].replace("_", " "))


def say_list(language: Language, names: Sequence[str]) -> str:
    """As "China, Hong Kong and Macau"."""
    return format_list(names, locale=_LISTS.get(language, language.value))
