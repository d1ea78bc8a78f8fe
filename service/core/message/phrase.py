"""The phrases that sentences are made of: moments, goods, rates, laws.

Whatever an event says is white-spaced to one line and shortened with an ellipsis before it is said.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from service.core.certainty import Certainty
from service.core.codes import country_phrase, format_product, timezone_of
from service.core.duty import Basis, Duty, say_duty
from service.core.event import Instrument, Origin, Product
from service.core.moment import Moment, find_zone

SAID_NAMES = 4
SAID_CODES = 3
SAID_LAWS = 2
SAID_TEXT = 160  # characters of what an event describes in its own words
SAID_RATE = 80
SAID_DIGITS = 20

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Spelt out, because `%b` depends on the locale of the machine."""


def say_moment(moment: Moment, zone: str) -> str:
    """As "10 Apr 2025 00:01 New York", by the clocks of `zone`; a day stays a day."""
    return _on_clock(moment, zone) + ("" if moment.day else f" {_city(zone)}")


def say_day(moment: Moment, zone: str) -> str:
    """As "10 Apr 2025", for where there is no room for the hour."""
    return say_date(moment.day or moment.at.astimezone(find_zone(zone)).date())


def say_shift(old: Moment, new: Moment, zone: str) -> str:
    """As "4 Feb 2025 00:01 → 4 Mar 2025 00:01 New York": one city for both."""
    first = say_moment(old, zone) if new.day else _on_clock(old, zone)
    return f"{first} → {say_moment(new, zone)}"


def say_span(start: Moment, end: Moment, zone: str) -> str:
    """As "10 Apr 2025 00:01 until 9 Jul 2025 00:01 New York"."""
    first = say_moment(start, zone) if end.day else _on_clock(start, zone)
    return f"{first} until {say_moment(end, zone)}"


def _on_clock(moment: Moment, zone: str) -> str:
    if moment.day:
        return say_date(moment.day)
    local = moment.at.astimezone(find_zone(zone))
    return f"{say_date(local.date())} {local:%H:%M}"


def say_date(day: date) -> str:
    """As "10 Apr 2025"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


@lru_cache(maxsize=512)
def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def zone_of(importer: str) -> str:
    """The zone in which a jurisdiction's dates are said."""
    return timezone_of(importer)


def shorten(text: str, limit: int) -> str:
    """One line without control or direction marks; what is cut off shows as an ellipsis."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


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


def join_names(names: Iterable[str], limit: int = SAID_NAMES) -> str:
    """As "China, Hong Kong and Macao"; past the limit "… and 12 more"."""
    listed = list(names)
    if len(listed) > limit:
        return f"{', '.join(listed[: limit - 1])} and {len(listed) - limit + 1} more"
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if listed[1:] else listed)


def say_goods(origin: Origin, product: Product) -> str:
    """As "USMCA-qualifying goods of Mexico (cars; HTS 8703.22.01 and 4 more codes)"."""
    kind = "" if product.condition is None else _say_condition(product.condition) + " "
    scope = say_scope(product)
    return f"{kind}{_say_whose(origin)}" + (f" ({scope})" if scope else "")


def _say_condition(condition: str) -> str:
    """As "usmca_qualifying" is how the field's data says "USMCA-qualifying"."""
    head, qualifying, rest = condition.partition("_qualifying")
    said = f"{head.upper()}-qualifying{rest}" if qualifying else condition
    return shorten(said.replace("_", " "), SAID_RATE)


def _say_whose(origin: Origin) -> str:
    if origin.members == ("TRANSSHIPPED",):
        return "transshipped goods"
    if origin.kind == "all":
        whose = "all origins"
    elif origin.kind == "pseudo":
        whose = join_names(shorten(name.replace("_", " "), SAID_TEXT) for name in origin.members)
    else:
        whose = join_names(map(country_phrase, origin.members))
    but = join_names(map(country_phrase, origin.excluded))
    return f"goods of {whose}" + (f" except {but}" if but else "")


def say_scope(product: Product, text_limit: int = SAID_TEXT) -> str:
    """Which goods, where not simply all; unknown is said, never left to be read as all."""
    said = [shorten(product.text or "", text_limit).rstrip(".")]
    if product.scope == "codes":
        system = f"{product.nomenclature} " if product.nomenclature else "HS "
        said.append(system + _say_codes(product.include))
    elif product.scope == "unknown" or (product.scope == "described" and not product.text):
        said.append("goods not stated")
    if product.excluded:
        said.append(f"except {_say_codes(product.excluded)}")
    return "; ".join(part for part in said if part)


def _say_codes(codes: tuple[str, ...]) -> str:
    listed = [format_product(code) for code in codes[:SAID_CODES]]
    more = len(codes) - SAID_CODES
    if more <= 0:
        return join_names(listed)
    return f"{', '.join(listed)} and {more} more code{'s' if more > 1 else ''}"


def say_rate(duty: Duty | None, importer: str) -> str:
    """With its basis in words; "rate not stated" where nothing is known."""
    if duty is None:
        return "rate not stated"
    if duty.basis is Basis.TOTAL_FLOOR:
        base = "column-1" if importer == "US" else "ordinary"
        return f"{say_figure(duty)} in all at least (or the {base} rate where higher)"
    return say_figure(duty) + _SAID_BASIS.get(duty.basis, "")


_SAID_BASIS = {Basis.ADDITIONAL_IN_LIEU: " in lieu of the baseline", Basis.TOTAL: " in all"}


def say_rates(old: Duty, new: Duty, importer: str) -> str:
    """As "84 % → 125 %"; a basis that stays is said once or, in lieu of the baseline, not again."""
    if old.basis is not new.basis:
        return f"{say_rate(old, importer)} → {say_rate(new, importer)}"
    later = say_figure(new) if new.basis is Basis.ADDITIONAL_IN_LIEU else say_rate(new, importer)
    return f"{say_figure(old)} → {later}"


def say_figure(duty: Duty | None) -> str:
    """Without its basis, for a rate that was told before."""
    if duty is None:
        return "rate not stated"
    return shorten(say_duty(duty.on_basis(Basis.ADDITIONAL)), SAID_RATE)


def say_laws(laws: Iterable[Instrument]) -> str:
    """Orders, proclamations and regulations alone; without one, what else there is.

    "EO 14257 Annex I" says "EO 14257" too.
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


def say_source(certainty: Certainty) -> str:
    """Who stands behind it, after "by"."""
    return _SOURCES[certainty]


_SOURCES = {
    Certainty.INSTRUMENT: "a legal text",
    Certainty.ANNOUNCED: "the authority",
    Certainty.OFFICIAL_STATEMENT: "a named official",
    Certainty.REPORTED: "a named outlet",
    Certainty.UNNAMED: "unnamed sources",
    Certainty.RUMOUR: "a rumour",
}
