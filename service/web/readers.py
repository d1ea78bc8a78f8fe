"""What readers do by their links: a GET shows a page with one question, a POST does it."""

from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from service.core.destination.optin import Act, follow
from service.core.destination.preferences import read_preferences
from service.core.language import Tongue, noted
from service.core.proof.link import BadLink, OldLink, Purpose
from service.core.sending.gathering import say_wishes
from service.store.mail.readers import ReaderRow, find_reader, list_followed, obey
from service.web.lobby import Lobby
from service.web.page import show

MOST_BYTES = 10_000

STANDS = {
    "active": noted("Alerts to {address} are on."),
    "paused": noted("Alerts to {address} are paused."),
    "unconfirmed": noted("Alerts to {address} wait for your confirmation."),
    "unsubscribed": noted("Alerts to {address} have been stopped."),
    "disabled": noted("Alerts to {address} are off, because mail to it came back."),
}
CHOICES = (Act.PAUSE, Act.RESUME, Act.UNSUBSCRIBE)
"""At the preferences: to confirm takes the link of a mail that asked."""
DONE = {
    Act.PAUSE: noted("Paused. What comes meanwhile waits for you."),
    Act.RESUME: noted("They go on."),
}


class Closed(Exception):
    """This link opens nothing."""

    def __init__(self, *, is_old: bool = False) -> None:
        super().__init__(self.__doc__)
        self.is_old = is_old


@dataclass(frozen=True, slots=True)
class Visit:
    """A reader at a page, and what is followed there."""

    reader: ReaderRow
    followed: tuple[str, ...]

    @property
    def tongue(self) -> Tongue:
        """In which the reader is told."""
        return read_preferences(self.reader.preferences).tongue


async def confirm(request: Request) -> Response:
    """Asked once more in words, for a scanner may have followed the link."""
    visit = await _visit(request, Purpose.CONFIRM, _act_of(request, Act.CONFIRM))
    tongue = visit.tongue
    if visit.reader.state == "active":
        lines = (
            tongue.say("Alerts are sent to {address}.", address=visit.reader.address),
            tongue.say("Each of them says how to stop it."),
        )
        return show(tongue, "said", title=tongue.say("Confirmed"), lines=lines)
    if follow(Act.CONFIRM, visit.reader.state, visit.reader.reason) is None:
        raise Closed(is_old=True)
    return show(tongue, "confirm", reader=visit.reader, followed=visit.followed)


async def unsubscribe(request: Request) -> Response:
    """One click, by a mail program (RFC 8058) or by a person: no cookie, no login, no question."""
    visit = await _visit(request, Purpose.UNSUBSCRIBE, _act_of(request, Act.UNSUBSCRIBE))
    if visit.reader.state != "unsubscribed":
        return show(visit.tongue, "unsubscribe", reader=visit.reader)
    return _say_unsubscribed(visit)


async def prefer(request: Request) -> Response:
    """What is followed, and the choice to pause, to go on, or to stop."""
    act = await _read_act(request) if request.method == "POST" else None
    visit = await _visit(request, Purpose.PREFERENCES, act)
    reader, tongue = visit.reader, visit.tongue
    if act is Act.UNSUBSCRIBE:
        return _say_unsubscribed(visit)
    stands = tongue.say(STANDS[reader.state], address=reader.address)
    wishes = say_wishes(read_preferences(reader.preferences), tongue)
    return show(
        tongue,
        "preferences",
        reader=reader,
        followed=visit.followed,
        stands=tongue.join((stands, *wishes)),
        acts=[one for one in CHOICES if follow(one, reader.state, reader.reason)],
        done=tongue.say(DONE[act]) if act in DONE else "",
    )


def _say_unsubscribed(visit: Visit) -> Response:
    tongue = visit.tongue
    lines = (
        tongue.say("Nothing more is sent to {address}.", address=visit.reader.address),
        tongue.say(
            "To get alerts again, ask whoever set them up: you will be sent a mail to confirm."
        ),
    )
    return show(tongue, "said", title=tongue.say("You are unsubscribed"), lines=lines)


def _act_of(request: Request, act: Act) -> Act | None:
    return act if request.method == "POST" else None


async def _read_act(request: Request) -> Act:
    """The button that was pressed: a small form, and nothing else, is read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Closed
    wanted = dict(parse_qsl(body.decode("latin-1"))).get("do")
    if wanted not in CHOICES:
        raise Closed
    return Act(wanted)


async def _visit(request: Request, purpose: Purpose, act: Act | None) -> Visit:
    """The reader behind the token, after doing what was asked; raises `Closed`."""
    lobby: Lobby = request.app.state.lobby
    work = partial(_enter, lobby, request.path_params["token"], purpose, act)
    if act is None:
        return await lobby.db.run_read(work)
    return await lobby.db.run_write(work, name="web")


async def _enter(
    lobby: Lobby, token: str, purpose: Purpose, act: Act | None, session: AsyncSession
) -> Visit:
    now = lobby.clock()
    try:
        named = lobby.links.read(purpose, token, now)
    except OldLink:
        raise Closed(is_old=True) from None
    except BadLink:
        raise Closed from None
    reader = await find_reader(session, named.destination, locked=act is not None)
    if reader is None or not named.is_at(reader.address):
        raise Closed(is_old=True)
    if act is not None and await obey(session, reader, act, now):
        reader = await find_reader(session, named.destination) or reader
    return Visit(reader, tuple(await list_followed(session, reader.id)))
