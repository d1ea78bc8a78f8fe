"""The words of a notice: what matters, the facts, and what its reader can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.core.message.contents import SAID_LINE
from service.core.message.phrase import say_moment, shorten
from service.core.moment import Moment
from service.core.notice import Disabled, Failing, Heartbeat, Notice, Place, Recovered

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """What a reader can do: in words, by the command, and by a request."""

    what: str
    command: str
    method: str
    path: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """`subject` is one line, `summary` what matters; `facts` are labels and values."""

    subject: str
    summary: str
    facts: Facts
    rest: str
    deeds: tuple[Deed, ...]
    why: str


def say(notice: Notice) -> Said:
    """In words, by the clocks of whoever is told."""
    match notice:
        case Failing():
            return _say_failing(notice)
        case Disabled():
            return _say_disabled(notice)
        case Recovered():
            return _say_recovered(notice)
    return _say_heartbeat(notice)


WARNED = (
    "You are told because it cannot be told itself: its owner's preferences name you (warn), or"
    " TARIFFWIRE_WARN_EMAIL does."
)
_IN_ORDER = "in the order in which they were made, at its own rate"


def _say_failing(one: Failing) -> Said:
    who, since, end = (_name(one.about), _moment(one, one.since), _moment(one, one.disabled_at))
    return Said(
        f"Nothing reaches {who}: it will be disabled on {end}",
        f"Nothing has reached {who} since {since}.",
        (*_trouble(one), ("Will be disabled", f"{end}, unless something arrives")),
        "When it is disabled its alerts are held, not lost: each for"
        f" {one.keep_days:g} days. When it is enabled they are sent {_IN_ORDER}.",
        (_try(one.about), _enable(one.about, "Once it was disabled, enable it")),
        WARNED,
    )


def _say_disabled(one: Disabled) -> Said:
    who = _name(one.about)
    deed = (
        _trust(one.about)
        if one.is_suppressed
        else _enable(one.about, "When it is mended, enable it")
    )
    return Said(
        f"Disabled: {who}",
        f"Nothing is sent to {who} any more: {one.reason}.",
        (*_trouble(one), ("Disabled", _moment(one, one.disabled_at))),
        f"What it should get is held, not lost: each alert for {one.keep_days:g} days. When it is"
        f" enabled they are sent {_IN_ORDER}.",
        (deed,),
        WARNED,
    )


def _trouble(one: Failing | Disabled) -> Iterator[tuple[str, str]]:
    yield "Destination", f"{_name(one.about)}, {one.about.id}"
    if one.since:
        yield "Failing since", _moment(one, one.since)
        yield "Attempts failed", f"{one.failures:,} in a row"
    if one.last_error:
        yield "Last error", one.last_error
    yield "Alerts waiting", f"{one.waiting:,}"


def _say_recovered(one: Recovered) -> Said:
    who = _name(one.about)
    how = "was enabled again" if one.is_enabled else "takes its alerts again"
    waiting = (
        (("Alerts waiting", f"{one.waiting:,}, being sent {_IN_ORDER}"),) if one.waiting else ()
    )
    return Said(
        f"Recovered: {who}",
        f"{who} {how}.",
        (
            ("Destination", f"{who}, {one.about.id}"),
            ("In trouble since", _moment(one, one.since)),
            *waiting,
        ),
        "You need do nothing.",
        (),
        WARNED,
    )


def _say_heartbeat(one: Heartbeat) -> Said:
    lanes = f"{one.lanes:,} lane" + ("" if one.lanes == 1 else "s")
    since = _moment(one, one.since)
    doubts = tuple(_doubts(one))
    if doubts:
        subject = f"Nothing was sent for your {lanes} since {since}, which proves nothing yet"
        summary = f"Nothing was sent to you for your {lanes} since {since}. But {doubts[0][1]}."
    else:
        subject = f"Nothing changed in your {lanes} since {since}"
        summary = f"Nothing changed in your {lanes} since {since}."
    return Said(
        subject,
        summary,
        (
            ("Until", _moment(one, one.at)),
            ("Last event", _say_last(one)),
            *doubts,
        ),
        "This message comes only when there is nothing else to send.",
        (_silence(one.about),),
        "You asked for it in the preferences of this destination (heartbeat).",
    )


def _doubts(one: Heartbeat) -> Iterator[tuple[str, str]]:
    if one.behind is None:
        yield "Not read", "the event log is out of reach: what came in may not be read yet"
    elif one.behind:
        yield "Not read", f"up to {one.behind:,} events came in that are not worked up yet"
    if one.stopped:
        yield "Stopped", f"{one.stopped:,} changes wait for the word of an operator"
    if one.muted:
        yield "Muted", f"{one.muted:,} alerts were kept quiet, as was asked for"


def _say_last(one: Heartbeat) -> str:
    if one.last_event_at is None:
        return "none has ever come in"
    when = _moment(one, one.last_event_at)
    return when if one.last_event_at > one.since else f"{when}: none has come in since"


def _name(place: Place) -> str:
    known = f"{place.name} ({place.address})" if place.name else place.address
    return shorten(known, SAID_LINE)


def _moment(one: Notice, at: datetime) -> str:
    return say_moment(Moment(at), one.zone)


# What a reader can do


def _at(place: Place) -> str:
    return f"/v1/destinations/{place.id}"


def _try(place: Place) -> Deed:
    what = "When it is mended, try it"
    return Deed(what, f"tariffwire destinations test {place.id}", "POST", f"{_at(place)}/test")


def _enable(place: Place, what: str) -> Deed:
    command, body = f"tariffwire destinations enable {place.id}", '{"state": "active"}'
    return Deed(what, command, "PATCH", _at(place), body)


def _trust(place: Place) -> Deed:
    what = "When the address works again, trust it"
    command = f"tariffwire destinations enable {place.id} --trust"
    return Deed(what, command, "DELETE", f"/v1/suppressions/{place.address}")


def _silence(place: Place) -> Deed:
    command = f"tariffwire destinations warn {place.id} --heartbeat off"
    body = '{"preferences": {"heartbeat": null}}'
    return Deed("To turn it off", command, "PATCH", _at(place), body)
