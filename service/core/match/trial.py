"""A rule tried on changes that were: how often it would have alerted, and how often if stricter.

Changes come in the order of their numbers, in which live ones are planned, to a destination that
has this one subscription and gets everything: what it was told last is what the rule told it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from service.core.certainty import Certainty
from service.core.match.facts import Facts
from service.core.match.lane import Match
from service.core.match.match import find_stop, match
from service.core.match.subscription import Rule

DELTAS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10), Decimal(25))
"""Steps of a minimum delta, in percentage points."""
LOUDEST = 5


@dataclass(frozen=True, slots=True)
class Loud:
    """A subject, how often it would have alerted, and the number of the last change that did."""

    subject: str
    alerts: int
    last: int


@dataclass(slots=True)
class Variant:
    """The rule with one setting made stricter (`setting` empty: as it was asked)."""

    rule: Rule
    setting: str = ""
    value: str | bool = ""
    alerts: int = 0
    told: dict[str, Decimal] = field(default_factory=dict)

    def look(self, facts: Facts, found: Match) -> bool:
        """Whether it alerts of a change that its lanes match, as `found` says."""
        subject = facts.change.subject
        if find_stop(facts, self.rule, self.told.get(subject)):
            return False
        if found.possible and not self.rule.possible:
            return False
        self.alerts += 1
        if facts.change.new_pp is not None:
            self.told[subject] = facts.change.new_pp
        return True


class Trial:
    """Fed with changes one by one; `match` decides on each."""

    def __init__(self, rule: Rule) -> None:
        """Nothing was looked at yet."""
        self._widest = rule.model_copy(update={"min_delta_pp": None})
        self.asked = Variant(rule)
        self.stricter = tuple(_vary(rule))
        self.looked_at = 0
        self.months: Counter[str] = Counter()
        self._loud: Counter[str] = Counter()
        self._last: dict[str, int] = {}

    def look(self, number: int, at: datetime, facts: Facts) -> None:
        """One change; a stricter rule may tell of one that the asked one kept quiet about.

        For it measures a minimum delta against what it told itself. So all of them look at what
        matches without one.
        """
        self.looked_at += 1
        found = match(facts, self._widest)
        if not isinstance(found, Match):
            return
        for variant in self.stricter:
            variant.look(facts, found)
        if self.asked.look(facts, found):
            self.months[f"{at:%Y-%m}"] += 1
            self._loud[facts.change.subject] += 1
            self._last[facts.change.subject] = number

    @property
    def loudest(self) -> Sequence[Loud]:
        """The subjects with most alerts, the loudest first."""
        ordered = sorted(self._loud.items(), key=lambda item: (-item[1], item[0]))
        return [Loud(name, count, self._last[name]) for name, count in ordered[:LOUDEST]]


def _vary(rule: Rule) -> list[Variant]:
    """Each setting alone, from what is asked towards silence."""
    asked, least = rule.min_certainty or Certainty.RUMOUR, rule.min_delta_pp or Decimal(0)
    made = [
        Variant(_with(rule, min_certainty=rung), "min_certainty", rung.value)
        for rung in reversed(Certainty)
        if rung > asked
    ]
    made += [
        Variant(_with(rule, min_delta_pp=step), "min_delta_pp", str(step))
        for step in DELTAS
        if step > least
    ]
    if rule.blanket:
        made.append(Variant(_with(rule, blanket=False), "blanket", value=False))
    if rule.possible:
        made.append(Variant(_with(rule, possible=False), "possible", value=False))
    return made


def _with(rule: Rule, **changed: object) -> Rule:
    return rule.model_copy(update=changed)
