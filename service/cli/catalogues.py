"""`tariffwire catalogues …`: a business's own goods, uploaded as CSV."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Your own goods, as lists that lanes follow.")
LIMIT = 1000


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="catalogues")


@group.command("upload")
def upload(  # noqa: PLR0913 - one option a thing that the file may not say
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: code,sku,name")],
    *,
    name: Annotated[str, typer.Option(help="What lanes call it.")],
    nomenclature: Annotated[str | None, typer.Option(help="Of 8 and 10 digits: HTS …")] = None,
    encoding: Annotated[str | None, typer.Option(help="If it is not found out: cp1252 …")] = None,
    delimiter: Annotated[str | None, typer.Option(help="comma, semicolon, tab or pipe.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out the rows that cannot be taken.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Upload a catalogue, or replace it; nothing is stored unless every row can be taken."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.put_bytes(
            f"/v1/catalogues/{name}",
            file.read_bytes(),
            "text/csv",
            nomenclature=nomenclature,
            encoding=encoding,
            delimiter=delimiter,
            skip_bad=str(skip_bad).lower(),
        )
    if as_json:
        terminal.answer(found)
        return
    read = f"{found['rows']:,} goods under {found['codes']:,} codes ({found['encoding']})"
    terminal.say(("stored ", "green"), f"{name}: {read}")
    if found["ignored_columns"]:
        terminal.say(("ignored ", "dim"), f"columns {', '.join(found['ignored_columns'])}")
    if found["skipped_count"]:
        rows = [(one["line"], one["what"]) for one in found["skipped"]]
        terminal.out.print(
            tabulate(f"{found['skipped_count']:,} rows left out", ("line#", "why"), rows)
        )
    followers = found["followers"]
    terminal.say(f"{count(followers, 'subscriptions')} follow{'s' * (followers == 1)} it")


@group.command("list")
def show(context: typer.Context, *, as_json: Json = False) -> None:
    """List catalogues by name."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = list(api.pages("/v1/catalogues", LIMIT))
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["name"], one["rows"], one["codes"], one["updated_at"]) for one in found]
    columns = ("name", "goods#", "codes#", "since")
    terminal.out.print(tabulate(count(len(rows), "catalogues"), columns, rows))


@group.command("rm")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    as_json: Json = False,
) -> None:
    """Remove one that no subscription follows."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        api.delete(f"/v1/catalogues/{name}")
    if as_json:
        terminal.answer({"removed": name})
    else:
        terminal.say(("removed ", "green"), name)
