"""Whether two product codes concern the same goods, asked for each change and each lane."""

from enum import StrEnum

from service.core.codes.harmonized import HS_DIGITS, NATIONAL_CHAPTERS


class Meet(StrEnum):
    """How the first code stands to the second."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    SIX_DIGITS = "six_digits"  # of different nomenclatures: alike as far as the HS goes


def covers(wide: str, narrow: str) -> bool:
    """Whether all goods of `narrow` are goods of `wide`, both of one nomenclature."""
    return narrow.startswith(wide)


def codes_meet(a: str, of_a: str | None, b: str, of_b: str | None) -> Meet | None:
    """How `a` stands to `b`, each with its nomenclature; `None` if they share no goods.

    Digits past the sixth are national, so those of two nomenclatures are never compared, and
    chapters 98 and 99 of two nomenclatures have nothing in common.
    """
    if of_a != of_b:
        if a[:2] in NATIONAL_CHAPTERS:
            return None
        if len(a) > HS_DIGITS < len(b):
            return Meet.SIX_DIGITS if a[:HS_DIGITS] == b[:HS_DIGITS] else None
    if a == b:
        return Meet.SAME
    if b.startswith(a):
        return Meet.WIDER
    return Meet.NARROWER if a.startswith(b) else None
