"""`tariffwire deliveries …`: sending again, and that somebody has seen it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, plain, tabulate

group = typer.Typer(no_args_is_help=True, help="Alerts to one destination each.")
LIMIT = 50
SHOWN_LINES = 20

Id = Annotated[str, typer.Argument(help="The id of the delivery, which is its webhook-id.")]
Reason = Annotated[str, typer.Option(help="Why, if you like.")]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="deliveries")


@group.command("list")
def show(
    context: typer.Context,
    *,
    destination: Annotated[str | None, typer.Option(help="Only to this one.")] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="pending, held, delivered, failed, cancelled, bounced, muted, listed, digested"
            " or superseded."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """List deliveries, the newest first."""
    terminal: Terminal = context.obj
    asked = {"order": "newest", "destination": destination, "state": state}
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/deliveries", limit, **asked)
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (one["id"], one["state"], one["destination"]["id"], one["subject"], one["reason"])
        for one in found
    ]
    columns = ("id", "state", "destination", "subject", "why")
    terminal.out.print(tabulate(count(len(rows), "deliveries", is_cut=is_cut), columns, rows))


@group.command("show")
def read(context: typer.Context, delivery: Id, *, as_json: Json = False) -> None:
    """Show one with each attempt: what was sent, without its secrets, and what came back."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/deliveries/{delivery}")
    if as_json:
        terminal.answer(found)
        return
    terminal.say((f"{found['state']} ", "bold"), plain(found["reason"] or found["subject"]))
    for one in found["attempted"]:
        terminal.say((f"attempt {one['number']} ", "bold"), f"{one['at']} {plain(one['reason'])}")
        for line in _lines_of(one):
            terminal.say(f"  {plain(line)}")


def _lines_of(one: dict[str, Any]) -> Iterator[str]:
    """As they went over the wire, and when each phase was over."""
    sent = one["request"] or {}
    if "url" in sent:
        yield f"> POST {sent['url']}"
        yield from (f"> {name}: {value}" for name, value in sent["headers"])
    elif sent:
        yield f"> from {sent['from']} to {sent['to']} over {sent['relay']}"
    if sent:
        yield f"> {sent['body']['bytes']:,} bytes, sha256 {sent['body']['sha256']}"
    if one["status"] is not None:
        yield f"< {one['status']}"
    yield from (f"< {name}: {value}" for name, value in one["response_headers"])
    yield from (f"< {line}" for line in one["response"].splitlines()[:SHOWN_LINES])
    phases = ", ".join(f"{name} {1000 * at:.1f} ms" for name, at in one["timings"].items())
    if phases:
        yield f"{phases}; dialled {one['peer'] or 'nobody'}"


@group.command("resend")
def resend(
    context: typer.Context, delivery: Id, *, reason: Reason = "", as_json: Json = False
) -> None:
    """Send one again that has ended, under the same id."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post(f"/v1/deliveries/{delivery}/resend", {"reason": reason})
    if as_json:
        terminal.answer(found)
    else:
        former = found["former"]
        terminal.say((f"{found['state']} ", "green"), f"it was {former['outcome']}")


@group.command("ack")
def acknowledge(
    context: typer.Context,
    delivery: Id,
    *,
    who: Annotated[str, typer.Option(help="Who has seen it.")],
    note: Annotated[str, typer.Option(help="What they say.")] = "",
    as_json: Json = False,
) -> None:
    """Say that somebody has seen it."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post(f"/v1/deliveries/{delivery}/acknowledge", {"who": who, "note": note})
    if as_json:
        terminal.answer(found)
    else:
        terminal.say(("acknowledged ", "green"), f"by {plain(found['by'])}")


@group.command("recover")
def recover(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    destination: Annotated[str, typer.Argument(help="The id of the destination.")],
    since: Annotated[str, typer.Option(help="All that failed from this instant on.")],
    *,
    go: Annotated[bool, typer.Option("--go", help="Do it; without, only say what.")] = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Send again all that failed at a destination; says first what that would be."""
    terminal: Terminal = context.obj
    path = f"/v1/destinations/{destination}/recover"
    with open_api(terminal) as api:
        if go:
            found = api.post(path, {"since": since, "reason": reason})
        else:
            found = api.get(path, since=since)
    if as_json:
        terminal.answer(found)
    elif go:
        errand = found["errand"]
        rest = "" if errand["is_finished"] else "; the rest follows"
        terminal.say(("again ", "green"), f"{errand['done']:,} deliveries{rest}")
    else:
        _preview(terminal, found)


def _preview(terminal: Terminal, found: dict[str, Any]) -> None:
    takes = f", in about {found['seconds']:,} s" if found["seconds"] is not None else ""
    terminal.say(
        f"{found['failed']:,} deliveries of {found['changes']['count']:,} changes would be sent"
        f" again{takes}: add --go"
    )
