"""A page as it leaves the house: rendered, and with headers that forbid all but itself."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from service.core.language import Tongue, choose_language, tongue_for

_RULES = Environment(
    loader=PackageLoader(__package__, "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def _style() -> str:
    return files(__package__).joinpath("pages", "style.css").read_text("utf-8")


@cache
def _headers() -> dict[str, str]:
    """The one style sheet stands inside the page, and is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",  # the path holds a token
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
    }


def show(tongue: Tongue, name: str, status: int = 200, **view: object) -> Response:
    """The page of this name."""
    spoken = {"say": tongue.say, "lang": tongue.lang, "style": _style()}
    text = _RULES.get_template(f"{name}.html.j2").render(**spoken, **view)
    headers = {"Content-Language": tongue.lang, "Vary": "Accept-Language"}
    return Response(text, status, _headers() | headers, media_type="text/html")


def tongue_of(request: Request) -> Tongue:
    """What the browser asks for, where we know of no reader's wishes."""
    return tongue_for(choose_language(request.headers.get("accept-language", "")))
