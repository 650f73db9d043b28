"""The headers of every response; the framing EHR is the only part that varies."""

from __future__ import annotations

import re

from starlette.types import Scope

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?\Z")
_FRAMED_BY = "framed_by"
_SENDS_TO = "sends_to"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action {actions}; object-src 'none'; "
    "base-uri 'none'; frame-ancestors {ancestors}"
)
_PERMISSIONS = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")

# Referrer-Policy is same-origin, not no-referrer: under no-referrer a browser sends
# ``Origin: null`` with our own forms (Fetch, "append a request Origin header"), and the
# guard of writes needs the origin. Other sites get no referrer under either.
_FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in _PERMISSIONS),
    "cross-origin-resource-policy": "same-origin",
}


def allow_framing(scope: Scope, origins: tuple[str, ...]) -> None:
    """Let the response to this request be framed by pages of these origins."""
    scope["state"][_FRAMED_BY] = origins


def allow_sending(scope: Scope, origin: str) -> None:
    """Let a form of the response to this request go to another origin too."""
    scope["state"][_SENDS_TO] = origin


def security_headers(scope: Scope) -> dict[str, str]:
    """Return the headers that a response to this request must carry."""
    state = scope.get("state", {})
    policy = content_security_policy(state.get(_FRAMED_BY, ()), state.get(_SENDS_TO, ""))
    return {"content-security-policy": policy, **_FIXED}


def content_security_policy(framed_by: tuple[str, ...], sends_to: str = "") -> str:
    """Return the policy; an origin that is not spelt as one is left out, never quoted."""
    ancestors = sorted({origin for origin in framed_by if _ORIGIN.match(origin)})
    actions = f"'self' {sends_to}" if _ORIGIN.match(sends_to) else "'self'"
    return _POLICY.format(ancestors=" ".join(ancestors) or "'none'", actions=actions)
