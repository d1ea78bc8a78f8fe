"""What a trader would write of a change: one sentence, with short notes after it.

Its shape is `lead subject: move when. notes`: how sure, where it is not law; whose duty on whose
goods; old → new; from when; and what it rests on.
"""

from dataclasses import replace

from service.core.certainty import Certainty
from service.core.change import Change, Kind
from service.core.codes import format_product, importer_label
from service.core.event import Action, ClaimAssessed, Measure, NegotiationStep, Product, Verdict
from service.core.message.line import Line, say_law_now
from service.core.message.moves import MOVES, ON_TOP
from service.core.message.phrase import (
    SAID_RATE,
    capitalise,
    say_day,
    say_goods,
    say_laws,
    say_moment,
    say_scope,
    say_source,
    shorten,
    zone_of,
)
from service.core.message.talks import say_attribution, say_stage, say_state, say_step, say_terms
from service.core.standing import MeasureStanding
from service.core.standing.track import TrackStanding

LONGEST_HEADLINE = 110
BRIEF_SCOPE = 32

__all__ = ["LONGEST_HEADLINE", "headline", "say", "say_moment"]


def say(change: Change, *, told_before: bool = True) -> str:
    """One sentence and its notes.

    `told_before`: whether the receiver was told of what a verdict is about; if not, a confirmation
    is worded as new, and a denial says what was claimed.
    """
    if change.assessment is not None:
        return _say_verdict(change, change.assessment, told_before=told_before)
    if isinstance(change.about, NegotiationStep):
        return _say_track(change, change.about)
    return str(_line_of(change, change.about))


def headline(change: Change) -> str:
    """At most 110 characters for the subject of an email: old → new, and the day."""
    if isinstance(change.about, NegotiationStep):
        said = _brief_track(change, change.about)
    else:
        said = _brief_measure(change, change.about)
    return shorten(said, LONGEST_HEADLINE)


# Measures


def _line_of(change: Change, measure: Measure) -> Line:
    line = MOVES[measure.action](change, measure)
    lead = _LEADS_OF_KINDS.get(change.headline, "") or _LEADS_OF_ACTIONS.get(measure.action, "")
    if change.headline is Kind.UPCOMING:
        lead = (
            f"In {change.days} day{'' if change.days == 1 else 's'}: " if change.days else "Today: "
        )
    if not measure.moves_law and change.headline is not Kind.THREAT_LAPSED:
        lead = _lead_of_claim(measure)
    return replace(line, lead=lead, notes=(*line.notes, *_notes(change, measure)))


_LEADS_OF_KINDS = {
    Kind.ENTERED_INTO_FORCE: "In force now: ",
    Kind.CLAIM_CONFIRMED: "Confirmed: ",
    Kind.THREAT_LAPSED: "Threat lapsed, not law: ",
}
_LEADS_OF_ACTIONS = {Action.CORRECTED: "Corrected: "}


def _lead_of_claim(measure: Measure) -> str:
    """How sure, before anything else is read."""
    certainty = measure.certainty
    if measure.action is Action.THREATENED:
        return _LEADS_OF_THREATS.get(certainty, "Threat, not law: ")
    if measure.action is Action.THREAT_WITHDRAWN:
        return "" if certainty >= Certainty.OFFICIAL_STATEMENT else _LEADS_OF_CLAIMS[certainty]
    return _LEADS_OF_CLAIMS[certainty]


_LEADS_OF_THREATS = {
    Certainty.REPORTED: "Threat reported, not law: ",
    Certainty.UNNAMED: "Threat reported from unnamed sources, not law: ",
    Certainty.RUMOUR: "Rumour of a threat, not law: ",
}
_LEADS_OF_CLAIMS = {
    Certainty.OFFICIAL_STATEMENT: "Said on record, not law: ",
    Certainty.REPORTED: "Reported, not law: ",
    Certainty.UNNAMED: "Reported from unnamed sources, not law: ",
    Certainty.RUMOUR: "Rumour, not law: ",
}


