"""Coverage: who pays, and how a reader can tell Part B from everything else.

``Coverage.type`` carries the Source of Payment Typology (``https://nahdo.org/sopt``), which has
no code for a *part* of Medicare: 121 is "Medicare FFS", whether A or B. So the part is said by
``Coverage.class`` of type ``plan``, as CMS's own Blue Button does it:

=====================  =========  ====================  ================================
here                   type       class group / plan    payor
=====================  =========  ====================  ================================
Part A                 121        Medicare / Part A     Medicare
Part B                 121        Medicare / Part B     Medicare
Medicare Advantage     112 (PPO)  – / H9999-001         the plan's own company
commercial             512 (PPO)  – / EXAMPLE-PPO       the insurer
QMB (beside A and B)   22         Medicaid / QMB        New York's Medicaid
Medicare, unspecified  1          –                     Medicare (a person must ask)
=====================  =========  ====================  ================================

Original Medicare is two resources, Part A and Part B. ``subscriberId`` is the Medicare number
for Medicare's own, the member number of the plan otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_fixtures.practice.codes import SOPT, coding, concept, hl7, us_core
from fhir_fixtures.practice.identifiers import mbi, mrn
from fhir_fixtures.practice.model import Resource
from fhir_fixtures.practice.story import Insurance, Story

MEDICARE_ID = "org-payer-medicare"
_ADVANTAGE_ID = "org-payer-advantage"
_COMMERCIAL_ID = "org-payer-commercial"
_MEDICAID_ID = "org-payer-medicaid"
_PAYERS = {
    MEDICARE_ID: "Medicare (synthetic)",
    _ADVANTAGE_ID: "Evergreen Medicare Advantage (synthetic)",
    _COMMERCIAL_ID: "Example Mutual Insurance (synthetic)",
    _MEDICAID_ID: "New York State Medicaid (synthetic)",
}
_MEDICARE_AGE = 65
_COMMERCIAL_AGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    slug: str
    payer_id: str
    sopt: str
    sopt_title: str
    group: str = ""
    plan: str = ""
    plan_name: str = ""


_PART_A = _Policy(
    slug="part-a",
    payer_id=MEDICARE_ID,
    sopt="121",
    sopt_title="Medicare FFS",
    group="Medicare",
    plan="Part A",
    plan_name="Medicare Part A, hospital insurance",
)
_PART_B = _Policy(
    slug="part-b",
    payer_id=MEDICARE_ID,
    sopt="121",
    sopt_title="Medicare FFS",
    group="Medicare",
    plan="Part B",
    plan_name="Medicare Part B, medical insurance",
)
_QMB = _Policy(
    slug="qmb",
    payer_id=_MEDICAID_ID,
    sopt="22",
    sopt_title="Medicaid (Non-managed Care Plan)",
    group="Medicaid",
    plan="QMB",
    plan_name="Qualified Medicare Beneficiary",
)
_POLICIES = {
    Insurance.ORIGINAL_MEDICARE: (_PART_B, _PART_A),
    Insurance.PART_A_ONLY: (_PART_A,),
    Insurance.QMB: (_PART_B, _PART_A, _QMB),
    Insurance.MEDICARE_ADVANTAGE: (
        _Policy(
            slug="advantage",
            payer_id=_ADVANTAGE_ID,
            sopt="112",
            sopt_title="Medicare PPO",
            plan="H9999-001",
            plan_name="Evergreen Advantage PPO (Medicare Advantage)",
        ),
    ),
    Insurance.COMMERCIAL: (
        _Policy(
            slug="commercial",
            payer_id=_COMMERCIAL_ID,
            sopt="512",
            sopt_title="Commercial Managed Care - PPO",
            plan="EXAMPLE-PPO",
            plan_name="Example Mutual PPO",
        ),
    ),
    Insurance.MEDICARE_UNSPECIFIED: (
        _Policy(slug="medicare", payer_id=MEDICARE_ID, sopt="1", sopt_title="MEDICARE"),
    ),
}


def payer_resources() -> tuple[Resource, ...]:
    """Return the payers as Organizations."""
    return tuple(
        {
            "resourceType": "Organization",
            "id": payer_id,
            "meta": us_core("organization"),
            "active": True,
            "type": [hl7("organization-type", "pay")],
            "name": name,
        }
        for payer_id, name in _PAYERS.items()
    )


def coverages_of(story: Story) -> tuple[Resource, ...]:
    """Return the patient's Coverages; the one that pays for CCM first, where there is one."""
    return tuple(
        _coverage(story, policy, order)
        for order, policy in enumerate(_POLICIES[story.insurance], start=1)
    )


def _coverage(story: Story, policy: _Policy, order: int) -> Resource:
    is_medicare = policy.payer_id in {MEDICARE_ID, _MEDICAID_ID}
    member = mbi(story.index) if is_medicare else f"SYN-{mrn(story.index)}"
    ended = {"end": story.person.died_on.isoformat()} if story.person.died_on else {}
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": f"{story.patient_id}-coverage-{policy.slug}",
        "meta": us_core("coverage"),
        "status": "active",
        "type": concept(coding(SOPT, policy.sopt, policy.sopt_title)),
        "subscriberId": member,
        "beneficiary": {"reference": f"Patient/{story.patient_id}"},
        "relationship": hl7("subscriber-relationship", "self"),
        "period": {"start": _started_on(story)} | ended,
        "payor": [
            {
                "reference": f"Organization/{policy.payer_id}",
                "display": _PAYERS[policy.payer_id],
            }
        ],
        "order": order,
    }
    classes = _classes(policy)
    return coverage | ({"class": classes} if classes else {})


def _started_on(story: Story) -> str:
    is_commercial = story.insurance is Insurance.COMMERCIAL
    born = story.person.birth_date
    return f"{born.year + (_COMMERCIAL_AGE if is_commercial else _MEDICARE_AGE)}-{born.month:02}-01"


def _classes(policy: _Policy) -> list[Resource]:
    group = {"type": hl7("coverage-class", "group"), "value": policy.group}
    plan = {
        "type": hl7("coverage-class", "plan"),
        "value": policy.plan,
        "name": policy.plan_name,
    }
    return [c for c in (group, plan) if c["value"]]
