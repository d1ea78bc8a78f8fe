"""`tariffwire measures …`: what stands, by any of the three clocks."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.client import open_api
from service.cli.following import Importer, Origin
from service.cli.terminal import Json, Terminal, count, tabulate

LIMIT = 200
group = typer.Typer(no_args_is_help=True, help="Measures: what stands, stood, was known.")

At = Annotated[
    str | None, typer.Option("--at", help="The instant (or day) of the law; now if left out.")
]
Known = Annotated[
    str | None, typer.Option("--known", help="By what was publicly known then, as we know today.")
]
Recorded = Annotated[
    str | None, typer.Option("--recorded", help="By what our own books held then.")
]


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="measures")


@group.command("list")
def list_measures(  # noqa: PLR0913 - one option a filter and a clock
    context: typer.Context,
    *,
    importer: Importer = None,
    origin: Origin = None,
    programme: Annotated[str | None, typer.Option(help="S301 …")] = None,
    status: Annotated[str | None, typer.Option(help="in_force, suspended, scheduled …")] = None,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = LIMIT,
    as_json: Json = False,
) -> None:
    """List measures by their keys, as they stand or stood."""
    terminal: Terminal = context.obj
    asked = {"importer": importer, "origin": origin, "programme": programme, "status": status}
    clocks = {"at": at, "known_at": known, "recorded_at": recorded}
    with open_api(terminal) as api:
        found, is_cut = api.some("/v1/measures", limit, **asked, **clocks)
    if as_json:
        terminal.answer(found)
        return
    rows = [(one["key"], one["status"], _rate(one), one["programme"], _since(one)) for one in found]
    columns = ("measure", "status", "duty", "programme", "effective")
    terminal.out.print(tabulate(count(len(rows), "measures", is_cut=is_cut), columns, rows))


def _rate(view: dict[str, Any]) -> str:
    return str(view["duty"]["said"]) if view["duty"] else ""


def _since(view: dict[str, Any]) -> str:
    return str(view["effective_at"]["at"]) if view["effective_at"] else ""


@group.command("show")
def show_measure(  # noqa: PLR0913 - one option a clock
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Its key, such as us-reciprocal-cn, or an alias.")],
    *,
    at: At = None,
    known: Known = None,
    recorded: Recorded = None,
    as_json: Json = False,
) -> None:
    """Show a measure as it stands, or stood, and the events that made it so."""
    show_standing(
        context, f"/v1/measures/{quote(key, safe='')}", (at, known, recorded), as_json=as_json
    )


def show_standing(
    context: typer.Context, path: str, clocks: tuple[str | None, ...], *, as_json: bool
) -> None:
    """Of a measure or a negotiation: what stands, and the events that made it so."""
    terminal: Terminal = context.obj
    at, known, recorded = clocks
    with open_api(terminal) as api:
        found = api.get(path, at=at, known_at=known, recorded_at=recorded)
    if as_json:
        terminal.answer(found)
        return
    nothing = _say_nothing(found, is_of_books=recorded is not None)
    terminal.out.print(tabulate(found["subject"], ("", ""), _facts(found, nothing)))
    rows = [(one["known_at"], one["recorded_at"], _said(one)) for one in found["history"]]
    if rows:
        terminal.out.print(tabulate("", ("known", "recorded", "event"), rows))


def _say_nothing(found: dict[str, Any], *, is_of_books: bool) -> str:
    """Where nothing stood: whether it was not public then, or only not in these books."""
    if is_of_books and not found["history"]:
        return "these books held nothing of it then"
    return "nothing was known of it then"


def _facts(found: dict[str, Any], nothing: str) -> Iterator[tuple[str, str]]:
    """What a person asks first; the rest is in the JSON."""
    for label, name in (("at", "at"), ("known", "known_at"), ("recorded", "recorded_at")):
        yield label, found[name]
    view = found["standing"]
    if view is None:
        yield "standing", nothing
        return
    yield "status", view.get("status") or view["state"] or view["stage"] or "denied"
    for name in ("duty", "applied"):
        if view.get(name):
            yield name, view[name]["said"]
    for name in ("effective_at", "until", "expires_at", "occurs_at"):
        if view.get(name):
            yield name.removesuffix("_at"), view[name]["at"]
    yield "certainty", view["certainty"]
    for claim in view.get("claims", ()):
        yield claim["action"], _became(claim)


def _became(claim: dict[str, Any]) -> str:
    """What is claimed beside the law, and what has become of it."""
    rate = claim["duty"]["said"] if claim["duty"] else ""
    verdict = f", {claim['verdict']}" if claim["verdict"] else ""
    since = f" {claim['ended_at']['at']}" if claim["ended_at"] else ""
    by = f" by {claim['ended_by']['id']}" if claim["ended_by"] else ""
    return f"{rate} ({claim['cause']['id']}): {claim['state']}{since}{by}{verdict}".strip()


def _said(one: dict[str, Any]) -> str:
    names = ("action", "stage", "verdict", "turn", "type")
    did = next(one[name] for name in names if one.get(name))
    rate = one["duty"]["said"] if one.get("duty") else ""
    return f"{did} {rate}".strip() + f" ({one['id']})"
