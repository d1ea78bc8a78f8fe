"""The API as commands call it: a decoded answer, or an error that says what to mend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from service.cli.exits import Refused, Unreachable
from service.cli.terminal import Terminal

SECONDS = 60.0
PAGE = 200


class Api:
    """One service, asked over one kept connection."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, params=asked)

    def post(self, path: str, given: Any = None) -> Any:
        """Send JSON, or nothing."""
        return self._call("POST", path, **({} if given is None else {"json": given}))

    def patch(self, path: str, given: Any) -> Any:
        """Change what is named."""
        return self._call("PATCH", path, json=given)

    def post_bytes(self, path: str, body: bytes, media: str, **query: Any) -> Any:
        """Send as it is."""
        return self._send("POST", path, body, media, query)

    def put_bytes(self, path: str, body: bytes, media: str, **query: Any) -> Any:
        """The same, to be what is there."""
        return self._send("PUT", path, body, media, query)

    def _send(self, method: str, path: str, body: bytes, media: str, query: dict[str, Any]) -> Any:
        asked = {name: value for name, value in query.items() if value is not None}
        headers = {"content-type": media}
        return self._call(method, path, content=body, headers=headers, params=asked)

    def delete(self, path: str, **query: Any) -> Any:
        """Remove."""
        return self._call("DELETE", path, params=query)

    def pages(self, path: str, limit: int, **query: Any) -> Iterator[Any]:
        """Items of a list, page after page, up to `limit`."""
        cursor: str | None = None
        while limit > 0:
            found = self.get(path, limit=min(PAGE, limit), cursor=cursor, **query)
            yield from found["items"]
            limit -= len(found["items"])
            cursor = found["next"]
            if cursor is None:
                return

    def some(self, path: str, limit: int, **query: Any) -> tuple[list[Any], bool]:
        """The first `limit` items of a list, and whether there are more."""
        found = list(self.pages(path, limit + 1, **query))
        return found[:limit], len(found) > limit

    def save(self, path: str, write: Callable[[bytes], object], **query: Any) -> None:
        """What is too long for the memory, piece by piece, as it comes."""
        with self._explaining(), self._client.stream("GET", path, params=query) as answer:
            if not answer.is_success:
                answer.read()
                raise Refused(_problem(answer))
            for piece in answer.iter_bytes():
                write(piece)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            said = f"{self._client.base_url} did not answer within {SECONDS:g} s; is it busy?"
            raise Unreachable(said) from error
        except (httpx.TransportError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Unreachable(_unreachable(self._client.base_url, error)) from error

    def _call(self, method: str, path: str, **given: Any) -> Any:
        with self._explaining():
            answer = self._client.request(method, path, **given)
        if answer.is_success:
            return _decode(answer) if answer.content else None
        raise Refused(_problem(answer))


def _unreachable(base: httpx.URL, error: Exception) -> str:
    return (
        f"no service answers at {base} ({error}); start one with `tariffwire serve`, "
        "or name another: tariffwire --url http://host:port …"
    )


def _decode(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        said = f"what answers at {answer.url} is not tariffwire: its answer is no JSON"
        raise Unreachable(said) from error


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict) and "title" in found:
        return found
    detail = f"{answer.url} answered {answer.status_code}, and not as tariffwire does"
    return {"title": "Not tariffwire", "status": answer.status_code, "detail": detail}


@contextmanager
def open_api(terminal: Terminal) -> Iterator[Api]:
    """A client for the service that the caller named, else the one that the settings describe."""
    url, key = terminal.url, terminal.key
    if not url:
        from service.cli.setup import own_address, read_own_settings

        settings = read_own_settings()
        url = own_address(settings.host, settings.port)
        key = key or (settings.api_key.get_secret_value() if settings.api_key else None)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        client = httpx.Client(base_url=url, headers=headers, timeout=SECONDS, trust_env=False)
    except (httpx.InvalidURL, ValueError) as error:
        raise Unreachable(f"{url!r} is no URL: {error}") from error
    with client:
        yield Api(client)
