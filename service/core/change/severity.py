"""How soon a person should look: a pure function of kind, certainty, delta and time to effect."""

from decimal import Decimal

from service.core.certainty import Certainty
from service.core.change.change import Kind, Severity

LARGE_PP = 10
SMALL_PP = 1
SOON_DAYS = 14

_BASE = {
    Kind.MEASURE_ANNOUNCED: 2,
    Kind.RATE_INCREASED: 2,
    Kind.RATE_DECREASED: 2,
    Kind.RATE_CHANGED: 2,
    Kind.SUSPENDED: 2,
    Kind.RESUMED: 2,
    Kind.ENDED: 2,
    Kind.ENTERED_INTO_FORCE: 2,
    Kind.CORRECTION: 2,
    Kind.THREAT_ISSUED: 1,
    Kind.AGREEMENT_REACHED: 1,
}
_LEVELS = (Severity.INFO, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


def grade(
    kinds: tuple[Kind, ...], certainty: Certainty, delta: Decimal | None, days: int | None
) -> Severity:
    """From the gravest kind; up where large or moved and near, down where unsure or tiny."""
    level = max(_BASE.get(kind, 1) for kind in kinds)
    pressing = kinds[0] is Kind.EFFECTIVE_DATE_MOVED or (
        delta is not None and abs(delta) >= LARGE_PP
    )
    near = days is not None and days <= SOON_DAYS
    if pressing and near and certainty.moves_law:
        level += 1
    if delta is not None and abs(delta) < SMALL_PP:
        level -= 1
    if certainty < Certainty.OFFICIAL_STATEMENT:
        level -= 1
    return _LEVELS[max(0, min(level, len(_LEVELS) - 1))]
