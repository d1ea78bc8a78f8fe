"""`tariffwire evidence …`: a signed bundle of what a subscription was told, and verifying one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from typer.core import TyperGroup

from service.cli.client import open_api
from service.cli.exits import BadFile, Exit
from service.cli.terminal import Json, Terminal

if TYPE_CHECKING:
    from service.core.proof.bundle import Verdict

PART = ".part"


class _WithDefault(TyperGroup):
    """`evidence SUBSCRIPTION` is short for `evidence write SUBSCRIPTION`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in where it was left out."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["write", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


group = typer.Typer(cls=_WithDefault, no_args_is_help=True, help="What was told, proved.")


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="evidence")


@group.command("write")
def write(  # noqa: PLR0913 - one option a field
    context: typer.Context,
    subscription: Annotated[str, typer.Argument(help="Its id; one that was removed, too.")],
    *,
    since: Annotated[str, typer.Option("--from", help="A day, or an instant with its offset.")],
    until: Annotated[str, typer.Option("--to", help="A day (included), or an instant (not).")],
    out: Annotated[Path | None, typer.Option(help="The file; else evidence-ID.zip here.")] = None,
    as_json: Json = False,
) -> None:
    """Write what it was told in a signed bundle, and verify that. `write` can be left out."""
    terminal: Terminal = context.obj
    file = out or Path(f"evidence-{subscription}.zip")
    part = file.with_name(file.name + PART)
    try:
        with open_api(terminal) as api:
            path = f"/v1/subscriptions/{quote(subscription, safe='')}/evidence"
            with part.open("wb") as sink:
                api.save(path, sink.write, **{"from": since, "to": until})
            keys = _fetch_keys(api)
        part.replace(file)
    except OSError as error:
        raise BadFile(f"{file} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    _answer(terminal, file, _verify(file, keys), as_json=as_json)


@group.command("verify")
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A bundle.")],
    *,
    key: Annotated[
        list[str] | None, typer.Option(help="A public key to be trusted: whpk_….")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Trust the keys that the service publishes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether a bundle is as it was signed, and what is not. Offline, unless --fetch asks."""
    terminal: Terminal = context.obj
    keys = list(key or ())
    if fetch:
        with open_api(terminal) as api:
            keys += _fetch_keys(api)
    _answer(terminal, file, _verify(file, keys), as_json=as_json)


def _fetch_keys(api: Any) -> list[str]:
    found = api.get("/.well-known/tariffwire/evidence-keys.json")
    return [one["whpk"] for one in found["keys"]]


def _verify(file: Path, keys: list[str]) -> tuple["Verdict", bool]:
    """The verdict, and whether the key inside was compared with any."""
    from service.core.proof.bundle import verify_bundle

    try:
        with file.open("rb") as source:

            def read(place: int, size: int) -> bytes:
                source.seek(place)
                return source.read(size)

            return verify_bundle(read, file.stat().st_size, keys), bool(keys)
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}") from error


def _answer(
    terminal: Terminal, file: Path, found: tuple["Verdict", bool], *, as_json: bool
) -> None:
    verdict, is_compared = found
    if as_json:
        terminal.answer(_as_json(file, verdict, is_compared=is_compared))
    else:
        _report(terminal, file, verdict, is_compared=is_compared)
    if not verdict.holds:
        raise typer.Exit(Exit.DATA)


def _as_json(file: Path, verdict: "Verdict", *, is_compared: bool) -> dict[str, Any]:
    about = {name: value for name, value in verdict.manifest.items() if name != "files"}
    return {
        "file": str(file),
        "holds": verdict.holds,
        "key": verdict.key,
        "is_compared": is_compared,
        "files": verdict.files,
        "findings": [{"where": one.where, "what": one.what} for one in verdict.findings],
        "about": about,
    }


def _report(terminal: Terminal, file: Path, verdict: "Verdict", *, is_compared: bool) -> None:
    for one in verdict.findings:
        terminal.say(("wrong ", "bold red"), str(one))
    if not verdict.holds:
        terminal.say(("it does not hold ", "bold red"), f"({file})")
        return
    about = verdict.manifest
    terminal.say(
        ("it holds ", "green"),
        f"({file}): {about.get('alerts')} alerts and {about.get('changes')} changes of"
        f" {about.get('subscription')}, {about.get('from')} to {about.get('to')}",
    )
    terminal.say(f"signed by {verdict.key}")
    if not is_compared:
        terminal.say(("compared with no key you trust: ", "yellow"), "give --key, or --fetch")
