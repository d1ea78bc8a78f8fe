"""What goes wrong in a request, as RFC 9457 problem details: what, where, how to mend it.

Problem              the request cannot be served as it is
├── Malformed   400  it cannot be read: JSON, a parameter, a cursor
├── Unproven    401  the API key is missing or wrong
├── NotFound    404  nothing is there
├── WrongMethod 405  the path is right, the method is not
├── Conflict    409  it contradicts what is recorded
├── Outdated    412  what it wants to change has changed meanwhile
├── TooLarge    413  a body, an event, or their number
├── WrongType   415  a content type that is not read here
├── Invalid     422  readable, but not of the documented shape
├── TooMany     429  asked for more often than is good
└── Unavailable 503  ours: the log or the database cannot be reached
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from service.core.event import Fault
from service.core.event.unreadable import path_of
from service.core.sending.steering import NotPossible
from service.log import LogError
from service.store.database import DatabaseUnavailable
from service.store.following.vault import WrongSecretsKey

MEDIA_TYPE = "application/problem+json"
SHOWN = 100


class Problem(HTTPException):
    """The request cannot be served as it is."""

    status = 400
    slug = "problem"

    def __init__(
        self,
        detail: str = "",
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`errors` name each place; without `detail` the class's own sentence speaks."""
        super().__init__(self.status, detail or str(self.__doc__), dict(headers or {}))
        self.errors = tuple(errors)

    def as_json(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457, and `errors`, of which the first hundred are shown."""
        return {
            "type": f"urn:tariffwire:problem:{self.slug}",
            "title": str(self.__doc__),
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "errors": [{"where": one.where, "what": one.what} for one in self.errors[:SHOWN]],
        }


class Malformed(Problem):
    """The request cannot be read."""

    status, slug = 400, "malformed"


class Unproven(Problem):
    """An API key is needed: send it as `Authorization: Bearer <key>`."""

    status, slug = 401, "unproven"


class NotFound(Problem):
    """There is nothing here."""

    status, slug = 404, "not-found"


class WrongMethod(Problem):
    """This path does not know this method."""

    status, slug = 405, "wrong-method"


class Conflict(Problem):
    """The request contradicts what is recorded."""

    status, slug = 409, "conflict"


class Outdated(Problem):
    """What you want to change has changed since you read it: read it again."""

    status, slug = 412, "outdated"


class TooLarge(Problem):
    """The request is too large: send less at a time."""

    status, slug = 413, "too-large"


class WrongType(Problem):
    """This content type is not read here."""

    status, slug = 415, "wrong-type"


class Invalid(Problem):
    """The content is not of the documented shape."""

    status, slug = 422, "invalid"


class TooMany(Problem):
    """This was asked for too often: wait."""

    status, slug = 429, "too-many"


class Unavailable(Problem):
    """The service cannot do this right now, and nothing was done: send it again later."""

    status, slug = 503, "unavailable"


def mount_problems(app: FastAPI) -> None:
    """Every error leaves as a problem, whoever raised it."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(NotPossible, _answer_stopped)
    app.add_exception_handler(LogError, _answer_unavailable)
    app.add_exception_handler(DatabaseUnavailable, _answer_unavailable)
    app.add_exception_handler(OperationalError, _answer_unavailable)
    app.add_exception_handler(WrongSecretsKey, _answer_sealed)
    app.add_exception_handler(Exception, _answer_fault)


def answer(problem: Problem, request: Request) -> Response:
    """The problem as a response."""
    return Response(
        orjson.dumps(problem.as_json(request.url.path)),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


async def _answer_http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return answer(error, request)
    return answer(_as_problem(request, error), request)


def _as_problem(request: Request, error: Exception) -> Problem:
    """What the framework raises by itself: no such path, no such method."""
    status = error.status_code if isinstance(error, HTTPException) else Malformed.status
    if status == NotFound.status:
        return _no_route(request)
    if status == WrongMethod.status:
        return _wrong_method(request)
    kind = next((one for one in Problem.__subclasses__() if one.status == status), Malformed)
    return kind(str(getattr(error, "detail", "")))


async def _answer_validation(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [_fault(dict(one)) for one in found]
    return answer(Malformed(_detail(faults), faults), request)


def _fault(one: dict[str, Any]) -> Fault:
    said = str(one["msg"]).removeprefix("Value error, ")
    return Fault(path_of(one["loc"]), "this is required" if one["type"] == "missing" else said)


def _detail(faults: list[Fault]) -> str:
    return str(faults[0]) if faults else ""


async def _answer_stopped(request: Request, error: Exception) -> Response:
    return answer(Conflict(str(error), [Fault("path", str(error))]), request)


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    said = f"{Unavailable.__doc__} ({type(error).__name__})"
    return answer(Unavailable(said, headers={"Retry-After": "5"}), request)


async def _answer_sealed(request: Request, error: Exception) -> Response:
    return answer(Unavailable(str(error)), request)


async def _answer_fault(request: Request, _error: Exception) -> Response:
    said = {
        "type": "urn:tariffwire:problem:fault",
        "title": "The fault is ours.",
        "status": 500,
        "detail": "This was not expected; the log of the service says more.",
        "instance": request.url.path,
        "errors": [],
    }
    return Response(orjson.dumps(said), status_code=500, media_type=MEDIA_TYPE)


def _no_route(request: Request) -> NotFound:
    if not request.url.path.strip("/") and request.app.openapi_url:
        said = "this is the API of tariffwire: /v1/status says how it does, /openapi.json has all"
        return NotFound(said, [Fault("path", said)])
    hint = "this is a process without the API: ask a process that has the role api"
    if request.app.openapi_url:
        near = get_close_matches(request.url.path, request.app.openapi()["paths"], n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else "/openapi.json lists every path"
    return NotFound(
        f"There is no {request.url.path[:200]}; {hint}", [Fault("path", f"no such path; {hint}")]
    )


def _wrong_method(request: Request) -> WrongMethod:
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    allowed = sorted(
        method.upper()
        for template, operations in paths.items()
        if compile_path(template)[0].match(request.url.path)
        for method in operations
    )
    known = ", ".join(dict.fromkeys(allowed))
    said = f"{request.method[:20]} is not known here; this path takes {known}"
    return WrongMethod(said, [Fault("method", said)], {"Allow": known})
