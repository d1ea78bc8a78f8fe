"""The CloudEvents Kafka binding: a record whose attributes travel as headers becomes one JSON.

In binary mode the headers `ce_<attribute>` hold the context, `content-type` the kind of the data,
and the value the data itself; in structured mode the value is all of it, and is left alone.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import json
import re
from collections.abc import Mapping

from service.core.event.envelope import decode
from service.core.event.unreadable import Fault, Unreadable

Headers = tuple[tuple[str, bytes], ...]

MARK = "ce_"
KIND = "content-type"
STRUCTURED = "application/cloudevents"
JSON = "application/json"
REQUIRED = ("specversion", "id", "source", "type")
ELSEWHERE = {"data": "data travels as the value", "datacontenttype": f"this travels as {KIND}"}
_ATTRIBUTE = re.compile(r"[a-z0-9]+")
_CHARSET = re.compile(r"charset=\"?([^\";\s]+)", re.IGNORECASE)
_SHOWN = 80  # characters of what a stranger wrote


def unbind(value: bytes, headers: Headers) -> bytes:
    """Structured JSON, the same object if it came as that; `Unreadable` names the bad header."""
    ours = [(name, held) for name, held in headers if _concerns(name)]
    kinds = [held for name, held in ours if name.lower() == KIND]
    if any(held.strip().lower().startswith(STRUCTURED.encode()) for held in kinds):
        _refuse([fault for held in kinds for fault in _judge_kind(held, f"{STRUCTURED}+json")])
        return value
    if len(ours) == len(kinds):
        return value
    texts, faults = _read(ours)
    faults += [fault for held in kinds for fault in _judge_kind(held, JSON)]
    given = {name.lower() for name, _ in ours}
    missing = [name for name in REQUIRED if MARK + name not in given]
    _refuse(faults + [Fault(MARK + name, "this header is required") for name in missing])
    return _write(texts, value)


def _concerns(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(MARK) or lowered == KIND


def _read(headers: list[tuple[str, bytes]]) -> tuple[dict[str, str], list[Fault]]:
    """Header → text, by lower-case name; and what is wrong with those that are none."""
    texts: dict[str, str] = {}
    faults = []
    for given, held in headers:
        header = given.lower()
        name = header.removeprefix(MARK)
        if header in texts:
            said = "this header stands twice; keep one"
        elif header != KIND and name in ELSEWHERE:
            said = ELSEWHERE[name]
        elif header != KIND and not _ATTRIBUTE.fullmatch(name):
            said = "no such attribute; its name has lower-case letters and digits"
        else:
            said = _find_flaw(held)
        if said:
            faults.append(Fault(given[:_SHOWN], said))
        texts[header] = held.decode("utf-8", "replace")
    return texts, faults


def _find_flaw(held: bytes) -> str:
    try:
        held.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte {error.start} is {error.reason}"
    return ""


def _judge_kind(held: bytes, wanted: str) -> list[Fault]:
    """Only JSON in UTF-8 can be read."""
    text = held.decode("utf-8", "replace")
    media = text.partition(";")[0].strip().lower()
    if media != wanted:
        return [Fault(KIND, f"{media[:_SHOWN]} cannot be read; send {wanted}")]
    charset = _CHARSET.search(text)
    if charset and charset[1].lower() not in {"utf-8", "utf8", "us-ascii"}:
        return [Fault(KIND, f"the charset {charset[1][:_SHOWN]} cannot be read; send UTF-8")]
    return []


def _write(texts: Mapping[str, str], value: bytes) -> bytes:
    """The data goes in byte for byte: its numbers keep their digits."""
    found: dict[str, str] = {
        header.removeprefix(MARK): text for header, text in texts.items() if header != KIND
    }
    if KIND in texts:
        found["datacontenttype"] = JSON
    context = json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if not value.strip():
        return context
    try:
        decode(value)
    except Unreadable as error:
        raise Unreadable(
            Fault(f"data.{fault.where}" if fault.where else "data", fault.what)
            for fault in error.faults
        ) from error
    return context[:-1] + b', "data": ' + value + b"}"


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise Unreadable(faults)
