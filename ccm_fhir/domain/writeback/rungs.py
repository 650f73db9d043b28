"""The ladder of each artefact: ways to get it to the EHR, the best first, a person always last.

A certified EHR seldom takes a Claim, and some take nothing at all, so that the lower rungs are
the product on most sites. Every ladder ends with a hand-off that needs no EHR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ccm_fhir.domain.writeback.facts import CREATE, Act


class Artefact(StrEnum):
    """What of the ledger is to reach the EHR."""

    TIME_CONTACT = "time_contact"
    TIME_WORK = "time_work"
    CARE_PLAN = "care_plan"
    CONSENT = "consent"
    CLAIM = "claim"
    ENROLMENT = "enrolment"


class Means(StrEnum):
    """Who or what carries it."""

    FHIR = "fhir"
    ADAPTER = "adapter"
    FILE = "file"
    PERSON = "person"


class RungName(StrEnum):
    """The ways there are."""

    ENCOUNTER_AND_PROCEDURE = "encounter_and_procedure"
    ENCOUNTER = "encounter"
    PROCEDURE = "procedure"
    OBSERVATION = "observation"
    QUESTIONNAIRE_RESPONSE = "questionnaire_response"
    DOCUMENT = "document"
    CARE_PLAN_AND_GOALS = "care_plan_and_goals"
    CONSENT = "consent"
    CLAIM = "claim"
    CHARGE_ITEM = "charge_item"
    CHARGE_ITEM_OPERATION = "charge_item_operation"
    VENDOR_ADAPTER = "vendor_adapter"
    X12_FILE = "x12_file"
    FLAG = "flag"
    EPISODE_OF_CARE = "episode_of_care"
    HAND_OFF = "hand_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RungKind:
    """A way: what it is called, who carries it, and every act an EHR must take for it.

    ``notice`` are acts of which the first possible one tells a work queue, where there is any.
    """

    name: RungName
    means: Means
    brings: str
    acts: tuple[Act, ...] = ()
    notice: tuple[Act, ...] = ()


def _fhir(name: RungName, brings: str, *types: str) -> RungKind:
    acts = tuple(Act(resource_type=resource_type) for resource_type in types)
    return RungKind(name=name, means=Means.FHIR, brings=brings, acts=acts)


def _document(brings: str, *notice: str) -> RungKind:
    return RungKind(
        name=RungName.DOCUMENT,
        means=Means.FHIR,
        brings=brings,
        acts=(Act(resource_type="DocumentReference"),),
        notice=tuple(Act(resource_type=resource_type) for resource_type in notice),
    )


def _by_hand(brings: str) -> RungKind:
    return RungKind(name=RungName.HAND_OFF, means=Means.PERSON, brings=brings)


_PROCEDURE = _fhir(RungName.PROCEDURE, "one Procedure an interval of counted work", "Procedure")
_LESSER_TIME = (
    _fhir(RungName.OBSERVATION, "the counted minutes as an Observation", "Observation"),
    _fhir(
        RungName.QUESTIONNAIRE_RESPONSE,
        "the entry as answers of a QuestionnaireResponse",
        "QuestionnaireResponse",
    ),
    _document("one care-management note a month"),
    _by_hand("the month's time as a sheet that a person files"),
)
# Oracle Health wants the charge's Encounter as its context (ChargeItem page of its R4 API), so
# that without writing one there is nothing of ours to hang the charge on.
_CHARGE_OPERATION = RungKind(
    name=RungName.CHARGE_ITEM_OPERATION,
    means=Means.FHIR,
    brings="a charge a billed line, by operation, in the context of our Encounter",
    acts=(
        Act(resource_type="Encounter", code=CREATE),
        Act(resource_type="ChargeItem", code="$create"),
    ),
)

LADDERS: Mapping[Artefact, tuple[RungKind, ...]] = {
    Artefact.TIME_CONTACT: (
        _fhir(
            RungName.ENCOUNTER_AND_PROCEDURE,
            "the contact as an Encounter, its work as a Procedure of that Encounter",
            "Encounter",
            "Procedure",
        ),
        _fhir(RungName.ENCOUNTER, "the contact as an Encounter", "Encounter"),
        _PROCEDURE,
        *_LESSER_TIME,
    ),
    Artefact.TIME_WORK: (_PROCEDURE, *_LESSER_TIME),
    Artefact.CARE_PLAN: (
        _fhir(
            RungName.CARE_PLAN_AND_GOALS, "the CarePlan and each of its Goals", "CarePlan", "Goal"
        ),
        _document("the care plan as a document"),
        _by_hand("the care plan as a document that a person files"),
    ),
    Artefact.CONSENT: (
        _fhir(RungName.CONSENT, "the consent as a Consent", "Consent"),
        _fhir(
            RungName.QUESTIONNAIRE_RESPONSE,
            "the consent as answers of a QuestionnaireResponse",
            "QuestionnaireResponse",
        ),
        _document("the consent record as a document"),
        _by_hand("the consent record as a document that a person files"),
    ),
    Artefact.CLAIM: (
        _fhir(RungName.CLAIM, "one Claim for the signed month", "Claim"),
        _fhir(RungName.CHARGE_ITEM, "a ChargeItem a billed line", "ChargeItem"),
        _CHARGE_OPERATION,
        RungKind(
            name=RungName.VENDOR_ADAPTER,
            means=Means.ADAPTER,
            brings="the charge by the vendor's own interface",
        ),
        _document("a charge sheet as a document", "Task", "Communication"),
        RungKind(
            name=RungName.X12_FILE,
            means=Means.FILE,
            brings="an 837P file in a drop that the practice owns",
        ),
        _by_hand("a superbill that a person keys in and marks with the EHR's claim number"),
    ),
    Artefact.ENROLMENT: (
        RungKind(
            name=RungName.VENDOR_ADAPTER,
            means=Means.ADAPTER,
            brings="the enrolment status by the vendor's own interface",
        ),
        _fhir(RungName.FLAG, "the enrolment as a Flag on the chart", "Flag"),
        _fhir(RungName.EPISODE_OF_CARE, "the enrolment as an EpisodeOfCare", "EpisodeOfCare"),
        _by_hand("the enrolment status, which a person sets in the EHR"),
    ),
}

FHIR_RUNGS = frozenset(
    kind.name for ladder in LADDERS.values() for kind in ladder if kind.means is Means.FHIR
)


def acts_of_ladders() -> tuple[Act, ...]:
    """Return every act that some rung asks of an EHR, sorted."""
    kinds = [kind for ladder in LADDERS.values() for kind in ladder]
    return tuple(sorted({act for kind in kinds for act in (*kind.acts, *kind.notice)}))
