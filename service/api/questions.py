"""Query strings: every parameter known, every page bounded, every cursor one that we gave."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NoReturn, TypeGuard, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Query, Request, Response

from service.api.problems import Malformed
from service.core.event import Fault
from service.core.moment import read_moment
from service.store.spans import Span

LONGEST = 2000
LARGEST = 2**63 - 1


async def refuse_stray_parameters(request: Request) -> None:
    """A misspelt filter would else be a filter that silently lets everything through.

    So would one that stands twice, for only the last would count.
    """
    if "\x00" in request.url.path:
        raise Malformed("The path holds a NUL character.", [Fault("path", "remove the NUL (%00)")])
    if not request.url.query:
        return
    known = _parameters_of(request)
    given: set[str] = set()
    for name, text in request.query_params.multi_items():
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            listed = f"this takes {', '.join(known) or 'none'}"
            hint = f"did you mean `{near[0]}`?" if near else listed
            refuse_parameter(name[:80], f"no such parameter; {hint}")
        if len(text) > LONGEST or not text.isprintable():
            refuse_parameter(
                name, f"at most {LONGEST} characters, none of them a control character"
            )
        if name in given and not known[name]:
            refuse_parameter(name, "this stands more than once, and one would count: keep one")
        given.add(name)


def _parameters_of(request: Request) -> dict[str, bool]:
    """Each, and whether it is a list, which may stand several times.

    As documented: the document is made once, and cannot differ from what is asked here.
    """
    documented = request.app.openapi()["paths"].get(request.scope["route"].path_format, {})
    operation = documented.get(request.method.lower(), {})
    parameters = operation.get("parameters", ())
    return {one["name"]: _is_list(one["schema"]) for one in parameters if one["in"] == "query"}


def _is_list(schema: dict[str, Any]) -> bool:
    """A list, or a list or nothing."""
    return any(one.get("type") == "array" for one in (schema, *schema.get("anyOf", ())))


def refuse_parameter(name: str, what: str) -> NoReturn:
    """Say which parameter, and how to mend it."""
    fault = Fault(f"query.{name}", what)
    raise Malformed(str(fault), [fault])


Place = str | int
T = TypeVar("T")
Order = Literal["oldest", "newest"]


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for; `after` is the place where the last page ended."""

    request: Request
    limit: int
    cursor: str | None

    @property
    def by_id(self) -> Span:
        """One more than is shown, to know whether there are more; in the order of ids."""
        return Span(self._read(str), self.limit + 1)

    def by_number(self, order: Order, after: int | None = None) -> Span:
        """The same, in the order of numbers; without a cursor from `after`."""
        place = self._read(int)
        start = after if place is None else place
        return Span(start, self.limit + 1, newest=order == "newest")

    def _read(self, kind: type) -> Place | None:
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            place = None
        if type(place) is not kind or not _is_place(place):
            refuse_parameter("cursor", "this is no cursor that we gave; begin without one")
        return place

    def answer(self, found: Sequence[T], show: Callable[[T], Any], place: str) -> Response:
        """The items found, the one too many left out; `place` names what they are ordered by."""
        shown = found[: self.limit]
        end = getattr(shown[-1], place) if len(found) > self.limit else None
        return self.answer_items([show(one) for one in shown], end)

    def answer_items(self, items: list[Any], end: Place | None) -> Response:
        """`end` is the place of the last item while there may be more, else None."""
        cursor = write_cursor(end) if end is not None else None
        headers = {"Link": f'<{self._target(cursor)}>; rel="next"'} if cursor else {}
        return send({"items": items, "next": cursor}, headers=headers)

    def _target(self, cursor: str) -> str:
        asked = self.request.query_params.multi_items()
        kept = [(name, text) for name, text in asked if name != "cursor"]
        return f"{self.request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


def _is_place(place: Any) -> TypeGuard[Place]:
    """Whether a database can be asked for it."""
    return place.isprintable() if isinstance(place, str) else 0 <= place <= LARGEST


def write_cursor(place: Place) -> str:
    """Opaque: its content may change with any release."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


async def _read_page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next` of the last page.")
    ] = None,
) -> Page:
    return Page(request, limit, cursor)


AtPage = Annotated[Page, Depends(_read_page)]


def send(found: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON, as fast as it gets."""
    return Response(
        orjson.dumps(found), status_code=status, headers=headers, media_type="application/json"
    )


def read_instant(
    name: str, text: str | None, now: datetime, importer: str | None = None
) -> datetime:
    """An instant with offset; or a day, which asks for its last moment at the importer's."""
    if text is None:
        return now
    try:
        # In a query string an unescaped + is a space.
        moment = read_moment(text.strip().replace(" ", "+"), importer)
    except ValueError as error:
        refuse_parameter(name, str(error))
    return moment.at if moment.day is None else moment.at + timedelta(days=1, microseconds=-1)
