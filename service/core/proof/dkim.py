"""What a DKIM signature is made over (RFC 6376, relaxed/relaxed); signing itself is handed in."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

SIGNED = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
"""RFC 8058 §3.1 wants the last two signed, or one click is not offered."""

_WHITE = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_LINE = 70

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a name under `_domainkey` of a domain, by one of the algorithms of RFC 8463."""

    domain: str
    selector: str
    algorithm: str
    sign: Sign

    def seal(self, message: bytes, at: datetime) -> bytes:
        """The message with a signature before it; lines of the message end in CRLF."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = dict(_read_fields(head))
        names = [name for name in SIGNED if name.encode() in fields]
        tags = {
            "v": "1",
            "a": self.algorithm,
            "c": "relaxed/relaxed",
            "d": self.domain,
            "s": self.selector,
            "t": str(int(at.timestamp())),
            # Named once more than it is there, so that none can be added.
            "h": ":".join([*names, "from"]),
            "bh": b64encode(sha256(_relax_body(body)).digest()).decode(),
            "b": "",
        }
        said = "; ".join(f"{name}={value}" for name, value in tags.items())
        signed = b"".join(fields[name.encode()] + b"\r\n" for name in names)
        signature = self.sign(signed + b"dkim-signature:" + said.encode())
        return _fold(f"DKIM-Signature: {said}", b64encode(signature).decode()) + message


def _fold(head: str, signature: str) -> bytes:
    """White space may stand between tags and within a signature: that is where lines break."""
    parts = [signature[place : place + _LINE] for place in range(0, len(signature), _LINE)]
    return (head.replace("; ", ";\r\n\t") + "\r\n\t".join(parts) + "\r\n").encode()


def _read_fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names in lower case, and what is signed of each field; ours are there once at most."""
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        plain = name.strip().lower()
        yield plain, plain + b":" + _WHITE.sub(b" ", value).strip()


def _relax_body(body: bytes) -> bytes:
    lines = [_WHITE.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    text = b"\r\n".join(lines).rstrip(b"\r\n")
    return text + b"\r\n" if text else b""
