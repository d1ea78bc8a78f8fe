"""What is said of a step between parties: who moves towards whom, and how far they have come."""

from collections.abc import Mapping
from typing import Any

from service.core.certainty import Certainty
from service.core.codes import country_phrase
from service.core.duty import Basis, say_number
from service.core.event import NegotiationStep, Party, Stage
from service.core.message.phrase import (
    SAID_RATE,
    capitalise,
    join_names,
    read_number,
    say_moment,
    say_source,
    shorten,
    zone_of,
)

SAID_TERMS = 4


def say_step(step: NegotiationStep) -> str:
    """As "Japan sends a delegation to the US"; without a full stop."""
    template = _SAYINGS[step.stage]
    movers, others = _sides(step)
    one = len(movers) == 1 and movers[0].code is not None
    said = template.format(
        all=_say_all(step),
        movers=_say_parties(movers),
        others=_say_parties(others),
        s="s" if one else "",
        es="es" if one else "",
        ies="ies" if one else "y",
    )
    return capitalise(said) + _say_day_of(step)


def say_state(step: NegotiationStep) -> tuple[str, str]:
    """Parties and stage by themselves, for a subject line: ("China and the US", "outreach")."""
    return capitalise(_say_all(step)), say_stage(step.stage)


def say_stage(stage: Stage) -> str:
    """In words, as a state rather than as an act."""
    return _STATES.get(stage, stage.value.replace("_", " "))


def say_terms(terms: Mapping[str, Any] | None) -> str:
    """As "15 % in all"; unknown keys go by their name, nested ones are left to the event."""
    if not terms:
        return ""
    rate = read_number(terms.get("rate"))
    known = [] if rate is None else [f"{say_number(rate)} %{say_basis(terms.get('basis'))}"]
    taken = {"rate", "basis"} if known else set()
    other = [_say_term(name, value) for name, value in terms.items() if name not in taken]
    said = [one for one in (*known, *other) if one]
    return "; ".join(said[:SAID_TERMS]) + ("; …" if len(said) > SAID_TERMS else "")


def say_basis(basis: Any) -> str:
    """What a figure from free terms is measured against; nothing where we do not know the word."""
    return _BASES.get(str(basis), "")


_BASES = {
    Basis.TOTAL.value: " in all",
    Basis.TOTAL_FLOOR.value: " in all at least",
    Basis.ADDITIONAL.value: " on top of other duties",
}


def _say_term(name: str, value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value if not isinstance(one, dict | list))
    if isinstance(value, dict):
        return ""
    rate = read_number(value) if name.startswith("rate") else None
    words = str(value) if rate is None else f"{say_number(rate)} %"
    return shorten(f"{name.replace('_', ' ')}: {words}", SAID_RATE)


def say_attribution(step: NegotiationStep) -> str:
    """As "Said on record by Scott Bessent, Treasury Secretary"; empty where nothing is known."""
    who = step.attribution
    named = [one for one in (who.speaker, who.office) if one] if who else []
    medium = f" ({who.medium})" if who and who.medium else ""
    published = next((one.publisher for one in step.evidence if one.publisher), None)
    source = (
        ", ".join(named) or published or _SOURCES.get(step.certainty) or say_source(step.certainty)
    )
    return shorten(f"{_VERBS[step.certainty]} by {source}{medium}", 2 * SAID_RATE) + "."


def _sides(step: NegotiationStep) -> tuple[list[Party], list[Party]]:
    """Who moves, and towards whom; where roles do not tell, the first named moves."""
    movers = [party for party in step.parties if party.role == "initiator"]
    movers = movers or [party for party in step.parties if party.role != "contacted"]
    movers = movers or [*step.parties]
    others = [party for party in step.parties if party not in movers]
    return (movers, others) if others else (movers[:1], movers[1:])


def _say_all(step: NegotiationStep) -> str:
    """Named parties in order of their names, so that a pair reads the same in every alert."""
    named = sorted((one for one in step.parties if one.code), key=_say_party_plain)
    return _say_parties([*named, *(one for one in step.parties if not one.code)])


def _say_party_plain(party: Party) -> str:
    return _say_party(party).removeprefix("the ")


def _say_parties(parties: list[Party]) -> str:
    return join_names(_say_party(party) for party in parties)


def _say_party(party: Party) -> str:
    if party.code:
        return country_phrase(party.code)
    low, high = (party.count.low, party.count.high) if party.count else (None, None)
    if low and high and low != high:
        return f"{low} to {high} unnamed countries"
    number = low or high
    if number is None:
        return "unnamed countries"
    return f"{number} unnamed {'countries' if number > 1 else 'country'}"


def _say_day_of(step: NegotiationStep) -> str:
    if step.occurs_at is None:
        return ""
    return f", {say_moment(step.occurs_at, zone_of(first_named(step)))}"


def first_named(step: NegotiationStep) -> str:
    """The party in whose zone the step is dated; there always is one."""
    return next(party.code for party in step.parties if party.code)


_SAYINGS = {
    Stage.INTEREST_EXPRESSED: "{movers} want{s} talks with {others}",
    Stage.OUTREACH: "{movers} reach{es} out to {others}",
    Stage.DELEGATION_DISPATCHED: "{movers} send{s} a delegation to {others}",
    Stage.TALKS_EXPECTED: "{all}: talks expected",
    Stage.TALKS_SCHEDULED: "{all}: talks scheduled",
    Stage.UNDER_WAY: "{all}: talks under way",
    Stage.LEADER_MEETING_HELD: "{all}: leaders met",
    Stage.FRAMEWORK: "{all}: framework agreed",
    Stage.AGREEMENT_SIGNED: "{all}: agreement signed",
    Stage.IMPLEMENTED: "{all}: agreement carried out",
    Stage.PRECONDITION_SET: "{movers} set{s} a precondition for talks with {others}",
    Stage.NO_TALKS_SCHEDULED: "{all}: no talks scheduled",
    Stage.STALLED: "{all}: talks stalled",
    Stage.SUSPENDED: "{all}: talks suspended",
    Stage.TERMINATED: "{all}: talks ended",
    Stage.DENIED: "{movers} den{ies} talks with {others}",
}
_STATES = {
    Stage.INTEREST_EXPRESSED: "interest in talks",
    Stage.DELEGATION_DISPATCHED: "delegation sent",
    Stage.UNDER_WAY: "talks under way",
    Stage.LEADER_MEETING_HELD: "leaders met",
    Stage.FRAMEWORK: "framework agreed",
    Stage.IMPLEMENTED: "agreement carried out",
    Stage.STALLED: "talks stalled",
    Stage.SUSPENDED: "talks suspended",
    Stage.TERMINATED: "talks ended",
    Stage.DENIED: "talks denied",
}
_SOURCES = {Certainty.ANNOUNCED: "a party"}
_VERBS = {
    Certainty.INSTRUMENT: "Documented",
    Certainty.ANNOUNCED: "Announced",
    Certainty.OFFICIAL_STATEMENT: "Said on record",
    Certainty.REPORTED: "Reported",
    Certainty.UNNAMED: "Reported",
    Certainty.RUMOUR: "Rumoured",
}
