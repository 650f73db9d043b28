"""A transaction: several creates that a server does all or none of, each conditional by itself.

FHIR R4 §3.1.0.11.2 (https://hl7.org/fhir/R4/http.html#transaction). What refers to an earlier
entry does so by that entry's ``fullUrl``, which the server resolves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2
import msgspec

from ccm_fhir.fhir.json import Json, to_bytes
from ccm_fhir.fhir.outcomes import WriteKind, WriteOutcome, classify_answer, located


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEntry:
    """One create: the resource, the URL it goes by within the bundle, and its condition."""

    full_url: str
    resource: Json = field(repr=False)
    if_none_exist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionOutcome:
    """What became of the whole; ``parts`` are in the order of the entries, empty unless CREATED."""

    whole: WriteOutcome
    parts: tuple[WriteOutcome, ...] = ()


def transaction_of(entries: Sequence[TransactionEntry]) -> bytes:
    """Return the Bundle; the same entries give the same bytes."""
    return to_bytes(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": entry.full_url,
                    "resource": entry.resource,
                    "request": {
                        "method": "POST",
                        "url": str(entry.resource["resourceType"]),
                        "ifNoneExist": entry.if_none_exist,
                    },
                }
                for entry in entries
            ],
        }
    )


def read_transaction(
    answer: httpx2.Response, entries: Sequence[TransactionEntry]
) -> TransactionOutcome:
    """Return what an answer to a transaction says; never raises.

    CREATED only where every entry was created and is named. What a condition found is for the
    single way to look at; that and everything unclear is UNCERTAIN. REJECTED: none was written.
    """
    whole = classify_answer(answer, "Bundle")
    if answer.status_code != httpx2.codes.OK:
        return TransactionOutcome(whole=whole)
    parts = _parts(answer.content, entries)
    is_done = len(parts) == len(entries) and all(p.kind is WriteKind.CREATED for p in parts)
    kind = WriteKind.CREATED if is_done else WriteKind.UNCERTAIN
    return TransactionOutcome(
        whole=WriteOutcome(kind=kind, resource_type="Bundle", status=answer.status_code),
        parts=parts if is_done else (),
    )


class _Response(msgspec.Struct, frozen=True):
    status: str = ""
    location: str = ""


class _Entry(msgspec.Struct, frozen=True):
    response: _Response = _Response()


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    type: str = ""
    entry: list[_Entry] = []


def _parts(body: bytes, entries: Sequence[TransactionEntry]) -> tuple[WriteOutcome, ...]:
    try:
        bundle = msgspec.json.decode(body, type=_Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if (bundle.resource_type, bundle.type) != ("Bundle", "transaction-response"):
        return ()
    return tuple(
        _part(answered.response, str(entry.resource["resourceType"]))
        for answered, entry in zip(bundle.entry, entries, strict=False)
    )


def _part(response: _Response, resource_type: str) -> WriteOutcome:
    named = located(response.location, resource_type)
    is_created = response.status.startswith("201") and named is not None
    resource_id, version_id = named or ("", "")
    return WriteOutcome(
        kind=WriteKind.CREATED if is_created else WriteKind.UNCERTAIN,
        resource_type=resource_type,
        status=201 if is_created else 0,
        resource_id=resource_id if is_created else "",
        version_id=version_id if is_created else "",
    )
