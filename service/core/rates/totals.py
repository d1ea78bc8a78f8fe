"""The figures: what each measure adds, in percent of the whole value, and their sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from service.core.duty import Basis, Component, Duty, say_duty
from service.core.rates.answer import Answer, Line, Unknown, total_of
from service.core.rates.bearing.relating import ALL, Owed
from service.core.rates.bearing.sighting import COLUMN_1
from service.core.rates.facts import Facts
from service.core.rates.rules.coverage import Gap
from service.core.rates.rules.relations import fits
from service.core.rates.sentences import say_line

COLUMN_1_FACT = "column1_pct"
PREFERENCE = "preference"
CONTENT = "_content"
CONTENT_FACT = "metal_value_pct"
"""A duty on a content of the goods (`copper_content`) is taken from this share of the value."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What components come to: percent, and what is stated otherwise. None: it is not known."""

    pct: Decimal | None
    specific: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """Lines and unknown parts, while they are written.

    `column1` is the ordinary duty, None where not known; `all_in` the one figure that a measure
    states for everything.
    """

    facts: Facts
    column1: Figure = Figure(None)
    all_in: Decimal | None = None
    lines: list[Line] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)

    def miss(self, name: str, why: str) -> None:
        """Name an unknown part; the first reason stands."""
        self.unknown.setdefault(name, why)


def add_up(
    owed: Sequence[Owed], gaps: Sequence[Gap], facts: Facts, *, torn: Sequence[str], is_torn: bool
) -> Answer:
    """Lines and sums. `torn`: measures in a circle; `is_torn`: column 1 differs within the code."""
    tally = Tally(facts)
    ordinary = [one for one in owed if one.charge.of.programme in COLUMN_1]
    _find_column_1(tally, ordinary, is_torn=is_torn)
    for one in owed:
        if one.charge.of.programme not in COLUMN_1:
            tally.lines.append(_write(tally, one, is_torn=one.charge.of.key in torn))
    is_whole = _mind_gaps(tally, gaps)
    amounts = [line.pct for line in tally.lines if line.programme not in COLUMN_1]
    additional = total_of(amounts) if is_whole else None
    return Answer(
        lines=tuple(tally.lines),
        unknown=tuple(Unknown(name, why) for name, why in tally.unknown.items()),
        column1_pct=tally.column1.pct,
        additional_pct=additional,
        total_pct=_total(tally, additional, is_whole=is_whole),
        specific=tuple(said for line in tally.lines for said in line.specific),
    )


def _find_column_1(tally: Tally, ordinary: Sequence[Owed], *, is_torn: bool) -> None:
    """As told; else the one ordinary duty that the books have for the code."""
    told = tally.facts.number(COLUMN_1_FACT)
    if told is not None:
        tally.column1 = Figure(told)
    elif is_torn:
        why = "the ordinary duty differs within this code: name a longer one, or say column1_pct"
        tally.miss(COLUMN_1_FACT, why)
    elif line := _lowest([_write(tally, one) for one in ordinary]):
        tally.column1 = Figure(line.pct, line.specific)
        tally.lines.append(line)
    else:
        found = "no ordinary duty" if not ordinary else "several ordinary duties"
        why = f"the books have {found} for this code: say column1_pct, or load the tariff schedule"
        tally.miss(COLUMN_1_FACT, why)


def _lowest(ordinary: Sequence[Line]) -> Line | None:
    """The one there is; of several preferences the lowest, where all are plain percentages."""
    if len(ordinary) == 1:
        return ordinary[0]
    plain = [one for one in ordinary if one.programme == PREFERENCE and not one.specific]
    known = [(one.pct, one.measure, one) for one in plain if one.pct is not None]
    return min(known)[2] if known and len(known) == len(ordinary) else None


def _write(tally: Tally, one: Owed, *, is_torn: bool = False) -> Line:
    of, duty = one.charge.of, one.charge.duty
    figure = _figure(tally, of.key, duty)
    if is_torn:
        tally.miss(of.key, "relations set it and others against each other in a circle")
        figure = Figure(None)
    for fact in one.needs:
        tally.miss(fact, f"{of.key} hangs on this share of the value")
    pct = _based(tally, of.key, duty, figure)
    if one.needs or not _has_own_base(tally, one):
        pct = None
    pct = pct if pct is None or one.share is None else pct * one.share / ALL
    line = Line(
        measure=of.key,
        programme=of.programme,
        status=of.held.status,
        duty=duty,
        pct=pct,
        specific=figure.specific,
        share_pct=one.share,
        effective_at=of.held.effective_at,
        until=of.held.until or of.held.expires_at,
        citations=of.citations,
        stacks=one.stacks,
        sentence="",
    )
    return replace(line, sentence=say_line(line, of.origin, of.held.importer))


