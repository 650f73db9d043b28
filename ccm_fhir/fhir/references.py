"""References between resources, brought to one spelling (FHIR R4 §2.3 References)."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/?#]+)?\Z")


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

    The version of a versioned reference is left out.
    """
    trimmed = text.strip()
    prefix = base_url.rstrip("/") + "/"
    if base_url and trimmed.startswith(prefix):
        trimmed = trimmed[len(prefix) :]
    match = _LOCAL.match(trimmed)
    return f"{match[1]}/{match[2]}" if match else ""
