"""The searches that US Core 3.1.1 to 7 makes every server support, for each type of a chart.

Each form is a combination of parameters beside the patient's that a server SHALL support
(US Core CapabilityStatement, "Search Parameter Combinations"). Consent, Claim and
ExplanationOfBenefit are beyond US Core: by patient, where the server declares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_OBSERVATION = "http://terminology.hl7.org/CodeSystem/observation-category"
_CONDITION = "http://terminology.hl7.org/CodeSystem/condition-category"
_HEALTH_CONCERN = "http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern"
_ASSESS_PLAN = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category|assess-plan"
_CONSENT_DOCUMENT = "http://loinc.org|59284-0"
_PLAN_OF_CARE_NOTE = "http://loinc.org|18776-5"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One search of a type, or of the part of it that ``part`` names.

    ``is_dated``: also by date, so that old results stay where they are. ``since``: the first
    major version of US Core that has it. ``is_needed``: whether a chart without it is a gap.
    ``or_plain``: whether what lacks the parameter is worth a plain search.
    """

    part: str = ""
    pairs: Pairs = ()
    is_dated: bool = False
    since: int = 3
    is_needed: bool = True
    or_plain: bool = False


def _results(category: str, since: int = 3) -> Form:
    pairs = (("category", f"{_OBSERVATION}|{category}"),)
    return Form(part=category, pairs=pairs, is_dated=True, since=since)


PLAIN = (Form(),)
FORMS: Mapping[str, tuple[Form, ...]] = {
    "Condition": PLAIN,
    "Coverage": PLAIN,
    "Consent": PLAIN,
    "Encounter": PLAIN,
    "CarePlan": (Form(pairs=(("category", _ASSESS_PLAN),), or_plain=True),),
    "CareTeam": (Form(pairs=(("status", "active"),)),),
    "Goal": PLAIN,
    "Procedure": PLAIN,
    "Observation": (_results("laboratory"), _results("vital-signs"), _results("survey", since=4)),
    "MedicationRequest": (Form(pairs=(("intent", "order"),)),),
    "AllergyIntolerance": PLAIN,
    "ServiceRequest": PLAIN,
    "QuestionnaireResponse": PLAIN,
    "DocumentReference": (
        Form(part="consent documents", pairs=(("type", _CONSENT_DOCUMENT),)),
        Form(part="plan-of-care notes", pairs=(("type", _PLAN_OF_CARE_NOTE),)),
    ),
    "Claim": PLAIN,
    "ExplanationOfBenefit": PLAIN,
}
"""In the order in which a chart is asked for."""

IN_CATEGORIES: Mapping[str, tuple[Form, ...]] = {
    "Condition": (
        Form(part="problem-list-item", pairs=(("category", f"{_CONDITION}|problem-list-item"),)),
        Form(
            part="encounter-diagnosis", pairs=(("category", f"{_CONDITION}|encounter-diagnosis"),)
        ),
        # A health concern is no diagnosis and is never counted.
        Form(part="health-concern", pairs=(("category", _HEALTH_CONCERN),), is_needed=False),
    ),
}
"""For a server that demands a category, or a token that is limited to some."""
