"""`tariffwire codes …`, and what owners decide: codes that are split, merged or retired."""

from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.subscriptions import group as subscriptions
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Codes that change on a day.")
LIMIT = 1000

Subscription = Annotated[str, typer.Argument(help="The id of the subscription.")]
Named = Annotated[str, typer.Option("--correlation", help="Only by this one; else all open ones.")]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="codes")


@group.command("load")
def load(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: old,new,kind")],
    *,
    nomenclature: Annotated[str, typer.Option(help="Whose list: HS, HTS, CN …")],
    effective: Annotated[str, typer.Option(help="The first day of the new codes.")],
    title: Annotated[str, typer.Option(help="As people call it: HTS 2026 revision 12.")] = "",
    as_json: Json = False,
) -> None:
    """Load codes that change; whoever follows one is told once, and decides."""
    terminal: Terminal = context.obj
    asked = {"nomenclature": nomenclature, "effective": effective, "title": title}
    with open_api(terminal) as api:
        found = api.post_bytes("/v1/correlations", file.read_bytes(), "text/csv", **asked)
    if as_json:
        terminal.answer(found)
    else:
        said = f"{found['id']}: {found['rows']:,} rows, from {found['effective']}"
        terminal.say(("loaded ", "green"), said)


@group.command("list")
def show(context: typer.Context, *, as_json: Json = False) -> None:
    """List what was loaded, and how many subscriptions it concerns."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = list(api.pages("/v1/correlations", LIMIT))
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (
            one["id"],
            one["nomenclature"],
            one["effective"],
            one["rows"],
            f"{one['told']:,}" + ("" if one["done"] else " so far"),
            one["title"],
        )
        for one in found
    ]
    columns = ("id", "list", "from", "rows#", "told#", "title")
    terminal.out.print(tabulate(count(len(rows), "correlations"), columns, rows))


@subscriptions.command("code-changes")
def list_changes(
    context: typer.Context, subscription: Subscription, *, as_json: Json = False
) -> None:
    """List the codes of a subscription that change, and what was decided."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/subscriptions/{subscription}/code-changes")["items"]
    if as_json:
        terminal.answer(found)
        return
    rows = [
        (one["correlation_id"], one["effective"], one["word"], _say(code))
        for one in found
        for code in one["codes"] or [None]
    ]
    columns = ("correlation", "from", "decided", "codes")
    terminal.out.print(tabulate(f"{len(found)} code changes", columns, rows))


def _say(code: dict[str, Any] | None) -> str:
    if code is None:
        return "none of its codes any more"
    return f"{code['code']} → {', '.join(code['following']) or 'nothing new'}"


@subscriptions.command("accept-codes")
def accept(
    context: typer.Context,
    subscription: Subscription,
    *,
    correlation: Named = "",
    reason: Annotated[str, typer.Option(help="Why, if you like.")] = "",
    as_json: Json = False,
) -> None:
    """Go on with the new codes alone, from their day."""
    _decide(context, subscription, "accept", correlation, reason, as_json=as_json)


@subscriptions.command("decline-codes")
def decline(
    context: typer.Context,
    subscription: Subscription,
    *,
    correlation: Named = "",
    reason: Annotated[str, typer.Option(help="Why, if you like.")] = "",
    as_json: Json = False,
) -> None:
    """Go on with the old codes alone."""
    _decide(context, subscription, "decline", correlation, reason, as_json=as_json)


def _decide(  # noqa: PLR0913 - what both decisions say
    context: typer.Context,
    subscription: str,
    decision: str,
    correlation: str,
    reason: str,
    *,
    as_json: bool,
) -> None:
    terminal: Terminal = context.obj
    form = {"decision": decision, "correlation": correlation, "reason": reason}
    with open_api(terminal) as api:
        found = api.post(f"/v1/subscriptions/{subscription}/code-changes", form)
    if as_json:
        terminal.answer(found)
    else:
        terminal.say((f"{found['word']} ", "green"), ", ".join(found["correlations"]))
