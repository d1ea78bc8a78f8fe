"""One answer as it comes in: parsed, capped, and judged fit or not for another request."""

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from service.core.sending.sent import MOST_HEADERS
from service.dispatch.http.trail import Trail

EXCERPT = 16 * 1024  # bytes of a body that are read and kept
LONGEST_HEAD = 64 * 1024
LONGEST_ANSWER = LONGEST_HEAD + 4 * EXCERPT  # with all that frames it
FIRST_FINAL = 200


class BadAnswer(Exception):
    """What came is not HTTP."""


class Answer:
    """Reads one answer; the parser calls what begins with `on_`.

    Nothing is inflated, so nothing is ever longer than what came. `head_only` is for CONNECT: its
    answer ends with its head.
    """

    __slots__ = (
        "_body",
        "_head_only",
        "_is_framed",
        "_is_whole",
        "_parser",
        "_seen",
        "_trail",
        "headers",
        "is_reusable",
        "retry_after",
        "status",
    )

    def __init__(self, trail: Trail, *, head_only: bool = False) -> None:
        self.status = 0  # until the head of a final answer was read
        self.retry_after: str | None = None
        self.is_reusable = False
        self.headers: list[tuple[bytes, bytes]] = []  # of the head, the first so many
        self._trail = trail
        self._head_only = head_only
        self._parser = HttpResponseParser(self)
        self._body = bytearray()
        self._seen = 0
        self._is_framed = False
        self._is_whole = False

    @property
    def excerpt(self) -> bytes:
        """The body, or its beginning."""
        return bytes(self._body[:EXCERPT])

    @property
    def is_cut(self) -> bool:
        """Whether more than the excerpt came, or would have come."""
        return len(self._body) > EXCERPT or not self._is_whole

    def feed(self, data: bytes) -> bool:
        """Take what came; whether that ends the answer. `BadAnswer` if it is none."""
        if not self._seen:
            self._trail.reach("first_byte")
        room = LONGEST_HEAD - self._seen
        if self.status or len(data) < room:
            self._parse(data)
        else:
            self._parse(data[:room])
            if not self.status:
                message = f"its headers are longer than {LONGEST_HEAD:,} bytes"
                raise BadAnswer(message)
            self._parse(data[room:])
        return self._is_over()

    def _is_over(self) -> bool:
        """Whether it was read, as far as we read: the rest of a long one is left."""
        if len(self._body) > EXCERPT or self._seen > LONGEST_ANSWER:
            self.is_reusable = False
        elif not self._is_whole and not (self._head_only and self.status):
            return False
        del self._parser  # it holds us: a circle for each answer would keep the collector busy
        return True

    def end(self) -> bool:
        """The receiver sends no more: whether that ends the answer, as HTTP/1.0 has it."""
        self.is_reusable = False
        self._is_whole = self._is_whole or bool(self.status and not self._is_framed)
        return self._is_whole

    def _parse(self, data: bytes) -> None:
        self._seen += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_reusable = False
        except HttpParserError as error:
            self.is_reusable = False
            if not self._is_whole:  # junk behind an answer takes nothing away from it
                raise BadAnswer(str(error)) from error

    def on_message_begin(self) -> None:
        """The second answer to one request is junk."""
        if self._is_whole:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the head; what stands in trailers does not count."""
        if self.status:
            return
        if len(self.headers) < MOST_HEADERS:
            self.headers.append((name, value))
        match name.lower():
            case b"retry-after":
                self.retry_after = self.retry_after or value.decode("latin-1")
            case b"content-length":
                self._is_framed = True
            case b"transfer-encoding":
                self._is_framed = b"chunked" in value.lower()

    def on_headers_complete(self) -> None:
        """A 1xx answer comes before the one that counts (RFC 9110 §15.2), but for an upgrade."""
        status = self._parser.get_status_code()
        if self.status or (status < FIRST_FINAL and not self._parser.should_upgrade()):
            return
        self.status = self._trail.status = status
        self.is_reusable = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Keep no more than shows that there is more."""
        if not self._is_whole and len(self._body) <= EXCERPT:
            self._body += piece[: EXCERPT + 1 - len(self._body)]

    def on_message_complete(self) -> None:
        """Whole, unless it was one of those that come before."""
        self._is_whole = bool(self.status)
        if not self.status:
            self.retry_after, self._is_framed = None, False
            self.headers.clear()
