"""Whether a subscription of the destination asked for the change: `match` says it of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.core.match import Facts, Match, Miss, facts_of, match
from service.core.match.nearest import Nearest, find_nearest
from service.core.why.stage import Name, Stage, passed, say_time, stopped
from service.core.why.trail import Follower, Known, Sent, Trail


@dataclass(frozen=True, slots=True)
class Asked:
    """What a subscription says to the change, as it was then; `nearest` of one that misses it.

    `is_late`: it was made after the change. `now` is what it says today, if it asks for something
    else since. `is_lost`: it was changed since, and what it asked for then is not kept, so that
    `answer` is of today.
    """

    follower: Follower
    answer: Match | Miss
    nearest: Sequence[Nearest]
    is_late: bool
    now: Match | Miss | None
    is_lost: bool

    @property
    def is_other(self) -> bool:
        """Whether it asked for something else then, or may have."""
        return self.now is not None or self.is_lost


def ask_followers(trail: Trail) -> list[Asked]:
    """Each subscription of the destination."""
    known = trail.known
    if known is None:
        return []
    facts = facts_of(known.change)
    return [_ask(trail, known, facts, one) for one in trail.followers]


def _ask(trail: Trail, known: Known, facts: Facts, one: Follower) -> Asked:
    is_late = one.after_change >= known.number
    then = None if is_late else one.then
    rule = then or one.rule
    answer = match(facts, rule, trail.told_pp)
    nearest = find_nearest(facts, rule, trail.told_pp) if isinstance(answer, Miss) else ()
    now = match(facts, one.rule, trail.told_pp) if then and then != one.rule else None
    is_changed = one.updated_at > max(known.recorded_at, one.created_at)
    is_lost = is_changed and then is None and not is_late
    return Asked(one, answer, nearest, is_late, now, is_lost)


def ask_match(trail: Trail, asked: Sequence[Asked]) -> Stage:
    """Whether one of them was told of it, or is to be."""
    if trail.sent:
        return _say_matched(trail.sent)
    if not asked:
        said = f"No subscription tells {trail.to.id}."
        return stopped(Name.MATCH, said, "destinations", href="/v1/subscriptions")
    met = [(one, one.answer) for one in asked if isinstance(one.answer, Match)]
    for one, answer in met:
        if not one.is_late:
            return _say_matching(one, answer)
    if met:
        return _say_late(met[0][0])
    return _say_missed([(one, one.answer) for one in asked if isinstance(one.answer, Miss)])


def _say_matched(sent: Sent) -> Stage:
    said = "; ".join(
        f"“{one.name or one.subscription}”, lane {one.lane}: {one.reason}" for one in sent.matched
    )
    return passed(Name.MATCH, f"It was asked for. {said}.", sent.created_at)


def _say_matching(one: Asked, answer: Match) -> Stage:
    verb = "asked" if one.now else "asks"
    said = f"{one.follower.said} {verb} for it in lane {answer.lane}: {answer.reason}."
    return passed(Name.MATCH, said + _say_since(one), href=_href(one))


def _say_late(one: Asked) -> Stage:
    made = say_time(one.follower.created_at)
    said = (
        f"{one.follower.said} would match, but it was made on {made}, after the change was"
        " recorded: a subscription is told of what comes after it."
    )
    return stopped(Name.MATCH, said, "after_change", one.follower.created_at, _href(one))


def _say_missed(asked: Sequence[tuple[Asked, Miss]]) -> Stage:
    """The one that came nearest speaks for all."""
    best, miss = max(asked, key=lambda pair: (not pair[0].is_late, bool(pair[0].nearest)))
    if best.is_late:
        return _say_late_miss(best, miss, len(asked) - 1)
    verb = "did" if best.now else "does"
    said = f"{best.follower.said} {verb} not ask for it: {miss.reason}. {_mend(best)}"
    said += _say_others(len(asked) - 1)
    setting = best.nearest[0].setting if best.nearest else miss.stops[0][1]
    return stopped(Name.MATCH, said + _say_since(best), setting, href=_href(best))


def _say_late_miss(one: Asked, miss: Miss, others: int) -> Stage:
    """No setting would have got it the alert; what would let the like of it through is said."""
    said = (
        f"{one.follower.said} was made on {say_time(one.follower.created_at)}, after the change was"
        " recorded, and a subscription is told of what comes after it. Nor does it ask for the"
        f" like of it: {miss.reason}. {_mend(one)}{_say_others(others)}"
    )
    return stopped(Name.MATCH, said, "after_change", one.follower.created_at, _href(one))


def _say_others(many: int) -> str:
    if many == 1:
        return " Nor does another of its subscriptions."
    return f" Nor do {many} more of its subscriptions." if many else ""


def _say_since(one: Asked) -> str:
    """What became of it after the change, where that would be another answer, or may be."""
    if not one.is_other:
        return ""
    said = f" It was changed on {say_time(one.follower.updated_at)}, after that"
    if one.is_lost:
        return f"{said}; what it asked for before is not kept."
    would = "would" if isinstance(one.now, Match) else "would not"
    return f"{said}: as it is now it {would} match."


def _mend(one: Asked) -> str:
    if not one.nearest:
        return "More than one setting stands in the way."
    offers = ", or ".join(nearest.said for nearest in one.nearest)
    would = "would match" if one.is_late else "would have matched"
    return f"It {would} with {offers}."


def _href(one: Asked) -> str:
    return f"/v1/subscriptions/{one.follower.id}"
