"""A ZIP file that is the same, byte for byte, for the same files: nothing in it is left to chance.

Files are stored as they are, without times, owners or compression, so that no library's version
shows; sizes stand before the contents, and all offsets have 64 bits (APPNOTE 6.3.10, §4.3). What
reads it back says where a byte is not the one that must stand there.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_WIDE = struct.Struct("<HHQ")
_END_64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4sHHHHIIH")

_BEGINS, _LISTED = b"PK\x03\x04", b"PK\x01\x02"
_PLAIN, _64 = 20, 45  # the versions of the format that are needed to read it
_UNIX = 3 << 8
_UTF_8 = 0x0800
_NO_DAY = 0x21  # 1 January 1980, where the format begins
_MODE = 0o100644 << 16
_FULL, _FULL_16 = 0xFFFFFFFF, 0xFFFF
LONGEST_FILE = 1 << 30
"""Bytes; far more than we write, and what a reader may have to hold in memory."""

Read = Callable[[int, int], bytes]
"""From an offset so many bytes, or fewer at the end."""


class Broken(ValueError):
    """From here on the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file as its head describes it."""

    name: str
    size: int
    checksum: int
    offset: int


class Archive:
    """Gives out the bytes as they come, so that they can be sent while they are made."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._length = 0

    def add(self, name: str, content: bytes) -> bytes:
        """The next file, whole."""
        return self.enter(name, len(content), crc32(content)) + content

    def enter(self, name: str, size: int, checksum: int) -> bytes:
        """The head of the next file; its content must follow."""
        head = _head(name, size, checksum)
        self._members.append(Member(name, size, checksum, self._length))
        self._length += len(head) + size
        return head

    def close(self) -> bytes:
        """What comes behind the last file: the directory, and where it is."""
        listed = b"".join(map(_list, self._members))
        count, end = len(self._members), self._length + len(listed)
        return b"".join(
            (
                listed,
                _END_64.pack(
                    b"PK\x06\x06",
                    44,
                    _UNIX | _64,
                    _64,
                    0,
                    0,
                    count,
                    count,
                    len(listed),
                    self._length,
                ),
                _LOCATOR.pack(b"PK\x06\x07", 0, end, 1),
                _END.pack(b"PK\x05\x06", 0, 0, _FULL_16, _FULL_16, _FULL, _FULL, 0),
            )
        )


def _head(name: str, size: int, checksum: int) -> bytes:
    written = name.encode()
    fields = (_PLAIN, _UTF_8, 0, 0, _NO_DAY, checksum, size, size, len(written), 0)
    return _LOCAL.pack(_BEGINS, *fields) + written


def _list(one: Member) -> bytes:
    name = one.name.encode()
    made = (_UNIX | _64, _64, _UTF_8, 0, 0, _NO_DAY, one.checksum, one.size, one.size)
    rest = (len(name), _WIDE.size, 0, 0, 0, _MODE, _FULL)
    return _CENTRAL.pack(_LISTED, *made, *rest) + name + _WIDE.pack(1, 8, one.offset)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was read; `faults` say what of its place is not as we write it."""

    name: str
    content: bytes
    faults: tuple[str, ...]


def read_archive(read: Read, size: int) -> Iterator[Found]:
    """File by file; at last, without a name, what is wrong with the directory. May be `Broken`."""
    archive, place = Archive(), 0
    while read(place, len(_BEGINS)) == _BEGINS:
        found, head = _read_next(read, place, size, archive)
        yield found
        place += head + len(found.content)
    wanted = archive.close()
    rest = read(place, min(size - place, len(wanted) + 1))  # what is no bundle may be of any length
    if rest != wanted:
        here = next(
            (at for at, pair in enumerate(zip(rest, wanted, strict=False)) if pair[0] != pair[1]),
            min(len(rest), len(wanted)),
        )
        yield Found(
            "", b"", (f"the directory is not as it was written, from byte {place + here} on",)
        )


def _read_next(read: Read, place: int, size: int, archive: Archive) -> tuple[Found, int]:
    head = read(place, _LOCAL.size)
    if len(head) < _LOCAL.size:
        raise Broken(f"it ends at byte {size}, within the head of a file")
    checksum, length, named = (_LOCAL.unpack(head)[at] for at in (6, 8, 9))
    raw = read(place + _LOCAL.size, named)
    begins = place + _LOCAL.size + named
    if length > LONGEST_FILE or begins + length > size:
        raise Broken(f"the file that begins at byte {place} would end behind the end")
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        raise Broken(f"the file that begins at byte {place} has no name") from error
    content = read(begins, length)
    faults = []
    if head + raw != archive.enter(name, length, checksum):
        faults.append(f"its head, at byte {place}, is not as it was written")
    if crc32(content) != checksum:
        faults.append("its checksum (CRC-32) is not that of its bytes")
    return Found(name, content, tuple(faults)), _LOCAL.size + named
