"""Commands that send events: from a file, from the past, or an example of a kind."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.client import Api, open_api
from service.cli.exits import BadFile, Refused
from service.cli.posting import send_all
from service.cli.terminal import Json, Terminal, tabulate

PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.1

group = typer.Typer(no_args_is_help=True, help="Send events.")

File = Annotated[str, typer.Argument(metavar="FILE|-", help="NDJSON, a JSON array, or one event.")]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="events")
    app.command("replay")(replay)
    app.command("trigger")(trigger)


@group.command("send")
def send(context: typer.Context, file: File, *, as_json: Json = False) -> None:
    """Send events as they are; of a thousand at a time, all are taken or none."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        lines, places = _read_lines(file)
        taken = send_all(terminal, api, lines, places)
    _report(terminal, taken, as_json=as_json)


def replay(
    context: typer.Context,
    file: File,
    *,
    alert: Annotated[
        bool, typer.Option("--alert", help="Alert, marked `simulated`; else nobody is alerted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send events of the past: as `history`, which builds what stands, or with alerts."""
    terminal: Terminal = context.obj
    handling = "simulated" if alert else "history"
    read, places = _read_lines(file)
    lines = [_mark(line, handling, place) for line, place in zip(read, places, strict=True)]
    with open_api(terminal) as api:
        taken = send_all(terminal, api, lines, places)
    _report(terminal, taken | {"handling": handling}, as_json=as_json)


def _read_lines(file: str) -> tuple[list[bytes], list[str]]:
    """Each event on a line of its own, and where in the file it is."""
    text = _read_file(file)
    if text.lstrip().startswith(b"["):
        found = _decode(text, file)
        lines = [json.dumps(one, ensure_ascii=False).encode() for one in found]
        return lines, [f"event {number}" for number in range(1, len(lines) + 1)]
    stated = [one for one in enumerate(text.split(b"\n"), 1) if one[1].strip()]
    if _is_json(stated[0][1]):
        return [line for _, line in stated], [f"line {number}" for number, _ in stated]
    return [json.dumps(_decode(text, file)).encode()], ["event 1"]


def _read_file(file: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise BadFile(f"cannot read {file}: {error.strerror}") from error
    if not raw.strip():
        raise BadFile(f"{file} is empty: it should hold events, one a line or as a JSON array")
    return raw


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _decode(text: bytes, place: str) -> Any:
    from service.core.event import Unreadable, decode

    try:
        return decode(text)
    except Unreadable as error:
        raise BadFile(f"{place}: {error}") from error


def _mark(line: bytes, handling: str, place: str) -> bytes:
    where = f"the event in {place}" if place.startswith("line") else place
    found = _decode(line, where)
    if not isinstance(found, dict):
        raise BadFile(f"{where}: an event is a JSON object")
    return json.dumps(found | {"handling": handling}, ensure_ascii=False).encode()


def _report(terminal: Terminal, taken: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        terminal.answer(taken)
        return
    as_what = f" as {taken['handling']}" if "handling" in taken else ""
    terminal.say(
        (f"{taken['accepted']:,} accepted", "green"),
        f"{as_what}, {taken['duplicates']:,} known before; ",
        f"{taken['seconds']:.2f} s, {taken['per_second']:,} events/s",
    )


def trigger(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="See --list.", show_default=False)] = "",
    *,
    show_list: Annotated[bool, typer.Option("--list", help="List the kinds.")] = False,
    as_json: Json = False,
) -> None:
    """Send a realistic example of a kind of change, marked as a test, and show who is told."""
    from service.examples import KINDS, NoExample, example

    terminal: Terminal = context.obj
    if show_list:
        _list_kinds(terminal, KINDS, as_json=as_json)
        return
    from service.runtime import utc_now

    try:
        events = example(kind, utc_now())
    except NoExample as error:
        raise typer.BadParameter(str(error), param_hint="KIND") from error
    with open_api(terminal) as api:
        for event in events:
            api.post("/v1/events", event)
        found = _await_outcome(api, events[-1])
        deliveries = _await_deliveries(api, found["change"]) if found["change"] else []
    _report_trigger(terminal, found, deliveries, as_json=as_json)


def _list_kinds(terminal: Terminal, kinds: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        terminal.answer(list(kinds))
    else:
        for kind in kinds:
            terminal.say(kind)


def _await_outcome(api: Api, event: dict[str, Any]) -> dict[str, Any]:
    """What became of it; the consumer needs a moment."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while True:
        try:
            found: dict[str, Any] = api.get(
                "/v1/events/one", source=event["source"], id=event["id"]
            )
        except Refused as error:
            if error.problem.get("status") != NOT_FOUND or time.perf_counter() > deadline:
                raise
            time.sleep(POLL_SECONDS)
            continue
        return found


NOT_FOUND = 404


def _await_deliveries(api: Api, change: str) -> list[dict[str, Any]]:
    """Each with its first attempt behind it, as far as patience reaches."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while True:
        progress = api.get(f"/v1/changes/{change}")["progress"]
        found = list(api.pages("/v1/deliveries", 1000, change=change))
        waits = progress["is_open"] or any(
            one["state"] == "pending" and not one["attempts"] for one in found
        )
        if not waits or time.perf_counter() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def _report_trigger(
    terminal: Terminal,
    found: dict[str, Any],
    deliveries: Sequence[dict[str, Any]],
    *,
    as_json: bool,
) -> None:
    if as_json:
        terminal.answer({"event": found, "deliveries": deliveries})
        return
    reason = found["reason"].removeprefix(f"{found['outcome']} ")
    terminal.say((f"{found['outcome']} ", "green"), reason)
    if not deliveries:
        terminal.say("nobody is told: no subscription matches (tariffwire subscriptions add …)")
        return
    rows = [
        (one["destination"]["address"], one["state"], one["attempts"], one["matched"][0]["reason"])
        for one in deliveries
    ]
    terminal.out.print(tabulate("", ("told", "state", "attempts#", "because"), rows))