def _notes(change: Change, measure: Measure) -> list[str]:
    laws = say_laws(change.citations)
    kind = "Case" if measure.action is Action.RULED_UNLAWFUL else "Law"
    if not measure.moves_law:
        rests = f"Cites {laws}." if laws else ""
        return [say_law_now(change), rests, _say_conflict(change), _say_programme(measure)]
    if measure.certainty is Certainty.ANNOUNCED:
        cited = f" Cites {laws}." if laws else ""
        by = "" if kind == "Case" else " by the authority"
        rests = f"Announced{by}, legal text not seen yet.{cited}"
    else:
        rests = f"{kind}: {laws}." if laws else "A legal text exists; none was cited."
    now = say_law_now(change) if _is_over(change) else ""
    return [now, rests, _say_conflict(change), _say_programme(measure)]


def _is_over(change: Change) -> bool:
    """Whether it only changes what was owed in the past."""
    before, after = change.before, change.after
    if not isinstance(before, MeasureStanding) or not isinstance(after, MeasureStanding):
        return False
    began = change.effective_at is not None and change.effective_at.at <= change.seen_at
    return began and change.old != change.new and before.applied == after.applied


def _say_programme(measure: Measure) -> str:
    known = measure.programme if measure.programme != "unspecified" else None
    return f"Programme: {shorten(known, SAID_RATE)}." if known else ""


def _say_conflict(change: Change) -> str:
    view = change.after
    known = isinstance(view, MeasureStanding) and any(
        change.event in group for group in view.conflicts
    )
    return "Another source of equal standing says otherwise." if known else ""


# Verdicts


def _say_verdict(change: Change, claim: ClaimAssessed, *, told_before: bool) -> str:
    who = _say_who(claim)
    verdict = claim.verdict.value
    what, noun = _clause(change), _noun(change)
    if told_before or claim.verdict is Verdict.RETRACTED:
        said = f"{capitalise(verdict)} by {who}: the {noun} “{what}”."
    elif claim.verdict is Verdict.CONFIRMED:
        said = f"{capitalise(noun)} confirmed by {who}: {what}."
    else:
        said = f"{capitalise(noun)}, {verdict} by {who}: {what}."
    return " ".join(part for part in (said, _say_after_verdict(change)) if part)


def _say_who(claim: ClaimAssessed) -> str:
    publisher = next((one.publisher for one in claim.evidence if one.publisher), None)
    source = say_source(claim.certainty)
    return f"{source} ({shorten(publisher, SAID_RATE)})" if publisher else source


def _clause(change: Change) -> str:
    """What was said then, without what we made of it."""
    if isinstance(change.about, NegotiationStep):
        return say_step(change.about)
    bare = replace(
        change,
        before=None,
        after=None,
        old=None,
        new=None,
        moved_from=None,
        kinds=(Kind.CLAIM_MADE,),
    )
    return MOVES[change.about.action](bare, change.about).clause


def _noun(change: Change) -> str:
    about = change.about
    if isinstance(about, Measure) and about.action is Action.THREATENED:
        return "threat"
    return _NOUNS[about.certainty]


_NOUNS = {
    Certainty.INSTRUMENT: "text",
    Certainty.ANNOUNCED: "announcement",
    Certainty.OFFICIAL_STATEMENT: "official statement",
    Certainty.REPORTED: "report",
    Certainty.UNNAMED: "report from unnamed sources",
    Certainty.RUMOUR: "rumour",
}


def _say_after_verdict(change: Change) -> str:
    view = change.after
    if isinstance(view, TrackStanding):
        stage = view.state or view.stage
        return f"Talks now: {say_stage(stage)}." if stage else ""
    if change.headline is not Kind.CORRECTION:
        return say_law_now(change)
    return say_law_now(change, "What stands now") or "What stands now: nothing."


# Talks


