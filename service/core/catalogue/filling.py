"""A rule as it is matched: lanes that follow a catalogue hold its codes."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.event.fields import LONGEST_COMMON
from service.core.match.subscription import Lane, ProductLane, Rule


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a catalogue holds: codes in digits, and whose list the long ones are of."""

    codes: tuple[str, ...]
    nomenclature: str | None = None


class Misfit(ValueError):
    """A lane and its catalogue do not go together."""


def catalogues_of(rule: Rule) -> frozenset[str]:
    """Name the catalogues that its lanes follow."""
    found = (lane.product.catalogue for lane in rule.lanes if lane.product)
    return frozenset(name for name in found if name)


def fill(rule: Rule, shelves: Mapping[str, Shelf]) -> Rule:
    """The rule with what its catalogues hold now, and no heirs. Raises `Misfit`.

    `shelves` has every catalogue of `catalogues_of`.
    """
    lanes = tuple(_fill(lane, shelves) for lane in rule.lanes)
    return rule.model_copy(update={"lanes": lanes})


def _fill(lane: Lane, shelves: Mapping[str, Shelf]) -> Lane:
    product = lane.product
    if product is None:
        return lane
    changed: dict[str, object] = {"listed": (), "heirs": ()}
    if product.catalogue:
        shelf = shelves[product.catalogue]
        _refuse_other_list(product, shelf)
        kept = (code for code in shelf.codes if not code.startswith(product.excluded))
        changed |= {"listed": tuple(kept), "nomenclature": shelf.nomenclature}
    return lane.model_copy(update={"product": product.model_copy(update=changed)})


def _refuse_other_list(product: ProductLane, shelf: Shelf) -> None:
    is_national = any(len(code) > LONGEST_COMMON for code in product.excluded)
    if is_national and shelf.nomenclature not in {None, product.nomenclature}:
        raise Misfit(
            f"`except` names codes of {product.nomenclature}, and {product.catalogue!r} holds codes"
            f" of {shelf.nomenclature}: except codes of that list, or of six digits"
        )
