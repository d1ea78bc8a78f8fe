"""From a match to a receipt: whether an alert was made, whether it left, and what came back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from service.core.destination.optin import UNSUBSCRIBED
from service.core.sending.delivery import State
from service.core.sending.steering import STOPPED, Word
from service.core.why.holding import place_of, say_held, say_pending
from service.core.why.stage import Name, Stage, passed, say_time, stopped
from service.core.why.trail import Known, Recipient, Sent, Trail

# No alert


_WORDS = {
    Word.AWAITING: "waits for a person to approve of telling it",
    Word.REJECTED: "was rejected: nobody is told of it",
    Word.HALTED: "was halted before it came to this destination",
    Word.RECALLED: "was recalled before it came to this destination",
}


def ask_plan(to: Recipient, known: Known) -> Stage:
    """Why no alert was made of a change that is asked for."""
    href = f"/v1/changes/{known.change.id}"
    if known.word in STOPPED:
        said = f"The change {_WORDS[known.word]}{known.decided}."
        return stopped(Name.DELIVERY, said, known.word.value, known.decided_at, href)
    if known.is_open:
        said = "The change is being planned: ask again in a moment."
        return stopped(Name.DELIVERY, said, "fanout", known.recorded_at, href, goes_on=True)
    if to.state == UNSUBSCRIBED:
        said = f"No alert was made: {to.reason}."
        return stopped(Name.DELIVERY, said, "opt-in", href=place_of(to))
    said = (
        "No alert was made when the change was planned, though one would be as things are now:"
        " the subscription, or whom it tells, was changed since."
    )
    return stopped(Name.DELIVERY, said, "subscription", known.recorded_at, href)


# An alert


def ask_delivery(trail: Trail, sent: Sent, now: datetime) -> Stage:
    """Whether it left; what is told in another leaves with that."""
    if sent.told_in is None:
        return _ask_one(trail, sent, now)
    bundle = sent.told_in
    kind = _KINDS.get(bundle.cause.partition(":")[0], "another alert")
    stage = _ask_one(trail, bundle, now)
    return replace(stage, said=f"It is told in {kind}, {bundle.id}. {stage.said}")


_KINDS = {
    "digest": "a digest",
    "quiet": "one alert with others of the quiet hours",
    "cap": "one alert with others beyond the hourly cap",
    "instrument": "one alert with the changes of its law",
}


def _ask_one(trail: Trail, sent: Sent, now: datetime) -> Stage:
    if sent.state is State.PENDING:
        return say_pending(sent, now)
    if sent.state is State.HELD:
        return say_held(trail, sent)
    return _ENDS.get(sent.state, _say_left)(sent)


def _say_muted(sent: Sent) -> Stage:
    said = f"It was not sent: {sent.reason}."
    return stopped(Name.DELIVERY, said, "mute", sent.finished_at, "/v1/mutes")


def _say_superseded(sent: Sent) -> Stage:
    said = (
        f"It gave way to a newer alert on the same subject, {sent.successor}, before it was sent:"
        " the subscription asks for the latest alone."
    )
    href = f"/v1/deliveries/{sent.successor}"
    return stopped(Name.DELIVERY, said, "steps", sent.finished_at, href)


def _say_cancelled(sent: Sent) -> Stage:
    said = f"It was taken back before it was sent: {sent.reason}."
    return stopped(Name.DELIVERY, said, "cancelled", sent.finished_at, _href(sent))


def _say_left(sent: Sent) -> Stage:
    if sent.state is State.FAILED and not sent.attempts:
        said = f"It was never sent: {sent.reason}."
        return stopped(Name.DELIVERY, said, "TARIFFWIRE_KEEP_HELD_DAYS", sent.finished_at)
    times = "once" if sent.attempts == 1 else f"{sent.attempts} times"
    said = "It was made ready." if sent.state is State.LISTED else f"It was sent {times}."
    return passed(Name.DELIVERY, said, sent.finished_at, _href(sent))


_ENDS: dict[State, Callable[[Sent], Stage]] = {
    State.MUTED: _say_muted,
    State.SUPERSEDED: _say_superseded,
    State.CANCELLED: _say_cancelled,
}

# A receipt


def ask_receipt(trail: Trail, sent: Sent) -> Stage:
    """What came back; whether anybody looked at it, nobody knows."""
    last = sent.told_in or sent
    if last.state is State.FAILED:
        said = f"It was not taken: {last.reason}. Send it again when that is mended."
        return stopped(Name.RECEIPT, said, "receiver", last.finished_at, _href(last))
    if last.state is State.BOUNCED:
        return _say_bounced(last)
    if last.state is State.LISTED:
        said = "It lies ready for its receiver, who asks for alerts and is not sent any."
        return passed(Name.RECEIPT, said, last.finished_at, _href(last))
    return _say_taken(trail, last)


def _say_taken(trail: Trail, last: Sent) -> Stage:
    when = f" on {say_time(last.finished_at)}" if last.finished_at else ""
    said = (
        f"{trail.to.address or trail.to.id} took it{when}, at attempt {last.attempts}, as"
        f" webhook-id {last.id}. Whether anybody has read it is not known."
    )
    if trail.known and trail.known.word is Word.RECALLED:
        said += " The change was recalled since, and a correction follows it."
    return passed(Name.RECEIPT, said, last.finished_at, _href(last))


def _say_bounced(sent: Sent) -> Stage:
    said = f"The mail server took it and gave it up later: {sent.reason}."
    if sent.suppressed:
        said += " The address gets no mail any more, until the suppression is lifted."
        return stopped(Name.RECEIPT, said, "suppression", sent.finished_at, "/v1/suppressions")
    return stopped(Name.RECEIPT, said, "bounce", sent.finished_at, _href(sent))


def _href(sent: Sent) -> str:
    return f"/v1/deliveries/{sent.id}"
