"""`tariffwire status`: what each stage has done, what waits, and since when."""

from collections.abc import Iterator
from typing import Any

import typer

from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, plain, tabulate

LATE = 60
"""Seconds after which a date that has come should have been told."""


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status")(status)


def status(context: typer.Context, *, as_json: Json = False) -> None:
    """Show what each stage has done and what waits.

    Exit code 6 when a role of the process that answers is down; others answer on ports of theirs.
    """
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/status")
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)
    down = [name for name, is_up in found["roles"].items() if not is_up]
    if down:
        raise Trouble(f"not running: {', '.join(down)}; the log of the service says why")


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    columns = ("stage", "done#", "waiting#", "oldest waits#", "")
    terminal.out.print(tabulate("", columns, _rows(found["stages"])))
    asking = found["stages"]["match"]["awaiting_approval"]
    if asking:
        terminal.say((f"{asking} changes wait for approval", "yellow"), ": tariffwire changes list")
    _name_failing(terminal, found["failing"])
    late = found["dates"]["lag_seconds"]
    if late > LATE:
        terminal.say((f"a date is overdue since {late:,.0f} s", "yellow"), ": does the clock run?")
    held = found["sending"]["held"]
    if held:
        terminal.say(("sending is held", "yellow"), f": {held}")
    mail = found["mail"]["trouble"]
    if mail:
        said = f" since {mail['since']} (last tried {mail['tried_at']}): {plain(mail['reason'])}"
        terminal.say(("mail cannot be handed over", "yellow"), said)
    for name, trouble in found["trouble"].items():
        terminal.say((f"{name} waits", "yellow"), f": {trouble}")
    warning = found["secrets"]["warning"]
    if warning:
        terminal.say(("secrets are not sealed", "yellow"), f": {warning}")
    set_aside = found["quarantine"]["open"]
    if set_aside:
        terminal.say((f"{set_aside} inputs are in quarantine", "yellow"), ": GET /v1/quarantine")


def _name_failing(terminal: Terminal, failing: dict[str, Any]) -> None:
    """Each with how far it is to being disabled."""
    for one in failing["destinations"]:
        name = f"{one['id']} {plain(one['name'])}".rstrip()
        said = f" since {one['since']}: {one['percent']} % of the way to being disabled"
        terminal.say((f"nothing reaches {name}", "yellow"), said)
    more = failing["count"] - len(failing["destinations"])
    if more > 0:
        terminal.say((f"nothing reaches {more:,} more", "yellow"))


def _rows(stages: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, one in stages.items():
        outcomes = ", ".join(f"{count:,} {what}" for what, count in one.get("outcomes", {}).items())
        held = f"{one['held']:,} held" if one.get("held") else ""
        lag = f"{one['lag_seconds']:.1f} s" if one.get("oldest") else ""
        yield name, f"{one['done']:,}", f"{one['waiting']:,}", lag, outcomes or held
