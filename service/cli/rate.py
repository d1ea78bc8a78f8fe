"""`tariffwire rate`: what goods owe, line by line, or one answer a branch."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from service.cli.client import open_api
from service.cli.exits import Trouble
from service.cli.terminal import Json, Terminal, plain, tabulate


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("rate")(rate)


def rate(  # noqa: PLR0913 - a question has that many parts
    context: typer.Context,
    importer: Annotated[str, typer.Argument(help="Who levies: a code or a name.")],
    origin: Annotated[str, typer.Argument(help="Whose goods: a code or a name.")],
    product: Annotated[str, typer.Argument(help="A code, such as 8703.23.")],
    *,
    on: Annotated[str | None, typer.Option(help="When they enter: an instant or a day.")] = None,
    known: Annotated[str | None, typer.Option(help="By what was public then.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="As name=value; may be given several times.")
    ] = None,
    nomenclature: Annotated[str | None, typer.Option(help="Whose list the code is of.")] = None,
    as_json: Json = False,
) -> None:
    """Show what goods owe, or owed, by what is known or was.

    Exit code 6 when the books do not cover the question.
    """
    terminal: Terminal = context.obj
    asked = {"importer": importer, "origin": origin, "product": product, "on": on, "known": known}
    with open_api(terminal) as api:
        found = api.get("/v1/rates", **asked, nomenclature=nomenclature, fact=fact or None)
    if as_json:
        terminal.answer(found)
    else:
        _report(terminal, found)
    if not found["covered"]:
        raise Trouble(f"not covered: {found['reason']}")


def _report(terminal: Terminal, found: dict[str, Any]) -> None:
    if found["levies_for"]:
        terminal.say((f"{found['importer']} levies for {found['levies_for']}", "dim"))
    for answer in found["answers"]:
        _show(terminal, answer)
    _hint(terminal, found)
    for one in found["beside"]:
        terminal.say((plain(one["sentence"]), "dim"))
    if found["cut"]:
        terminal.say(("more branches are open", "yellow"), f": tell {', '.join(found['missing'])}")
    for name in found["unused_facts"]:
        terminal.say(("nothing asks for this fact", "yellow"), f": {plain(name)}")
    if found["coverage"]["without"]:
        listed = ", ".join(found["coverage"]["without"])
        terminal.say(("not in the books", "dim"), f": {plain(listed)}")


_LIKE = {
    "column1_pct": "2.5",
    "metal_value_pct": "40",
    "loaded_at": "2025-04-09",
    "entered_at": "2025-04-09",
    "exporter": "NAME",
    "mode": "vessel",
}
"""A value of each fact that is not true or false, to be written over."""


def _hint(terminal: Terminal, found: dict[str, Any]) -> None:
    """How to say what keeps the answer from being one number."""
    lacking = [*found["missing"]]
    for answer in found["answers"]:
        lacking += [one["name"] for one in answer["unknown"] if one["name"] in _LIKE]
        lacking += answer["doubts"]
    if lacking:
        facts = (f"--fact {name}={_LIKE.get(name, 'false')}" for name in dict.fromkeys(lacking))
        terminal.say(("for one number say what is so, as in", "yellow"), f" {' '.join(facts)}")


def _show(terminal: Terminal, answer: dict[str, Any]) -> None:
    terminal.say((plain(answer["said"]), "bold"))
    if answer["lines"]:
        columns = ("measure", "adds#", "rate", "status", "why")
        terminal.out.print(tabulate("", columns, _rows(answer)))
    for one in (*answer["excluded"], *answer["possible"]):
        terminal.say(("  ", ""), plain(one["sentence"]))
    for one in answer["unknown"]:
        terminal.say((f"  {plain(one['name'])} is unknown", "yellow"), f": {plain(one['why'])}")


def _rows(answer: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for line in answer["lines"]:
        adds = "unknown" if line["pct"] is None else f"{line['pct']} %"
        said = line["duty"]["said"] if line["duty"] else ""
        yield line["measure"], adds, said, line["status"], line["sentence"]
