"""`tariffwire mutes …` and `audit`: what is kept quiet, and who did what."""

import json
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, plain, tabulate

group = typer.Typer(no_args_is_help=True, help="Subjects that are kept quiet for a while.")
LIMIT = 200


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="mutes")
    app.command("audit")(audit)


@group.command("add")
def add(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="Such as measure:us-reciprocal-cn.")],
    until: Annotated[str, typer.Option(help="Until this instant, with its offset.")],
    *,
    destination: Annotated[str, typer.Option(help="Only there.")] = "",
    critical: Annotated[
        bool, typer.Option("--critical", help="Critical alerts are kept quiet, too.")
    ] = False,
    note: Annotated[str, typer.Option(help="Why, if you like.")] = "",
    as_json: Json = False,
) -> None:
    """Keep a subject quiet; what is kept back can be read, and sent with deliveries resend."""
    terminal: Terminal = context.obj
    form = {"subject": subject, "until": until, "destination": destination, "note": note}
    with open_api(terminal) as api:
        found = api.post("/v1/mutes", form | {"except_critical": not critical})
    if as_json:
        terminal.answer(found)
    else:
        terminal.say(("quiet ", "green"), f"until {found['until']}: {found['id']}")
        if not found["is_known"]:
            said = f": {plain(subject)} is in no books yet; is it spelled right?"
            terminal.say(("nothing is told of it now", "yellow"), said)


@group.command("list")
def show(context: typer.Context, *, as_json: Json = False) -> None:
    """List what is kept quiet now."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = list(api.pages("/v1/mutes", LIMIT))
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (one["id"], one["subject"], one["destination_id"] or "all", one["until"], one["note"])
        for one in found
    ]
    columns = ("id", "subject", "destination", "until", "why")
    terminal.out.print(tabulate(count(len(rows), "mutes"), columns, rows))


@group.command("rm")
def remove(
    context: typer.Context,
    mute: Annotated[str, typer.Argument(help="Its id.")],
    *,
    as_json: Json = False,
) -> None:
    """Let it speak again."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        api.delete(f"/v1/mutes/{mute}")
    if as_json:
        terminal.answer({"removed": mute})
    else:
        terminal.say(("removed ", "green"), mute)


def audit(
    context: typer.Context,
    *,
    of: Annotated[
        str | None, typer.Option("--object", help="Only of this, such as change:<id>.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """Show who did what, the newest first."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/audit", limit, order="newest", object=of)
    if as_json:
        terminal.answer(found)
        return
    rows = [_line(one) for one in found]
    columns = ("number#", "at", "who", "action", "object", "detail")
    terminal.out.print(tabulate(count(len(rows), "decisions", is_cut=is_cut), columns, rows))


def _line(one: dict[str, Any]) -> tuple[Any, ...]:
    detail = json.dumps(one["detail"], ensure_ascii=False) if one["detail"] else ""
    return one["number"], one["at"], one["who"], one["action"], one["object"], detail
