"""What keeps an alert from leaving: its destination, what it waits for, a person, its turn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from service.core.destination.optin import ACTIVE, UNCONFIRMED
from service.core.sending.steering import Word
from service.core.why.stage import Name, Stage, say_time, stopped
from service.core.why.trail import Holder, Recipient, Sent, Trail, Withheld


def say_held(trail: Trail, sent: Sent) -> Stage:
    """Whoever holds it; of several the first, and who waits speaks last: that passes by itself."""
    holder = min(sent.holders, key=_is_waiting)
    owner = holder.owner.partition("/")[0]
    if owner == trail.to.id:
        return _say_destination(trail.to, sent, holder.since)
    if _is_waiting(holder):
        return _say_waiting(trail, sent, holder)
    say = _HOLDERS.get(owner.partition(":")[0])
    return say(trail, sent, holder) if say else _say_paused(trail, owner, holder)


def _is_waiting(holder: Holder) -> bool:
    return holder.owner.partition(":")[0] == _GATHERING


_GATHERING = "gathering"


def _say_waiting(trail: Trail, sent: Sent, holder: Holder) -> Stage:
    """What was stopped since the wait began keeps it from leaving when that is over."""
    waits = _say_gathered(trail, holder)
    if trail.to.state != ACTIVE:
        stop = _say_destination(trail.to, sent, None)
    elif sent.withheld:
        stop = say_stopped(sent, None)
    else:
        return waits
    return replace(stop, said=f"{waits.said} Nor would it leave then. {stop.said}")


def _say_destination(to: Recipient, sent: Sent, since: datetime | None) -> Stage:
    if to.state == UNCONFIRMED:
        said = f"It is held: {to.reason or 'its reader has not confirmed yet'}."
        return stopped(Name.DELIVERY, said, "opt-in", since, place_of(to))
    if sent.suppressed:
        said = (
            f"It is held, for {to.address} gets no mail any more: {sent.suppressed}."
            " If it is good again, lift the suppression."
        )
        return stopped(Name.DELIVERY, said, "suppression", since, "/v1/suppressions")
    why = f" ({to.reason})" if to.reason else ""
    when = f" since {say_time(since)}" if since else ""
    said = f"It is held{when}, for its destination is {to.state}{why}."
    return stopped(Name.DELIVERY, said, to.state, since, place_of(to))


def _say_paused(trail: Trail, owner: str, holder: Holder) -> Stage:
    names = {one.id: one.said for one in trail.followers}
    href = f"/v1/subscriptions/{owner}"
    said = (
        f"It is held since {say_time(holder.since)}, for {names.get(owner, owner)} is paused."
        f" POST {href}/resume sends it."
    )
    if trail.to.state != ACTIVE:
        said += f" Its destination is {trail.to.state} too."
    return stopped(Name.DELIVERY, said, "paused", holder.since, href)


_WAITS = {
    "digest": ("preferences.digest", "for the digest"),
    "quiet": ("preferences.quiet_hours", "for the end of the quiet hours"),
    "cap": ("preferences.hourly_cap", "for the next hour, for this one had as many as it may"),
    "instrument": ("preferences.group", "for the other changes of its law"),
}


def _say_gathered(trail: Trail, holder: Holder) -> Stage:
    kind = holder.cause.partition(":")[0]
    setting, for_what = _WAITS.get(kind, ("preferences", "to be told with others"))
    due = f", until {say_time(holder.due_at)}" if holder.due_at else ""
    said, href = f"It waits {for_what}{due}.", place_of(trail.to)
    return stopped(Name.DELIVERY, said, setting, holder.due_at, href, goes_on=True)


def _say_halted(trail: Trail, _sent: Sent, holder: Holder) -> Stage:
    who = trail.known.decided if trail.known else ""
    said = f"The change was halted{who}: it is held, until it is resumed or recalled."
    return stopped(Name.DELIVERY, said, Word.HALTED.value, holder.since)


def _say_recalled(trail: Trail, _sent: Sent, holder: Holder) -> Stage:
    who = trail.known.decided if trail.known else ""
    said = f"The change was recalled{who}: it is being taken back."
    return stopped(Name.DELIVERY, said, Word.RECALLED.value, holder.since)


def _say_withheld(_trail: Trail, sent: Sent, holder: Holder) -> Stage:
    return say_stopped(sent, holder.since)


_HOLDERS: dict[str, Callable[[Trail, Sent, Holder], Stage]] = {
    "halt": _say_halted,
    "recall": _say_recalled,
    "sending": _say_withheld,
}


def say_stopped(sent: Sent, since: datetime | None) -> Stage:
    """Nothing leaves the house, or nothing to such an address."""
    kept = sent.withheld
    if kept and kept.is_hold:
        return _say_hold(kept)
    why = "its address is not among those that may be written to"
    if kept:
        why = f"{kept.reason}, until the service is started with another"
    said = f"It is kept back: {why}. Then release sending to let it go: {_RELEASE}."
    return stopped(Name.DELIVERY, said, "TARIFFWIRE_SEND", since, "/v1/sending")


_RELEASE = "POST /v1/sending/release, or `tariffwire send release`"


def _say_hold(kept: Withheld) -> Stage:
    since = f" since {say_time(kept.since)}" if kept.since else ""
    by = f" by {kept.who}" if kept.who else ""
    said = (
        f"It is kept back: all sending is held{since}{by} ({kept.reason}). To let it go,"
        f" release it: {_RELEASE}."
    )
    return stopped(Name.DELIVERY, said, "hold", kept.since, "/v1/sending")


def say_pending(sent: Sent, now: datetime) -> Stage:
    """In the queue, or in its destination's lane; perhaps after attempts that failed."""
    if sent.withheld:
        return say_stopped(sent, sent.due_at)
    setting, said, at = _say_turn(sent, now)
    href = f"/v1/deliveries/{sent.id}"
    return stopped(Name.DELIVERY, f"{said}{_say_last(sent)}", setting, at, href, goes_on=True)


def _say_turn(sent: Sent, now: datetime) -> tuple[str, str, datetime | None]:
    pace = sent.pace
    if pace.rests_until and pace.rests_until > now:
        until, many = say_time(pace.rests_until), pace.failures
        said = f"Its destination rests until {until}, after {many} failures in a row."
        return "breaker", said, pace.rests_until
    if sent.last and sent.due_at and sent.due_at > now:
        return "retry", f"It is tried again on {say_time(sent.due_at)}.", sent.due_at
    if pace.is_laned:
        rate = f", at {pace.rate:g} a second" if pace.rate else ""
        said = f"It waits its turn in the lane of its destination{rate}."
        return "rate", said, pace.next_at
    return "queue", "It is in the queue, and leaves in a moment.", sent.due_at


def _say_last(sent: Sent) -> str:
    last = sent.last
    if last is None:
        return ""
    code = f" ({last.status})" if last.status else ""
    return f" Attempt {last.number} on {say_time(last.at)} failed{code}: {last.reason}."


def place_of(to: Recipient) -> str:
    """Where to look at a destination."""
    return f"/v1/destinations/{to.id}"
