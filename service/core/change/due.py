"""What the clock tells: the change that an instant brings by itself, if what it rests on holds."""

from datetime import datetime
from decimal import Decimal
from typing import cast

from service.core.change.change import Change, Kind, change_id
from service.core.change.kinds import rate_kind
from service.core.change.severity import grade
from service.core.change.views import Views, snapshot
from service.core.clock.turning import Turning, eve_of, turnings_at
from service.core.duty import Basis, Duty, points_between
from service.core.event import Measure, Tick, Turn
from service.core.moment import Moment
from service.core.standing import Entry, History, MeasureStanding, standing
from service.core.standing.entry import law_of
from service.core.standing.fold import Fold
from service.core.standing.measure import phase_at


def judge(entry: Entry, tick: Tick, history: History) -> Change | str:
    """The change, or why there is nothing to tell: the date has moved, or what it was of is gone.

    What has come must also still stand: nobody is told "in force now" of what is paused by now.
    """
    now = max(entry.seen_at, history.latest_seen or entry.seen_at)
    fold = history.fold_at(now)
    found = next((one for one in turnings_at(fold, tick.at) if one.turn is tick.turn), None)
    if found is None:
        return f"{tick.turn} at {_say(tick.at)} no longer holds: {_say_instead(fold, tick.at)}"
    if tick.lead and tick.at <= entry.seen_at:
        return f"{tick.turn} at {_say(tick.at)} is ahead no longer: its instant has come"
    if not tick.lead and _is_overtaken(fold, found, now):
        return f"{tick.turn} at {_say(tick.at)} was overtaken: {_say_instead(fold, now)}"
    return _change(entry, tick, found, history, now)


def _say(at: datetime) -> str:
    return at.isoformat()


def _say_instead(fold: Fold, at: datetime) -> str:
    status = phase_at(fold.book, at).status.replace("_", " ")
    return f"the law then is {status}" if status else "no law stands then"


def _is_overtaken(fold: Fold, found: Turning, now: datetime) -> bool:
    if found.turn not in _OF_THE_RATE or now <= found.at:
        return False
    return not phase_at(fold.book, now).is_same(phase_at(fold.book, found.at))


_OF_THE_RATE = frozenset({Turn.ENTERED_INTO_FORCE, Turn.SUSPENDED, Turn.RESUMED, Turn.ENDED})


def _change(entry: Entry, tick: Tick, found: Turning, history: History, now: datetime) -> Change:
    cause = history.by_identity[found.cause]
    about = cast("Measure", cause.event.data)  # only measures state what turns
    before, after = (standing(history, at, now) for at in _looked_at(tick, found, now))
    old, new = _owed(before), _owed(after)
    if found.turn not in _OF_THE_RATE:
        old = new  # it moves whose goods, or what was said, and no rate
    views = Views(before, after, old, new)
    delta = _delta(found, views)
    kinds = _kinds(tick, views, delta)
    days = found.moment.days_after(entry.seen_at)
    return Change(
        id=change_id(entry.identity, history.subject),
        subject=history.subject,
        sequence=history.sequence + 1,
        previous=cause.change or history.last_change,
        kinds=kinds,
        severity=grade(kinds, about.certainty, delta, days),
        mode=entry.event.handling,
        certainty=about.certainty,
        event=entry.identity,
        event_type=entry.event.type,
        about=about,
        assessment=None,
        before=snapshot(before),
        after=snapshot(after),
        old=old,
        new=new,
        delta_pp=delta,
        announced_at=about.announced_at,
        effective_at=found.moment,
        moved_from=None,
        until=_until(found, after),
        retroactive=False,
        days=days,
        known_at=entry.known_at,
        seen_at=entry.seen_at,
        citations=law_of(about),
        evidence=about.evidence,
        lead=tick.lead,
    )


def _looked_at(tick: Tick, found: Turning, now: datetime) -> tuple[datetime, datetime]:
    """The eve and the instant; ahead of a deadline, at which no law turns, what is law today."""
    if tick.lead and found.turn is Turn.THREAT_LAPSED:
        return now, now
    return eve_of(found.at), found.at


def _owed(view: object) -> Duty | None:
    return view.applied if isinstance(view, MeasureStanding) else None


def _delta(found: Turning, views: Views) -> Decimal | None:
    """A duty that begins on top of others adds all of itself, as where it was announced."""
    old, new = views.old, views.new
    if found.turn is Turn.ENTERED_INTO_FORCE and old is None and new is not None:
        return new.percent if new.basis is Basis.ADDITIONAL else None
    return points_between(old, new) or None


def _kinds(tick: Tick, views: Views, delta: Decimal | None) -> tuple[Kind, ...]:
    """What was announced as a rise is not called one again; what comes back by itself is."""
    kind = Kind(tick.turn.value)
    if tick.lead:
        return (Kind.UPCOMING, kind)
    back = rate_kind(views, delta) if tick.turn in _UNANNOUNCED else None
    return (kind, back) if back else (kind,)


_UNANNOUNCED = frozenset({Turn.RESUMED, Turn.ENDED})


def _until(found: Turning, after: object) -> Moment | None:
    """When what began then ends."""
    begins = found.turn in {Turn.ENTERED_INTO_FORCE, Turn.SUSPENDED}
    return after.until if begins and isinstance(after, MeasureStanding) else None
