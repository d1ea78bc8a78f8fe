"""Sending many events: a thousand at a time, each thousand whole or not at all."""

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


def send_all(terminal: Terminal, api: Api, lines: Sequence[bytes]) -> dict[str, Any]:
    """Chunk by chunk, with a bar for whoever watches."""
    taken = {"sent": 0, "accepted": 0, "duplicates": 0}
    started = time.perf_counter()
    with open_bar(terminal) as bar:
        task = bar.add_task("sending", total=len(lines), speed="")
        for chunk in _chunks(lines):
            found = _send_chunk(api, chunk, taken["sent"])
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


def _send_chunk(api: Api, chunk: Iterable[bytes], before: int) -> Any:
    try:
        return api.post_bytes("/v1/events", b"\n".join(chunk), LINES)
    except Refused as error:
        if before:
            said = f"{error} (lines count from event {before + 1}; those before it were sent)"
            raise Refused(error.problem | {"detail": said}) from error
        raise


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
