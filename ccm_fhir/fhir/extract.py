"""One resource in, its facts out: the only way by which a chart or a bulk file becomes facts.

Nothing is raised: what cannot be read is ``Skipped`` with a reason that holds no value, and
what no rule asks about is ``Irrelevant``.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from ccm_fhir.domain.facts import EvidenceRef, Fact, Skipped
from ccm_fhir.fhir.contained import UNREADABLE, decode_head
from ccm_fhir.fhir.readers import READERS, Reader
from ccm_fhir.fhir.shapes import Meta, Reference, Resource, Shape
from ccm_fhir.fhir.source import Source

_AT = re.compile(r" - at `(?P<path>\$[A-Za-z0-9.\[\]]*)`\Z")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_MODIFIER = "it carries a modifier extension, which may change its meaning"


class Irrelevant(msgspec.Struct, frozen=True):
    """A resource of a type that no rule asks about."""

    resource_type: str


Extract: TypeAlias = Fact | Skipped | Irrelevant


class Extracted(Fact, frozen=True, kw_only=True):
    """A fact with the patient of whom it speaks (``Patient/id``; empty where none is named).

    ``also`` holds what the same resource says besides: the consent in a form, the coverage in a
    claim, the goals inside a plan. ``ref`` and ``last_updated`` tell a resource's versions apart,
    as far as they could be read.
    """

    patient: str
    fact: Extract
    also: tuple[Fact, ...] = ()
    ref: EvidenceRef | None = None
    last_updated: str = ""


class _Subject(Shape, frozen=True, kw_only=True):
    id: str | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    beneficiary: Reference | None = None


class _Dated(_Subject, frozen=True, kw_only=True):
    meta: Meta | None = None


_decode_subject = msgspec.json.Decoder(_Subject).decode
_decode_dated = msgspec.json.Decoder(_Dated).decode


def extract(resource: bytes, base_url: str = "") -> Extract:
    """Return the first thing that one resource says.

    Args:
        resource: its JSON, such as a line of a bulk file.
        base_url: the FHIR base under which absolute references are local.
    """
    return extract_for(resource, base_url).fact


def extract_for(resource: bytes, base_url: str = "", resource_type: str = "") -> Extracted:
    """Return everything that one resource says, and of which patient.

    Args:
        resource: its JSON.
        base_url: the FHIR base under which absolute references are local.
        resource_type: where it is known already; it is not looked up again then.
    """
    if not resource_type:
        try:
            resource_type = decode_head(resource).resource_type or ""
        except UNREADABLE as problem:
            return Extracted(patient="", fact=Skipped("", _why(problem)))
    reader = READERS.get(resource_type)
    if reader is None:
        if not _TYPE.match(resource_type):
            return Extracted(patient="", fact=Skipped("", "it names no resourceType"))
        return _unread(resource_type, resource, Irrelevant(resource_type), base_url)
    try:
        shape = reader.decode(resource)
    except UNREADABLE as problem:
        return _unread(resource_type, resource, Skipped(resource_type, _why(problem)), base_url)
    return _said(resource_type, reader, shape, base_url)


def read_as(resource_type: str, resource: bytes) -> Resource | None:
    """Return a resource in the shape of the type expected; None where it does not fit that."""
    reader = READERS.get(resource_type)
    if reader is None:
        return None
    try:
        shape: Resource = reader.decode(resource)
    except UNREADABLE:
        return None
    return shape if shape.resource_type == resource_type else None


def said(resource_type: str, shape: Resource, base_url: str = "") -> Extracted:
    """Return what ``extract_for`` does of a resource that has been read already."""
    return _said(resource_type, READERS[resource_type], shape, base_url)


def _said(resource_type: str, reader: Reader, shape: Resource, base_url: str) -> Extracted:
    version = (shape.meta.version_id or "") if shape.meta else ""
    source = Source(EvidenceRef(resource_type, shape.id or "", version), base_url)
    also: tuple[Fact, ...] = ()
    fact: Extract
    if not shape.id or not FHIR_ID.match(shape.id):
        fact = Skipped(resource_type, "it has no usable id")
    elif shape.modifier_extension and not reader.keeps_modifiers:
        fact = Skipped(resource_type, _MODIFIER)
    else:
        fact = reader.fact(shape, source)
        if isinstance(fact, Fact):
            also = tuple(reader.also(shape, source, fact))
    return Extracted(
        patient=reader.patient(shape, source),
        fact=fact,
        also=also,
        ref=source.ref,
        last_updated=shape.last_updated or "",
    )


def _unread(
    resource_type: str, resource: bytes, fact: Skipped | Irrelevant, base_url: str
) -> Extracted:
    """Return a resource of which the head alone is read, as far as it can be."""
    try:
        dated = _decode_dated(resource)
    except UNREADABLE:
        return _undated(resource_type, resource, fact, base_url)
    meta = dated.meta or Meta()
    ref = EvidenceRef(resource_type, dated.id or "", meta.version_id or "")
    return Extracted(
        patient=_patient(dated, ref, base_url),
        fact=fact,
        ref=ref,
        last_updated=meta.last_updated or "",
    )


def _undated(
    resource_type: str, resource: bytes, fact: Skipped | Irrelevant, base_url: str
) -> Extracted:
    try:
        named = _decode_subject(resource)
    except UNREADABLE:
        return Extracted(patient="", fact=fact)
    ref = EvidenceRef(resource_type, named.id or "")
    return Extracted(patient=_patient(named, ref, base_url), fact=fact, ref=ref)


def _patient(named: _Subject, ref: EvidenceRef, base_url: str) -> str:
    if ref.resource_type == "Patient":
        return f"Patient/{named.id}" if named.id else ""
    source = Source(ref, base_url)
    return source.local(named.subject or named.patient or named.beneficiary)


def _why(problem: Exception) -> str:
    """Say where a resource breaks; the path holds FHIR's member names and no value."""
    found = _AT.search(str(problem)) if isinstance(problem, msgspec.ValidationError) else None
    if found is not None and found["path"] != "$":
        return f"its {found['path'].removeprefix('$.')} is not of the type that FHIR gives it"
    if isinstance(problem, msgspec.ValidationError):
        return "it is not a JSON object of the shape FHIR gives it"
    return "it is not JSON that can be read"
