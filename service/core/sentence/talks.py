"""What is said of a step between parties: who moves towards whom, and how far they have come."""

from collections.abc import Iterable

from service.core.certainty import Certainty
from service.core.event import NegotiationStep, Party, Stage
from service.core.language import Tongue, noted
from service.core.sentence.phrase import (
    SAID_RATE,
    capitalise,
    join_names,
    say_moment,
    say_source,
    shorten,
    zone_of,
)
from service.core.standing.track import TrackStanding


def say_step(tongue: Tongue, step: NegotiationStep) -> str:
    """As "Japan sends a delegation to the US"; without a full stop."""
    if step.stage in _STATED:
        said = tongue.say(_STATED[step.stage], all=_say_all(tongue, step))
    else:
        movers, others = _sides(step)
        said = tongue.say(
            _ACTS[step.stage][_are_many(tongue, movers)],
            movers=_say_doers(tongue, movers),
            others=_say_others(tongue, others),
        )
    said = capitalise(said)
    if step.occurs_at is None:
        return said
    day = say_moment(tongue, step.occurs_at, zone_of(first_named(step)))
    return tongue.say("{step}, {day}", step=said, day=day)


def say_state(tongue: Tongue, step: NegotiationStep) -> tuple[str, str]:
    """Parties and stage by themselves, for a subject line: ("China and the US", "outreach")."""
    return capitalise(_say_all(tongue, step)), say_stage(tongue, step.stage)


def say_stage(tongue: Tongue, stage: Stage) -> str:
    """In words, as a state rather than as an act."""
    return tongue.say(_STATES[stage])


def say_talks_now(tongue: Tongue, track: TrackStanding) -> str:
    """How far they have come, whatever else is said of them; empty where nothing is left."""
    stage = track.state or track.stage
    return tongue.say("Talks now: {stage}.", stage=say_stage(tongue, stage)) if stage else ""


def say_attribution(tongue: Tongue, step: NegotiationStep) -> str:
    """As "Said on record by Scott Bessent, Treasury Secretary."."""
    who = step.attribution
    named = [one for one in (who.speaker, who.office) if one] if who else []
    published = next((one.publisher for one in step.evidence if one.publisher), None)
    source = ", ".join(named) or published
    if source is None and step.certainty is Certainty.RUMOUR:
        return tongue.say("Its source is not known.")
    source = shorten(source, SAID_RATE) if source else _say_unnamed(tongue, step.certainty)
    if who and who.medium:
        medium = shorten(who.medium, SAID_RATE)
        source = tongue.say("{source} ({medium})", source=source, medium=medium)
    return tongue.say(_VERBS[step.certainty], source=source)


def _say_unnamed(tongue: Tongue, certainty: Certainty) -> str:
    if certainty is Certainty.ANNOUNCED:
        return tongue.say("one of the parties")
    return say_source(tongue, certainty)


def _sides(step: NegotiationStep) -> tuple[list[Party], list[Party]]:
    """Who moves, and towards whom; where roles do not tell, the first named moves."""
    movers = [party for party in step.parties if party.role == "initiator"]
    movers = movers or [party for party in step.parties if party.role != "contacted"]
    movers = movers or [*step.parties]
    others = [party for party in step.parties if party not in movers]
    return (movers, others) if others else (movers[:1], movers[1:])


def _are_many(tongue: Tongue, movers: list[Party]) -> bool:
    """As the verb takes them: some languages have names in the plural."""
    if len(movers) != 1:
        return True
    code, count = movers[0].code, movers[0].count
    if code is None:
        return count is None or (count.high or count.low) != 1
    return tongue.name(code).is_many


def _say_all(tongue: Tongue, step: NegotiationStep) -> str:
    """Named parties in order of their names, so that a pair reads the same in every alert."""
    named = sorted(step.named, key=lambda code: tongue.name(code).other.removeprefix("the "))
    unnamed = [_say_unknown(tongue, one, "doer") for one in step.parties if not one.code]
    return join_names(tongue, [*(tongue.name(code).doer for code in named), *unnamed])


def _say_doers(tongue: Tongue, parties: Iterable[Party]) -> str:
    said = (
        tongue.name(one.code).doer if one.code else _say_unknown(tongue, one, "doer")
        for one in parties
    )
    return join_names(tongue, said)


