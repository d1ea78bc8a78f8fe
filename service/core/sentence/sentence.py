"""What a trader would write of a change: one sentence, with short notes after it.

Its shape is `lead subject: move when. notes`: how sure, where it is not law; whose duty on whose
goods; old → new; from when; and what it rests on. Each part is a whole clause in the catalogs, with
named places for what goes into it, so that another language may put them in its own order.
"""

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.event import Action, Measure, NegotiationStep
from service.core.language import ENGLISH, Tongue, noted
from service.core.sentence.carrying import say_carried_out, say_met
from service.core.sentence.due import put_turn, say_due
from service.core.sentence.line import Line, say_law_now
from service.core.sentence.moves import MOVES
from service.core.sentence.phrase import say_laws, say_programme
from service.core.sentence.talks import say_attribution, say_stage, say_step, say_talks_now
from service.core.sentence.terms import say_terms
from service.core.sentence.verdict import say_verdict
from service.core.standing import MeasureStanding
from service.core.standing.track import TrackStanding


def say(change: Change, tongue: Tongue = ENGLISH, *, told_before: bool = True) -> str:
    """One sentence and its notes.

    `told_before`: whether the receiver was told of what a verdict is about; if not, a confirmation
    is worded as new, and a denial says what was claimed.
    """
    if change.assessment is not None:
        return say_verdict(tongue, change, change.assessment, told_before=told_before)
    if isinstance(change.about, NegotiationStep):
        return _say_track(tongue, change, change.about)
    return _say_measure(tongue, change, change.about)


def _say_measure(tongue: Tongue, change: Change, measure: Measure) -> str:
    line = line_of(tongue, change, measure)
    said = put_lead(tongue, change, measure, line.clause(tongue))
    notes = (*line.notes, *_notes(tongue, change, measure))
    return tongue.join((tongue.say("{clause}.", clause=said), *notes))


def line_of(tongue: Tongue, change: Change, measure: Measure) -> Line:
    """What the event did, or what time alone brings."""
    if change.is_of_clock:
        return say_due(tongue, change, measure)
    return MOVES[measure.action](tongue, change, measure)


# How sure


def put_lead(tongue: Tongue, change: Change, measure: Measure, said: str) -> str:
    """How sure it is, or what the clock brought, before anything else is read."""
    if change.is_of_clock:
        return put_turn(tongue, change, measure, said)
    if not measure.moves_law:
        lead = _lead_of_claim(measure)
    else:
        lead = _LEADS_OF_KINDS.get(change.headline) or _LEADS_OF_ACTIONS.get(measure.action)
    return tongue.say(lead, said=said) if lead else said


_LEADS_OF_KINDS = {Kind.CLAIM_CONFIRMED: noted("Confirmed: {said}")}
_LEADS_OF_ACTIONS = {Action.CORRECTED: noted("Corrected: {said}")}


def _lead_of_claim(measure: Measure) -> str | None:
    certainty = measure.certainty
    if measure.action is Action.THREATENED:
        return _LEADS_OF_THREATS.get(certainty, THREAT)
    if measure.action is Action.THREAT_WITHDRAWN and certainty >= Certainty.OFFICIAL_STATEMENT:
        return None
    return _LEADS_OF_CLAIMS[certainty]


THREAT = noted("Threat, not law: {said}")
_LEADS_OF_THREATS = {
    Certainty.REPORTED: noted("Threat reported, not law: {said}"),
    Certainty.UNNAMED: noted("Threat reported from unnamed sources, not law: {said}"),
    Certainty.RUMOUR: noted("Rumour of a threat, not law: {said}"),
}
_LEADS_OF_CLAIMS = {
    Certainty.OFFICIAL_STATEMENT: noted("Said on record, not law: {said}"),
    Certainty.REPORTED: noted("Reported, not law: {said}"),
    Certainty.UNNAMED: noted("Reported from unnamed sources, not law: {said}"),
    Certainty.RUMOUR: noted("Rumour, not law: {said}"),
}


# What it rests on


