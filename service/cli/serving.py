"""Commands that run something until it is stopped: the service, the demo, a receiver."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from service.cli.exits import Trouble
from service.cli.setup import read_own_settings, run, until_signalled
from service.cli.terminal import Json, Terminal, plain

if TYPE_CHECKING:
    from service.listener import Heard

SECRET_BYTES = 32
LISTEN_PORT = 8321


def join(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve)
    app.command("demo")(demo)
    app.command("migrate")(migrate)
    app.command("listen")(listen)


def serve(
    host: Annotated[str | None, typer.Option(help="Over TARIFFWIRE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Over TARIFFWIRE_PORT.")] = None,
    roles: Annotated[
        str | None,
        typer.Option(help="Some of api,consume,plan,send,publish,clock.", show_default="all"),
    ] = None,
) -> None:
    """Run the service, or some of its roles, until SIGTERM; it finishes what it has in hand."""
    settings = read_own_settings(host=host, port=port, roles=roles)
    from service.runtime import serve_until_signalled
    from service.telemetry import open_logs

    open_logs(settings.log_level, settings.log_format)
    run(serve_until_signalled(settings))


def demo(  # noqa: PLR0913 - that many options
    context: typer.Context,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Serve on until Ctrl-C.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Without pauses.")] = False,
    database: Annotated[
        str, typer.Option(help="The URL of an empty one; made for you if left out.")
    ] = "",
    log: Annotated[str, typer.Option(help="The same for the event log.")] = "",
    as_json: Json = False,
) -> None:
    """Watch the year 2025 become webhooks and emails, on a service of its own."""
    if bool(database) != bool(log):
        raise typer.BadParameter("--database and --log go together")
    engines = (database, log) if database else None
    terminal: Terminal = context.obj
    terminal.err.print("starting …", style="dim")  # the libraries of a whole service take a moment
    from service.demo import Stage, perform
    from service.telemetry import open_logs

    open_logs("warning", "console")
    stage = Stage(terminal.err if as_json else terminal.out)
    linger = until_signalled if keep else None
    account = run(perform(stage, fast=fast, linger=linger, engines=engines))
    if as_json:
        terminal.answer(account.as_json())
    if account.failures:
        raise Trouble("; ".join(account.failures))


def migrate(
    context: typer.Context,
    *,
    as_json: Json = False,
) -> None:
    """Bring database and log to what this release needs; `serve` does so by itself."""
    from service.log import open_log
    from service.runtime import utc_now
    from service.store.database import open_database
    from service.store.installation.identity import refuse_misfit
    from service.store.migrations import migrate as upgrade

    terminal: Terminal = context.obj
    settings = read_own_settings()

    async def work() -> list[str]:
        async with (
            open_database(settings.database_url) as db,
            open_log(settings.log_url, utc_now) as log,
        ):
            await upgrade(db)
            made = list(await log.prepare())
            await refuse_misfit(db, log)
            return made

    made = run(work())
    if as_json:
        terminal.answer({"migrated": True, "made": made})
        return
    terminal.say(("migrated ", "green"), "the database has the schema of this release")
    for one in made:
        terminal.say(("made ", "green"), one)


def listen(  # noqa: PLR0913 - that many options
    context: typer.Context,
    *,
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; made for you if left out.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = LISTEN_PORT,
    fail_first: Annotated[
        int, typer.Option(min=0, help="Answer the first N with 503, to watch retries.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Receive webhooks, verify each signature and print the alerts, until Ctrl-C."""
    from service.core.proof.signature import secret_from

    terminal: Terminal = context.obj
    made = secret or secret_from(secrets.token_bytes(SECRET_BYTES))
    _check_secret(made)

    def hear(heard: "Heard") -> None:
        if as_json:
            terminal.answer(_heard_json(heard))
        else:
            terminal.out.print(_say_heard(heard), soft_wrap=True)

    run(_listen(terminal, made, (host, port), hear, fail_first))


def _check_secret(secret: str) -> None:
    from service.core.proof.signature import BadSecret, headers

    try:
        headers("", datetime.fromtimestamp(0, UTC), b"", [secret])
    except BadSecret as error:
        raise typer.BadParameter(str(error), param_hint="--secret") from error


async def _listen(
    terminal: Terminal,
    secret: str,
    place: tuple[str, int],
    hear: Callable[["Heard"], None],
    fail_first: int,
) -> None:
    from service.listener import Listener, open_listener
    from service.runtime import utc_now

    listener = Listener(lambda _: [secret], hear, utc_now, fail_first)
    async with open_listener(listener, *place) as url:
        terminal.err.print(Text.assemble(("listening ", "green"), f"{url}/"), soft_wrap=True)
        terminal.err.print(
            f"to be told: TARIFFWIRE_ALLOW_LOOPBACK=true tariffwire serve, then\n"
            f"  tariffwire destinations add --url {url}/ --secret {secret}",
            soft_wrap=True,
        )
        await until_signalled()


def _heard_json(heard: "Heard") -> dict[str, object]:
    return {
        "path": heard.path,
        "webhook_id": heard.id,
        "answered": heard.answered,
        "verified": bool(heard.body),
        "fault": heard.fault,
        "body": dict(heard.body),
    }


def _say_heard(heard: "Heard") -> Text:
    """What was verified is shown; of what was not, only why."""
    if not heard.body:
        return Text.assemble((f"{heard.answered} ", "bold red"), plain(heard.fault))
    data = heard.data
    mode = str(data.get("mode", ""))
    style = _STYLES.get(str(data.get("severity")), "")
    return Text.assemble(
        (f"{heard.answered} ", "green" if heard.answered < FIRST_FAILURE else "yellow"),
        (f"{plain(str(data.get('severity', '')))} ", style),
        (f"{mode.upper()} ", "magenta") if mode != "live" else "",
        plain(str(data.get("summary", heard.body.get("type", "")))),
        (f"  {plain(heard.id)}", "dim"),
    )


FIRST_FAILURE = 400
_STYLES = {"critical": "bold red", "high": "yellow", "medium": "cyan", "info": "dim"}
