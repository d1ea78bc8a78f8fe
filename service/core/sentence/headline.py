"""The subject line of a mail: whose duty, the move and the day, in at most 110 columns."""

from collections.abc import Iterator

from service.core.change import Change, Kind
from service.core.codes import format_product
from service.core.event import Action, Measure, NegotiationStep, Product, Verdict
from service.core.language import ENGLISH, Tongue, noted
from service.core.sentence.due import date_in_brief
from service.core.sentence.line import Dating, Line, say_subject
from service.core.sentence.moves import former_end
from service.core.sentence.phrase import (
    say_day,
    say_end_day,
    say_goods,
    say_programme,
    say_scope,
    shorten_to_width,
    width_of,
    zone_of,
)
from service.core.sentence.sentence import line_of, put_lead, put_lead_of_talks
from service.core.sentence.talks import say_stage, say_state
from service.core.sentence.verdict import claim_line
from service.core.standing.track import TrackStanding

LONGEST_HEADLINE = 110
BRIEF_SCOPE = 32
FEWER_NAMES = (3, 2)
"""Of many origins so many are left by name where there is no room for more; one, and how many."""
LEAST_DUTY = 24
"""Columns that are left of whose duty it is on which goods."""


def headline(change: Change, tongue: Tongue = ENGLISH) -> str:
    """Old → new, and the day."""
    brief = tongue.in_brief()
    if isinstance(change.about, NegotiationStep):
        said = _say_track(brief, change, change.about)
    else:
        said = _say_measure(brief, change, change.about)
    return shorten_to_width(said, LONGEST_HEADLINE)


_VERDICTS = {
    Verdict.CONFIRMED: noted("Confirmed: {said}"),
    Verdict.DENIED: noted("Denied: {said}"),
    Verdict.DISPUTED: noted("Disputed: {said}"),
    Verdict.RETRACTED: noted("Retracted: {said}"),
}


def _say_track(tongue: Tongue, change: Change, step: NegotiationStep) -> str:
    parties, stage = say_state(tongue, step)
    if change.assessment:
        said = tongue.say("{parties}: {stage}", parties=parties, stage=stage)
        return tongue.say(_VERDICTS[change.assessment.verdict], said=said)
    view = change.before
    former = (view.state or view.stage) if isinstance(view, TrackStanding) else None
    if former and former is not step.stage and change.headline is not Kind.CLAIM_MADE:
        stage = tongue.say("{old} → {new}", old=say_stage(tongue, former), new=stage)
    said = tongue.say("{parties}: {stage}", parties=parties, stage=stage)
    return put_lead_of_talks(tongue, step, said)


def _say_measure(tongue: Tongue, change: Change, measure: Measure) -> str:
    """The first that fits: the programme comes where there is room, and so do the goods.

    Where none does, the last is cut in front of its move, whose end is the day.
    """
    said = duty = move = ""
    for duty, move in _offer(tongue, change, measure):
        said = _put_together(tongue, change, measure, duty, move)
        if width_of(said) <= LONGEST_HEADLINE:
            return said
    room = width_of(duty) - width_of(said) + LONGEST_HEADLINE
    if room < LEAST_DUTY:
        return said
    return _put_together(tongue, change, measure, shorten_to_width(duty, room), move)


def _offer(tongue: Tongue, change: Change, measure: Measure) -> Iterator[tuple[str, str]]:
    """Whose duty, and the move: the best first, what is shorter then."""
    line = _line_of(tongue, change, measure)
    moves = _with_programme(tongue, measure, _say_move(tongue, line, change, measure))
    duties = []
    for duty in _say_duties(tongue, measure):
        duties.append(duty)
        for move in moves:
            yield duty, move
    for duty in duties if line.short else ():
        yield duty, line.short
    briefly = [_say_briefly(tongue, measure, names) for names in FEWER_NAMES]
    for move in filter(None, (moves[-1], line.short)):
        yield from ((duty, move) for duty in briefly)


def _line_of(tongue: Tongue, change: Change, measure: Measure) -> Line:
    if change.assessment:
        return claim_line(tongue, change, measure)
    return line_of(tongue, change, measure)


def _say_move(tongue: Tongue, line: Line, change: Change, measure: Measure) -> str:
    if change.assessment:
        return line.dated or line.move
    return _date(tongue, line, change, measure)


