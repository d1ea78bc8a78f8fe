"""From the source to a change: whether the event came, was read, and moved anything."""

from urllib.parse import urlencode

from service.core.change.derive import Outcome
from service.core.match.goods import say_few
from service.core.sentence.sentence import say
from service.core.why.stage import Name, Stage, passed, say_time, stopped
from service.core.why.trail import Ended, Input, Known, Place, Trail

_NAMED = 200
"""Characters of somebody else's words that are repeated."""


def ask_source(trail: Trail) -> Stage:
    """Whether it came at all."""
    given = trail.input
    if given.place is Place.OUTBOX:
        return _wait_in_outbox(given)
    if given.place is Place.NOWHERE:
        return _miss(given)
    when = f" on {say_time(given.at)}" if given.at else ""
    return passed(
        Name.SOURCE, f"It came{when} from {given.source or 'a source unknown'}.", given.at
    )


def _wait_in_outbox(given: Input) -> Stage:
    said = (
        "It was accepted, and waits in the outbox: the log is out of reach. It goes on by itself"
        " when TARIFFWIRE_LOG_URL answers."
    )
    return stopped(Name.SOURCE, said, "TARIFFWIRE_LOG_URL", given.at, "/v1/status", goes_on=True)


def _miss(given: Input) -> Stage:
    name = f"{given.id[:_NAMED]!r}" + (f" of {given.source[:_NAMED]}" if given.source else "")
    if given.unread:
        said = (
            f"No event {name} is in the books. Up to {given.unread:,} accepted records are not"
            " read yet, and it may be one of them: ask again in a moment."
        )
        return stopped(Name.SOURCE, said, href="/v1/status", goes_on=True)
    if given.is_cut:
        said = (
            f"No event {name} is in the books. Very many records were set aside, and not all of"
            " them were looked into: GET /v1/quarantine lists them."
        )
        return stopped(Name.SOURCE, said, "quarantine", href="/v1/quarantine")
    said = f"No event {name} ever arrived. Send it to POST /v1/events, or check source and id."
    return stopped(Name.SOURCE, said, href="/v1/events")


def ask_event(trail: Trail) -> Stage:
    """Whether it could be read, and taken up."""
    given, ended = trail.input, trail.ended
    if given.place is Place.QUARANTINE:
        return _set_aside(given)
    if ended is None:  # the books have its change, and the event is not needed
        return passed(Name.EVENT, "It was read.")
    if ended.outcome == Outcome.WAITING:
        said = f"It {ended.reason}. It is taken up when that arrives."
        return stopped(Name.EVENT, said, "about", given.at, _href(given), goes_on=True)
    if ended.outcome == Outcome.QUARANTINED:
        return stopped(Name.EVENT, f"It was refused: {ended.reason}.", "about", given.at)
    return passed(Name.EVENT, f"It was read; its outcome is {ended.outcome}.", href=_href(given))


def _set_aside(given: Input) -> Stage:
    mend = {
        "replayed": "It was sent again since: ask about what that became.",
        "dismissed": "It was dismissed by a person.",
    }.get(
        given.settled,
        "Mend what writes it and send it under an id of its own; or, if the fault was ours, send"
        f" it again: POST /v1/quarantine/{given.entry}/replay.",
    )
    said = f"It was set aside, for it could not be taken: {given.reason[:_NAMED]}. {mend}"
    if given.is_guessed:
        said += " Its source and id cannot be read: the name was found in its bytes, no more."
    return stopped(Name.EVENT, said, "quarantine", given.at, f"/v1/quarantine/{given.entry}")


def ask_change(trail: Trail) -> Stage:
    """Whether anything observable moved."""
    known, ended = trail.known, trail.ended
    if known:
        return _say_change(known)
    if ended is None or ended.outcome == Outcome.CHANGED:
        said = "It made a change, which was dropped since, for it was old."
        return stopped(Name.CHANGE, said, "TARIFFWIRE_KEEP_YEARS")
    said = f"It made no change ({ended.outcome}): {ended.reason}.{_say_ground(ended)}"
    setting = "handling" if ended.outcome == Outcome.HISTORY else ended.outcome
    return stopped(Name.CHANGE, said, setting, trail.input.at, _ground(ended))


def _say_change(known: Known) -> Stage:
    """Its sentence cites the law; beside it stands who said so."""
    change = known.change
    said = f"It made change {known.number}: {say(change)}"
    publishers = dict.fromkeys(one.publisher or one.url for one in change.evidence)
    names = [name for name in publishers if name]
    if names:
        said += f" Evidence: {say_few(names)}."
    return passed(Name.CHANGE, said, known.recorded_at, f"/v1/changes/{change.id}")


def _say_ground(ended: Ended) -> str:
    if ended.rests_on is None:
        return ""
    source, name = ended.rests_on
    return f" What stood already came with event {name} of {source}."


def _ground(ended: Ended) -> str:
    return _link(*ended.rests_on) if ended.rests_on else ""


def _href(given: Input) -> str:
    return _link(given.source, given.id) if given.source else ""


def _link(source: str, name: str) -> str:
    return f"/v1/events/one?{urlencode({'source': source, 'id': name})}"
