"""What a reader may have to do at the border: what the legal text says, and nothing beside.

It is built from the `apply` of an event alone, and each line names the text that it rests on. Where
the text is silent, where none is cited, or where a field does not have the documented shape, there
is no line: a guess would be read as advice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from service.core.change import Change, Kind
from service.core.event import Measure
from service.core.language import Tongue, noted
from service.core.moment import read_moment
from service.core.sentence.moves import ENDINGS
from service.core.sentence.phrase import (
    SAID_RATE,
    SAID_TEXT,
    say_laws,
    say_moment,
    say_quoted,
    shorten,
    zone_of,
)

MOST_DEEDS = 12

Reader = Callable[[Tongue, Any, Measure], str]


@dataclass(frozen=True, slots=True)
class ToDo:
    """`about` is the field of `apply`, `said` a sentence, `cite` the text that demands it."""

    about: str
    said: str
    cite: str


def to_do(tongue: Tongue, change: Change) -> tuple[ToDo, ...]:
    """In the order in which goods travel; nothing of what is not law."""
    measure = change.about
    if not isinstance(measure, Measure) or not measure.moves_law or not measure.apply:
        return ()
    if _is_over(change, measure):
        return ()
    return tuple(_lines(tongue, measure, measure.apply, say_laws(change.citations)))[:MOST_DEEDS]


def _is_over(change: Change, measure: Measure) -> bool:
    """Whether time ends what the event said: what was to be done then is to be done no more."""
    if not change.is_of_clock or measure.action in ENDINGS:
        return False
    return not _ENDS.isdisjoint(change.kinds)


_ENDS = frozenset({Kind.RESUMED, Kind.ENDED, Kind.EXEMPTION_ENDED})


def _lines(tongue: Tongue, measure: Measure, apply: dict[str, Any], law: str) -> Iterator[ToDo]:
    for about, read in _READERS.items():
        given = apply.get(about)
        for one in given if isinstance(given, list) else [given]:
            cite = _own_citation(one) or law
            said = read(tongue, one, measure) if cite and one is not None else ""
            if said:
                yield ToDo(about, said, cite)


def _own_citation(given: Any) -> str:
    """An item may name the passage that it rests on."""
    own = given.get("citation") if isinstance(given, dict) else None
    return shorten(own, SAID_TEXT) if isinstance(own, str) else ""


def _read_test(tongue: Tongue, given: Any, _: Measure) -> str:
    known = _TESTS.get(given) if isinstance(given, str) else None
    return tongue.say(known) if known else ""


_TESTS = {
    "entry": noted("What counts is the date of entry for consumption."),
    "loading": noted("What counts is the date on which the goods were loaded."),
    "export": noted("What counts is the date of export."),
    "arrival": noted("What counts is the date of arrival."),
}


def _read_transit(tongue: Tongue, given: Any, measure: Measure) -> str:
    """Goods under way are let off by when they were loaded, when they were entered, or both."""
    if not isinstance(given, dict):
        return ""
    loaded = _read_day(tongue, given.get("loaded_before"), measure)
    entered = _read_day(tongue, given.get("entered_before"), measure)
    whole = _WINDOWS.get((bool(loaded), bool(entered)))
    if whole is None:
        return ""
    said = tongue.say(whole, loaded=loaded, entered=entered)
    modes = given.get("modes")
    named = [one for one in modes if isinstance(one, str)] if isinstance(modes, list) else []
    if not named:
        return said
    words = tongue.listed([tongue.find(_MODES.get(one, shorten(one, SAID_RATE))) for one in named])
    return tongue.join((said, tongue.say("This holds for transport by {modes}.", modes=words)))


_WINDOWS = {
    (True, True): noted(
        "Does not apply to goods loaded before {loaded} and entered before {entered}."
    ),
    (True, False): noted("Does not apply to goods loaded before {loaded}."),
    (False, True): noted("Does not apply to goods entered before {entered}."),
}
_MODES = {
    "vessel": noted("sea"),
    "sea": noted("sea"),
    "air": noted("air"),
    "rail": noted("rail"),
    "truck": noted("road"),
    "road": noted("road"),
}


def _read_day(tongue: Tongue, given: Any, measure: Measure) -> str:
    try:
        moment = read_moment(given, measure.importer)
    except ValueError:
        return ""
    return say_moment(tongue, moment, zone_of(measure.importer))


def _read_declaration(tongue: Tongue, given: Any, _: Measure) -> str:
    return _say_code(tongue, given, noted("Declare {code}."), noted("Declare {code}: {what}."))


def _read_claim(tongue: Tongue, given: Any, _: Measure) -> str:
    return _say_code(tongue, given, noted("Claim {code}."), noted("Claim {code}: {what}."))


def _say_code(tongue: Tongue, given: Any, bare: str, whole: str) -> str:
    """A heading by itself, or with what it is for."""
    if isinstance(given, str) and given.strip():
        return tongue.say(bare, code=shorten(given, SAID_RATE))
    code, what = (given.get(name) for name in ("code", "text")) if isinstance(given, dict) else _NO
    if not isinstance(code, str) or not code.strip():
        return ""
    if not isinstance(what, str) or not what.strip():
        return tongue.say(bare, code=shorten(code, SAID_RATE))
    words = say_quoted(tongue, what, SAID_TEXT)
    return tongue.say(whole, code=shorten(code, SAID_RATE), what=words)


_NO = (None, None)


def _read_drawback(tongue: Tongue, given: Any, _: Measure) -> str:
    if isinstance(given, bool):
        return tongue.say("Drawback is available." if given else "Drawback is not available.")
    return ""


def _read_zone(tongue: Tongue, given: Any, _: Measure) -> str:
    known = _ZONES.get(given) if isinstance(given, str) else None
    return tongue.say(known) if known else ""


_ZONES = {
    "privileged_foreign": noted(
        "Goods admitted to a foreign-trade zone must be admitted in privileged foreign status."
    ),
    "domestic": noted("Goods admitted to a foreign-trade zone may have domestic status."),
}
_READERS: dict[str, Reader] = {
    "date_test": _read_test,
    "in_transit": _read_transit,
    "declare": _read_declaration,
    "claim": _read_claim,
    "drawback": _read_drawback,
    "ftz": _read_zone,
}