def _say_duties(tongue: Tongue, measure: Measure) -> Iterator[str]:
    """With the goods in words, and without: "in part" says that it is not on all."""
    product = measure.product
    goods = say_goods(tongue, measure.origin, Product(scope="all", condition=product.condition))
    scope = _say_scope(tongue, product)
    for one in (scope, _say_fewer(tongue, product, scope)):
        whole = tongue.say("{goods} ({scope})", goods=goods, scope=one) if one else goods
        yield say_subject(tongue, measure.importer, whole)


def _say_briefly(tongue: Tongue, measure: Measure, names: int) -> str:
    """With fewer origins by name, and the least of the goods."""
    product = measure.product
    whole = Product(scope="all", condition=product.condition)
    goods = say_goods(tongue, measure.origin, whole, names)
    if scope := _say_fewer(tongue, product, _say_scope(tongue, product)):
        goods = tongue.say("{goods} ({scope})", goods=goods, scope=scope)
    return say_subject(tongue, measure.importer, goods)


def _say_fewer(tongue: Tongue, product: Product, scope: str) -> str:
    """What is on all goods but some may pass for all here; what is unknown may not."""
    if product.scope == "all":
        return ""
    is_known = product.scope == "codes" or (product.scope == "described" and product.text)
    return tongue.say("in part") if is_known else scope


def _with_programme(tongue: Tongue, measure: Measure, move: str) -> list[str]:
    known = say_programme(tongue, measure.programme)
    if not known:
        return [move]
    return [tongue.say("{move} ({programme})", move=move, programme=known), move]


def _put_together(tongue: Tongue, change: Change, measure: Measure, duty: str, move: str) -> str:
    said = tongue.say("{duty}: {move}", duty=duty, move=move)
    if change.assessment:
        return tongue.say(_VERDICTS[change.assessment.verdict], said=said)
    return put_lead(tongue, change, measure, said)


def _say_scope(tongue: Tongue, product: Product) -> str:
    """In the words of the event, else the first code and how many more."""
    if product.scope != "codes" or product.text:
        text = product.model_copy(update={"scope": "described"}) if product.text else product
        return say_scope(tongue, text, BRIEF_SCOPE)
    more, first = len(product.include) - 1, format_product(product.include[0])
    if not more:
        return first
    return tongue.count("{code} + {n} code", "{code} + {n} codes", more, code=first)


def _date(tongue: Tongue, line: Line, change: Change, measure: Measure) -> str:
    if change.is_of_clock:
        return date_in_brief(tongue, line, change, measure)
    zone, move = zone_of(measure.importer), line.brief or line.move
    if measure.action is Action.EXTENDED and former_end(change):
        return _date_end(tongue, move, change, measure)
    if change.moved_from:
        return _date_shift(tongue, move, change, measure)
    if measure.condition and measure.condition.deadline:
        day = say_day(tongue, measure.condition.deadline, zone)
        return tongue.say("{move}, deadline {day}", move=move, day=day)
    move = _date_span(tongue, move, line.how, measure)
    return tongue.say("{move} (retroactive)", move=move) if change.retroactive else move


def _date_span(tongue: Tongue, move: str, how: Dating, measure: Measure) -> str:
    zone, until = zone_of(measure.importer), measure.until
    # What is extended has begun before: that is no news.
    start = None if measure.action is Action.EXTENDED else measure.effective_at
    first = say_day(tongue, start, zone) if start else ""
    end = say_end_day(tongue, until, zone) if until else ""
    if first and end:
        return tongue.say(how.span, move=move, start=first, end=end)
    if first:
        return tongue.say(how.start, move=move, start=first)
    return tongue.say("{move} until {end}", move=move, end=end) if end else move


def _date_shift(tongue: Tongue, move: str, change: Change, measure: Measure) -> str:
    zone, new = zone_of(measure.importer), measure.effective_at
    old = say_day(tongue, change.moved_from, zone) if change.moved_from else ""
    day = say_day(tongue, new, zone) if new else tongue.say("no date")
    return tongue.say("{move}, {old} → {new}", move=move, old=old, new=day)


def _date_end(tongue: Tongue, move: str, change: Change, measure: Measure) -> str:
    zone, former, until = zone_of(measure.importer), former_end(change), measure.until
    old = say_end_day(tongue, former, zone) if former else ""
    new = say_end_day(tongue, until, zone) if until else tongue.say("no date")
    return tongue.say("{move}, end {old} → {new}", move=move, old=old, new=new)