def _say_others(tongue: Tongue, parties: Iterable[Party]) -> str:
    said = (
        tongue.name(one.code).other if one.code else _say_unknown(tongue, one, "other")
        for one in parties
    )
    return join_names(tongue, said)


def _say_unknown(tongue: Tongue, party: Party, place: str) -> str:
    """`place`: whether they begin the clause, or stand behind "to" and "with"."""
    low, high = (party.count.low, party.count.high) if party.count else (None, None)
    number = high or low
    if number is None:
        return tongue.say_as(place, "unnamed countries")
    if number == 1:
        return tongue.say_as(place, "1 unnamed country")
    if low and low != number:
        span = {"low": tongue.number(low), "high": tongue.number(number)}
        return tongue.say_as(place, "{low} to {high} unnamed countries", **span)
    return tongue.say_as(place, "{number} unnamed countries", number=tongue.number(number))


def first_named(step: NegotiationStep) -> str:
    """The party in whose zone the step is dated; there always is one."""
    return next(party.code for party in step.parties if party.code)


_ACTS = {
    Stage.INTEREST_EXPRESSED: (
        noted("{movers} wants talks with {others}"),
        noted("{movers} want talks with {others}"),
    ),
    Stage.OUTREACH: (
        noted("{movers} reaches out to {others}"),
        noted("{movers} reach out to {others}"),
    ),
    Stage.DELEGATION_DISPATCHED: (
        noted("{movers} sends a delegation to {others}"),
        noted("{movers} send a delegation to {others}"),
    ),
    Stage.PRECONDITION_SET: (
        noted("{movers} sets a precondition for talks with {others}"),
        noted("{movers} set a precondition for talks with {others}"),
    ),
    Stage.DENIED: (
        noted("{movers} denies talks with {others}"),
        noted("{movers} deny talks with {others}"),
    ),
}
"""By one party, and by several: each side has a part in it."""
_STATED = {
    Stage.TALKS_EXPECTED: noted("{all}: talks expected"),
    Stage.TALKS_SCHEDULED: noted("{all}: talks scheduled"),
    Stage.UNDER_WAY: noted("{all}: talks under way"),
    Stage.LEADER_MEETING_HELD: noted("{all}: leaders met"),
    Stage.FRAMEWORK: noted("{all}: framework agreed"),
    Stage.AGREEMENT_SIGNED: noted("{all}: agreement signed"),
    Stage.IMPLEMENTED: noted("{all}: agreement carried out"),
    Stage.NO_TALKS_SCHEDULED: noted("{all}: no talks scheduled"),
    Stage.STALLED: noted("{all}: talks stalled"),
    Stage.SUSPENDED: noted("{all}: talks suspended"),
    Stage.TERMINATED: noted("{all}: talks ended"),
}
_STATES = {
    Stage.INTEREST_EXPRESSED: noted("interest in talks"),
    Stage.OUTREACH: noted("outreach"),
    Stage.DELEGATION_DISPATCHED: noted("delegation sent"),
    Stage.TALKS_EXPECTED: noted("talks expected"),
    Stage.TALKS_SCHEDULED: noted("talks scheduled"),
    Stage.UNDER_WAY: noted("talks under way"),
    Stage.LEADER_MEETING_HELD: noted("leaders met"),
    Stage.FRAMEWORK: noted("framework agreed"),
    Stage.AGREEMENT_SIGNED: noted("agreement signed"),
    Stage.IMPLEMENTED: noted("agreement carried out"),
    Stage.PRECONDITION_SET: noted("precondition set"),
    Stage.NO_TALKS_SCHEDULED: noted("no talks scheduled"),
    Stage.STALLED: noted("talks stalled"),
    Stage.SUSPENDED: noted("talks suspended"),
    Stage.TERMINATED: noted("talks ended"),
    Stage.DENIED: noted("talks denied"),
}
_REPORTED = noted("Reported by {source}.")
_VERBS = {
    Certainty.INSTRUMENT: noted("Documented by {source}."),
    Certainty.ANNOUNCED: noted("Announced by {source}."),
    Certainty.OFFICIAL_STATEMENT: noted("Said on record by {source}."),
    Certainty.REPORTED: _REPORTED,
    Certainty.UNNAMED: _REPORTED,
    Certainty.RUMOUR: noted("A rumour spread by {source}."),
}
