"""The site: which page answers where, and what is said when none does."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service.store.database import DatabaseUnavailable
from service.web.alerts import show_alert
from service.web.lobby import Lobby
from service.web.page import show
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


async def _answer_closed(_request: Request, error: Exception) -> Response:
    """One answer for all that is wrong with a link, but for its age."""
    is_old = isinstance(error, Closed) and error.is_old
    if is_old:
        lines = ("It was good for a while only, or something has changed since.",)
        return show("said", 410, title="This link has expired", lines=lines)
    lines = ("Perhaps it was cut off: copy the whole link from your mail.",)
    return show("said", 404, title="This link leads nowhere", lines=lines)


async def _answer_http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return show("said", status, title="There is no such page", lines=())


async def _answer_away(_request: Request, _error: Exception) -> Response:
    lines = ("Nothing was done. Please try it again in a minute.",)
    answer = show("said", 503, title="Not right now", lines=lines)
    answer.headers["Retry-After"] = "60"
    return answer
