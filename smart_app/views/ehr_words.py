"""The words of registering an EHR: kinds of client, and why an EHR could not be registered."""

from __future__ import annotations

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    FhirError,
    ForbiddenOriginError,
)

CLIENT_KINDS: dict[str, str] = {
    "private_key": "Confidential, by our key: the EHR reads our public keys at the JWKS URL",
    "secret": "Confidential, by a secret that the EHR’s administrator gave us",
    "public": "Public: at a launch we prove nothing; what is delivered is signed by our key",
}
CLIENTS: dict[str, str] = {
    "private_key": "by our key",
    "secret": "by a secret",
    "public": "public",
}
_NOTHING = "Nothing was stored."
_WELL_KNOWN = "/.well-known/smart-configuration"
_NOT_THERE = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 403})


def why_not(problem: FhirError) -> str:
    """Return why an EHR could not be registered, and what would change it."""
    match problem:
        case EhrUnreachableError():
            told = (
                "No answer came from this address. Check how it is spelt, and that the EHR’s "
                "firewall lets this server in."
            )
        case EhrHttpError():
            told = _status(problem.status)
        case EhrFormatError():
            told = (
                f"What the server gave as its SMART configuration cannot be used: "
                f"{problem.problem}. Its administrator must mend that."
            )
        case ForbiddenOriginError():
            told = (
                "The address leads into a private network or to this server itself, and the app "
                "sends nothing there. Give the address at which the EHR is reached from outside."
            )
        case _:
            told = f"The EHR could not be asked: {problem}."
    return f"{told} {_NOTHING}"


def _status(status: int) -> str:
    if status in _NOT_THERE:
        return (
            f"The server answers, but there is no SMART configuration under this address "
            f"({_WELL_KNOWN} gives {status}). Check that it is the FHIR base URL itself, and "
            "that SMART is switched on there."
        )
    if status in _FORBIDDEN:
        return (
            f"The server answers {status} where its SMART configuration must be open to all "
            f"({_WELL_KNOWN}). Its administrator must let it be read without signing in."
        )
    return (
        f"The server answers {status} where its SMART configuration should be "
        f"({_WELL_KNOWN}). Try again later, or tell its administrator."
    )
