"""What an input calls itself, also where it is no event that could be taken.

Whoever looks for what was set aside knows its source and its id. They are read from whatever is
JSON at all, more leniently than an event is, however its writer escaped them.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from service.core.event.binding import KIND, MARK, STRUCTURED, Headers
from service.core.event.envelope import Identity


def names_of(value: bytes, headers: Headers = ()) -> frozenset[Identity] | None:
    """Source and id of each event in it, a source that is missing as ""; None: it is no JSON."""
    carried = {name.lower(): held.decode("utf-8", "replace") for name, held in headers}
    kind = carried.get(KIND, "").strip().lower()
    if f"{MARK}id" in carried and not kind.startswith(STRUCTURED):
        return frozenset({(carried.get(f"{MARK}source", ""), carried[f"{MARK}id"])})
    try:
        found = _DECODER.decode(value.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return frozenset(_list_names(found if isinstance(found, list) else [found]))


def _list_names(found: list[Any]) -> Iterator[Identity]:
    """A key may stand twice: whichever is meant, it is found."""
    for one in found:
        if isinstance(one, tuple):
            yield from product(_texts(one, "source") or [""], _texts(one, "id"))


def _texts(pairs: tuple[tuple[str, Any], ...], key: str) -> list[str]:
    return [held for name, held in pairs if name == key and isinstance(held, str)]


_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
)
"""An object is the tuple of its pairs; figures stay text, for none of them is looked at."""
