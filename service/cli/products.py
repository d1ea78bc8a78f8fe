"""`tariffwire products …` and `groups …`: goods by their words and codes, members by the day."""

from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.terminal import Json, Terminal, count, tabulate

group = typer.Typer(no_args_is_help=True, help="Goods, by their words and codes.")
groups = typer.Typer(no_args_is_help=True, help="Groups of countries, and who belongs to them.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="products")
    app.add_typer(groups, name="groups")


@group.command("search")
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="What you call the goods: electric cars.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=50, help="At most so many.")] = 10,
    as_json: Json = False,
) -> None:
    """Find the codes that words mean, the likeliest first: where to look, not a classification."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/products", q=" ".join(words), limit=limit)
    if as_json:
        terminal.answer(found)
        return
    for given, read in found["read_as"].items():
        terminal.say(("read ", "dim"), f"{given} as {read}")
    rows = [(one["said"], one["level"], one["description"]) for one in found["items"]]
    rows = rows or [(one["code"], "nearest", one["name"]) for one in found["nearest"]]
    terminal.out.print(tabulate(count(len(rows), "products"), ("code", "level", "what"), rows))


@group.command("show")
def show(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="8703.80, 8703, 87 …")],
    *,
    nomenclature: Annotated[str | None, typer.Option(help="Of 8 and 10 digits: HTS …")] = None,
    as_json: Json = False,
) -> None:
    """Show what a code is, what is above and below it, and who follows it."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/products/{code}", nomenclature=nomenclature)
    if as_json:
        terminal.answer(found)
        return
    place = [*found["parents"], found, *found["children"]]
    rows = [(one["said"], one["level"], one["description"]) for one in place]
    terminal.out.print(tabulate(found["edition"], ("code", "level", "what"), rows))
    terminal.say(f"{found['subscriptions']['count']} of your subscriptions name it")
    terminal.say(f"{found['in_force_now']['count']} measures are on it now")


@groups.command("list")
def list_groups(
    context: typer.Context,
    *,
    on: Annotated[str | None, typer.Option(help="A day; today if left out.")] = None,
    as_json: Json = False,
) -> None:
    """List the groups whose members are known."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get("/v1/groups", on=on)
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["code"], one["members"], one["kind"], one["name"]) for one in found["items"]]
    terminal.out.print(tabulate(found["on"], ("code", "members#", "kind", "name"), rows))


@groups.command("show")
def show_group(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="EU, ASEAN …")],
    *,
    on: Annotated[str | None, typer.Option(help="A day; today if left out.")] = None,
    as_json: Json = False,
) -> None:
    """Show who belongs to a group on a day, who left before and who joins later."""
    terminal: Terminal = context.obj
    with open_api(terminal) as api:
        found = api.get(f"/v1/groups/{code}", on=on)
    if as_json:
        terminal.answer(found)
        return
    rows = [_member(part, one) for part in ("members", "former", "later") for one in found[part]]
    columns = ("code", "name", "", "since", "until", "source")
    terminal.out.print(tabulate(f"{found['name']} on {found['on']}", columns, rows))


def _member(part: str, one: dict[str, Any]) -> tuple[Any, ...]:
    said = "member" if part == "members" else part
    return one["code"], one["name"], said, one["since"], one["until"], one["source"]
