"""What a change carries out of what was said before, and how a threat that hung on it ended."""

from service.core.certainty import Certainty
from service.core.change import Change
from service.core.change.change import Former
from service.core.event import Measure
from service.core.language import Tongue, noted
from service.core.moment import Moment
from service.core.sentence.phrase import say_day, zone_of


def say_carried_out(tongue: Tongue, change: Change, measure: Measure) -> str:
    """As "Threatened on 7 Apr 2025, now law."; nothing where it carries out nothing we know."""
    held = change.carries_out
    if held is None:
        return ""
    day = say_day(tongue, held.announced_at or Moment(held.known_at), zone_of(measure.importer))
    now = _ANNOUNCED if measure.certainty is Certainty.ANNOUNCED else _LAW
    return tongue.say(now, said=tongue.say(_said(held), day=day))


_LAW = noted("{said}, now law.")
_ANNOUNCED = noted("{said}, now announced by the authority.")


def _said(held: Former) -> str:
    if held.action.is_threat:
        return _THREATS.get(held.certainty, THREATENED)
    return _CLAIMS[held.certainty]


THREATENED = noted("Threatened on {day}")
_THREATS = {
    Certainty.REPORTED: noted("Threat reported on {day}"),
    Certainty.UNNAMED: noted("Threat reported on {day}"),
    Certainty.RUMOUR: noted("Threat rumoured on {day}"),
}
_CLAIMS = {
    Certainty.INSTRUMENT: noted("Enacted on {day}"),
    Certainty.ANNOUNCED: noted("Announced on {day}"),
    Certainty.OFFICIAL_STATEMENT: noted("Said on record on {day}"),
    Certainty.REPORTED: noted("Reported on {day}"),
    Certainty.UNNAMED: noted("Reported on {day}"),
    Certainty.RUMOUR: noted("Rumoured on {day}"),
}


def say_met(tongue: Tongue, measure: Measure) -> str:
    """Why a threat was withdrawn, where the event says that what it demanded was done."""
    return tongue.say("Its condition was met.") if measure.met else ""
