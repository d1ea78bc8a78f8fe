"""Each line as a trader would say it: how much, on what, since when, on which law."""

from service.core.codes import country_phrase, timezone_of
from service.core.duty import Duty, say_duty, say_number
from service.core.event import Origin
from service.core.moment import ONE_DAY, Moment, find_zone
from service.core.rates.answer import Answer, Line

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SAID = 4


def say_line(line: Line, origin: Origin, importer: str) -> str:
    """As "20 % under IEEPA-fentanyl on goods of China, since 4 Mar 2025 00:01: EO 14228."."""
    under = f" under {line.programme}" if line.programme else ""
    end = f" until {_say_end(line.until, importer)}" if line.until else ""
    since = f", since {say_moment(line.effective_at, importer)}" if line.effective_at else ""
    return f"{say_rate(line)}{under} on {say_origin(origin)}{since}{end}{say_law(line.citations)}"


def say_rate(line: Line) -> str:
    """Its rate, and what that comes to where that is not the same."""
    said = say_duty(line.duty)
    if line.pct is None or (line.duty and line.duty.percent == line.pct and not line.duty.of_total):
        return said
    return f"{said}, which here adds {say_number(line.pct)} %"


def say_gone(key: str, duty: Duty | None, relation: str, by: str, citation: str) -> str:
    """As "us-reciprocal-all, 10 %, is not owed: us-reciprocal-cn replaces it (EO 14257)."."""
    verb = {"replaces": "replaces it", "excludes": "excludes it"}.get(relation)
    why = f"{by} {verb}" if verb else f"these goods are let off, by {by.replace('_', ' ')}"
    law = f" ({citation})" if citation else ""
    return f"{key}, {say_duty(duty)}, is not owed: {why}{law}."


def say_beside(
    key: str, status: str, duty: Duty | None, start: Moment | None, importer: str
) -> str:
    """As "us-reciprocal-vn is suspended; its own rate is 46 %."."""
    since = f" from {say_moment(start, importer)}" if start and status == "scheduled" else ""
    rate = f"; its own rate is {say_duty(duty)}" if duty else ""
    return f"{key} is {status.replace('_', ' ')}{since}{rate}: nothing of it is owed."


def say_possible(key: str, duty: Duty | None, text: str, *, is_exemption: bool) -> str:
    """Of goods that a text describes and gives no codes of."""
    goods = text or "goods that are not stated"
    if is_exemption:
        return f"{key} lets off some goods that its text only describes; these may be among them."
    return f"{key}, {say_duty(duty)}, is on goods only described or in part: {goods}."


def say_origin(origin: Origin) -> str:
    """As "goods of China and Hong Kong"."""
    if origin.kind == "pseudo":
        return " and ".join(name.replace("_", " ").lower() for name in origin.members) + " goods"
    if origin.kind == "all":
        return "goods of all origins" + _but(origin)
    return f"goods of {_join(origin.members)}"


def _but(origin: Origin) -> str:
    return f" except {_join(origin.excluded)}" if origin.excluded else ""


def _join(codes: tuple[str, ...]) -> str:
    names = [country_phrase(code) for code in codes[:SAID]]
    more = len(codes) - SAID
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def say_law(citations: tuple[str, ...]) -> str:
    """The first of them."""
    return f": {citations[0]}." if citations else "."


def say_moment(moment: Moment, importer: str) -> str:
    """By the importer's clocks; a day stays a day."""
    zone = timezone_of(importer)
    day = moment.day_in(zone)
    hour = "" if moment.day else f" {moment.at.astimezone(find_zone(zone)):%H:%M}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}{hour}"


def _say_end(moment: Moment, importer: str) -> str:
    """A day on which it is over is said by the one before, the last that it holds."""
    if moment.day is None:
        return say_moment(moment, importer)
    last = Moment.of_day(moment.day - ONE_DAY, timezone_of(importer))
    return f"{say_moment(last, importer)} inclusive"


def say_answer(answer: Answer) -> str:
    """The sums, and where they hold: "If they qualify: 27.5 % in all."."""
    given = " and ".join(one.said for one in answer.given)
    where = f"If {given}: " if given else ""
    beside = "".join(f" + {one}" for one in answer.specific)
    if answer.total_pct is not None:
        return f"{where}{say_number(answer.total_pct)} %{beside} in all."
    lacking = ", ".join(dict.fromkeys((*(one.name for one in answer.unknown), *answer.doubts)))
    if answer.additional_pct is not None:
        added = f"{say_number(answer.additional_pct)} %{beside} on top of column 1"
        return f"{where}{added}; the total is not known ({lacking})."
    return f"{where}what is owed in all is not known ({lacking})."
