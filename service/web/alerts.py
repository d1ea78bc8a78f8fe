"""An alert as a page for everybody: no token, no name, no reason why somebody was told."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.core.change import read_change
from service.core.message.contents import contents_of
from service.store.claiming import read_changes
from service.web.lobby import Lobby
from service.web.page import show
from service.web.readers import Closed


async def show_alert(request: Request) -> Response:
    """By the id of its change, which many alerts share."""
    lobby: Lobby = request.app.state.lobby
    try:
        wanted = UUID(request.path_params["change"])
    except ValueError:
        raise Closed from None
    found = await lobby.db.run_read(partial(read_changes, ids={wanted}))
    if wanted not in found:
        raise Closed
    change = read_change(found[wanted])
    thread = f"Change {change.sequence} of {change.subject}." if change.sequence else ""
    return show("alert", it=contents_of(change), thread=thread)
