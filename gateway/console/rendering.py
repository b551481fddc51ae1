"""From templates to answers that browsers may show, and what those may load."""

import hashlib
import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from markupsafe import Markup

from gateway.domain.permission import Permission
from gateway.rest.session import CALLER

_HERE = Path(__file__).parent
_NOTHING = "\u2013"
STATIC = _HERE / "static"
# Everything comes from ourselves, and nothing stands in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}

NAVIGATION = (
    ("/", "Dashboard"),
    ("/queue", "Queue"),
    ("/scanner", "Scanner"),
    ("/analytics", "Analytics"),
    ("/models", "Models"),
    ("/rules", "Rules"),
    ("/settings", "Settings"),
)


def page(name: str, path: str, *, status: int = 200, **values: Any) -> Response[str]:
    """Return a page; `path` is where it stands in the navigation."""
    caller = CALLER.get()
    text = (
        _environment()
        .get_template(name)
        .render(
            path=path,
            navigation=NAVIGATION,
            caller=caller,
            may=lambda needed: Permission(needed) in caller.permissions,
            **values,
        )
    )
    return _answer(text, status)


def part(name: str, **values: Any) -> Markup:
    """Return part of a page that is the same for everybody who may see it."""
    # Escaped where the template was filled.
    return Markup(_environment().get_template(name).render(**values))  # noqa: S704


def part_alone(text: Markup) -> Response[str]:
    """Return part of a page, for a page that shows it already."""
    return _answer(str(text), 200)


def _answer(text: str, status: int) -> Response[str]:
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=dict(HEADERS))


def static_paths() -> frozenset[str]:
    """Return the paths of all static files."""
    files = (each for each in STATIC.rglob("*") if each.is_file())
    return frozenset(f"/static/{each.relative_to(STATIC).as_posix()}" for each in files)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "time": _time,
        "money": _money,
        "number": _number,
        "segment": lambda text: quote(str(text), safe=""),
        "words": lambda text: str(text).replace("_", " ").lower(),
    }
    version = _version()
    made.globals["static"] = lambda name: f"/static/{name}?v={version}"
    made.globals["htmx_config"] = json.dumps(
        {
            "includeIndicatorStyles": False,
            "allowEval": False,
            "selfRequestsOnly": True,
            # What analysts saw stays out of the browser's storage.
            "historyCacheSize": 0,
            "refreshOnHistoryMiss": True,
        }
    )
    return made


@lru_cache(maxsize=1)
def _version() -> str:
    """Return a text that changes with any static file, so that browsers may keep them."""
    digest = hashlib.sha256()
    for each in sorted(STATIC.rglob("*")):
        if each.is_file():
            digest.update(each.read_bytes())
    return digest.hexdigest()[:12]


def _time(value: datetime | None, form: str = "full") -> str:
    """Return an instant that the browser shows in the reader's zone."""
    if value is None:
        return _NOTHING
    shown = value.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(
        value.strftime("%Y-%m-%dT%H:%M:%SZ"), form, shown
    )


def _money(amount: float | None, currency: str) -> str:
    if amount is None:
        return _NOTHING
    return Markup('<data class="money" value="{}" data-currency="{}">{:,.2f} {}</data>').format(
        amount, currency, amount, currency
    )


def _number(value: float | None, places: int = 0) -> str:
    if value is None:
        return _NOTHING
    return f"{value:,.{places}f}"
