"""Why, or why not: the six stages, one after the other, to the first that stopped it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.core.why.arriving import ask_change, ask_event, ask_source
from service.core.why.asking import Asked, ask_followers, ask_match
from service.core.why.stage import Name, Stage, State
from service.core.why.telling import ask_delivery, ask_plan, ask_receipt
from service.core.why.trail import Trail


class Verdict(StrEnum):
    """Whether the destination was told; `not_yet` where it will be, without anybody's doing."""

    TOLD = "told"
    NOT_YET = "not_yet"
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True)
class Account:
    """The answer: a paragraph, the stages, and what each subscription says to the change."""

    verdict: Verdict
    said: str
    stages: Sequence[Stage]
    asked: Sequence[Asked]


def explain(trail: Trail, now: datetime) -> Account:
    """What became of it on its way to this destination."""
    asked = ask_followers(trail)
    walked = list(_walk(trail, asked, now))
    ends = (place for place, one in enumerate(walked, start=1) if one.state is State.STOPPED)
    stages = walked[: next(ends, len(walked))]
    verdict = _judge(stages[-1])
    said = f"{_OPENING[verdict]} {_say(stages)}"
    rest = list(Name)[len(stages) :]
    stages += [Stage(name, State.NOT_REACHED, "It did not come so far.") for name in rest]
    return Account(verdict, said, stages, asked)


def _walk(trail: Trail, asked: Sequence[Asked], now: datetime) -> Iterator[Stage]:
    """As far as there is something to ask; beyond the first stop nobody looks."""
    yield ask_source(trail)
    yield ask_event(trail)
    yield ask_change(trail)
    if trail.known is None:
        return
    yield ask_match(trail, asked)
    if trail.sent is None:
        yield ask_plan(trail.to, trail.known)
    else:
        yield ask_delivery(trail, trail.sent, now)
        yield ask_receipt(trail, trail.sent)


_OPENING = {
    Verdict.TOLD: "Told.",
    Verdict.NOT_YET: "Not yet told.",
    Verdict.NOT_TOLD: "Not told.",
}


def _judge(last: Stage) -> Verdict:
    if last.state is State.PASSED:
        return Verdict.TOLD
    return Verdict.NOT_YET if last.goes_on else Verdict.NOT_TOLD


def _say(stages: Sequence[Stage]) -> str:
    """What stopped it, after what it is about and why it was asked for, as far as it came."""
    told = [one for one in stages if one.name in {Name.CHANGE, Name.MATCH}]
    return " ".join(one.said for one in dict.fromkeys([*told, stages[-1]]))
