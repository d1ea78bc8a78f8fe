"""Who has the word over a fan-out, and which word follows from which.

Every rule here is a table or arithmetic: what the decisions do to the books is the store's.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from service.core.certainty import Certainty
from service.core.change import Change
from service.core.duty import Duty
from service.core.event import Handling

LANDING = timedelta(seconds=150)
"""So long after it was taken out of the queue an attempt may still arrive: the longest deadline
that can be set is 120 seconds, and its result must still be written down."""


class Word(StrEnum):
    """What people have decided about a fan-out; open, and free, until somebody has to."""

    FREE = ""
    AWAITING = "awaiting_approval"
    APPROVED = "approved"  # or let go on after a halt
    REJECTED = "rejected"
    HALTED = "halted"
    RECALLED = "recalled"


class Act(StrEnum):
    """What a person may do to a fan-out."""

    APPROVE = "approve"
    REJECT = "reject"
    HALT = "halt"
    RESUME = "resume"
    RECALL = "recall"


STOPPED = frozenset({Word.AWAITING, Word.REJECTED, Word.HALTED, Word.RECALLED})
"""Words under which nothing is planned; only under the first and the third it may go on."""

_FOLLOWS: dict[Act, tuple[Word, frozenset[Word]]] = {
    Act.APPROVE: (Word.APPROVED, frozenset({Word.AWAITING})),
    Act.REJECT: (Word.REJECTED, frozenset({Word.AWAITING})),
    Act.HALT: (Word.HALTED, frozenset({Word.FREE, Word.APPROVED, Word.HALTED})),  # or once more
    Act.RESUME: (Word.APPROVED, frozenset({Word.HALTED})),
    Act.RECALL: (Word.RECALLED, frozenset({Word.FREE, Word.APPROVED, Word.HALTED})),
}
_INSTEAD = {
    Word.FREE: "nobody has stopped it",
    Word.AWAITING: "it waits for approval: approve or reject it",
    Word.APPROVED: "it was let go; halt it, or recall it",
    Word.REJECTED: "it was rejected, and nobody is told of it",
    Word.HALTED: "it is halted: resume or recall it",
    Word.RECALLED: "it was recalled, which is final",
}


class NotPossible(ValueError):
    """This cannot be done as things stand."""


def decide(act: Act, word: Word) -> Word:
    """The word that follows; `NotPossible` says how things stand instead."""
    following, possible = _FOLLOWS[act]
    if word not in possible:
        raise NotPossible(f"cannot {act.value} this change: {_INSTEAD[word]}")
    return following


def refuse_sending(word: Word) -> None:
    """Nothing more of a change is sent while, or after, it was stopped."""
    if word in STOPPED:
        raise NotPossible(f"nothing is sent of this change: {_INSTEAD[word]}")


@dataclass(frozen=True, slots=True)
class Gate:
    """Which fan-outs wait for a person: those to more than `audience` destinations (0: none).

    And only if the event is among the first `new_events` of its source, or less sure than a legal
    instrument: what is new or unsure must not reach very many by itself.
    """

    audience: int = 0
    new_events: int = 0

    def doubt(self, change: Change, place: int) -> str:
        """What speaks against sending it to many; "" for nothing. `place`: of its source's events.

        A place counts from 1.
        """
        said = []
        if place <= self.new_events:
            said.append(f"its source is new (event {place})")
        if change.certainty < Certainty.INSTRUMENT:
            said.append(f"it is only {change.certainty.value.replace('_', ' ')}")
        return " and ".join(said)


OPEN_GATE = Gate()
_RECALL = "recall:"


def recall_cause(change: UUID) -> str:
    """The cause of the alert that takes another back; its delivery id is made of it."""
    return f"{_RECALL}{change}"


def takes_back(cause: str) -> bool:
    """Whether an alert with this cause takes another back."""
    return cause.startswith(_RECALL)


REPLAYED = "replay"
"""Stands where a subscription would: nobody asked for it, a person sent it."""


def is_replay(matched: bytes) -> bool:
    """Whether a person sent it, by the reasons why it was made."""
    return REPLAYED.encode() in matched and any(
        told["subscription"] == REPLAYED for told in json.loads(matched)
    )


def told_percent(duty: Duty | None, mode: Handling) -> str | None:
    """The rate in percent that an alert tells, as its row keeps it; a test tells none."""
    percent = duty.percent if duty and mode is not Handling.TEST else None
    return None if percent is None else str(percent)
