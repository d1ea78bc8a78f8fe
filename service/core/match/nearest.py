"""The nearest setting that would have matched: single settings loosened, and `match` asked again.

Whatever is offered here does match; what none of them mends is stopped by more than one setting.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from service.core.codes import (
    country_phrase,
    format_product,
    groups_of,
    is_country,
    members,
)
from service.core.event import Measure
from service.core.match.facts import Facts
from service.core.match.goods import say_few
from service.core.match.lane import Match
from service.core.match.match import match, points_since_told
from service.core.match.subscription import Lane, ProductLane, Rule

OFFERED = 5
TRIED = 100
"""Wider codes that are tried of one lane, at most."""
ANY = "any"


@dataclass(frozen=True, slots=True)
class Nearest:
    """`value` instead of `was`; `lane` counts from 1, and is 0 for a setting beside the lanes.

    `reason` is that of the match which it makes.
    """

    lane: int
    setting: str
    was: str
    value: str
    reason: str

    @property
    def said(self) -> str:
        """As "product 87 instead of 8704 in lane 2"."""
        place = f" in lane {self.lane}" if self.lane > 1 else ""
        return f"{self.setting} {self.value} instead of {self.was}{place}"


Try = tuple[str, str, str, Rule]
"""A setting, what it was, what it becomes, and the rule with that alone changed."""


def find_nearest(facts: Facts, rule: Rule, told_pp: Decimal | None = None) -> list[Nearest]:
    """What would have let it through: settings beside the lanes, and of each lane the nearest."""
    found = [_take(facts, [one], 0, told_pp) for one in _loosen_minima(facts, rule, told_pp)]
    for number, lane in enumerate(rule.lanes, start=1):
        tries = (
            (setting, was, value, _with(rule, lanes=(changed,)))  # no other lane lets it through
            for setting, was, value, changed in _loosen_lane(facts, lane)
        )
        found.append(_take(facts, tries, number, told_pp))
    return [one for one in found if one][:OFFERED]


def _take(facts: Facts, tries: Iterable[Try], lane: int, told_pp: Decimal | None) -> Nearest | None:
    for setting, was, value, rule in tries:
        answer = match(facts, rule, told_pp)
        if isinstance(answer, Match):
            return Nearest(lane, setting, was, value, answer.reason)
    return None


def _loosen_minima(facts: Facts, rule: Rule, told_pp: Decimal | None) -> Iterator[Try]:
    change, least = facts.change, rule.min_delta_pp
    if change.lead:
        leads = (*rule.lead_times, change.lead)
        was = ", ".join(map(str, rule.lead_times)) or "none"
        yield "lead_times", was, ", ".join(map(str, leads)), _with(rule, lead_times=leads)
    if rule.kinds:
        kinds = (*rule.kinds, change.kinds[0])
        yield "kinds", ", ".join(rule.kinds), ", ".join(kinds), _with(rule, kinds=kinds)
    if asked := rule.min_certainty:
        known = change.certainty
        yield "min_certainty", asked.value, known.value, _with(rule, min_certainty=known)
    moved = points_since_told(change, told_pp)
    if least is not None and moved is not None:
        yield "min_delta_pp", str(least), str(abs(moved)), _with(rule, min_delta_pp=abs(moved))
    for name in ("blanket", "possible"):
        if not getattr(rule, name):
            yield name, "off", "on", _with(rule, **{name: True})


def _with(rule: Rule, **changed: Any) -> Rule:
    return rule.model_copy(update=changed)


LaneTry = tuple[str, str, str, Lane]


def _loosen_lane(facts: Facts, lane: Lane) -> Iterator[LaneTry]:
    """From what is near to what is far: another value first, then none."""
    for role, code in lane.roles.items():
        for other in _who(facts, role, code):
            changed = lane.model_copy(update={role: other})
            yield role, country_phrase(code), country_phrase(other), changed
    if lane.product:
        yield from _loosen_product(lane, lane.product)
    yield from _loosen_names(facts, lane)
    for role, code in lane.roles.items():
        yield role, country_phrase(code), ANY, lane.model_copy(update={role: None})


def _who(facts: Facts, role: str, was: str) -> list[str]:
    """Whom a change names in a role, as a lane can say it: of a group one of its members."""
    about = facts.change.about
    if not isinstance(about, Measure):
        parties = (_say_as_lane(code, facts.parties, was, facts.on) for code in sorted(about.named))
        return list(dict.fromkeys(filter(None, parties)))
    levy = _say_as_lane(about.importer, facts.importers, was, facts.on)
    stated = () if about.origin.kind == "pseudo" else about.origin.members
    goods = (_say_as_lane(code, facts.origins or _NOBODY, was, facts.on) for code in stated)
    origin = next(filter(None, goods), None)
    found = {"importer": [levy], "origin": [origin], "country": [levy, origin]}.get(role, [])
    return [one for one in found if one]


_NOBODY: frozenset[str] = frozenset()


def _say_as_lane(code: str, meant: Collection[str], was: str, on: date) -> str | None:
    """The country itself, if it is `meant`; of a group the member most like what was asked for.

    Two countries are the more alike the more groups they share; of equals it is the first by code.
    """
    if is_country(code):
        return code if code in meant else None
    asked = groups_of(was, on)
    those = sorted(one for one in members(code, on) if one in meant and is_country(one))
    return max(those, key=lambda one: len(groups_of(one, on) & asked), default=None)


def _loosen_product(lane: Lane, product: ProductLane) -> Iterator[LaneTry]:
    """Wider codes, the longest first; then what was excepted; then all goods."""
    for code in _wider(product):
        under = [one for one in product.own if one.startswith(code)]
        left = tuple(one for one in product.own if not one.startswith(code))
        changed = product.model_copy(update={"codes": (*left, code), "listed": ()})
        was, now = _say([*under]), format_product(code)
        yield "product", was, now, lane.model_copy(update={"product": changed})
    if product.excluded:
        changed = product.model_copy(update={"excluded": ()})
        was = f"except {_say(product.excluded)}"
        yield "product", was, "no exception", lane.model_copy(update={"product": changed})
    yield "product", _say(product.own), "all goods", lane.model_copy(update={"product": None})


def _wider(product: ProductLane) -> list[str]:
    longest = max(map(len, product.own), default=0)  # a catalogue may have been emptied
    found = (
        code[:size]
        for size in range(longest - 2, 0, -2)
        for code in product.own
        if len(code) > size
    )
    return list(dict.fromkeys(found))[:TRIED]


def _say(codes: Iterable[str]) -> str:
    return say_few([format_product(code) for code in codes])


def _loosen_names(facts: Facts, lane: Lane) -> Iterator[LaneTry]:
    if lane.programmes:
        named = facts.measure.programme if facts.measure else None
        value, programmes = (named, (*lane.programmes, named)) if named else (ANY, ())
        changed = lane.model_copy(update={"programmes": programmes})
        yield "programmes", say_few(lane.programmes), value, changed
    if lane.measures:
        key = facts.change.subject.removeprefix("measure:") if facts.measure else None
        value, measures = (key, (*lane.measures, key)) if key else (ANY, ())
        changed = lane.model_copy(update={"measures": measures})
        yield "measures", say_few(lane.measures), value, changed
