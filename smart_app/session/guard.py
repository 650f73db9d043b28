"""The guard of every write: token, Origin and Sec-Fetch-Site must each say it is our page."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from smart_app.session.refusals import ForgedRequestError


def refuse_foreign_origin(headers: Headers, base_url: str) -> None:
    """Raise unless the browser says that one of our own pages sent the request.

    Raises:
        ForgedRequestError: another origin's page, or a client that names none.
    """
    if headers.get("origin") != origin_of(base_url):
        raise ForgedRequestError("origin")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForgedRequestError("sec-fetch-site")


def refuse_wrong_token(given: str, expected: str) -> None:
    """Raise unless the form or header carries this session's token.

    Raises:
        ForgedRequestError: no token, or another session's.
    """
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForgedRequestError("token")


def origin_of(url: str) -> str:
    """Return the origin of an absolute URL, spelt as browsers spell it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
