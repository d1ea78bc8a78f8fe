"""CSV as people have it: any usual encoding and delimiter, quoted, with the line of each row."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ROWS = 50_000
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030", "big5", "euc-kr")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 2_000
_SAID = "sep="  # the first line by which a spreadsheet says its delimiter


class BadTable(ValueError):
    """The file is no table of goods."""


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of the first row, and those of every other row that has any, with their lines."""

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[tuple[int, list[str]]]


def read_table(body: bytes, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Raises `BadTable`, which says what to mend."""
    known = encoding or _find_encoding(body)
    text = _decode(body, known)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.casefold().startswith(_SAID) and len(first.rstrip("\r")) == len(_SAID) + 1:
        delimiter, text, skipped = delimiter or first[len(_SAID)], rest, 1
    mark = delimiter or _find_delimiter(text)
    rows = list(_read(text, mark, skipped))
    if not rows:
        raise BadTable("the file is empty: its first line must name the columns")
    name = "utf-8" if known == "utf-8-sig" else known
    return Table(name, mark, rows[0][1], rows[1:])


def _find_encoding(body: bytes) -> str:
    """By its mark; else by what it can be: UTF-8 if it is well formed, then Windows' own."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    start = body[:_LOOKED_AT]
    if b"\x00" in start:
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise BadTable(
            f"this is no {encoding} ({error}): save it as CSV UTF-8, or name its encoding,"
            f" one of {', '.join(ENCODINGS)}"
        ) from error


def _find_delimiter(text: str) -> str:
    """The one that the first line holds most of, outside quotes; a comma where it holds none."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _read(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count, line = 0, skipped
    try:
        for cells in reader:
            begun, line = line + 1, reader.line_num + skipped
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS + 1:
                raise BadTable(f"a file may have {MAX_ROWS:,} rows, this has more: split it in two")
            yield begun, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise BadTable(
            f"line {line + 1}: {error}: close every quote, and double a quote inside quotes"
        ) from error
