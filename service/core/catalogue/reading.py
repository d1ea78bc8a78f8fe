"""A catalogue read row by row: goods, and the rows that cannot be taken with how to mend them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.core.catalogue.columns import OF_GOODS, Columns, find_columns
from service.core.catalogue.table import BadTable, read_table
from service.core.codes import (
    MOST_HINTED,
    ProductCode,
    UnknownProduct,
    describe_product,
    find_product,
    format_product,
)
from service.core.codes.harmonized import find_gap, suggest_products

LONGEST_SKU = 100
LONGEST_NAME = 200

_product = lru_cache(maxsize=65_536)(find_product)
_LITERAL = re.compile(r'="([^"]*)"')  # how a spreadsheet is told that a figure is text
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+]?[0-9]+")
_NUMBER = re.compile(r"([0-9]+)\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Good:
    """A row: `code` in digits, `sku` and `name` as the owner writes them, or empty."""

    line: int
    code: str
    sku: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be taken: what is wrong with it, and how to mend it."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. `nomenclature` is that of its codes of 8 or 10 digits, if there are any."""

    goods: tuple[Good, ...]
    bad: tuple[Bad, ...]
    nomenclature: str | None
    encoding: str
    delimiter: str
    columns: Columns

    @property
    def codes(self) -> tuple[str, ...]:
        """Each once, in the order of the file."""
        return tuple(dict.fromkeys(good.code for good in self.goods))


def read_catalogue(
    body: bytes,
    nomenclature: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Reading:
    """Every row, good or bad; `nomenclature` is for national codes that do not name their own.

    Raises `BadTable` for a file that is no table of goods at all.
    """
    table = read_table(body, encoding, delimiter)
    columns = find_columns(table.header, OF_GOODS, ("code",))
    reader = _Reader(columns, nomenclature)
    for line, cells in table.rows:
        reader.take(line, cells)
    if not (reader.goods or reader.bad):
        raise BadTable("there are no goods below the first line")
    return Reading(
        tuple(reader.goods),
        tuple(reader.bad),
        reader.system,
        table.encoding,
        table.delimiter,
        columns,
    )


class _Reader:
    """Goes from row to row; the first national code decides whose list they all are of."""

    def __init__(self, columns: Columns, nomenclature: str | None) -> None:
        self.columns = columns
        self.asked = nomenclature
        self.system: str | None = None
        self.goods: list[Good] = []
        self.bad: list[Bad] = []

    def take(self, line: int, cells: Sequence[str]) -> None:
        try:
            self.goods.append(self._read(line, cells))
        except ValueError as error:
            self.bad.append(Bad(line, str(error)))

    def _read(self, line: int, cells: Sequence[str]) -> Good:
        if len(cells) > self.columns.width and any(cells[self.columns.width :]):
            raise ValueError(
                f"this row has {len(cells)} cells and the first line {self.columns.width}: put a"
                " name that holds the delimiter into quotes"
            )
        given = _read_literal(self.columns.pick("code", cells))
        sku = _read_words("SKU", self.columns.pick("sku", cells), LONGEST_SKU)
        name = _read_words("name", self.columns.pick("name", cells), LONGEST_NAME)
        found = _read_code(given, self.asked, hinted=len(self.bad) < MOST_HINTED)
        if found.nomenclature:
            self.system = self.system or found.nomenclature
            if found.nomenclature != self.system:
                raise ValueError(
                    f"{given!r} is a code of {found.nomenclature}, and those above are of"
                    f" {self.system}: make a catalogue for each"
                )
        return Good(line, found.digits, sku, name)


def _read_literal(cell: str) -> str:
    literal = _LITERAL.fullmatch(cell)
    return literal[1].strip() if literal else cell


def _read_words(what: str, cell: str, longest: int) -> str:
    text = " ".join(_read_literal(cell).split())
    if text.startswith("="):
        raise ValueError(f"the {what} is a formula: save the values of the sheet, not its formulas")
    if not text.isprintable():
        raise ValueError(f"the {what} holds a control character: remove it")
    if len(text) > longest:
        raise ValueError(f"the {what} has {len(text)} characters: at most {longest}")
    return text


def _read_code(given: str, nomenclature: str | None, *, hinted: bool) -> ProductCode:
    if not given:
        raise ValueError("there is no code: write one, or leave the row out")
    if given.startswith("="):
        raise ValueError("the code is a formula: save the values of the sheet, not its formulas")
    if _SCIENTIFIC.fullmatch(given):
        raise ValueError(
            f"a spreadsheet has made a number of the code ({given[:30]!r}): format the column as"
            " text, and enter it again"
        )
    if flaw := _find_cut(given, hinted=hinted):
        raise ValueError(flaw)
    try:
        return _product(given, nomenclature)
    except UnknownProduct as error:
        raise ValueError(str(error) if hinted else error.plain) from error


def _find_cut(given: str, *, hinted: bool) -> str | None:
    """A code that was once a number: `710.1` was 0710.10, and reads as heading 7101 without dot.

    Before the dot an odd number of digits is left, where every code has an even one.
    """
    number = _NUMBER.fullmatch(given)
    if number is None or len(number[1]) % 2 == 0:
        return None
    said = f"{given!r} is no code: a spreadsheet has taken it for a number and dropped its zeros."
    likely = "0" + number[1] + number[2]
    likely += "0" * (len(likely) % 2)
    if find_gap(likely) is None and len(likely) > len(number[1]):
        return f"{said} Did you mean {_say(likely)}?{_AS_TEXT}"
    return f"{said}{_offer(given) if hinted else ''}{_AS_TEXT}"


_AS_TEXT = " Format the column as text."


def _offer(given: str) -> str:
    near = suggest_products(given)
    return f" Did you mean {', '.join(code for code, _ in near)}?" if near else ""


def _say(digits: str) -> str:
    return f"{format_product(digits)} ({describe_product(digits)[:60]})"
