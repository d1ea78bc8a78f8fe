"""Whether a measure is on goods that a lane follows; by look-ups, however long the lists are."""

from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

from service.core.codes import Meet, codes_meet, format_product
from service.core.codes.harmonized import HEADING_DIGITS
from service.core.event import Product
from service.core.event.fields import LONGEST_COMMON
from service.core.match.subscription import ProductLane

SAID = 3

_INSIDE = frozenset({Meet.SAME, Meet.NARROWER})
_VAGUE = frozenset({"described", "unknown"})


@dataclass(frozen=True, slots=True)
class Goods:
    """The product of a measure, indexed once a change.

    `include` leaves out what the measure itself excepts; `under` holds, by every prefix, the
    included codes that begin with it.
    """

    product: Product
    include: frozenset[str]
    excluded: frozenset[str]
    under: Mapping[str, tuple[str, ...]]

    @property
    def is_vague(self) -> bool:
        """Without codes, and yet not on everything."""
        return self.product.scope in _VAGUE


class Met(NamedTuple):
    """How goods and lane meet: `yours` are those codes of the lane that do."""

    reason: str
    yours: tuple[str, ...]
    possible: bool = False
    six_digits: bool = False


@lru_cache(maxsize=8192)  # as many as there are texts of measures remembered
def goods_of(product: Product) -> Goods:
    """Index what the product includes and excepts."""
    of, excluded = product.nomenclature, frozenset(product.excluded)
    include = [code for code in product.include if not _cover(code, of, excluded, of)]
    under: dict[str, list[str]] = {}
    for code in include:
        for size in range(2, len(code) + 1, 2):
            under.setdefault(code[:size], []).append(code)
    listed = {prefix: tuple(codes) for prefix, codes in under.items()}
    return Goods(product, frozenset(include), excluded, listed)


def meet_goods(goods: Goods, lane: ProductLane, on: date, *, possible: bool) -> Met | str:
    """How they meet on that day, or what stopped it. `possible`: whether descriptions count."""
    if goods.is_vague and not possible:
        return "its goods are only described, and `possible` is off"
    yours = lane.followed(on)
    if not yours:
        return "none of your codes is in use any more"
    left = _not_excepted(yours, lane.nomenclature, goods)
    if not left:
        return f"it excepts your {_say_codes(yours)}"
    if goods.is_vague:
        return Met("its goods are only described: possibly yours", left, possible=True)
    if goods.product.scope == "all":
        return Met(f"it is on all goods, so on your {_say_codes(left)} too", left)
    return _meet_codes(goods, lane, left, on)


def say_few(names: Collection[str], say: Callable[[str], str] = str) -> str:
    """Say the first few, and how many more there are: a lane may hold thousands."""
    more = len(names) - SAID
    return ", ".join(map(say, islice(names, SAID))) + (f" and {more} more" if more > 0 else "")


def _say_codes(codes: Collection[str]) -> str:
    return say_few(codes, format_product)


def _not_excepted(codes: tuple[str, ...], of: str | None, goods: Goods) -> tuple[str, ...]:
    """Drop codes that are let off as a whole; part of one being so is no reason for silence."""
    if not goods.excluded:
        return codes
    gone, of_gone = goods.excluded, goods.product.nomenclature
    chapters = {code[:2] for code in gone}
    return tuple(
        code for code in codes if code[:2] not in chapters or not _cover(code, of, gone, of_gone)
    )


def _meet_codes(goods: Goods, lane: ProductLane, codes: Collection[str], on: date) -> Met | str:
    excepted = frozenset(lane.excluded)
    near = (code for code in codes if _is_near(code, goods))
    found = ((code, _meet_one(code, lane.nomenclature, goods, excepted)) for code in near)
    met = {code: meeting for code, meeting in found if meeting}
    if not met:
        return f"none of your codes ({_say_codes(codes)}) is in its list"
    code, (theirs, how) = next(iter(met.items()))
    six = any(meet is Meet.SIX_DIGITS for _, meet in met.values())
    said = _say_meeting(code, theirs, how) + _say_heir(lane, code, on)
    more = f", and so for {len(met) - 1} more of your codes" if len(met) > 1 else ""
    note = "; compared on six digits, as the nomenclatures differ" if six else ""
    return Met(said + more + note, tuple(met), six_digits=six)


def _is_near(code: str, goods: Goods) -> bool:
    """Whether they may meet at all: of a long catalogue most codes are in other headings."""
    return code[:HEADING_DIGITS] in goods.under or code[:2] in goods.include


def _say_heir(lane: ProductLane, code: str, on: date) -> str:
    """Of which of the owner's codes it has taken the place, unless it is one of them still."""
    of = lane.stands_for(on)[code] if lane.heirs else (code,)
    return f" (which follows your {format_product(of[0])})" if of and code not in of else ""


def _meet_one(
    code: str, of: str | None, goods: Goods, excepted: AbstractSet[str]
) -> tuple[str, Meet] | None:
    """Find the measure's code that meets `code` best: the same, a wider one, then any other."""
    of_theirs = goods.product.nomenclature
    for theirs in _candidates(code, of, goods):
        how = codes_meet(code, of, theirs, of_theirs)
        if how and not (
            excepted and _cover(theirs, of_theirs, excepted, of) and how not in _INSIDE
        ):
            return theirs, how
    return None


def _candidates(code: str, of: str | None, goods: Goods) -> Iterator[str]:
    of_theirs = goods.product.nomenclature
    wide = _cover(code, of, goods.include, of_theirs)
    shared = code if of == of_theirs else code[:LONGEST_COMMON]
    return chain([wide] if wide else [], goods.under.get(shared, ()))


def _cover(code: str, of: str | None, codes: AbstractSet[str], of_codes: str | None) -> str | None:
    """Find the longest of `codes` that holds all goods of `code`."""
    for size in range(len(code), 0, -2):
        wide = code[:size]
        if wide in codes and codes_meet(code, of, wide, of_codes) in _INSIDE:
            return wide
    return None


def _say_meeting(code: str, theirs: str, how: Meet) -> str:
    yours, its = format_product(code), format_product(theirs)
    if how is Meet.SAME:
        return f"it names your {yours}"
    if how is Meet.SIX_DIGITS:
        return f"your {yours} and its {its} are alike"
    if how is Meet.NARROWER:
        return f"your {yours} lies within its {its}"
    return f"its {its} lies within your {yours}"
