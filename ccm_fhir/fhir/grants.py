"""What a token endpoint grants: the tokens and the launch context that came with them.

SMART App Launch 2.2, "Access token response" and "Launch context".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccm_fhir.errors import LaunchError
from ccm_fhir.fhir.scopes import parse_scopes

SHORT_LIFE_SECONDS = 300
_LAUNCH = "launch"
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirContext:
    """One entry of ``fhirContext``; an entry without a role belongs to the launch.

    It has a reference, a canonical or an identifier (``system|value``), or several of them.
    """

    reference: str = ""
    canonical: str = ""
    identifier: str = ""
    resource_type: str = ""
    role: str = _LAUNCH


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """The answer of a token endpoint; prints no token, no patient, no address.

    ``patient`` is None where the EHR named none: then a person picks, nothing is guessed.
    ``scope`` is what was granted. ``expires_in_seconds`` is short where it was not said.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in_seconds: int = SHORT_LIFE_SECONDS
    scope: frozenset[str] = frozenset()
    patient: str | None = field(default=None, repr=False)
    encounter: str | None = field(default=None, repr=False)
    need_patient_banner: bool = True
    smart_style_url: str | None = field(default=None, repr=False)
    intent: str | None = None
    fhir_context: tuple[FhirContext, ...] = field(default=(), repr=False)
    id_token: str | None = field(default=None, repr=False)
    tenant: str | None = field(default=None, repr=False)
    app_context: str = field(default="", repr=False)


def parse_grant(token: Mapping[str, Any], *, silent_scope: frozenset[str]) -> TokenGrant:
    """Read a token response; members that are unknown or of the wrong type are left out.

    Args:
        token: the decoded JSON object.
        silent_scope: what was granted if the answer does not say (RFC 6749 §5.1: what was
            asked for). An empty ``scope`` is not silence: it grants nothing.

    Raises:
        LaunchError: ``token_response_invalid``: no usable access token, or not a bearer token.
    """
    access_token = _text(token, "access_token")
    kind = _text(token, "token_type") or ""
    if not access_token or not _TOKEN.match(access_token):
        raise LaunchError("token_response_invalid", "no access token")
    if kind.lower() != "bearer":
        raise LaunchError("token_response_invalid", "not a bearer token")
    scope = _text(token, "scope")
    return TokenGrant(
        access_token=access_token,
        refresh_token=_text(token, "refresh_token") or None,
        expires_in_seconds=_seconds(token.get("expires_in")),
        scope=silent_scope if scope is None else parse_scopes(scope),
        patient=_text(token, "patient") or None,
        encounter=_text(token, "encounter") or None,
        need_patient_banner=token.get("need_patient_banner") is not False,
        smart_style_url=_text(token, "smart_style_url") or None,
        intent=_text(token, "intent") or None,
        fhir_context=_context(token.get("fhirContext")),
        id_token=_text(token, "id_token") or None,
        tenant=_text(token, "tenant") or None,
        # CDS Hooks 2.0, "Link": what a card's link carried comes back with the token.
        app_context=_text(token, "appContext") or "",
    )


def _text(token: Mapping[str, Any], name: str) -> str | None:
    value = token.get(name)
    return value if isinstance(value, str) else None


def _seconds(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)  # some servers quote the number
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return SHORT_LIFE_SECONDS


def _context(value: object) -> tuple[FhirContext, ...]:
    entries = value if isinstance(value, list) else []
    read = (_context_entry(entry) for entry in entries if isinstance(entry, dict))
    return tuple(entry for entry in read if _belongs(entry))


def _belongs(entry: FhirContext) -> bool:
    """Whether an entry says something: the launch's patient and encounter have their own names."""
    kind = entry.resource_type or entry.reference.rpartition("/")[0].rpartition("/")[2]
    if entry.role == _LAUNCH and kind in {"Patient", "Encounter"}:
        return False
    return bool(entry.reference or entry.canonical or entry.identifier)


def _context_entry(entry: Mapping[str, Any]) -> FhirContext:
    return FhirContext(
        reference=_text(entry, "reference") or "",
        canonical=_text(entry, "canonical") or "",
        identifier=_identifier(entry.get("identifier")),
        resource_type=_text(entry, "type") or "",
        role=_text(entry, "role") or _LAUNCH,
    )


def _identifier(value: object) -> str:
    if not isinstance(value, dict) or not _text(value, "value"):
        return ""
    return f"{_text(value, 'system') or ''}|{_text(value, 'value')}"