def _notes(tongue: Tongue, change: Change, measure: Measure) -> list[str]:
    if measure.moves_law:
        since = say_carried_out(tongue, change, measure)
        now = say_law_now(tongue, change) if _is_over(change) else ""
        rests = _say_rests(tongue, change, measure)
    else:
        since, now = say_met(tongue, measure), say_law_now(tongue, change)
        rests = _say_claimed(tongue, change)
    return [since, now, rests, _say_conflict(tongue, change), _say_programme(tongue, measure)]


def _say_claimed(tongue: Tongue, change: Change) -> str:
    laws = say_laws(change.citations)
    return tongue.say("Cites {laws}.", laws=laws) if laws else ""


def _say_rests(tongue: Tongue, change: Change, measure: Measure) -> str:
    is_ruling, laws = measure.action is Action.RULED_UNLAWFUL, say_laws(change.citations)
    if measure.certainty is Certainty.ANNOUNCED:
        said = _JUDGED if is_ruling else _ANNOUNCED
        return tongue.join((tongue.say(said), _say_claimed(tongue, change)))
    if laws:
        return tongue.say("Case: {laws}." if is_ruling else "Law: {laws}.", laws=laws)
    return tongue.say("A legal text exists; none was cited.")


_ANNOUNCED = noted("Announced by the authority, legal text not seen yet.")
_JUDGED = noted("Announced, the judgment itself not seen yet.")


def _is_over(change: Change) -> bool:
    """Whether it only changes what was owed in the past."""
    before, after = change.before, change.after
    if not isinstance(before, MeasureStanding) or not isinstance(after, MeasureStanding):
        return False
    began = change.effective_at is not None and change.effective_at.at <= change.seen_at
    return began and change.old != change.new and before.applied == after.applied


def _say_programme(tongue: Tongue, measure: Measure) -> str:
    known = say_programme(tongue, measure.programme)
    return tongue.say("Programme: {programme}.", programme=known) if known else ""


def _say_conflict(tongue: Tongue, change: Change) -> str:
    view = change.after
    known = isinstance(view, MeasureStanding) and any(
        change.event in group for group in view.conflicts
    )
    return tongue.say("Another source of equal standing says otherwise.") if known else ""


# Talks


def _say_track(tongue: Tongue, change: Change, step: NegotiationStep) -> str:
    said = put_lead_of_talks(tongue, step, say_step(tongue, step))
    terms = say_terms(tongue, step.terms)
    agreed = change.headline is Kind.AGREEMENT_REACHED
    notes = [
        tongue.say("Terms: {terms}.", terms=terms) if terms else "",
        _say_former_stage(tongue, change),
        say_attribution(tongue, step),
        _say_beside(tongue, change),
        tongue.say("No duty moves until a legal text says so.") if agreed else "",
    ]
    return tongue.join((tongue.say("{clause}.", clause=said), *notes))


def _say_beside(tongue: Tongue, change: Change) -> str:
    """Hearsay says what it stands beside."""
    if change.headline is not Kind.CLAIM_MADE or not isinstance(change.after, TrackStanding):
        return ""
    return say_talks_now(tongue, change.after)


def put_lead_of_talks(tongue: Tongue, step: NegotiationStep, said: str) -> str:
    """How sure it is that they talk; nothing before what is on record."""
    lead = _LEADS_OF_TALKS.get(step.certainty)
    return tongue.say(lead, said=said) if lead else said


_LEADS_OF_TALKS = {
    Certainty.REPORTED: noted("Reported: {said}"),
    Certainty.UNNAMED: noted("Reported from unnamed sources: {said}"),
    Certainty.RUMOUR: noted("Rumour: {said}"),
}


def _say_former_stage(tongue: Tongue, change: Change) -> str:
    view = change.before
    stage = (view.state or view.stage) if isinstance(view, TrackStanding) else None
    if stage is None or stage is change.action or change.headline is Kind.CLAIM_MADE:
        return ""
    return tongue.say("Before: {stage}.", stage=say_stage(tongue, stage))
