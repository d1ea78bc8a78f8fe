"""What waits rather than leave at once, and until when: digests, quiet hours, caps, one law.

Whatever waits at one destination for the same cause leaves together, as one alert: a bundle.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.core.change import Change, Severity
from service.core.destination.hours import instant_of, instants_near
from service.core.destination.preferences import Digest, Preferences
from service.core.event import Handling
from service.core.language import ENGLISH, Tongue

WINDOW = timedelta(seconds=30)
"""So long after the first change of a law the others may still join it."""
BUNDLES = ("digest", "quiet", "cap", "instrument")
"""How the cause of a bundle begins, before a colon."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What an alert waits for, and when that comes."""

    cause: str
    due_at: datetime


def wait_for(wishes: Preferences, change: Change, now: datetime, sent: int) -> Wait | None:
    """None: it leaves at once. `sent` alerts have left for its destination within this hour.

    A critical one waits for others of its law alone, and a test for nothing. What is simulated is
    never bundled with what is not.
    """
    if change.mode is Handling.TEST:
        return None
    is_critical = change.severity is Severity.CRITICAL
    wait = None if is_critical else _wait_of_hours(wishes, now, sent)
    if wait is None and wishes.group and change.citations:
        law = change.citations[0]
        due = now + WINDOW
        due = due if is_critical else _past_quiet(wishes, due)
        wait = Wait(f"instrument:{law.kind}:{law.number}", due)
    if wait and change.mode is Handling.SIMULATED:
        return Wait(f"{wait.cause}/{change.mode.value}", wait.due_at)
    return wait


def _wait_of_hours(wishes: Preferences, now: datetime, sent: int) -> Wait | None:
    """A digest before quiet hours, and those before the cap: the later one is asked no more."""
    if wishes.digest:
        due = _next_digest(wishes, wishes.digest, now)
        return Wait(f"digest:{due.astimezone(wishes.zone):%Y-%m-%d}", due)
    due = _past_quiet(wishes, now)
    if due > now:
        return Wait(f"quiet:{due.astimezone(wishes.zone):%Y-%m-%dT%H:%M}", due)
    if wishes.hourly_cap and sent >= wishes.hourly_cap:
        begun = hour_of(now)
        return Wait(f"cap:{begun:%Y-%m-%dT%H}", _past_quiet(wishes, begun + timedelta(hours=1)))
    return None


def hour_of(now: datetime) -> datetime:
    """The hour in which alerts are counted."""
    return now.replace(minute=0, second=0, microsecond=0)


def _next_digest(wishes: Preferences, digest: Digest, now: datetime) -> datetime:
    """Yesterday's may be it, which quiet hours have put off."""
    weekday = digest.on if digest.every == "week" else None
    instants = instants_near(wishes.zone, digest.at, weekday, now)
    return min(due for one in instants if (due := _past_quiet(wishes, one)) > now)


def _past_quiet(wishes: Preferences, moment: datetime) -> datetime:
    """The moment itself, or the end of the quiet hours that it falls in."""
    hours = wishes.quiet_hours
    if hours is None:
        return moment
    local = moment.astimezone(wishes.zone)
    clock = local.time()
    begun, over = clock >= hours.begin, clock >= hours.end
    is_quiet = (begun and not over) if hours.begin < hours.end else (begun or not over)
    if not is_quiet:
        return moment
    day = local.date() + timedelta(days=over)
    end = instant_of(day, hours.end, wishes.zone)
    return end if end > moment else instant_of(day, hours.end.replace(fold=1), wishes.zone)


# The causes of bundles


def is_bundle(cause: str) -> bool:
    """Whether an alert with this cause carries others."""
    return cause.partition(":")[0] in BUNDLES


def bundle_cause(cause: str, first: int) -> str:
    """No two bundles are alike: `first` is the number of their first member, which ends with it."""
    return f"{cause}#{first}"


def shared_cause(cause: str) -> str:
    """What the members of a bundle with this cause had waited for."""
    return cause.rpartition("#")[0].removesuffix(f"/{Handling.SIMULATED.value}")


# In words


def say_wishes(wishes: Preferences, tongue: Tongue = ENGLISH) -> list[str]:
    """How alerts come, a sentence each; nothing where each comes at once."""
    said = []
    if wishes.digest:
        said.append(_say_digest(wishes.digest, tongue))
    if wishes.quiet_hours:
        begin, end = (f"{one:%H:%M}" for one in (wishes.quiet_hours.begin, wishes.quiet_hours.end))
        said.append(tongue.say("From {begin} to {end} they wait.", begin=begin, end=end))
    if wishes.hourly_cap:
        most = tongue.number(wishes.hourly_cap)
        said.append(tongue.say("Those beyond {most} an hour come together.", most=most))
    if wishes.digest or wishes.quiet_hours:
        said.append(tongue.say("These are times in {zone}.", zone=wishes.timezone))
    if said:
        said.append(tongue.say("What is critical comes at once."))
    return said


def _say_digest(digest: Digest, tongue: Tongue) -> str:
    hour = f"{digest.at:%H:%M}"
    if digest.every == "day":
        return tongue.say("They come together, every day at {time}.", time=hour)
    day = tongue.weekday(digest.on)
    return tongue.say("They come together, every {weekday} at {time}.", weekday=day, time=hour)
