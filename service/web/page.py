"""A page as it leaves the house: rendered, and with headers that forbid all but itself."""

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

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


def show(name: str, status: int = 200, **view: object) -> Response:
    """The page of this name."""
    text = _RULES.get_template(f"{name}.html.j2").render(style=_style(), **view)
    return Response(text, status, _headers(), media_type="text/html")
