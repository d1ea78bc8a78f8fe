"""Why a question has no answer, for whoever has to mend it."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from service.core.codes import importer_label, timezone_of
from service.core.moment import find_zone
from service.core.rates.question import Question
from service.core.rates.rules.coverage import Cover, Coverage

_MEND = "whoever feeds more says so in a `covers` entry of TARIFFWIRE_RELATIONS (docs/rates.md)"
_LOAD = "load some with `tariffwire events send` or `tariffwire replay`"


def say_uncovered(
    question: Question, coverage: Coverage, covers: Iterable[Cover], *, is_known_since: bool
) -> str | None:
    """What is missing, and what to do about it; None where there is an answer.

    `is_known_since`: there are events on these goods, and they became public after `known_at`.
    """
    importer = importer_label(question.importer)
    match coverage.lack:
        case None:
            return None
        case "importer":
            named = ", ".join(sorted({one.importer for one in covers})) or "nobody"
            return f"the books are complete for what {named} levies, not {importer}: {_MEND}"
        case "origin":
            ours = (one.origins for one in covers if one.importer == question.importer)
            named = ", ".join(sorted(set(chain(*ours))))
            said = f"of what {importer} levies, the books are complete for goods of {named}"
            return f"{said}, not of {question.origin}: {_MEND}"
        case "day":
            spans = " and ".join(_say_spans(question, coverage))
            day = _day(question, question.at)
            return f"the books are complete for such goods {spans}, not on {day}: {_MEND}"
    if is_known_since:
        known = _day(question, question.known_at)
        return f"no event on such goods was public by {known}; the books have later ones"
    return f"the books hold no event at all on such goods: {_LOAD}"


def _say_spans(question: Question, coverage: Coverage) -> Iterable[str]:
    for start, until in coverage.spans:
        end = f" until {_day(question, until.at)}" if until else ""
        yield f"from {_day(question, start.at)}{end}"


def _day(question: Question, at: datetime) -> str:
    """By the importer's clocks."""
    return at.astimezone(find_zone(timezone_of(question.importer))).date().isoformat()
