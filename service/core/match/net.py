"""The net that is cast for a change: all that an index must look for, so that no match is lost."""

from dataclasses import dataclass

from service.core.event.fields import LONGEST_COMMON
from service.core.match.facts import Facts
from service.core.match.goods import Goods

PREFIXES = (2, 4, 6)


@dataclass(frozen=True, slots=True)
class Narrow:
    """What an index must look for so that no match is lost; empty strings mean "any".

    `origins` None: do not look at origins. `codes` None: do not look at codes. `blocks` are
    six-digit prefixes (or shorter) whose descendants count too.
    """

    layer: str
    subject: str
    importers: frozenset[str]
    origins: frozenset[str] | None
    codes: frozenset[str] | None
    blocks: frozenset[str]
    possible_only: bool


def narrow(facts: Facts) -> Narrow:
    """Cast the widest net that still holds every match."""
    subject = facts.change.subject
    if facts.goods is None:
        parties = facts.parties | {""}
        return Narrow("track", subject, parties, parties, None, frozenset(), possible_only=False)
    importers = facts.importers | {""}
    origins = None if facts.origins is None else facts.origins | {""}
    codes, blocks = _net_of_codes(facts.goods)
    vague = facts.goods.is_vague
    return Narrow("measure", subject, importers, origins, codes, blocks, possible_only=vague)


def _net_of_codes(goods: Goods) -> tuple[frozenset[str] | None, frozenset[str]]:
    """List each code's shared digits and all above them; `blocks` find what is below."""
    if goods.product.scope == "all":
        return None, frozenset()
    above = {code[:size] for code in goods.include for size in PREFIXES if size <= len(code)}
    return frozenset(above | {""}), frozenset(code[:LONGEST_COMMON] for code in goods.include)
