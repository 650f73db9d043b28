"""What an EHR sent along with a call: facts where it is whole, and what must be asked for else.

CDS Hooks 2.0, "Prefetch Template". A key that is absent was not satisfied; one that is null says
that there is nothing. Anything doubtful (more pages, a server's complaint, another patient's
resource) is not used at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeVar

import msgspec

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.facts import Fact, Skipped
from ccm_fhir.fhir.bundles import OUTCOME, Resource, latest_of_each, read_resource
from ccm_fhir.fhir.cds_hooks.request import PatientView
from ccm_fhir.fhir.extract import Irrelevant, extract_for
from ccm_fhir.fhir.shapes import Shape

MONTHS_OF_ENCOUNTERS = 13
KEYS: Mapping[str, str] = {
    "patient": "Patient",
    "conditions": "Condition",
    "coverages": "Coverage",
    "consents": "Consent",
    "encounters": "Encounter",
    "carePlans": "CarePlan",
}
SEARCHES: Mapping[str, Mapping[str, str]] = {
    "Condition": {},
    "Coverage": {},
    "Consent": {},
    "Encounter": {},
    "CarePlan": {"category": "assess-plan"},
}
_NULL = b"null"
_BROKEN = frozenset({"error", "fatal"})
_T = TypeVar("_T")


class Found(Fact, frozen=True, kw_only=True):
    """All that is on record of one resource type for one patient.

    ``has_others``: resources of other patients came along, which are not among the facts.
    """

    resource_type: str
    has_others: bool = False
    facts: tuple[Fact, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class _Link(Shape, frozen=True):
    relation: str | None = None


class _Entry(Shape, frozen=True):
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(Shape, frozen=True):
    resource_type: str | None = None
    total: int | None = None
    link: list[_Link] | None = None
    entry: list[_Entry] | None = None


class _Issue(Shape, frozen=True):
    severity: str | None = None


class _Head(Shape, frozen=True):
    resource_type: str | None = None
    issue: list[_Issue] | None = None


_decode_bundle = msgspec.json.Decoder(_Bundle).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def templates(today: date) -> dict[str, str]:
    """Return the prefetch templates; an EHR that keeps them sends more encounters, never fewer."""
    since = encounters_since(today)
    queries = {
        kind: "".join(f"&{name}={value}" for name, value in parameters.items())
        for kind, parameters in SEARCHES.items()
    } | {"Encounter": f"&date=ge{since}"}
    return {
        key: "Patient/{{context.patientId}}"
        if kind == "Patient"
        else f"{kind}?patient={{{{context.patientId}}}}{queries[kind]}"
        for key, kind in KEYS.items()
    }


def encounters_since(today: date) -> date:
    """Return the day from which on encounters are asked for beforehand."""
    return ServiceMonth.containing(today).plus(-MONTHS_OF_ENCOUNTERS).first_day


def read_prefetch(view: PatientView, base_url: str) -> dict[str, Found]:
    """Return what came whole, by resource type; a type that is not there must be asked for."""
    read: dict[str, Found] = {}
    for key, kind in KEYS.items():
        if key not in view.prefetch:
            continue
        raw = bytes(view.prefetch[key])
        found = (
            _patient(view, raw, base_url)
            if kind == "Patient"
            else _listed(view, raw, kind, base_url)
        )
        if found is not None:
            read[kind] = found
    return read


def sort_out(resources: Iterable[bytes], resource_type: str, patient: str, base_url: str) -> Found:
    """Return the facts of one patient's resources of a type; others' are set aside and counted.

    Args:
        resources: their JSON.
        resource_type: the one that was asked for.
        patient: as ``Patient/id``.
        base_url: the EHR's FHIR base.
    """
    facts: list[Fact] = []
    skipped: list[Skipped] = []
    has_others = False
    for raw in resources:
        extracted = extract_for(raw, base_url)
        has_others |= extracted.patient not in {"", patient}
        match extracted.fact:
            case Skipped() as unreadable:
                skipped.append(msgspec.structs.replace(unreadable, resource_type=resource_type))
            case Irrelevant():
                skipped.append(Skipped(resource_type, "it is of another type"))
            case _ if extracted.patient != patient:
                skipped.append(Skipped(resource_type, "it is not known to be this patient's"))
            case fact:
                facts.append(fact)
    return Found(
        resource_type=resource_type,
        has_others=has_others,
        facts=tuple(facts),
        skipped=tuple(skipped),
    )


def _patient(view: PatientView, raw: bytes, base_url: str) -> Found | None:
    found = sort_out((raw,), "Patient", f"Patient/{view.patient_id}", base_url)
    return found if found.facts else None


def _listed(view: PatientView, raw: bytes, kind: str, base_url: str) -> Found | None:
    if raw == _NULL:
        return Found(resource_type=kind)
    sent = _whole(raw, kind)
    if sent is None:
        return None
    found = sort_out(sent, kind, f"Patient/{view.patient_id}", base_url)
    return None if found.has_others else found


def _whole(raw: bytes, kind: str) -> list[bytes] | None:
    """Return the resources of a searchset; None where it is none, or not all of it."""
    bundle = _read(_decode_bundle, raw)
    if bundle is None or bundle.resource_type != "Bundle":
        return None
    if any(link.relation == "next" for link in bundle.link or ()):
        return None
    sent: list[Resource] = []
    for entry in bundle.entry or ():
        head = _read(_decode_head, bytes(entry.resource))
        if head is None or _is_complaint(head):
            return None
        if head.resource_type == kind:
            sent.append(read_resource(bytes(entry.resource), kind))
    if bundle.total is not None and bundle.total > len(sent):
        return None
    return [each.raw for each in latest_of_each(sent)]


def _is_complaint(head: _Head) -> bool:
    """Whether it is the server saying that the search went wrong, not a mere remark."""
    return head.resource_type == OUTCOME and any(i.severity in _BROKEN for i in head.issue or ())


def _read(decode: Callable[[bytes], _T], raw: bytes) -> _T | None:
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
