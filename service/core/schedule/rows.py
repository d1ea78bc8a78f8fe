"""The rows of a USITC export of the tariff schedule: a JSON array, plain or gzipped."""

import json
import re
import zlib
from typing import Any, NamedTuple

LARGEST = 400_000_000
"""Bytes of an unpacked export; a real one has some 15 million."""

COLUMNS = ("general", "special", "other")
_GZIP = b"\x1f\x8b"
_NUMBER = re.compile(r"\d{4}(\.\d{2}){0,3}")


class WrongSchedule(ValueError):
    """This is no export of the tariff schedule; says what is wrong, where, and how to mend it."""


class Row(NamedTuple):
    """What of a row concerns rates; `digits` is empty where a heading has no number of its own."""

    digits: str
    general: str
    special: str
    other: str


def read_rows(raw: bytes) -> list[Row]:
    """Rows in their order; `WrongSchedule` names the first that is none.

    `indent` (a text, upstream) is not asked: a line of ten digits begins with the digits of the
    line above it. Neither are the two spellings of `additionalDuties`, which concern chapter 99.
    """
    found = _decode(_unpack(raw))
    if isinstance(found, dict):
        found = found.get("rows")  # as in an excerpt that says where it comes from
    if not isinstance(found, list) or not found:
        raise WrongSchedule(f"it is no list of rows; {_MEND}")
    return [_read_row(one, number) for number, one in enumerate(found, start=1)]


_MEND = "export the whole schedule as JSON at hts.usitc.gov (Export), and give that file"


def _unpack(raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(raw, LARGEST)
    except zlib.error as error:
        raise WrongSchedule(f"its gzip archive is damaged ({error}); fetch it again") from error
    if not unpacking.eof:
        too_large = bool(unpacking.unconsumed_tail)
        said = f"it unpacks to more than {LARGEST:,} bytes" if too_large else "it is cut short"
        raise WrongSchedule(f"{said}; {_MEND}")
    return plain


def _decode(plain: bytes) -> Any:
    try:
        return json.loads(plain)
    except UnicodeDecodeError as error:
        raise WrongSchedule(f"byte {error.start} is not UTF-8; {_MEND}") from error
    except json.JSONDecodeError as error:
        said = f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise WrongSchedule(f"{said}; {_MEND}") from error
    except RecursionError as error:
        raise WrongSchedule(f"nested too deeply; {_MEND}") from error


def _read_row(one: Any, number: int) -> Row:
    if not isinstance(one, dict):
        raise WrongSchedule(f"row {number} is no object; {_MEND}")
    missing = [name for name in ("htsno", *COLUMNS) if name not in one]
    if missing:
        raise WrongSchedule(f"row {number} has no `{missing[0]}`; {_MEND}")
    cells = [one[name] or "" for name in ("htsno", *COLUMNS)]
    if not all(isinstance(cell, str) for cell in cells):
        raise WrongSchedule(f"row {number}: its number and rates are texts; {_MEND}")
    code = cells[0].strip()
    if code and not _NUMBER.fullmatch(code):
        said = f"row {number}: {code[:20]!r} is no number of the schedule, such as 8703.23.01"
        raise WrongSchedule(f"{said}; {_MEND}")
    return Row(code.replace(".", ""), *(cell.strip() for cell in cells[1:]))