def _has_own_base(tally: Tally, one: Owed) -> bool:
    """A measure that others give way to on a share alone must say what it is taken from itself."""
    parts = one.charge.duty.components if one.charge.duty else ()
    if one.taken == ALL or all(part.value_basis for part in parts):
        return True
    tally.miss(one.charge.of.key, "no text in the books says from which part of the value")
    return False


def _figure(tally: Tally, key: str, duty: Duty | None) -> Figure:
    """Percent of the whole value, and money or units; what cannot be reckoned is named."""
    if duty is None or not duty.components:
        words = f": {duty.text}" if duty and duty.text else ""
        tally.miss(key, f"its rate is not known as a figure{words}")
        return Figure(None)
    if duty.combine != "sum" and len(duty.components) > 1:
        return _choose(tally, key, duty)
    shares = [_share_of(tally, key, part) for part in duty.components if part.kind == "ad_valorem"]
    said = tuple(
        say_duty(Duty(components=(part,))) for part in duty.components if part.kind == "specific"
    )
    return Figure(total_of(shares), said)


def _choose(tally: Tally, key: str, duty: Duty) -> Figure:
    """The higher or the lower of several can be told of percentages of one value alone."""
    parts = duty.components
    if any(part.kind != "ad_valorem" or part.value_basis for part in parts):
        tally.miss(
            key, f"it takes the value and the quantity of the goods to tell {say_duty(duty)}"
        )
        return Figure(None)
    pick = max if duty.combine == "max" else min
    return Figure(pick(part.amount for part in parts))


def _share_of(tally: Tally, key: str, part: Component) -> Decimal | None:
    if part.value_basis is None:
        return part.amount
    told = tally.facts.number(CONTENT_FACT)
    if not part.value_basis.endswith(CONTENT):
        tally.miss(key, f"it is taken from the {part.value_basis.replace('_', ' ')}")
        return None
    if told is None:
        tally.miss(CONTENT_FACT, f"{key} is taken from this share of the value")
        return None
    return part.amount * told / ALL


def _based(tally: Tally, key: str, duty: Duty | None, figure: Figure) -> Decimal | None:
    """What it adds to column 1, where it states a sum that has column 1 in it."""
    if duty is None or figure.pct is None or not duty.of_total:
        return figure.pct
    if tally.all_in is not None:
        tally.miss(key, "another measure states all that is owed, too")
        return None
    tally.all_in = figure.pct
    if tally.column1.pct is None or tally.column1.specific:
        tally.miss(COLUMN_1_FACT, f"{key} states a sum with column 1 in it")
        return None
    added = figure.pct - tally.column1.pct
    return added if duty.basis is Basis.TOTAL else max(added, Decimal(0))


def _mind_gaps(tally: Tally, gaps: Sequence[Gap]) -> bool:
    """Whether nothing unknown is owed beside the lines."""
    is_whole = True
    for gap in gaps:
        if _is_open(gap, tally.facts):
            if not gap.measure:
                tally.miss(gap.id, f"{gap.text} ({gap.citation})")
                is_whole = False
            tally.lines = [_blur(tally, line, gap) for line in tally.lines]
    return is_whole


def _is_open(gap: Gap, facts: Facts) -> bool:
    if gap.when and facts.told.get(gap.when) is not True:
        return False
    if gap.unless is None:
        return True
    said = gap.unless.replace("_", " ")
    return not facts.is_so(gap.unless, (f"{said} holds", f"{said} does not hold"))


def _blur(tally: Tally, line: Line, gap: Gap) -> Line:
    if not fits(gap.measure, line.measure, line.programme):
        return line
    tally.miss(line.measure, f"{gap.text} ({gap.citation})")
    return replace(line, pct=None, duty=None)


def _total(tally: Tally, additional: Decimal | None, *, is_whole: bool) -> Decimal | None:
    """Column 1 and the rest; where a measure states all of it, column 1 need not be known."""
    if tally.column1.pct is not None and additional is not None:
        return tally.column1.pct + additional
    stating = [line for line in tally.lines if line.duty and line.duty.basis is Basis.TOTAL]
    if len(stating) != 1 or not is_whole or COLUMN_1_FACT not in tally.unknown:
        return None
    rest = total_of(line.pct for line in tally.lines if line is not stating[0])
    return None if rest is None or tally.all_in is None else tally.all_in + rest
