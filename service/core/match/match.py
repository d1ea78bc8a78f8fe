"""Who is told of a change, and why, or why not.

SQL only narrows (`narrow` says by what); `match` decides, live, in preview and when asked why.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from service.core.change import Change
from service.core.codes import country_phrase, groups_of, members
from service.core.event import Measure, NegotiationStep, Origin, Product
from service.core.event.fields import LONGEST_COMMON
from service.core.match.goods import Goods, Met, goods_of, meet_goods, say_few
from service.core.match.subscription import Lane, Rule

PREFIXES = (2, 4, 6)
_LEVYING = frozenset({"EU"})
"""Groups that act as one customs territory; a free-trade area does not."""
_NOBODY: frozenset[str] = frozenset()
_EVERYTHING = "you follow everything"


@dataclass(frozen=True, slots=True)
class Match:
    """`lane` counts from 1; `yours` are the receiver's own codes that met the change.

    `possible`: the goods are only described, so this may not concern the receiver. `six_digits`:
    the codes belong to different nomenclatures and were compared on six digits.
    """

    lane: int
    reason: str
    possible: bool = False
    six_digits: bool = False
    yours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """What stopped it: the setting, and what the change is instead."""

    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a change is about, countries expanded to unions and members on its day."""

    change: Change
    on: date
    importers: frozenset[str]
    origins: frozenset[str] | None  # None: every origin but `not_origins`
    not_origins: frozenset[str]
    goods: Goods | None
    parties: frozenset[str]

    @property
    def measure(self) -> Measure | None:
        """The data, where the change is about a measure."""
        return self.change.about if isinstance(self.change.about, Measure) else None

    @property
    def product(self) -> Product | None:
        """The goods of a measure; a negotiation has none."""
        return self.goods.product if self.goods else None


@dataclass(frozen=True, slots=True)
class Narrow:
    """What an index must look for so that no match is lost; empty strings mean "any".

    `origins` None: do not look at origins. `codes` None: do not look at codes. `blocks` are
    six-digit prefixes (or shorter) whose descendants count too.
    """

    layer: str
    subject: str
    importers: frozenset[str]
    origins: frozenset[str] | None
    codes: frozenset[str] | None
    blocks: frozenset[str]
    possible_only: bool


def facts_of(change: Change) -> Facts:
    """Once a change; `match` then costs little a subscription."""
    on = (change.effective_at.at if change.effective_at else change.seen_at).date()
    about = change.about
    if isinstance(about, NegotiationStep):
        parties = _with_unions(_with_members(about.named, on), on)
        return Facts(change, on, _NOBODY, None, _NOBODY, None, parties)
    importers = _with_unions(_with_members({about.importer}, on), on)
    exempt = _exempt(about, on)
    origins = _origins(about.origin, exempt, on)
    return Facts(change, on, importers, origins, exempt, goods_of(about.product), _NOBODY)


def _exempt(measure: Measure, on: date) -> frozenset[str]:
    """Origins let off; nor are an importer's own goods imports, when it levies on everyone."""
    own = {measure.importer} if measure.origin.kind == "all" else set()
    gone = _with_members({*measure.origin.excluded, *own}, on)
    return gone | {union for union in _LEVYING if members(union, on) <= gone}


def _origins(origin: Origin, exempt: frozenset[str], on: date) -> frozenset[str] | None:
    if origin.kind == "all":
        return None
    return _with_unions(_with_members(origin.members, on) - exempt, on)


def _with_members(codes: Iterable[str], on: date) -> frozenset[str]:
    """Let groups stand for their members."""
    return frozenset(codes).union(*(members(code, on) for code in codes))


def _with_unions(codes: frozenset[str], on: date) -> frozenset[str]:
    """Who follows a customs union hears of each member."""
    return codes.union(*(groups_of(code, on) & _LEVYING for code in codes))


def narrow(facts: Facts) -> Narrow:
    """Cast the widest net that still holds every match."""
    subject = facts.change.subject
    if facts.goods is None:
        parties = facts.parties | {""}
        return Narrow("track", subject, parties, parties, None, _NOBODY, possible_only=False)
    importers = facts.importers | {""}
    origins = None if facts.origins is None else facts.origins | {""}
    codes, blocks = _net_of_codes(facts.goods)
    vague = facts.goods.is_vague
    return Narrow("measure", subject, importers, origins, codes, blocks, possible_only=vague)


def _net_of_codes(goods: Goods) -> tuple[frozenset[str] | None, frozenset[str]]:
    """List each code's shared digits and all above them; `blocks` find what is below."""
    if goods.product.scope == "all":
        return None, frozenset()
    above = {code[:size] for code in goods.include for size in PREFIXES if size <= len(code)}
    return frozenset(above | {""}), frozenset(code[:LONGEST_COMMON] for code in goods.include)


def match(facts: Facts, rule: Rule, told_pp: Decimal | None = None) -> Match | Miss:
    """Find the first lane that surely matches, else the first that may; or what stopped each.

    `told_pp` is the rate this destination was last told for the subject, in percent, if any:
    small steps add up until they pass a minimum delta.
    """
    stopped = _stopped_by_minima(facts.change, rule, told_pp) or _stopped_by_breadth(facts, rule)
    if stopped:
        return Miss(stopped)
    maybe: Match | None = None
    misses: list[str] = []
    for number, lane in enumerate(rule.lanes, start=1):
        found = _match_lane(facts, lane, number, possible=rule.possible)
        if isinstance(found, str):
            misses.append(f"lane {number}: {found}")
        elif not found.possible:
            return found
        else:
            maybe = maybe or found
    return maybe or Miss("; ".join(misses))


def _stopped_by_minima(change: Change, rule: Rule, told_pp: Decimal | None) -> str | None:
    if rule.kinds and not set(rule.kinds) & set(change.kinds):
        return f"kinds: you asked for {', '.join(rule.kinds)}, this is {', '.join(change.kinds)}"
    if rule.min_certainty and change.certainty < rule.min_certainty:
        return f"min_certainty: you asked for {rule.min_certainty}, this is {change.certainty}"
    least = rule.min_delta_pp
    delta = None if least is None else _delta_since_told(change, told_pp)
    if least is not None and delta is not None and abs(delta) < least:
        return f"min_delta_pp: you asked for {least}, this moves {abs(delta)} points"
    return None


def _delta_since_told(change: Change, told_pp: Decimal | None) -> Decimal | None:
    """Null stays null, and passes; what can be compared is compared with what was told."""
    if change.delta_pp is None or told_pp is None:
        return change.delta_pp
    now = change.new.percent if change.new else None
    return change.delta_pp if now is None else now - told_pp


def _stopped_by_breadth(facts: Facts, rule: Rule) -> str | None:
    if facts.goods and facts.origins is None and not rule.blanket:
        return "blanket: you asked for no measures on every origin, this is one"
    return None


def _match_lane(facts: Facts, lane: Lane, number: int, *, possible: bool) -> Match | str:
    measure = facts.measure
    if measure is None or facts.goods is None:
        return _match_track(facts, lane, number)
    stopped = _stopped_by_place(facts, measure, lane) or _stopped_by_name(facts, measure, lane)
    if stopped:
        return stopped
    met = meet_goods(facts.goods, lane.product, possible=possible) if lane.product else _ANY_GOODS
    if isinstance(met, str):
        return f"product: {met}"
    said = [*_say_places(facts, measure, lane), *_say_names(measure, lane), met.reason]
    reason = "; ".join(filter(None, said)) or _EVERYTHING
    return Match(number, reason, met.possible, met.six_digits, met.yours)


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
