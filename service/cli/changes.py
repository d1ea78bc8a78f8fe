"""`tariffwire changes …`: what was recorded, and the word over telling it."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, plain, tabulate

group = typer.Typer(no_args_is_help=True, help="Changes, and whether they are told.")
LIMIT = 50

Id = Annotated[str, typer.Argument(help="The id of the change.")]
Why = Annotated[str, typer.Argument(help="Why; it stands in the audit.")]
Reason = Annotated[str, typer.Option(help="Why, if you like.")]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="changes")


@group.command("list")
def show(
    context: typer.Context,
    *,
    state: Annotated[
        str | None,
        typer.Option(help="awaiting_approval, approved, rejected, halted or recalled."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """List changes, the newest first."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/changes", limit, order="newest", state=state)
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["number"], one["id"], one["severity"], one["said"]) for one in found]
    columns = ("number#", "id", "severity", "change")
    terminal.out.print(tabulate(count(len(rows), "changes", is_cut=is_cut), columns, rows))


@group.command("approve")
def approve(
    context: typer.Context, change: Id, *, reason: Reason = "", as_json: Json = False
) -> None:
    """Tell a change that waits for approval."""
    _say(context, change, "approve", reason, as_json=as_json)


@group.command("reject")
def reject(context: typer.Context, change: Id, reason: Why, *, as_json: Json = False) -> None:
    """Tell nobody of a change that waits for approval."""
    _say(context, change, "reject", reason, as_json=as_json)


@group.command("halt")
def halt(context: typer.Context, change: Id, reason: Why, *, as_json: Json = False) -> None:
    """Stop telling a change; what was not sent is held."""
    _say(context, change, "halt", reason, as_json=as_json)


@group.command("resume")
def resume(
    context: typer.Context, change: Id, *, reason: Reason = "", as_json: Json = False
) -> None:
    """Go on after a halt."""
    _say(context, change, "resume", reason, as_json=as_json)


@group.command("recall")
def recall(context: typer.Context, change: Id, reason: Why, *, as_json: Json = False) -> None:
    """Cancel what was not sent, and send a correction to those who were told. It is final."""
    _say(context, change, "recall", reason, as_json=as_json)


@group.command("replay")
def replay(
    context: typer.Context,
    change: Id,
    destination: Annotated[str, typer.Argument(help="To whom: the id of a destination.")],
    *,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Tell a change once more to one destination."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        form = {"destination": destination, "reason": reason}
        found = api.post(f"/v1/changes/{change}/replay", form)
    if as_json:
        terminal.answer(found)
    else:
        how = "a new alert" if found["is_new"] else "the alert of before, again"
        terminal.say(("replayed ", "green"), f"{found['delivery']}: {how}")


def _say(context: typer.Context, change: str, act: str, reason: str, *, as_json: bool) -> None:
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.post(f"/v1/changes/{change}/{act}", {"reason": reason})
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    errand = found["errand"] or {"in_the_air": 0, "is_finished": True}
    aloft = f", {errand['in_the_air']:,} in the air" if errand["in_the_air"] else ""
    counts = f"{found['sent']:,} sent, {found['unsent']:,} unsent{aloft}"
    why = f" ({plain(found['reason'])})" if found["reason"] else ""
    terminal.say((found["state"], "yellow" if found["unsent"] else "green"), f"{why}: {counts}")
    if not errand["is_finished"]:
        terminal.say(f"{errand['done']:,} are done, the rest follows")
