"""Consent → whether it is about care management, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ConsentFact
from ccm_fhir.fhir.consent_words import mode_of, names_ccm, says_ccm, statement_of
from ccm_fhir.fhir.extract_document import AttachmentShape
from ccm_fhir.fhir.shapes import (
    CodingShape,
    Concept,
    Period,
    Reference,
    Resource,
    Shape,
    codes,
    codings,
    texts,
)
from ccm_fhir.fhir.source import Source


class PolicyShape(Shape, frozen=True, kw_only=True):
    """Consent.policy."""

    authority: str | None = None
    uri: str | None = None


class ProvisionShape(Shape, frozen=True, kw_only=True):
    """Consent.provision; one level of exceptions within it is read."""

    type: str | None = None
    period: Period | None = None
    code: list[Concept] | None = None
    purpose: list[CodingShape] | None = None
    provision: list[ProvisionShape] | None = None


class ConsentShape(Resource, frozen=True, kw_only=True):
    """Consent."""

    patient: Reference | None = None
    status: str | None = None
    scope: Concept | None = None
    category: list[Concept] | None = None
    date_time: str | None = None
    organization: list[Reference] | None = None
    policy: list[PolicyShape] | None = None
    policy_rule: Concept | None = None
    provision: ProvisionShape | None = None
    source_attachment: AttachmentShape | None = None


def consent_fact(shape: ConsentShape, source: Source) -> ConsentFact:
    """Return the Consent; it ends with its root provision's period."""
    root = shape.provision or ProvisionShape()
    period = root.period or Period()
    organizations = source.locals(shape.organization)
    return ConsentFact(
        ref=source.ref,
        status=shape.status or "",
        is_for_ccm=_is_for_ccm(shape),
        given_on=PartialDate.parse(shape.date_time),
        ends_on=PartialDate.parse(period.end),
        organization=organizations[0] if organizations else "",
        statements=_statements(root),
        is_refused=_is_refused(root),
        mode=_mode(shape),
        language=(shape.source_attachment.language or "") if shape.source_attachment else "",
    )


def _mode(shape: ConsentShape) -> str:
    """Return the mode where a category, the policy or the attachment's title says it."""
    concepts = (shape.policy_rule, *(shape.category or ()))
    title = shape.source_attachment.title if shape.source_attachment else None
    return mode_of((*texts(*concepts), *codes(c for c in concepts if c), title or ""))


def _is_for_ccm(shape: ConsentShape) -> bool:
    concepts = [shape.scope, shape.policy_rule, *(shape.category or ())]
    for provision in _with_inner(shape.provision):
        concepts += _concepts(provision)
    policies = [text for one in shape.policy or () for text in (one.authority, one.uri) if text]
    return _names_ccm(concepts) or any(says_ccm(text) for text in policies)


def _names_ccm(concepts: Iterable[Concept | None]) -> bool:
    named = tuple(concepts)
    return names_ccm(codings(*named), texts(*named))


def _is_refused(root: ProvisionShape) -> bool:
    """Whether it denies as a whole, or denies care management among other things."""
    if root.type == "deny":
        return True
    inner = (one for one in root.provision or () if one.type == "deny")
    return any(_names_ccm(_concepts(one)) for one in inner)


def _statements(root: ProvisionShape) -> tuple[str, ...]:
    permitted = (one for one in _with_inner(root) if one.type != "deny")
    found = (statement_of(code) for one in permitted for code in codes(one.code))
    return tuple(dict.fromkeys(found))


def _with_inner(provision: ProvisionShape | None) -> Iterator[ProvisionShape]:
    if provision is not None:
        yield provision
        yield from provision.provision or ()


def _concepts(provision: ProvisionShape) -> list[Concept | None]:
    purpose = Concept(coding=provision.purpose) if provision.purpose else None
    return [*(provision.code or ()), purpose]
