"""Jinja2 with escaping on and undefined names an error; and addresses of our static files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent.parent
STATIC = _HERE / "static"
HTMX = "vendor/htmx.min.js"


def render(template: str, **context: object) -> str:
    """Return a template printed with what a page gives it."""
    return _environment().get_template(template).render(**context)


@cache
def static_url(name: str) -> str:
    """Return a static file's address, new whenever its content is."""
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def has_htmx() -> bool:
    """Whether the build brought htmx; without it pages are reloaded by hand."""
    return (STATIC / HTMX).is_file()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static_url"] = static_url
    environment.globals["htmx_url"] = static_url(HTMX) if has_htmx() else ""
    return environment
