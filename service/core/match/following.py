"""Who was told of the first is told of the second: a verdict, what carries out, what takes back.

Whatever the second is by itself: no minimum and no lane stops it. It is never inferred from
resemblance, only from what the event itself names.
"""

from datetime import datetime

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.event import Identity, Measure, Verdict
from service.core.language import ENGLISH
from service.core.match.lane import Match
from service.core.standing import MeasureStanding

NO_LANE = 0
"""Stands where the number of a lane would: none of them had to match."""


def followed_by(change: Change) -> tuple[Identity, ...]:
    """The events that a change speaks of: the one it assesses; those it carries out, takes back.

    What time alone brings speaks of a threat that lapses, and else of nothing new: `about` is what
    stated the date, and was told when it came.
    """
    if change.is_of_clock:
        return _lapsed(change)
    if change.assessment:
        return (change.assessment.about.identity,)
    about = change.about
    named = about.ends if isinstance(about, Measure) else ()
    return tuple(dict.fromkeys(one.identity for one in named))


def _lapsed(change: Change) -> tuple[Identity, ...]:
    if change.headline is not Kind.THREAT_LAPSED or not isinstance(change.after, MeasureStanding):
        return ()
    claims = change.after.claims
    return tuple(
        one.cause for one in claims if one.state == "lapsed" and one.deadline == change.effective_at
    )


def follow(change: Change, first: Change, told_at: datetime) -> Match:
    """As "you were told on 7 Apr 2025 of the rumour that this denies": the day is that of UTC."""
    reason = (
        f"you were told on {ENGLISH.date(told_at.date())} of the {_noun(first)}"
        f" that {_verb(change, first)}"
    )
    return Match(NO_LANE, reason)


def _verb(change: Change, first: Change) -> str:
    if change.is_of_clock:
        return "has lapsed"
    if change.assessment:
        return _VERDICTS[change.assessment.verdict]
    carried = change.about.realises if isinstance(change.about, Measure) else None
    is_carried = carried and carried.identity == first.event
    return "this carries out" if is_carried else "this takes back"


_VERDICTS = {
    Verdict.CONFIRMED: "this confirms",
    Verdict.DENIED: "this denies",
    Verdict.DISPUTED: "this disputes",
    Verdict.RETRACTED: "this retracts",
}


def _noun(first: Change) -> str:
    if first.assessment:
        return _ASSESSED[first.assessment.verdict]
    if isinstance(first.about, Measure) and first.about.action.is_threat:
        return "threat" if first.certainty > Certainty.RUMOUR else "rumour"
    return _NOUNS[first.certainty]


_ASSESSED = {
    Verdict.CONFIRMED: "confirmation",
    Verdict.DENIED: "denial",
    Verdict.DISPUTED: "dispute",
    Verdict.RETRACTED: "retraction",
}
_NOUNS = {
    Certainty.INSTRUMENT: "law",
    Certainty.ANNOUNCED: "announcement",
    Certainty.OFFICIAL_STATEMENT: "statement",
    Certainty.REPORTED: "report",
    Certainty.UNNAMED: "report",
    Certainty.RUMOUR: "rumour",
}
