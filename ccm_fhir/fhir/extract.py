"""One resource in, one fact out: the only way by which a chart or a bulk file becomes facts.

Nothing is raised: what cannot be read is ``Skipped`` with a reason that holds no value, and
what no rule asks about is ``Irrelevant``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from ccm_fhir.domain.facts import EvidenceRef, Fact, Skipped
from ccm_fhir.fhir.extract_care import (
    CarePlanShape,
    EncounterShape,
    ProcedureShape,
    care_plan_fact,
    encounter_fact,
    procedure_fact,
)
from ccm_fhir.fhir.extract_claim import ClaimShape, claim_fact
from ccm_fhir.fhir.extract_condition import ConditionShape, condition_fact
from ccm_fhir.fhir.extract_consent import ConsentShape, consent_fact
from ccm_fhir.fhir.extract_coverage import CoverageShape, coverage_fact
from ccm_fhir.fhir.extract_patient import PatientShape, patient_fact
from ccm_fhir.fhir.shapes import Reference, Resource, Shape
from ccm_fhir.fhir.source import Source

_AT = re.compile(r" - at `(?P<path>\$[A-Za-z0-9.\[\]]*)`\Z")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_MODIFIER = "it carries a modifier extension, which may change its meaning"


class Irrelevant(msgspec.Struct, frozen=True):
    """A resource of a type that no rule asks about."""

    resource_type: str


Extract: TypeAlias = Fact | Skipped | Irrelevant


class Extracted(Fact, frozen=True, kw_only=True):
    """A fact with the patient of whom it speaks (``Patient/id``; empty where none is named)."""

    patient: str
    fact: Extract


class Reader(msgspec.Struct, frozen=True):
    """How one resource type is read; ``keeps_modifiers``: its fact says that it had one."""

    decode: Callable[[bytes], Any]
    fact: Callable[[Any, Source], Fact]
    keeps_modifiers: bool = False


def _reader(
    shape: type[Resource], fact: Callable[[Any, Source], Fact], *, keeps_modifiers: bool = False
) -> Reader:
    return Reader(msgspec.json.Decoder(shape).decode, fact, keeps_modifiers)


READERS: Mapping[str, Reader] = {
    "Patient": _reader(PatientShape, patient_fact),
    "Condition": _reader(ConditionShape, condition_fact, keeps_modifiers=True),
    "Coverage": _reader(CoverageShape, coverage_fact),
    "Consent": _reader(ConsentShape, consent_fact),
    "Encounter": _reader(EncounterShape, encounter_fact),
    "CarePlan": _reader(CarePlanShape, care_plan_fact),
    "Procedure": _reader(ProcedureShape, procedure_fact),
    "Claim": _reader(ClaimShape, claim_fact),
}


class _Head(Shape, frozen=True, kw_only=True):
    resource_type: str | None = None


class _Subject(Shape, frozen=True, kw_only=True):
    id: str | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    beneficiary: Reference | None = None


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_subject = msgspec.json.Decoder(_Subject).decode


def extract(resource: bytes, base_url: str = "") -> Extract:
    """Return what one resource says.

    Args:
        resource: its JSON, such as a line of a bulk file.
        base_url: the FHIR base under which absolute references are local.
    """
    return extract_for(resource, base_url).fact


def extract_for(resource: bytes, base_url: str = "") -> Extracted:
    """Return what one resource says, and of which patient."""
    try:
        resource_type = _decode_head(resource).resource_type or ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return Extracted(patient="", fact=Skipped("", _why(problem)))
    if not _TYPE.match(resource_type):
        return Extracted(patient="", fact=Skipped("", "it names no resourceType"))
    reader = READERS.get(resource_type)
    fact = (
        Irrelevant(resource_type)
        if reader is None
        else _read(resource_type, resource, reader, base_url)
    )
    return Extracted(patient=_patient(resource_type, resource, base_url), fact=fact)


def _read(resource_type: str, resource: bytes, reader: Reader, base_url: str) -> Fact | Skipped:
    try:
        shape = reader.decode(resource)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return Skipped(resource_type, _why(problem))
    if not shape.id or not _ID.match(shape.id):
        return Skipped(resource_type, "it has no usable id")
    if shape.modifier_extension and not reader.keeps_modifiers:
        return Skipped(resource_type, _MODIFIER)
    version = (shape.meta.version_id or "") if shape.meta else ""
    return reader.fact(shape, Source(EvidenceRef(resource_type, shape.id, version), base_url))


def _patient(resource_type: str, resource: bytes, base_url: str) -> str:
    try:
        named = _decode_subject(resource)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if resource_type == "Patient":
        return f"Patient/{named.id}" if named.id else ""
    source = Source(EvidenceRef(resource_type, named.id or ""), base_url)
    return source.local(named.subject or named.patient or named.beneficiary)


def _why(problem: Exception) -> str:
    """Say where a resource breaks; the path holds FHIR's member names and no value."""
    found = _AT.search(str(problem)) if isinstance(problem, msgspec.ValidationError) else None
    if found is not None and found["path"] != "$":
        return f"its {found['path'].removeprefix('$.')} is not of the type that FHIR gives it"
    if isinstance(problem, msgspec.ValidationError):
        return "it is not a JSON object of the shape FHIR gives it"
    return "it is not JSON that can be read"
