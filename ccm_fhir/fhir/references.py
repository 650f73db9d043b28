"""References between resources, brought to one spelling (FHIR R4 §2.3 References)."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/?#]+)?/*\Z")
_ORIGIN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)


def normalise_reference(text: str | None, base_url: str = "") -> str:
    """Return ``Type/id`` for a relative reference, or an absolute one under the base.

    A reference to another server, ``urn:uuid:…`` and ``#contained`` stay as they are, so that
    they never equal one of ours; no reference at all is an empty string.
    """
    if not text:
        return ""
    return local_reference(text, base_url) or text.strip()


def local_reference(text: str, base_url: str = "") -> str:
    """Return ``Type/id`` of a resource on the base's own server, else an empty string.

    The version of a versioned reference, and slashes at its end, are left out.
    """
    trimmed = text.strip()
    prefix = base_url.rstrip("/") + "/"
    if base_url and "://" in trimmed:
        trimmed = _origin_lower(trimmed).removeprefix(_origin_lower(prefix))
    match = _LOCAL.match(trimmed)
    return f"{match[1]}/{match[2]}" if match else ""


def _origin_lower(url: str) -> str:
    """Scheme and host are the same in any case (RFC 3986 §6.2.2.1); the path is not."""
    match = _ORIGIN.match(url)
    return match[0].lower() + url[match.end() :] if match else url
