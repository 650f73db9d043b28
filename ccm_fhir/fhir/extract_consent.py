"""Consent → whether it is about care management, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ccm_fhir.domain.codes import CPT, HCPCS
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ConsentFact
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

_CCM = re.compile(r"chronic[\s_-]+care[\s_-]+management|\bccm\b", re.IGNORECASE)
_CCM_CODES = frozenset({"99490", "99439", "99491", "99437", "99487", "99489"})


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
    )


def _is_for_ccm(shape: ConsentShape) -> bool:
    concepts = [shape.scope, shape.policy_rule, *(shape.category or ())]
    for provision in _with_inner(shape.provision):
        concepts += _concepts(provision)
    policies = [text for one in shape.policy or () for text in (one.authority, one.uri) if text]
    return _names_ccm(concepts) or any(_CCM.search(text) for text in policies)


def _names_ccm(concepts: Iterable[Concept | None]) -> bool:
    named = tuple(concepts)
    for coding in codings(*named):
        billing = coding.system in {CPT, HCPCS} and coding.code in _CCM_CODES
        if billing or _CCM.search(coding.code):
            return True
    return any(_CCM.search(text) for text in texts(*named))


def _is_refused(root: ProvisionShape) -> bool:
    """Whether it denies as a whole, or denies care management among other things."""
    if root.type == "deny":
        return True
    inner = (one for one in root.provision or () if one.type == "deny")
    return any(_names_ccm(_concepts(one)) for one in inner)


def _statements(root: ProvisionShape) -> tuple[str, ...]:
    permitted = (one for one in _with_inner(root) if one.type != "deny")
    found = (code for one in permitted for code in codes(one.code))
    return tuple(dict.fromkeys(found))


def _with_inner(provision: ProvisionShape | None) -> Iterator[ProvisionShape]:
    if provision is not None:
        yield provision
        yield from provision.provision or ()


def _concepts(provision: ProvisionShape) -> list[Concept | None]:
    purpose = Concept(coding=provision.purpose) if provision.purpose else None
    return [*(provision.code or ()), purpose]
