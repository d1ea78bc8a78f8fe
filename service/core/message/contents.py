"""What a change says to people, in parts: for a mail and for a page alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.core.change import Change
from service.core.event import Evidence, Handling, Measure
from service.core.message.phrase import capitalise, cite, say_figure, say_moment, shorten, zone_of
from service.core.message.sentence import headline, say
from service.core.message.snapshot import certainty_in_words
from service.core.message.talks import first_named

SAID_QUOTE = 300
SAID_LINE = 200

BANNERS = {
    Handling.TEST: "TEST: nothing has changed",
    Handling.SIMULATED: "SIMULATED: replayed from the past, this is no news",
}
MARKS = {Handling.TEST: "[TEST] ", Handling.SIMULATED: "[SIMULATED] "}


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


def contents_of(change: Change, *, told_before: bool = True) -> Contents:
    """The same for everybody, but for who never heard of the claim that a verdict is about."""
    return Contents(
        MARKS.get(change.mode, "") + headline(change),
        BANNERS.get(change.mode, ""),
        say(change, told_before=told_before),
        change.severity.value,
        tuple(_facts(change)),
        tuple(_sources(change)),
    )


def _facts(change: Change) -> Iterator[tuple[str, str]]:
    """Label and value; what is not known is left out."""
    about = change.about
    zone = zone_of(about.importer if isinstance(about, Measure) else first_named(about))
    if change.old is not None or change.new is not None:
        yield "Payable", _say_payable(change)
    if change.delta_pp is not None:
        yield "Difference", f"{change.delta_pp:+f} percentage points"
    moments = {
        "Announced": change.announced_at,
        "Takes effect" if isinstance(about, Measure) else "On": change.effective_at,
        "Before": change.moved_from,
        "Until": change.until,
    }
    for label, moment in moments.items():
        if moment:
            yield label, say_moment(moment, zone)
    yield "How sure", capitalise(certainty_in_words(change))
    yield "Severity", capitalise(change.severity.value)
    if isinstance(about, Measure) and about.programme:
        yield "Programme", shorten(about.programme, SAID_LINE)


def _say_payable(change: Change) -> str:
    """What is collected just before and just after the instant of effect."""
    old, new = (say_figure(one) if one else "nothing known" for one in (change.old, change.new))
    return f"{old}, unchanged" if change.old == change.new else f"{old} → {new}"


def _sources(change: Change) -> Iterator[Source]:
    for law in change.citations:
        yield Source(cite(law), law.url)
    for one in change.evidence:
        yield _source_of(one)


def _source_of(evidence: Evidence) -> Source:
    who = evidence.publisher or evidence.kind.replace("_", " ")
    said = f"{who}: {evidence.title}" if evidence.title else who
    return Source(shorten(said, SAID_LINE), evidence.url, shorten(evidence.quote or "", SAID_QUOTE))
