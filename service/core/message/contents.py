"""What a change says to people, in parts: for a mail and for a page alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from service.core.change import Change, Kind, Severity
from service.core.event import Evidence, Handling, Measure
from service.core.language import ENGLISH, Tongue, noted
from service.core.message.snapshot import certainty_in_words
from service.core.sentence.headline import headline
from service.core.sentence.phrase import (
    capitalise,
    cite,
    say_clocks,
    say_end,
    say_programme,
    shorten,
    zone_of,
)
from service.core.sentence.rates import say_figure
from service.core.sentence.sentence import say
from service.core.sentence.talks import first_named
from service.core.sentence.todo import ToDo, to_do

SAID_QUOTE = 300
SAID_LINE = 200

BANNERS = {
    Handling.TEST: noted("TEST: nothing has changed"),
    Handling.SIMULATED: noted("SIMULATED: replayed from the past, this is no news"),
}
MARKS = {
    Handling.TEST: noted("[TEST] {subject}"),
    Handling.SIMULATED: noted("[SIMULATED] {subject}"),
}
SEVERITIES = {
    Severity.CRITICAL: noted("critical"),
    Severity.HIGH: noted("high"),
    Severity.MEDIUM: noted("medium"),
    Severity.INFO: noted("info"),
}
KINDS_OF_EVIDENCE = {
    "instrument": noted("legal text"),
    "official_statement": noted("official statement"),
    "press_report": noted("press report"),
    "social_post": noted("social post"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A law or a piece of evidence; `quote` is what it says, if that is known."""

    said: str
    url: str | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """`subject` is one line that says old → new; `facts` are labels and values."""

    subject: str
    banner: str
    summary: str
    severity: str
    facts: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    to_do: tuple[ToDo, ...] = ()


def contents_of(change: Change, tongue: Tongue = ENGLISH, *, told_before: bool = True) -> Contents:
    """The same for all who speak alike, but for who never heard of what a verdict is about."""
    return Contents(
        mark(tongue, change.mode, headline(change, tongue)),
        say_banner(tongue, change.mode),
        say(change, tongue, told_before=told_before),
        change.severity.value,
        tuple(_facts(tongue, change)),
        tuple(_sources(tongue, change)),
        to_do(tongue, change),
    )


def mark(tongue: Tongue, mode: Handling, subject: str) -> str:
    """A subject line that says what is no news."""
    return tongue.say(MARKS[mode], subject=subject) if mode in MARKS else subject


def say_banner(tongue: Tongue, mode: Handling) -> str:
    """The same above the text; nothing where it is news."""
    return tongue.say(BANNERS[mode]) if mode in BANNERS else ""


def _facts(tongue: Tongue, change: Change) -> Iterator[tuple[str, str]]:
    """Label and value; what is not known is left out."""
    about = change.about
    if change.old is not None or change.new is not None:
        yield tongue.say("Payable"), _say_payable(tongue, change)
    if change.delta_pp is not None:
        yield tongue.say("Difference"), _say_difference(tongue, change.delta_pp)
    yield from _moments(tongue, change)
    yield tongue.say("How sure"), capitalise(certainty_in_words(tongue, change))
    yield tongue.say("Severity"), capitalise(tongue.say(SEVERITIES[change.severity]))
    if isinstance(about, Measure) and about.programme:
        yield tongue.say("Programme"), say_programme(tongue, about.programme) or about.programme


def _say_payable(tongue: Tongue, change: Change) -> str:
    """What is collected just before and just after the instant of effect."""
    old, new = (
        say_figure(tongue, one) if one else tongue.say("nothing known")
        for one in (change.old, change.new)
    )
    if change.old == change.new:
        return tongue.say("{rate}, unchanged", rate=old)
    return tongue.say("{old} → {new}", old=old, new=new)


def _say_difference(tongue: Tongue, points: Decimal) -> str:
    sign = "-" if points < 0 else "+"
    return tongue.say("{points} percentage points", points=sign + tongue.number(abs(points)))


def _moments(tongue: Tongue, change: Change) -> Iterator[tuple[str, str]]:
    """By the clocks of who levies, in UTC, and by the reader's own."""
    about = change.about
    zone = zone_of(about.importer if isinstance(about, Measure) else first_named(about))
    moments = {
        ANNOUNCED: change.announced_at,
        effect_label(change): change.effective_at,
        BEFORE: change.moved_from,
        UNTIL: change.until,
    }
    for label, moment in moments.items():
        if moment and label is UNTIL and moment.day:
            yield tongue.say(label), say_end(tongue, moment, zone)
        elif moment:
            yield tongue.say(label), say_clocks(tongue, moment, zone)


ANNOUNCED, BEFORE, UNTIL = noted("Announced"), noted("Before"), noted("Until")
TAKES_EFFECT, ON, DEADLINE = noted("Takes effect"), noted("On"), noted("Deadline")


def effect_label(change: Change) -> str:
    """What its instant is called: neither talks nor a threat that lapses take effect."""
    if Kind.THREAT_LAPSED in change.kinds:
        return DEADLINE
    return TAKES_EFFECT if isinstance(change.about, Measure) else ON


def _sources(tongue: Tongue, change: Change) -> Iterator[Source]:
    for law in change.citations:
        yield Source(cite(law), law.url)
    for one in change.evidence:
        yield _source_of(tongue, one)


def _source_of(tongue: Tongue, evidence: Evidence) -> Source:
    said = evidence.publisher or tongue.say(KINDS_OF_EVIDENCE[evidence.kind])
    if evidence.title:
        said = tongue.say("{label}: {value}", label=said, value=evidence.title)
    return Source(shorten(said, SAID_LINE), evidence.url, shorten(evidence.quote or "", SAID_QUOTE))
