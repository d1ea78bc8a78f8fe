"""The site: which page answers where, and what is said when none does."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service.store.database import DatabaseUnavailable
from service.web.alerts import show_alert
from service.web.lobby import Lobby
from service.web.page import show, tongue_of
from service.web.readers import Closed, confirm, prefer, unsubscribe

Page = Callable[[Request], Awaitable[Response]]
ROOMS = ("/m/", "/a/")


def make_site(lobby: Lobby) -> Starlette:
    """An application of its own: what the API demands of its callers is not demanded here."""
    pages: dict[str, Page] = {
        "/m/confirm/{token}": confirm,
        "/m/unsubscribe/{token}": unsubscribe,
        "/m/preferences/{token}": prefer,
    }
    site = Starlette(
        routes=[
            *(Route(path, page, methods=["GET", "POST"]) for path, page in pages.items()),
            Route("/a/{change}", show_alert),
        ],
        exception_handlers={
            Closed: _answer_closed,
            HTTPException: _answer_http,
            DatabaseUnavailable: _answer_away,
        },
    )
    site.state.lobby = lobby
    return site


def stand_before(site: ASGIApp, api: ASGIApp) -> ASGIApp:
    """Readers are led to the site, programs to the API."""

    async def lead(scope: Scope, receive: Receive, send: Send) -> None:
        is_reader = scope["type"] == "http" and scope["path"].startswith(ROOMS)
        await (site if is_reader else api)(scope, receive, send)

    return lead


async def _answer_closed(request: Request, error: Exception) -> Response:
    """One answer for all that is wrong with a link, but for its age."""
    tongue = tongue_of(request)
    is_old = isinstance(error, Closed) and error.is_old
    if is_old:
        lines = (tongue.say("It was good for a while only, or something has changed since."),)
        title = tongue.say("This link has expired")
        return show(tongue, "said", HTTPStatus.GONE, title=title, lines=lines)
    lines = (tongue.say("Perhaps it was cut off: copy the whole link from your mail."),)
    title = tongue.say("This link leads nowhere")
    return show(tongue, "said", HTTPStatus.NOT_FOUND, title=title, lines=lines)


async def _answer_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    tongue = tongue_of(request)
    return show(tongue, "said", status, title=tongue.say("There is no such page"), lines=())


async def _answer_away(request: Request, _error: Exception) -> Response:
    tongue = tongue_of(request)
    lines = (tongue.say("Nothing was done. Please try it again in a minute."),)
    answer = show(tongue, "said", 503, title=tongue.say("Not right now"), lines=lines)
    answer.headers["Retry-After"] = "60"
    return answer
