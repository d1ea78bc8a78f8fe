"""A subject's books rebuilt from its events: what was recorded must come out again."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pydantic_core import from_json

from service.core.change.change import Change, read_change, write_change
from service.core.change.derive import Derivation, weigh
from service.core.event import ClaimAssessed, Identity
from service.core.standing import Entry, History


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as recorded: its number and outcome, and the bytes of its change if it is there.

    `entry.change` is the id that was recorded for it. `elsewhere` are events of other subjects that
    it names, as far as they were known when it was folded.
    """

    number: int
    entry: Entry
    outcome: str
    change: bytes | None = None
    elsewhere: tuple[Entry, ...] = ()

    @property
    def about(self) -> Identity | None:
        """What a claim assesses."""
        data = self.entry.event.data
        return data.about.identity if isinstance(data, ClaimAssessed) else None


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of another subject that counts here too, from the event with this number on."""

    since: int
    entry: Entry


@dataclass(slots=True)
class Rebuilt:
    """The history that the events make, and where the books say something else."""

    history: History
    misfits: list[tuple[Kept, str]] = field(default_factory=list)


def rebuild(subject: str, kept: Iterable[Kept], heard: Sequence[Heard] = ()) -> Rebuilt:
    """Fold `kept`, which is in the order of its numbers, as it was folded when it came.

    What others had said of an event was `heard` before it. A claim that came before its event was
    folded right after that, and what waited for the claim right after the claim.
    """
    found = Rebuilt(History(subject))
    waiting: dict[Identity, list[Kept]] = {}
    to_hear = deque(sorted(heard, key=lambda one: one.since))
    for one in kept:
        while to_hear and to_hear[0].since <= one.number:
            found.history = found.history.with_echo(to_hear.popleft().entry)
        about = one.about
        if about is not None and about not in found.history.by_identity:
            waiting.setdefault(about, []).append(one)
        else:
            _fold(found, one, waiting)
    for echo in to_hear:
        found.history = found.history.with_echo(echo.entry)
    for one in (one for left in waiting.values() for one in left):
        found.misfits.append((one, f"was folded, but {_say(one.about)} is no event of its subject"))
    return found


def _fold(found: Rebuilt, one: Kept, waiting: dict[Identity, list[Kept]]) -> None:
    """This one, then in depth what waited for it; a loop, for chains may be long."""
    stack = [one]
    while stack:
        one = stack.pop()
        elsewhere = {held.identity: held for held in one.elsewhere}
        derivation = weigh(replace(one.entry, change=None), found.history, elsewhere)
        found.misfits += [(one, said) for said in _compare(one, derivation)]
        found.history = derivation.history
        stack += reversed(waiting.pop(one.entry.identity, []))


def _compare(one: Kept, derivation: Derivation) -> Iterator[str]:
    made, recorded = derivation.change, one.entry.change
    if one.outcome != derivation.outcome:
        yield f"was recorded as {one.outcome}, and is {derivation.outcome}: {derivation.reason}"
    elif recorded != (made.id if made else None):
        yield f"names {_name(recorded)}, and made {_name(made.id if made else None)}"
    elif made and one.change is not None and one.change != write_change(made):
        yield from _differ(made, one.change)


def _differ(made: Change, body: bytes) -> Iterator[str]:
    """The first field that differs: the others follow from it more often than not."""
    try:
        recorded = read_change(body)
    except ValueError:
        yield f"made {_name(made.id)}, whose content cannot be read"
        return
    for one in fields(Change):
        mine, theirs = getattr(made, one.name), getattr(recorded, one.name)
        if mine != theirs and _says_otherwise(one.name, made, body):
            said = f"was recorded as {theirs!s:.80}, and is {mine!s:.80}"
            yield f"made {_name(made.id)}, whose {one.name} {said}"
            return


def _says_otherwise(name: str, made: Change, body: bytes) -> bool:
    """Whether it differs in what was written: an earlier release did not know all we write now."""
    written = from_json(body)
    return (
        name in written
        and _as_far_as(from_json(write_change(made))[name], written[name]) != (written[name])
    )


def _as_far_as(mine: Any, written: Any) -> Any:
    """My value without what the written one has no place for."""
    if isinstance(mine, dict) and isinstance(written, dict):
        return {name: _as_far_as(mine[name], written[name]) for name in mine if name in written}
    if isinstance(mine, list) and isinstance(written, list) and len(mine) == len(written):
        return [_as_far_as(*pair) for pair in zip(mine, written, strict=True)]
    return mine


def _name(change: object) -> str:
    return f"change {change}" if change else "no change"


def _say(identity: Identity | None) -> str:
    return " ".join(identity or ())
