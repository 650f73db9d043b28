"""The body of a form post to an OAuth endpoint, read strictly."""

from collections import Counter
from urllib.parse import parse_qsl

from starlette.requests import Request

from fhir_fixtures.sandbox.oauth.errors import OAuthError

FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """Parameters by name; an empty value counts as absent.

    Raises:
        OAuthError: it is no form, or names a parameter twice (RFC 6749 §3.2).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"the body must be {FORM}")
    pairs = parse_qsl((await request.body()).decode(errors="replace"))
    return once_each(pairs)


def once_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The pairs as a mapping.

    Raises:
        OAuthError: a name occurs twice.
    """
    for name, occurrences in Counter(name for name, _ in pairs).items():
        if occurrences > 1:
            raise OAuthError("invalid_request", f"{name} is given more than once")
    return dict(pairs)
