"""Whether one lane meets a change, and the words for it either way."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from service.core.codes import country_phrase, members
from service.core.event import Measure, NegotiationStep
from service.core.match.facts import Facts
from service.core.match.goods import Met, meet_goods, say_few
from service.core.match.subscription import Lane

_EVERYTHING = "you follow everything"


@dataclass(frozen=True, slots=True)
class Match:
    """`lane` counts from 1; `yours` are the receiver's own codes that met the change.

    `possible`: the goods are only described, so this may not concern the receiver. `six_digits`:
    the codes belong to different nomenclatures and were compared on six digits. `stock` are the
    codes of `catalogue` that are concerned, where the lane follows one.
    """

    lane: int
    reason: str
    possible: bool = False
    six_digits: bool = False
    yours: tuple[str, ...] = ()
    catalogue: str | None = None
    stock: tuple[str, ...] = ()


def match_lane(facts: Facts, lane: Lane, number: int, *, possible: bool) -> Match | str:
    """The match, or what stopped it: the setting, a colon, and what the change is instead."""
    measure = facts.measure
    if measure is None or facts.goods is None:
        return _match_track(facts, lane, number)
    stopped = _stopped_by_place(facts, measure, lane) or _stopped_by_name(facts, measure, lane)
    if stopped:
        return stopped
    met: Met | str = _ANY_GOODS
    if lane.product:
        met = meet_goods(facts.goods, lane.product, facts.on, possible=possible)
    if isinstance(met, str):
        return f"product: {met}"
    said = [*_say_places(facts, measure, lane), *_say_names(measure, lane), met.reason]
    reason = "; ".join(filter(None, said)) or _EVERYTHING
    found = Match(number, reason, met.possible, met.six_digits, met.yours)
    if lane.product and lane.product.catalogue:
        owned = lane.product.stands_for(facts.on) if lane.product.heirs else {}
        stock = tuple(dict.fromkeys(own for code in met.yours for own in owned.get(code, (code,))))
        return replace(found, catalogue=lane.product.catalogue, stock=stock)
    return found


_ANY_GOODS = Met("", ())


def _match_track(facts: Facts, lane: Lane, number: int) -> Match | str:
    if lane.measure_field:
        return f"{lane.measure_field}: it asks for measures, and these are talks"
    for role, code in lane.roles.items():
        if code not in facts.parties:
            return f"{role}: {country_phrase(code)} is no named party to these talks"
    named = sorted(lane.parties)
    stated = facts.change.about.named if isinstance(facts.change.about, NegotiationStep) else ()
    said = (f"{country_phrase(code)}{_through(code, stated, facts.on)}" for code in named)
    verb = "are" if len(named) > 1 else "is"
    reason = f"{' and '.join(said)} {verb} party to these talks"
    return Match(number, reason if named else _EVERYTHING)


def _stopped_by_place(facts: Facts, measure: Measure, lane: Lane) -> str | None:
    if lane.party:
        return "party: it asks for talks, and this is a measure"
    if lane.importer and lane.importer not in facts.importers:
        levies = country_phrase(measure.importer)
        return f"importer: it asks for {country_phrase(lane.importer)}, here {levies} levies"
    if lane.origin and not _is_origin(facts, lane.origin):
        return f"origin: it asks for goods of {country_phrase(lane.origin)}, these are not"
    if lane.country and not (_levies(facts, lane) or _supplies(facts, lane)):
        name = country_phrase(lane.country)
        return f"country: {name} neither levies this nor are these its goods"
    return None


def _is_origin(facts: Facts, code: str) -> bool:
    if facts.origins is None:
        return code not in facts.not_origins
    return code in facts.origins


def _levies(facts: Facts, lane: Lane) -> bool:
    """Whether the lane's country, in the importer's role, is also the importer it asks for."""
    return lane.country in facts.importers and _agree(lane.country, lane.importer, facts.on)


def _supplies(facts: Facts, lane: Lane) -> bool:
    country = lane.country
    return bool(country and _is_origin(facts, country) and _agree(country, lane.origin, facts.on))


def _agree(code: str | None, other: str | None, on: date) -> bool:
    """Whether some one country is meant by both; None leaves it open."""
    if code is None or other is None or code == other:
        return True
    return code in members(other, on) or other in members(code, on)


def _stopped_by_name(facts: Facts, measure: Measure, lane: Lane) -> str | None:
    if lane.programmes and measure.programme not in lane.programmes:
        asked, named = say_few(lane.programmes), measure.programme or "of none that is named"
        return f"programmes: it asks for {asked}, this is {named}"
    if lane.measures and facts.change.subject.removeprefix("measure:") not in lane.measures:
        return f"measures: it asks for {say_few(lane.measures)}, this is {facts.change.subject}"
    return None


def _say_places(facts: Facts, measure: Measure, lane: Lane) -> Iterator[str]:
    levies = lane.country is not None and _levies(facts, lane)
    for code in _once(lane.importer, lane.country if levies else None):
        yield f"{country_phrase(code)} levies it{_through(code, [measure.importer], facts.on)}"
    for code in _once(lane.origin, None if levies else lane.country):
        if measure.origin.kind == "all":
            yield f"it is on goods of every origin, so of {country_phrase(code)} too"
        else:
            through = _through(code, measure.origin.members, facts.on)
            yield f"it is on goods of {country_phrase(code)}{through}"


def _once(*codes: str | None) -> Iterable[str]:
    return dict.fromkeys(code for code in codes if code)


def _through(code: str, stated: Collection[str], on: date) -> str:
    """How a country that the event does not name is meant by it all the same."""
    if code in stated:
        return ""
    via = [country_phrase(name) for name in stated if code in members(name, on)]
    return f" (in {via[0]})" if via else " (through a member)"


def _say_names(measure: Measure, lane: Lane) -> Iterator[str]:
    if lane.programmes:
        yield f"its programme is {measure.programme}"
    if lane.measures:
        yield "you follow this measure"
