"""Which of a receiver's own goods an alert concerns, by the names of its catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.core.codes import format_product
from service.core.language import Tongue
from service.core.sentence.phrase import shorten

if TYPE_CHECKING:
    from service.core.message.body import Told

NAMED = 5
"""At most so many goods are listed; the others are counted."""
SAID_GOOD = 60  # characters


@dataclass(frozen=True, slots=True)
class Concern:
    """Goods of one catalogue: how many in all, and the first of them as (sku, name, code)."""

    catalogue: str
    count: int
    goods: tuple[tuple[str, str, str], ...]


def read_concern(row: dict[str, Any] | None) -> Concern | None:
    """As `concern_part` writes it."""
    if row is None:
        return None
    goods = tuple((one["sku"], one["name"], one["code"]) for one in row["goods"])
    return Concern(row["catalogue"], row["count"], goods)


def concern_part(concern: Concern) -> dict[str, Any]:
    """As a body has it, and the row of an alert."""
    goods = [{"sku": sku, "name": name, "code": code} for sku, name, code in concern.goods]
    return {"catalogue": concern.catalogue, "count": concern.count, "goods": goods}


def say_concerned(tongue: Tongue, matched: Iterable["Told"]) -> str:
    """To stand behind the sentence of the change; nothing where no catalogue is concerned."""
    found = {told.concerns.catalogue: told for told in matched if told.concerns}
    concerns = [told.concerns for told in found.values() if told.concerns and told.concerns.goods]
    if not concerns:
        return ""
    more = sum(one.count for one in concerns) - 1
    is_possible = all(told.possible for told in found.values())
    return _say_goods(tongue, _say_good(*concerns[0].goods[0]), more, is_possible=is_possible)


def _say_goods(tongue: Tongue, good: str, more: int, *, is_possible: bool) -> str:
    if not more:
        return tongue.say(
            "It may concern your {good}." if is_possible else "It concerns your {good}.", good=good
        )
    if is_possible:
        return tongue.count(
            "It may concern your {good} and {n} more.",
            "It may concern your {good} and {n} more.",
            more,
            good=good,
        )
    return tongue.count(
        "It concerns your {good} and {n} more.",
        "It concerns your {good} and {n} more.",
        more,
        good=good,
    )


def _say_good(sku: str, name: str, code: str) -> str:
    return shorten(f"{sku} {name}".strip() or format_product(code), SAID_GOOD)
