"""Request bodies: read up to a limit, decoded as strictly as events, described in OpenAPI."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, NoReturn, TypeVar

from fastapi import FastAPI, Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from service.api.problems import Invalid, Malformed, TooLarge, WrongType
from service.core.event import Fault, Unreadable, decode
from service.core.event.unreadable import faults_of

MAX_FORM_BYTES = 1_048_576
JSON = ("application/json",)
_COMPONENTS = "#/components/schemas/{model}"
Form = TypeVar("Form", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, cut off as soon as it passes `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                said = f"a body may have {limit} bytes"
                raise TooLarge(f"{said}; send it in several requests", [Fault("body", said)])
            parts.append(part)
    except ClientDisconnect:
        # Nobody reads this; without it the log would call the client's going a fault of ours.
        raise Malformed("the connection ended before the body did") from None
    return b"".join(parts)


def check_type(request: Request, known: Collection[str]) -> str:
    """The media type, which must be one of `known`, in UTF-8 and not compressed."""
    given = request.headers.get("content-type", "")
    media, _, parameters = given.partition(";")
    media = media.strip().lower()
    if media not in known:
        said = f"send {' or '.join(known)}" + (f", not {given[:80]!r}" if given else "")
        raise WrongType(said, [Fault("header.Content-Type", said)])
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in {"", "utf-8", "utf8"}:
        said = f"send UTF-8, not {parameters.strip()[:80]!r}"
        raise WrongType(said, [Fault("header.Content-Type", said)])
    if request.headers.get("content-encoding", "identity") != "identity":
        said = "send the body without compression"
        raise WrongType(said, [Fault("header.Content-Encoding", said)])
    return media


async def read_json(request: Request) -> Any:
    """The decoded JSON of a small body."""
    check_type(request, JSON)
    try:
        return decode(await read_body(request, MAX_FORM_BYTES))
    except Unreadable as error:
        raise Malformed(f"the body is not readable: {error}", _in_body(error.faults)) from error


def _in_body(faults: Collection[Fault]) -> list[Fault]:
    return [Fault(one.where or "body", one.what) for one in faults]


def read_form(given: Any, model: type[Form]) -> Form:
    """`given` as the form, or every fault in it."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        refuse(faults_of(error, model), error)


def refuse(faults: Collection[Fault], cause: Exception | None = None) -> NoReturn:
    """Say all that is wrong with a form."""
    named = _in_body(faults)
    raise Invalid("; ".join(map(str, named[:3])), named) from cause


def form_of(model: type[Form]) -> Callable[[Request], Awaitable[Form]]:
    """A dependency that reads the body as `model`."""

    async def read(request: Request) -> Form:
        return read_form(await read_json(request), model)

    return read


def optional_form_of(model: type[Form]) -> Callable[[Request], Awaitable[Form]]:
    """The same for a form that may be left out as a whole."""

    async def read(request: Request) -> Form:
        is_sent = "transfer-encoding" in request.headers
        if not is_sent and request.headers.get("content-length", "0") == "0":
            return model()
        return read_form(await read_json(request), model)

    return read


def describe(model: Any, *media: str, **examples: Any) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its own body: `examples` by name."""
    schema = (
        {"$ref": _COMPONENTS.format(model=model.__name__)} if isinstance(model, type) else model
    )
    shown = {name: {"value": value} for name, value in examples.items()}
    content = {one: {"schema": schema, "examples": shown} for one in media or JSON}
    return {"requestBody": {"required": True, "content": content}}


def add_schemas(app: FastAPI, models: Mapping[str, Any]) -> None:
    """Let the document hold the schemas that `describe` points to: models or adapters, by name."""
    make = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = make().setdefault("components", {}).setdefault("schemas", {})
            for name, model in models.items():
                _add_schema(schemas, name, model)
        return app.openapi_schema or {}

    app.openapi = document  # type: ignore[method-assign]


def _add_schema(schemas: dict[str, Any], name: str, model: Any) -> None:
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    found = adapter.json_schema(ref_template=_COMPONENTS)
    schemas.update(found.pop("$defs", {}))
    schemas[name] = found
