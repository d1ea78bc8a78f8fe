"""Sending many events: a thousand at a time, each thousand whole or not at all."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli.client import Api
from service.cli.exits import Refused
from service.cli.terminal import Terminal

LINES = "application/x-ndjson"
CHUNK = 1000
CHUNK_BYTES = 4_000_000


def send_all(
    terminal: Terminal, api: Api, lines: Sequence[bytes], places: Sequence[str] = ()
) -> dict[str, Any]:
    """Chunk by chunk, with a bar for whoever watches; `places` says where each was found."""
    places = places or [f"event {number}" for number in range(1, len(lines) + 1)]
    taken = {"sent": 0, "accepted": 0, "duplicates": 0}
    started = time.perf_counter()
    with open_bar(terminal) as bar:
        task = bar.add_task("sending", total=len(lines), speed="")
        for chunk in _chunks(lines):
            found = _send_chunk(api, chunk, places[taken["sent"] :], taken["sent"])
            taken["sent"] += len(chunk)
            taken["accepted"] += found["accepted"]
            taken["duplicates"] += found["duplicates"]
            speed = taken["sent"] / (time.perf_counter() - started)
            bar.update(task, completed=taken["sent"], speed=f"{speed:,.0f} events/s")
    seconds = time.perf_counter() - started
    return taken | {"seconds": round(seconds, 3), "per_second": round(len(lines) / seconds)}


def open_bar(terminal: Terminal) -> Progress:
    """For whoever watches; a pipe sees nothing of it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=terminal.err, disable=not terminal.err.is_terminal)


def _send_chunk(api: Api, chunk: Iterable[bytes], places: Sequence[str], before: int) -> Any:
    try:
        return api.post_bytes("/v1/events", b"\n".join(chunk), LINES)
    except Refused as error:
        problem = _place(error.problem, places)
        if before:
            said = f"{problem['detail']} (the {before:,} events before these were sent)"
            raise Refused(problem | {"detail": said}) from error
        raise Refused(problem) from error


def _place(problem: dict[str, Any], places: Sequence[str]) -> dict[str, Any]:
    """By the lines of what was sent, which are not those of the file that was read."""

    def name(found: re.Match[str]) -> str:
        number = int(found[1])
        return places[number - 1] if 0 < number <= len(places) else found[0]

    def say(text: Any) -> str:
        return _LINE.sub(name, str(text))

    errors = [one | {"where": say(one.get("where"))} for one in problem.get("errors", ())]
    return problem | {"detail": say(problem.get("detail", "")), "errors": errors}


_LINE = re.compile(r"^line (\d+)\b")


def _chunks(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Up to `CHUNK` lines and `CHUNK_BYTES` bytes, at least one line."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        if chunk and (len(chunk) == CHUNK or size + len(line) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += len(line) + 1
    yield chunk
