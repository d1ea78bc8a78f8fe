"""The words of a notice: what matters, the facts, and what its reader can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.core.language import ENGLISH, Tongue, noted
from service.core.message.contents import SAID_LINE
from service.core.moment import Moment
from service.core.sending.notice import (
    Disabled,
    Failing,
    Heartbeat,
    OfDestination,
    Place,
    Recovered,
)
from service.core.sentence.phrase import say_moment, shorten

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


def say(notice: OfDestination, tongue: Tongue = ENGLISH) -> Said:
    """In words, by the clocks of whoever is told."""
    match notice:
        case Failing():
            return _say_failing(tongue, notice)
        case Disabled():
            return _say_disabled(tongue, notice)
        case Recovered():
            return _say_recovered(tongue, notice)
    return _say_heartbeat(tongue, notice)


WARNED = noted(
    "You are told because it cannot be told itself: its owner's preferences name you (warn), or"
    " TARIFFWIRE_WARN_EMAIL does."
)


def _say_failing(tongue: Tongue, one: Failing) -> Said:
    who, since = _name(one.about), _moment(tongue, one, one.since)
    end, days = _moment(tongue, one, one.disabled_at), _days(tongue, one)
    fact = tongue.say("{when}, unless something arrives", when=end)
    return Said(
        tongue.say("Nothing reaches {who}: it will be disabled on {when}", who=who, when=end),
        tongue.say("Nothing has reached {who} since {when}.", who=who, when=since),
        (*_trouble(tongue, one), (tongue.say("Will be disabled"), fact)),
        tongue.say(
            "When it is disabled its alerts are held, not lost: each for {days} days. When it is"
            " enabled they are sent in the order in which they were made, at its own rate.",
            days=days,
        ),
        (
            _try(tongue, one.about),
            _enable(one.about, tongue.say("Once it was disabled, enable it")),
        ),
        tongue.say(WARNED),
    )


def _say_disabled(tongue: Tongue, one: Disabled) -> Said:
    who = _name(one.about)
    deed = (
        _trust(tongue, one.about)
        if one.is_suppressed
        else _enable(one.about, tongue.say("When it is mended, enable it"))
    )
    return Said(
        tongue.say("Disabled: {who}", who=who),
        tongue.say("Nothing is sent to {who} any more: {reason}.", who=who, reason=one.reason),
        (
            *_trouble(tongue, one),
            (tongue.say("Disabled"), _moment(tongue, one, one.disabled_at)),
        ),
        tongue.say(
            "What it should get is held, not lost: each alert for {days} days. When it is"
            " enabled they are sent in the order in which they were made, at its own rate.",
            days=_days(tongue, one),
        ),
        (deed,),
        tongue.say(WARNED),
    )


def _days(tongue: Tongue, one: Failing | Disabled) -> str:
    return tongue.number(Decimal(f"{one.keep_days:g}"))


def _trouble(tongue: Tongue, one: Failing | Disabled) -> Iterator[tuple[str, str]]:
    yield tongue.say("Destination"), f"{_name(one.about)}, {one.about.id}"
    if one.since:
        yield tongue.say("Failing since"), _moment(tongue, one, one.since)
        many = tongue.number(one.failures)
        yield tongue.say("Attempts failed"), tongue.say("{number} in a row", number=many)
    if one.last_error:
        yield tongue.say("Last error"), one.last_error
    yield tongue.say("Alerts waiting"), tongue.number(one.waiting)


def _say_recovered(tongue: Tongue, one: Recovered) -> Said:
    who = _name(one.about)
    how = _ENABLED_AGAIN if one.is_enabled else _TAKES_AGAIN
    return Said(
        tongue.say("Recovered: {who}", who=who),
        tongue.say(how, who=who),
        (
            (tongue.say("Destination"), f"{who}, {one.about.id}"),
            (tongue.say("In trouble since"), _moment(tongue, one, one.since)),
            *_being_sent(tongue, one),
        ),
        tongue.say("You need do nothing."),
        (),
        tongue.say(WARNED),
    )


_ENABLED_AGAIN = noted("{who} was enabled again.")
_TAKES_AGAIN = noted("{who} takes its alerts again.")


def _being_sent(tongue: Tongue, one: Recovered) -> Iterator[tuple[str, str]]:
    if one.waiting:
        yield (
            tongue.say("Alerts waiting"),
            tongue.say(
                "{number}, being sent in the order in which they were made, at its own rate",
                number=tongue.number(one.waiting),
            ),
        )


def _say_heartbeat(tongue: Tongue, one: Heartbeat) -> Said:
    doubts = tuple(_doubts(tongue, one))
    subject, summary = _say_quiet(tongue, one, doubts)
    return Said(
        subject,
        summary,
        (
            (tongue.say("Until"), _moment(tongue, one, one.at)),
            (tongue.say("Last event"), _say_last(tongue, one)),
            *doubts,
        ),
        tongue.say("This message comes only when there is nothing else to send."),
        (_silence(tongue, one.about),),
        tongue.say("You asked for it in the preferences of this destination (heartbeat)."),
    )


def _say_quiet(tongue: Tongue, one: Heartbeat, doubts: Facts) -> tuple[str, str]:
    """Subject and summary; where it proves nothing, the first doubt is said."""
    since = _moment(tongue, one, one.since)
    if not doubts:
        subject = tongue.count(
            "Nothing changed in your {n} lane since {when}",
            "Nothing changed in your {n} lanes since {when}",
            one.lanes,
            when=since,
        )
        return subject, tongue.say("{clause}.", clause=subject)
    subject = tongue.count(
        "Nothing was sent for your {n} lane since {when}, which proves nothing yet",
        "Nothing was sent for your {n} lanes since {when}, which proves nothing yet",
        one.lanes,
        when=since,
    )
    summary = tongue.count(
        "Nothing was sent to you for your {n} lane since {when}. But {doubt}.",
        "Nothing was sent to you for your {n} lanes since {when}. But {doubt}.",
        one.lanes,
        when=since,
        doubt=doubts[0][1],
    )
    return subject, summary


def _doubts(tongue: Tongue, one: Heartbeat) -> Iterator[tuple[str, str]]:
    if one.behind is None:
        said = tongue.say("the event log is out of reach: what came in may not be read yet")
        yield tongue.say("Not read"), said
    elif one.behind:
        said = tongue.count(
            "up to {n} event came in that is not worked up yet",
            "up to {n} events came in that are not worked up yet",
            one.behind,
        )
        yield tongue.say("Not read"), said
    if one.stopped:
        said = tongue.count(
            "{n} change waits for the word of an operator",
            "{n} changes wait for the word of an operator",
            one.stopped,
        )
        yield tongue.say("Stopped"), said
    if one.muted:
        said = tongue.count(
            "{n} alert was kept quiet, as was asked for",
            "{n} alerts were kept quiet, as was asked for",
            one.muted,
        )
        yield tongue.say("Muted"), said


def _say_last(tongue: Tongue, one: Heartbeat) -> str:
    if one.last_event_at is None:
        return tongue.say("none has ever come in")
    when = _moment(tongue, one, one.last_event_at)
    if one.last_event_at > one.since:
        return when
    return tongue.say("{when}: none has come in since", when=when)


def _name(place: Place) -> str:
    known = f"{place.name} ({place.address})" if place.name else place.address
    return shorten(known, SAID_LINE)


def _moment(tongue: Tongue, one: OfDestination, at: datetime) -> str:
    return say_moment(tongue, Moment(at), one.zone)


# What a reader can do


def _at(place: Place) -> str:
    return f"/v1/destinations/{place.id}"


def _try(tongue: Tongue, place: Place) -> Deed:
    what = tongue.say("When it is mended, try it")
    return Deed(what, f"tariffwire destinations test {place.id}", "POST", f"{_at(place)}/test")


def _enable(place: Place, what: str) -> Deed:
    command, body = f"tariffwire destinations enable {place.id}", '{"state": "active"}'
    return Deed(what, command, "PATCH", _at(place), body)


def _trust(tongue: Tongue, place: Place) -> Deed:
    what = tongue.say("When the address works again, trust it")
    command = f"tariffwire destinations enable {place.id} --trust"
    return Deed(what, command, "DELETE", f"/v1/suppressions/{place.address}")


def _silence(tongue: Tongue, place: Place) -> Deed:
    command = f"tariffwire destinations warn {place.id} --heartbeat off"
    body = '{"preferences": {"heartbeat": null}}'
    return Deed(tongue.say("To turn it off"), command, "PATCH", _at(place), body)
