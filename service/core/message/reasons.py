"""Why somebody is told, in the reader's language.

A reason is kept in English beside the alert, in the few patterns that `core/match` writes; here it
is read by the same patterns. What follows none of them is said as it was kept.
"""

import re
from datetime import date
from functools import lru_cache

from service.core.codes import UnknownCountry, find_country
from service.core.language import ENGLISH, Language, Tongue, noted, tongue_for


def say_reason(tongue: Tongue, reason: str) -> str:
    """As "it is on goods of China; it names your 8703.23"."""
    if tongue.language is Language.ENGLISH:
        return reason
    return _read(tongue.language, reason)


@lru_cache(maxsize=4096)
def _read(language: Language, reason: str) -> str:
    tongue = tongue_for(language)
    return tongue.say("; ").join(_say_clause(tongue, clause) for clause in reason.split("; "))


def _say_clause(tongue: Tongue, clause: str) -> str:
    for pattern, text in _PATTERNS:
        if found := pattern.fullmatch(clause):
            parts = found.groupdict()
            said = {name: _READERS.get(name, _as_kept)(tongue, one) for name, one in parts.items()}
            return tongue.say(text, **said)
    return clause


def _say_country(tongue: Tongue, phrase: str) -> str:
    try:
        return tongue.name(find_country(phrase)).other
    except UnknownCountry:
        return phrase


def _say_parties(tongue: Tongue, phrase: str) -> str:
    names = []
    for one in phrase.split(" and "):
        bare = one.partition(" (")[0]
        try:
            names.append(tongue.name(find_country(bare)).doer)
        except UnknownCountry:
            names.append(one)
    return tongue.listed(names)


def _say_codes(tongue: Tongue, codes: str) -> str:
    listed, _, more = codes.removesuffix(" more").partition(" and ")
    return tongue.say("{codes} and {n} more", codes=listed, n=more) if more else codes


def _say_day(tongue: Tongue, day: str) -> str:
    number, month, year = day.split()
    return tongue.date(date(int(year), _MONTHS.index(month) + 1, int(number)))


_MONTHS = [ENGLISH.date(date(2000, month, 1)).split()[1] for month in range(1, 13)]


def _say_noun(tongue: Tongue, noun: str) -> str:
    return tongue.say(_NOUNS[noun])


_NOUNS = {
    "announcement": noted("the announcement"),
    "confirmation": noted("the confirmation"),
    "denial": noted("the denial"),
    "dispute": noted("the objection"),
    "law": noted("the law"),
    "report": noted("the report"),
    "retraction": noted("the retraction"),
    "rumour": noted("the rumour"),
    "statement": noted("the official statement"),
    "threat": noted("the threat"),
}
"""What somebody was told of before, as `core/match/following.py` names it."""


def _as_kept(_: Tongue, text: str) -> str:
    return text


_READERS = {
    "country": _say_country,
    "parties": _say_parties,
    "codes": _say_codes,
    "reason": _say_clause,
    "day": _say_day,
    "noun": _say_noun,
}


_PLACES = {
    "country": ".+?",
    "other": "[0-9.]+",
    "code": "[0-9.]+",
    "n": "[0-9]+",
    "day": rf"[0-9]{{1,2}} (?:{'|'.join(_MONTHS)}) [0-9]{{4}}",
    "noun": "|".join(_NOUNS),
}


def _compile(text: str) -> tuple[re.Pattern[str], str]:
    """Each `{place}` of the text takes what may stand there."""
    parts = re.split(r"\{(\w+)\}", text)
    places = (
        f"(?P<{part}>{_PLACES.get(part, '.+')})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )
    return re.compile("".join(places)), text


_PATTERNS = tuple(
    map(
        _compile,
        (
            noted("{reason}, and so for {n} more of your codes"),
            noted("{reason} (which follows your {code})"),
            noted("{reason} (in {country})"),
            noted("{reason} (through a member)"),
            noted("it is on goods of every origin, so of {country} too"),
            noted("it is on goods of {country}"),
            noted("{country} levies it"),
            noted("{parties} is party to these talks"),
            noted("{parties} are party to these talks"),
            noted("its programme is {programme}"),
            noted("it is on all goods, so on your {codes} too"),
            noted("your {code} and its {other} are alike"),
            noted("your {code} lies within its {other}"),
            noted("its {other} lies within your {code}"),
            noted("it names your {code}"),
            noted("its goods are only described: possibly yours"),
            noted("compared on six digits, as the nomenclatures differ"),
            noted("you follow everything"),
            noted("you follow this measure"),
            noted("you asked for a test message"),
            noted("you were told on {day} of the {noun} that this confirms"),
            noted("you were told on {day} of the {noun} that this denies"),
            noted("you were told on {day} of the {noun} that this disputes"),
            noted("you were told on {day} of the {noun} that this retracts"),
            noted("you were told on {day} of the {noun} that this carries out"),
            noted("you were told on {day} of the {noun} that this takes back"),
            noted("you were told on {day} of the {noun} that has lapsed"),
        ),
    )
)
