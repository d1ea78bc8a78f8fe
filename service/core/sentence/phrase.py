"""The phrases that sentences are made of: moments, goods, laws.

Whatever an event says is white-spaced to one line and shortened with an ellipsis before it is said.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

from service.core.certainty import Certainty
from service.core.codes import format_product, timezone_of
from service.core.event import Instrument, Origin, Product
from service.core.language import Tongue, noted
from service.core.moment import Moment, find_zone

SAID_NAMES = 4
SAID_CODES = 3
SAID_LAWS = 2
SAID_TEXT = 160  # characters of what an event describes in its own words
SAID_RATE = 80
SAID_DIGITS = 20


# Moments


def say_moment(tongue: Tongue, moment: Moment, zone: str) -> str:
    """As "10 Apr 2025 00:01 New York", by the clocks of `zone`; a day stays a day."""
    if moment.day:
        return tongue.date(moment.day)
    local = moment.at.astimezone(find_zone(zone))
    parts = {"date": tongue.date(local.date()), "time": f"{local:%H:%M}"}
    if zone == "UTC":
        return tongue.say("{date} {time} UTC", **parts)
    return tongue.say("{date} {time} {city}", **parts, city=tongue.city(zone))


def say_day(tongue: Tongue, moment: Moment, zone: str) -> str:
    """As "10 Apr 2025", for where there is no room for the hour."""
    return tongue.date(moment.day or moment.at.astimezone(find_zone(zone)).date())


def say_first(tongue: Tongue, moment: Moment, other: Moment, zone: str) -> str:
    """The first of two moments by the same clocks: the `other` names the city for both."""
    if moment.day or other.day:
        return say_moment(tongue, moment, zone)
    local = moment.at.astimezone(find_zone(zone))
    return tongue.say("{date} {time}", date=tongue.date(local.date()), time=f"{local:%H:%M}")


def say_end(tongue: Tongue, moment: Moment, zone: str) -> str:
    """An end that is a bare day is said by the last day before it, for it is over when that begins.

    As "30 Dec 2026 inclusive" of what ends on 31 Dec 2026.
    """
    return _say_last_day(tongue, moment.day) if moment.day else say_moment(tongue, moment, zone)


def say_former_end(tongue: Tongue, moment: Moment, other: Moment, zone: str) -> str:
    """As `say_end`; of two by the same clocks the `other` names the city for both."""
    return say_end(tongue, moment, zone) if moment.day else say_first(tongue, moment, other, zone)


def say_end_day(tongue: Tongue, moment: Moment, zone: str) -> str:
    """As `say_end`, for where there is no room for the hour."""
    return _say_last_day(tongue, moment.day) if moment.day else say_day(tongue, moment, zone)


def _say_last_day(tongue: Tongue, end: date) -> str:
    day = tongue.date(date.fromordinal(max(end.toordinal() - 1, 1)))
    if tongue.is_brief:
        return tongue.say_as("brief", "{day} inclusive", day=day)
    return tongue.say("{day} inclusive", day=day)


def say_clocks(tongue: Tongue, moment: Moment, zone: str) -> str:
    """By the clocks of `zone`, in UTC, and by the reader's own; a day is one everywhere."""
    own = say_moment(tongue, moment, zone)
    if moment.day:
        return own
    zones = dict.fromkeys((zone, "UTC", tongue.zone or "UTC"))
    others = [_say_hour(tongue, moment, other, zone) for other in zones if other != zone]
    if not others:
        return own
    return tongue.say("{moment} ({others})", moment=own, others=tongue.say(", ").join(others))


def _say_hour(tongue: Tongue, moment: Moment, zone: str, than: str) -> str:
    """The date is said where it is another one."""
    local = moment.at.astimezone(find_zone(zone))
    if local.date() != moment.at.astimezone(find_zone(than)).date():
        return say_moment(tongue, moment, zone)
    time = f"{local:%H:%M}"
    if zone == "UTC":
        return tongue.say("{time} UTC", time=time)
    return tongue.say("{time} {city}", time=time, city=tongue.city(zone))


def zone_of(importer: str) -> str:
    """The zone in which a jurisdiction's dates are said."""
    return timezone_of(importer)


# Texts


