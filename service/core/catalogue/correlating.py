"""A correlation read from CSV: old code, new code, kind; many to many, retired where empty."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.core.catalogue.columns import Columns, find_columns
from service.core.catalogue.reading import Bad
from service.core.catalogue.table import BadTable, read_table
from service.core.codes import find_nomenclature, format_product
from service.core.event.fields import LONGEST_COMMON, read_code

LONGEST_KIND = 40
_HS = "HS"
_PAIR = ("old", "new")
_EDITION = re.compile(r"HS ?[0-9]{4}", re.IGNORECASE)
_NAMES = {
    "old": "old oldcode from fromcode previous previouscode before source",
    "new": "new newcode to tocode successor current currentcode after target",
    "kind": "kind type relation relationship change note",
}
_DROPPED = " a spreadsheet has dropped a zero: format the column as text"


@dataclass(frozen=True, slots=True)
class Step:
    """`new` is empty where nothing follows."""

    line: int
    old: str
    new: str
    kind: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What a file says, good rows and bad."""

    steps: tuple[Step, ...]
    bad: tuple[Bad, ...]


def read_steps(body: bytes, nomenclature: str) -> Steps:
    """Raises `BadTable`, or `UnknownNomenclature` for the name of the list."""
    system = find_nomenclature(nomenclature)
    table = read_table(body)
    columns = find_columns(_name_editions(table.header), _NAMES, _PAIR)
    steps, bad = [], []
    for line, cells in table.rows:
        try:
            steps.append(_read(line, cells, columns, system))
        except ValueError as error:
            bad.append(Bad(line, str(error)))
    if not (steps or bad):
        raise BadTable("there are no codes below the first line")
    return Steps(tuple(dict.fromkeys(steps)), tuple(bad))


def _name_editions(header: Sequence[str]) -> list[str]:
    """Two editions of the HS, the older one first: "HS 2022" and "HS 2028" are old and new."""
    editions = sorted(title for title in header if _EDITION.fullmatch(title))
    named = dict(zip(editions, _PAIR, strict=True)) if len(editions) == len(_PAIR) else {}
    return [named.get(title, title) for title in header]


def _read(line: int, cells: Sequence[str], columns: Columns, system: str) -> Step:
    old, new = (_read_code(name, columns.pick(name, cells), system) for name in _PAIR)
    if not old:
        raise ValueError("there is no old code")
    kind = " ".join(columns.pick("kind", cells).split())
    if len(kind) > LONGEST_KIND or not kind.isprintable():
        raise ValueError(f"the kind is a word or two, of at most {LONGEST_KIND} characters")
    return Step(line, old, new, kind or ("moved" if new else "retired"))


def _read_code(name: str, cell: str, system: str) -> str:
    if not cell:
        return ""
    try:
        code = read_code(cell)
    except ValueError as error:
        is_odd = sum(sign.isdigit() for sign in cell) % 2 == 1
        raise ValueError(f"{name}: {error}" + (f";{_DROPPED}" if is_odd else "")) from error
    if system == _HS and len(code) > LONGEST_COMMON:
        raise ValueError(
            f"{name}: {format_product(code)} has more than six digits, so it is of a national"
            " list: name that one"
        )
    return code
