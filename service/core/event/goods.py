"""Codes of goods that do not exist: refused at the door, and nowhere else.

What stands in the books is read back whatever it names: it was taken once, and editions change.
"""

import re
from collections.abc import Iterator

from service.core.codes import MOST_HINTED, UnknownProduct
from service.core.codes.harmonized import format_product, suggest_products
from service.core.codes.products import find_missing
from service.core.event.envelope import Event
from service.core.event.measure import Measure, Product
from service.core.event.unreadable import MOST_FAULTS, Fault, Unreadable

_EDITION = re.compile(r"(?:HS[\s-]*)?2022", re.IGNORECASE)
"""The one whose codes we know; a producer who names none means it."""


def refuse_unknown_goods(event: Event, hints: int = MOST_HINTED) -> None:
    """`Unreadable` for a measure on goods that HS 2022 does not have, unless of another edition.

    National codes are left to their list. `hints` faults at most say what is nearest.
    """
    if not isinstance(event.data, Measure):
        return
    product = event.data.product
    if product.edition is not None and not _EDITION.fullmatch(product.edition.strip()):
        return
    found = list(_find_unknown(product))[:MOST_FAULTS]
    if found:
        raise Unreadable(
            Fault(where, str(unknown) if place < hints else unknown.plain)
            for place, (where, unknown) in enumerate(found)
        )


def _find_unknown(product: Product) -> Iterator[tuple[str, UnknownProduct]]:
    """Each with its path."""
    for name, codes in (("include", product.include), ("except", product.excluded)):
        for place, digits in enumerate(codes):
            if gap := find_missing(digits):
                said = f"HS 2022 has no {gap}; of another edition? Then name it in `edition`."
                unknown = UnknownProduct(format_product(digits), suggest_products, said)
                yield f"data.product.{name}[{place}]", unknown
