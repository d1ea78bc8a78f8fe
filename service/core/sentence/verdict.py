"""What a verdict does to an earlier claim, in words."""

from dataclasses import replace

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.event import Action, ClaimAssessed, Measure, NegotiationStep, Verdict
from service.core.language import Tongue, noted
from service.core.sentence.line import Line, say_law_now, say_standing
from service.core.sentence.moves import MOVES
from service.core.sentence.phrase import SAID_RATE, capitalise, say_source, shorten
from service.core.sentence.talks import say_step, say_talks_now
from service.core.standing.track import TrackStanding


def say_verdict(tongue: Tongue, change: Change, claim: ClaimAssessed, *, told_before: bool) -> str:
    """As "Denied by a named official (White House): the rumour “…”." and what stands after it."""
    who, what = _say_who(tongue, claim), _clause(tongue, change)
    nouns = _nouns_of(change)
    if told_before or claim.verdict is Verdict.RETRACTED:
        noun = tongue.say(nouns[0])
        said = tongue.say(_KNOWN[claim.verdict], who=who, noun=noun, what=what)
    else:
        noun = capitalise(tongue.say(nouns[1]))
        said = tongue.say(_UNKNOWN[claim.verdict], who=who, noun=noun, what=what)
    return tongue.join((said, _say_after(tongue, change)))


def claim_line(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """What was said then, without what we made of it."""
    bare = replace(
        change,
        before=None,
        after=None,
        old=None,
        new=None,
        moved_from=None,
        kinds=(Kind.CLAIM_MADE,),
    )
    return MOVES[measure.action](tongue, bare, measure)


def _say_who(tongue: Tongue, claim: ClaimAssessed) -> str:
    publisher = next((one.publisher for one in claim.evidence if one.publisher), None)
    source = say_source(tongue, claim.certainty)
    if not publisher:
        return source
    publisher = shorten(publisher, SAID_RATE)
    return tongue.say("{source} ({medium})", source=source, medium=publisher)


def _clause(tongue: Tongue, change: Change) -> str:
    if isinstance(change.about, NegotiationStep):
        return say_step(tongue, change.about)
    return claim_line(tongue, change, change.about).clause(tongue)


def _nouns_of(change: Change) -> tuple[str, str]:
    about = change.about
    if isinstance(about, Measure) and about.action is Action.THREATENED:
        return THREAT
    return _NOUNS[about.certainty]


THREAT = (noted("the threat"), noted("threat"))
_NOUNS = {
    Certainty.INSTRUMENT: (noted("the text"), noted("text")),
    Certainty.ANNOUNCED: (noted("the announcement"), noted("announcement")),
    Certainty.OFFICIAL_STATEMENT: (
        noted("the official statement"),
        noted("official statement"),
    ),
    Certainty.REPORTED: (noted("the report"), noted("report")),
    Certainty.UNNAMED: (
        noted("the report from unnamed sources"),
        noted("report from unnamed sources"),
    ),
    Certainty.RUMOUR: (noted("the rumour"), noted("rumour")),
}
"""What was claimed: to whom it is known, and to whom it is new."""
_KNOWN = {
    Verdict.CONFIRMED: noted("Confirmed by {who}: {noun} “{what}”."),
    Verdict.DENIED: noted("Denied by {who}: {noun} “{what}”."),
    Verdict.DISPUTED: noted("Disputed by {who}: {noun} “{what}”."),
    Verdict.RETRACTED: noted("Retracted by {who}: {noun} “{what}”."),
}
_UNKNOWN = {
    Verdict.CONFIRMED: noted("{noun} confirmed by {who}: {what}."),
    Verdict.DENIED: noted("{noun}, denied by {who}: {what}."),
    Verdict.DISPUTED: noted("{noun}, disputed by {who}: {what}."),
}


def _say_after(tongue: Tongue, change: Change) -> str:
    if isinstance(change.after, TrackStanding):
        return say_talks_now(tongue, change.after)
    if change.headline is not Kind.CORRECTION:
        return say_law_now(tongue, change)
    if standing := say_standing(tongue, change):
        return tongue.say("What stands now: {standing}.", standing=standing)
    return tongue.say("What stands now: nothing.")
