"""An alert as a page for everybody: no token, no name, no reason why somebody was told."""

from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.core.change import read_change
from service.core.message.contents import contents_of
from service.core.message.letter import say_place
from service.store.delivery.claiming import read_changes
from service.web.lobby import Lobby
from service.web.page import show, tongue_of
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
    tongue = tongue_of(request)
    thread = say_place(tongue, change) if change.sequence else ""
    return show(tongue, "alert", it=contents_of(change, tongue), thread=thread)
