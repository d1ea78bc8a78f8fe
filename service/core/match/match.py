"""Who is told of a change, and why, or why not.

SQL only narrows (`net.py` says by what); `match` decides, live, in preview and when asked why.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from service.core.match.facts import Facts
from service.core.match.goods import say_few
from service.core.match.lane import Match, match_lane
from service.core.match.outline import Outline
from service.core.match.subscription import Rule


@dataclass(frozen=True, slots=True)
class Miss:
    """What stopped it: the setting, and what the change is instead; `lanes` says it of each."""

    reason: str
    lanes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def stops(self) -> list[tuple[int, str, str]]:
        """(lane, setting, what stopped it) of each lane; lane 0 where all of them were stopped."""
        said = enumerate(self.lanes, start=1) if self.lanes else [(0, self.reason)]
        return [(lane, *_split(text)) for lane, text in said]


def _split(text: str) -> tuple[str, str]:
    setting, _, said = text.partition(": ")
    return setting, said


def match(facts: Facts, rule: Rule, told_pp: Decimal | None = None) -> Match | Miss:
    """Find the first lane that surely matches, else the first that may; or what stopped each.

    `told_pp` is the rate this destination was last told for the subject, in percent, if any:
    small steps add up until they pass a minimum delta.
    """
    stop = find_stop(facts, rule, told_pp)
    if stop:
        return Miss(_say_stop(stop, facts, rule, told_pp))
    maybe: Match | None = None
    misses: list[str] = []
    for number, lane in enumerate(rule.lanes, start=1):
        found = match_lane(facts, lane, number, possible=rule.possible)
        if isinstance(found, str):
            misses.append(found)
        elif not found.possible:
            return found
        else:
            maybe = maybe or found
    said = (f"lane {number}: {miss}" for number, miss in enumerate(misses, start=1))
    return maybe or Miss("; ".join(said), tuple(misses))


def find_stop(facts: Facts, rule: Rule, told_pp: Decimal | None = None) -> str | None:
    """The first setting beside the lanes that stops it, whatever the lanes say; None: none does."""
    change = facts.change
    if change.lead and change.lead not in rule.lead_times:
        return "lead_times"
    if rule.kinds and set(rule.kinds).isdisjoint(change.kinds):
        return "kinds"
    if rule.min_certainty and change.certainty.strength < rule.min_certainty.strength:
        return "min_certainty"
    if moves_too_little(change, rule.min_delta_pp, told_pp):
        return "min_delta_pp"
    if not rule.blanket and facts.is_blanket:
        return "blanket"
    return None


def moves_too_little(change: Outline, least: Decimal | None, told_pp: Decimal | None) -> bool:
    """Whether a minimum delta stops it; what cannot be measured passes."""
    if least is None:
        return False
    delta = points_since_told(change, told_pp)
    return delta is not None and abs(delta) < least


def _say_stop(stop: str, facts: Facts, rule: Rule, told_pp: Decimal | None) -> str:
    change = facts.change
    match stop:
        case "lead_times":
            asked = f"{say_few([*map(str, rule.lead_times)])} days" if rule.lead_times else "no"
            said = f"you asked for {asked} notice, this is {change.lead} days ahead"
        case "kinds":
            said = f"you asked for {', '.join(rule.kinds)}, this is {', '.join(change.kinds)}"
        case "min_certainty":
            said = f"you asked for {rule.min_certainty}, this is {change.certainty}"
        case "min_delta_pp":
            moved = abs(points_since_told(change, told_pp) or 0)
            said = f"you asked for {rule.min_delta_pp}, this moves {moved} points"
        case _:
            said = "you asked for no measures on every origin, this is one"
    return f"{stop}: {said}"


def points_since_told(change: Outline, told_pp: Decimal | None) -> Decimal | None:
    """Null stays null, and passes; what can be compared is compared with what was told.

    Of what the clock brings the figure was told before, and the news is that its time has come.
    """
    if change.delta_pp is None or told_pp is None or change.is_of_clock:
        return change.delta_pp
    return change.delta_pp if change.new_pp is None else change.new_pp - told_pp