def shorten(text: str, limit: int) -> str:
    """One line without control or direction marks; what is cut off shows as an ellipsis."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def width_of(text: str) -> int:
    """In columns: what East Asian type sets wide takes two (Unicode, UAX 11)."""
    if _NARROW.fullmatch(text):
        return len(text)
    return sum(1 + (sign in _WIDE) for sign in map(_width, text))


_NARROW = re.compile("[\x00-\u10ff\u2013“”„…→]*")
"""Nothing of it is wide; most of what is not Japanese is of it."""
_WIDE = frozenset("WF")
_width = lru_cache(maxsize=4096)(east_asian_width)


def shorten_to_width(text: str, columns: int) -> str:
    """As `shorten`, by what it takes on a screen."""
    line = shorten(text, columns)
    if width_of(line) <= columns:
        return line
    while width_of(line) >= columns:
        line = line[:-1]
    return line.rstrip() + "…"


def say_quoted(tongue: Tongue, text: str, limit: int) -> str:
    """Words of an event, which stay in its own language: elsewhere in quotation marks."""
    return tongue.say("{words}", words=shorten(text, limit).rstrip("."))


def read_number(given: Any) -> Decimal | None:
    """A figure from where events may say anything; None where it is none."""
    try:
        found = Decimal(given) if type(given) in {str, int} else None
    except InvalidOperation:
        return None
    if found is None or not found.is_finite() or abs(found.adjusted()) >= SAID_DIGITS:
        return None
    return found


def capitalise(text: str) -> str:
    """With a capital at the start and the rest as it was: "The US"."""
    return text[:1].upper() + text[1:]


def join_names(tongue: Tongue, names: Iterable[str], limit: int = SAID_NAMES) -> str:
    """As "China, Hong Kong and Macao"; past the limit "… and 12 more"."""
    listed = list(names)
    comma = tongue.say_as("countries", ", ")
    if len(listed) > limit:
        more = len(listed) - limit + 1
        said = comma.join(listed[: limit - 1])
        return tongue.count("{names} and {n} more", "{names} and {n} more", more, names=said)
    *others, last = listed or [""]
    return tongue.say("{names} and {last}", names=comma.join(others), last=last) if others else last


# Goods


def say_goods(tongue: Tongue, origin: Origin, product: Product, names: int = SAID_NAMES) -> str:
    """As "USMCA-qualifying goods of Mexico (cars; HTS 8703.22.01 and 4 more codes)".

    Of origins, and of those excepted, up to so many `names` are said.
    """
    goods = _say_whose(tongue, origin, names)
    if product.condition is not None:
        goods = _put_condition(tongue, product.condition, goods)
    scope = say_scope(tongue, product)
    return tongue.say("{goods} ({scope})", goods=goods, scope=scope) if scope else goods


def _put_condition(tongue: Tongue, condition: str, goods: str) -> str:
    """As "usmca_qualifying" is how the field's data says "USMCA-qualifying".

    Other words are set behind the goods: they may be of any shape.
    """
    head, qualifying, rest = condition.partition("_qualifying")
    if qualifying and not rest:
        agreement = shorten(head.upper().replace("_", " "), SAID_RATE)
        said = tongue.say("{agreement}-qualifying", agreement=agreement)
        return tongue.say("{condition} {goods}", condition=said, goods=goods)
    said = say_quoted(tongue, condition.replace("_", " "), SAID_RATE)
    return tongue.say("{goods}, {condition}", condition=said, goods=goods)


def _say_whose(tongue: Tongue, origin: Origin, limit: int) -> str:
    if origin.kind == "pseudo":
        return _say_pseudo(tongue, origin.members)
    but = join_names(tongue, (tongue.name(code).other for code in origin.excluded), limit)
    if origin.kind == "all":
        return _say_all_origins(tongue, but)
    whose = join_names(tongue, (tongue.name(code).other for code in origin.members), limit)
    if but:
        return tongue.say("goods of {countries} except {others}", countries=whose, others=but)
    return tongue.say("goods of {countries}", countries=whose)


def _say_all_origins(tongue: Tongue, but: str) -> str:
    """There is less room in a subject line, and longer words in some languages."""
    if tongue.is_brief:
        if but:
            return tongue.say("goods of all origins but {countries}", countries=but)
        return tongue.say_as("brief", "goods of all origins")
    if but:
        return tongue.say("goods of all origins except {countries}", countries=but)
    return tongue.say("goods of all origins")


def _say_pseudo(tongue: Tongue, members: tuple[str, ...]) -> str:
    if len(members) == 1 and members[0] in PSEUDO_ORIGINS:
        return tongue.say(PSEUDO_ORIGINS[members[0]])
    names = (say_quoted(tongue, name.replace("_", " "), SAID_TEXT) for name in members)
    return tongue.say("goods of {countries}", countries=join_names(tongue, names))


PSEUDO_ORIGINS = {
    "TRANSSHIPPED": noted("transshipped goods"),
    "IMPORTERS_OF_VE_OIL": noted("goods of countries that import Venezuelan oil"),
}


def say_scope(tongue: Tongue, product: Product, text_limit: int = SAID_TEXT) -> str:
    """Which goods, where not simply all; unknown is said, never left to be read as all."""
    said = [say_quoted(tongue, product.text, text_limit)] if product.text else []
    if product.scope == "codes":
        codes = _say_codes(tongue, product.include)
        said.append(f"{product.nomenclature or 'HS'} {codes}")
    elif product.scope == "unknown" or (product.scope == "described" and not product.text):
        said.append(tongue.say("goods not stated"))
    if product.excluded:
        codes = _say_codes(tongue, product.excluded)
        said.append(tongue.say("except {codes}", codes=codes))
    return tongue.say("; ").join(said)


def _say_codes(tongue: Tongue, codes: tuple[str, ...]) -> str:
    listed = [format_product(code) for code in codes[:SAID_CODES]]
    return join_codes(tongue, listed, len(codes) - SAID_CODES)


def join_codes(tongue: Tongue, listed: Iterable[str], more: int) -> str:
    """As "8703, 8704 and 12 more codes"; `more` than are listed, if any."""
    if more <= 0:
        return tongue.listed(listed)
    said = tongue.say(", ").join(listed)
    return tongue.count("{codes} and {n} more code", "{codes} and {n} more codes", more, codes=said)


# What it rests on


def say_laws(laws: Iterable[Instrument]) -> str:
    """Orders, proclamations and regulations alone; without one, what else there is.

    "EO 14257 Annex I" says "EO 14257" too. They are cited alike in all languages.
    """
    listed = list(laws)
    acts = [law for law in listed if law.kind in _ACTS]
    cited = dict.fromkeys(cite(law) for law in acts or listed)
    closest = [one for one in cited if not any(other.startswith(f"{one} ") for other in cited)]
    return "; ".join(closest[:SAID_LAWS])


_ACTS = frozenset({"executive_order", "proclamation", "regulation"})


def cite(law: Instrument) -> str:
    """As lawyers cite it, whether or not the number came with its prefix."""
    number = shorten(law.number, SAID_TEXT)
    prefix = _PREFIXES.get(law.kind, "")
    bare = number[:1].isdigit() and not (law.kind == "federal_register" and " FR " in number)
    return prefix + number if bare else number


_PREFIXES = {
    "executive_order": "EO ",
    "proclamation": "Proclamation ",
    "federal_register": "FR Doc ",
    "hts_heading": "HTS ",
    "csms": "CSMS ",
    "regulation": "Regulation ",
}


def say_source(tongue: Tongue, certainty: Certainty) -> str:
    """Who stands behind it, after "by"."""
    return tongue.say(_SOURCES[certainty])


_SOURCES = {
    Certainty.INSTRUMENT: noted("a legal text"),
    Certainty.ANNOUNCED: noted("the authority"),
    Certainty.OFFICIAL_STATEMENT: noted("a named official"),
    Certainty.REPORTED: noted("a named outlet"),
    Certainty.UNNAMED: noted("unnamed sources"),
    Certainty.RUMOUR: noted("an unknown source"),
}


def say_programme(tongue: Tongue, programme: str | None) -> str:
    """By its name in trade; one that we do not know goes by its code, empty: none was named."""
    if not programme or programme == "unspecified":
        return ""
    return tongue.find(shorten(programme, SAID_RATE))


PROGRAMMES = (
    noted("IEEPA-reciprocal"),
    noted("IEEPA-fentanyl"),
    noted("S232-steel-aluminum"),
    noted("S232-autos"),
    noted("S232-copper"),
    noted("S232-timber"),
    noted("S232-trucks-buses"),
    noted("CN-retaliation"),
    noted("EU-countermeasures"),
    noted("de-minimis"),
    noted("anti_dumping"),
    noted("countervailing"),
    noted("safeguard"),
    noted("countermeasure"),
    noted("preference"),
)
"""Codes that the languages other than English explain."""
