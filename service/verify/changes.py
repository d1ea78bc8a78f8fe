"""Changes: each says what its row says, was made by its event, and has its fan-out."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from service.store.audit import find_causes, read_changes
from service.verify.books import Books
from service.verify.finding import Finding, Kind
from service.verify.numbers import Numbers

CHECK = "changes"
SAID_TWICE = ("id", "subject", "sequence", "severity", "certainty", "mode")
"""In the columns, and in the content."""

Causes = Mapping[tuple[str, str], UUID | None]


async def check_changes(books: Books) -> AsyncIterator[Finding]:
    """By number. Some may never have been given: after a restore, readers have seen those."""
    given = books.given.get("changes", 0)
    numbers = Numbers(CHECK, "change", given, books.kept_since, Kind.NOTE)
    async for rows in books.pages(CHECK, read_changes):
        contents = [_read(row.body) for row in rows]
        causes = await find_causes(books.session, {_cause(one) for one in contents if one})
        for row, content in zip(rows, contents, strict=True):
            for one in numbers.meet(row.number, row.recorded_at):
                yield one
            said = _judge(row, content, causes)
            if said:
                yield Finding(CHECK, f"change {row.number} ({row.id})", said)
    for one in numbers.end():
        yield one


def _read(body: bytes) -> dict[str, Any]:
    """Its content; empty where it is none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and len(found.get("event", ())) == 2 else {}  # noqa: PLR2004 - (source, id)


def _cause(content: dict[str, Any]) -> tuple[str, str]:
    source, name = content["event"]
    return source, name


def _judge(row: Any, content: dict[str, Any], causes: Causes) -> str:
    if not content:
        return "has a content that cannot be read"
    for name in SAID_TWICE:
        if str(content[name]) != str(getattr(row, name)):
            return f"has the {name} {getattr(row, name)} in its row, and {content[name]} inside"
    if row.kind != content["kinds"][0]:
        return f"has the kind {row.kind} in its row, and {content['kinds'][0]} inside"
    return _judge_place(row, _cause(content), causes)


def _judge_place(row: Any, cause: tuple[str, str], causes: Causes) -> str:
    if cause not in causes:
        return f"was made by event {' '.join(cause)}, which is not there"
    if causes[cause] != row.id:
        return f"was made by event {' '.join(cause)}, which says that it made {causes[cause]}"
    if row.fanned_out is None:
        return "has no fan-out: nobody would be told of it"
    if row.fanned_out != row.number:
        return f"has a fan-out that is numbered {row.fanned_out}"
    return ""