def _say_track(change: Change, step: NegotiationStep) -> str:
    lead = _LEADS_OF_TALKS.get(step.certainty, "")
    terms = say_terms(step.terms)
    agreed = change.headline is Kind.AGREEMENT_REACHED
    notes = [
        f"Terms: {terms}." if terms else "",
        _say_former_stage(change),
        say_attribution(step),
        "No duty moves until a legal text says so." if agreed else "",
    ]
    return " ".join([f"{lead}{say_step(step)}.", *(note for note in notes if note)])


_LEADS_OF_TALKS = {
    Certainty.REPORTED: "Reported: ",
    Certainty.UNNAMED: "Reported from unnamed sources: ",
    Certainty.RUMOUR: "Rumour: ",
}


def _say_former_stage(change: Change) -> str:
    view = change.before
    stage = (view.state or view.stage) if isinstance(view, TrackStanding) else None
    return f"Before: {say_stage(stage)}." if stage and stage is not change.action else ""


# Subject lines


def _brief_track(change: Change, step: NegotiationStep) -> str:
    parties, stage = say_state(step)
    view = change.before
    former = (view.state or view.stage) if isinstance(view, TrackStanding) else None
    moved = f"{say_stage(former)} → {stage}" if former and former is not step.stage else stage
    if change.assessment:
        return f"{capitalise(change.assessment.verdict.value)}: {parties}: {stage}"
    return f"{_LEADS_OF_TALKS.get(step.certainty, '')}{parties}: {moved}"


def _brief_measure(change: Change, measure: Measure) -> str:
    """Whose duty, the move and the day stay; the programme comes where there is room."""
    if change.assessment:
        lead, move = (
            f"{capitalise(change.assessment.verdict.value)}: ",
            _clause(change).partition(": ")[2],
        )
    else:
        line = _line_of(change, measure)
        lead, move = line.lead, (line.brief or line.move) + _brief_when(change, measure)
    for phrase in _LEFT_OUT:
        move = move.replace(phrase, "")
    programme = f" ({measure.programme})" if _say_programme(measure) else ""
    whole = Product(scope="all", condition=measure.product.condition)
    plain = f"{importer_label(measure.importer)} duty on {say_goods(measure.origin, whole)}"
    scope = f" ({_brief_scope(measure.product)})" if _brief_scope(measure.product) else ""
    part = " (part)" if scope and measure.product.scope != "all" else ""
    offered = (
        f"{lead}{plain}{scope}: {move}{programme}",
        f"{lead}{plain}{scope}: {move}",
        f"{lead}{plain}{part}: {move}{programme}",
        f"{lead}{plain}{part}: {move}",
    )
    return next((one for one in offered if len(one) <= LONGEST_HEADLINE), offered[-1])


_AS_OF = frozenset({Action.EXEMPTED, Action.EXEMPTION_ENDED})
_LEFT_OUT = (
    ON_TOP,
    " in lieu of the baseline",
    " (or the column-1 rate where higher)",
    " (or the ordinary rate where higher)",
)


def _brief_scope(product: Product) -> str:
    """In the words of the event, else the first code and how many more."""
    if product.scope != "codes":
        return say_scope(product, BRIEF_SCOPE)
    if product.text:
        return shorten(product.text, BRIEF_SCOPE)
    more = len(product.include) - 1
    return format_product(product.include[0]) + (f" + {more} codes" if more else "")


def _brief_when(change: Change, measure: Measure) -> str:
    zone = zone_of(measure.importer)
    start, until = measure.effective_at, measure.until
    if change.moved_from:
        new = until if measure.action is Action.EXTENDED else start
        return f", {say_day(change.moved_from, zone)} → {say_day(new, zone) if new else 'no date'}"
    if measure.condition and measure.condition.deadline:
        return f", deadline {say_day(measure.condition.deadline, zone)}"
    if measure.action is Action.EXTENDED:
        start = None  # of the extension; the pause itself began before
    word = "as of" if measure.action in _AS_OF else "from"
    said = f" {word} {say_day(start, zone)}" if start else ""
    said += f" until {say_day(until, zone)}" if until else ""
    return said + (" (retroactive)" if change.retroactive else "")
