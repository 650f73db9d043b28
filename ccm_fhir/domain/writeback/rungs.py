"""The ladder of each artefact: ways to get it to the EHR, the best first, a person always last.

A certified EHR seldom takes a Claim, and some take nothing at all, so that the lower rungs are
the product on most sites. Every ladder ends with a hand-off that needs no EHR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ccm_fhir.domain.writeback.facts import OPERATION, Act
from ccm_fhir.domain.writeback.kinds import ContactMode, ResourceKind
from ccm_fhir.errors import InputError


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
    """A way: what it is called, what it brings, and every act an EHR must take for it.

    ``notice`` are acts of which the first possible one tells a work queue, where there is any.
    ``also`` are acts that bring more where the EHR takes them, and without which it goes, too.
    """

    name: RungName
    brings: str
    means: Means = Means.FHIR
    acts: tuple[Act, ...] = ()
    notice: tuple[Act, ...] = ()
    also: tuple[Act, ...] = ()


# Written out, without helpers: a table is read against its source.
_ENCOUNTER = Act(resource_type="Encounter")
_PROCEDURE = Act(resource_type="Procedure")
_RESPONSE = Act(resource_type="QuestionnaireResponse")
_DOCUMENT = Act(resource_type="DocumentReference")

_AS_PROCEDURE = RungKind(
    name=RungName.PROCEDURE,
    brings="one Procedure an interval of counted work",
    acts=(_PROCEDURE,),
)
_LESSER_TIME = (
    RungKind(
        name=RungName.OBSERVATION,
        brings="the counted minutes as an Observation",
        acts=(Act(resource_type="Observation"),),
    ),
    RungKind(
        name=RungName.QUESTIONNAIRE_RESPONSE,
        brings="the entry as answers of a QuestionnaireResponse",
        acts=(_RESPONSE,),
    ),
    RungKind(
        name=RungName.DOCUMENT,
        brings="one care-management note an entry",
        acts=(_DOCUMENT,),
    ),
    RungKind(
        name=RungName.HAND_OFF,
        means=Means.PERSON,
        brings="the month's time as a sheet that a person files",
    ),
)

LADDERS: Mapping[Artefact, tuple[RungKind, ...]] = {
    Artefact.TIME_CONTACT: (
        RungKind(
            name=RungName.ENCOUNTER_AND_PROCEDURE,
            brings="the contact as an Encounter, its work as a Procedure of that Encounter",
            acts=(_ENCOUNTER, _PROCEDURE),
        ),
        RungKind(
            name=RungName.ENCOUNTER,
            brings="the contact as an Encounter",
            acts=(_ENCOUNTER,),
        ),
        _AS_PROCEDURE,
        *_LESSER_TIME,
    ),
    Artefact.TIME_WORK: (_AS_PROCEDURE, *_LESSER_TIME),
    Artefact.CARE_PLAN: (
        RungKind(
            name=RungName.CARE_PLAN_AND_GOALS,
            brings="the CarePlan and each of its Goals",
            acts=(Act(resource_type="CarePlan"), Act(resource_type="Goal")),
            also=(Act(resource_type="CareTeam"), Act(resource_type="Task")),
        ),
        RungKind(
            name=RungName.DOCUMENT,
            brings="the care plan as a document",
            acts=(_DOCUMENT,),
        ),
        RungKind(
            name=RungName.HAND_OFF,
            means=Means.PERSON,
            brings="the care plan as a document that a person files",
        ),
    ),
    Artefact.CONSENT: (
        RungKind(
            name=RungName.CONSENT,
            brings="the consent as a Consent",
            acts=(Act(resource_type="Consent"),),
        ),
        RungKind(
            name=RungName.QUESTIONNAIRE_RESPONSE,
            brings="the consent as answers of a QuestionnaireResponse",
            acts=(_RESPONSE,),
        ),
        RungKind(
            name=RungName.DOCUMENT,
            brings="the consent record as a document",
            acts=(_DOCUMENT,),
        ),
        RungKind(
            name=RungName.HAND_OFF,
            means=Means.PERSON,
            brings="the consent record as a document that a person files",
        ),
    ),
    Artefact.CLAIM: (
        RungKind(
            name=RungName.CLAIM,
            brings="one Claim for the signed month",
            acts=(Act(resource_type="Claim"),),
        ),
        RungKind(
            name=RungName.CHARGE_ITEM,
            brings="a ChargeItem a billed line",
            acts=(Act(resource_type="ChargeItem"),),
        ),
        RungKind(
            name=RungName.CHARGE_ITEM_OPERATION,
            brings="a charge a billed line, by operation, in the context of our Encounter",
            # Oracle Health wants the charge's Encounter as its context (ChargeItem page of its
            # R4 API), so that without writing one there is nothing of ours to hang it on.
            acts=(_ENCOUNTER, Act(resource_type="ChargeItem", code=OPERATION)),
        ),
        RungKind(
            name=RungName.VENDOR_ADAPTER,
            means=Means.ADAPTER,
            brings="the charge by the vendor's own interface",
        ),
        RungKind(
            name=RungName.DOCUMENT,
            brings="a charge sheet as a document",
            acts=(_DOCUMENT,),
            notice=(Act(resource_type="Task"), Act(resource_type="Communication")),
        ),
        RungKind(
            name=RungName.X12_FILE,
            means=Means.FILE,
            brings="an 837P file in a drop that the practice owns",
        ),
        RungKind(
            name=RungName.HAND_OFF,
            means=Means.PERSON,
            brings="a superbill that a person keys in and marks with the EHR's claim number",
        ),
    ),
    Artefact.ENROLMENT: (
        RungKind(
            name=RungName.VENDOR_ADAPTER,
            means=Means.ADAPTER,
            brings="the enrolment status by the vendor's own interface",
        ),
        RungKind(
            name=RungName.FLAG,
            brings="the enrolment as a Flag on the chart",
            acts=(Act(resource_type="Flag"),),
        ),
        RungKind(
            name=RungName.EPISODE_OF_CARE,
            brings="the enrolment as an EpisodeOfCare",
            acts=(Act(resource_type="EpisodeOfCare"),),
        ),
        RungKind(
            name=RungName.HAND_OFF,
            means=Means.PERSON,
            brings="the enrolment status, which a person sets in the EHR",
        ),
    ),
}

_RESOURCES: Mapping[RungName, tuple[ResourceKind, ...]] = {
    RungName.ENCOUNTER_AND_PROCEDURE: (ResourceKind.ENCOUNTER, ResourceKind.PROCEDURE),
    RungName.ENCOUNTER: (ResourceKind.ENCOUNTER,),
    RungName.PROCEDURE: (ResourceKind.PROCEDURE,),
    RungName.OBSERVATION: (ResourceKind.OBSERVATION,),
    RungName.QUESTIONNAIRE_RESPONSE: (ResourceKind.QUESTIONNAIRE_RESPONSE,),
    RungName.DOCUMENT: (ResourceKind.DOCUMENT,),
    RungName.CONSENT: (ResourceKind.CONSENT,),
    RungName.CHARGE_ITEM: (ResourceKind.CHARGE_ITEM,),
    RungName.CHARGE_ITEM_OPERATION: (ResourceKind.CHARGE_ITEM,),
    RungName.X12_FILE: (ResourceKind.SHEET,),
    RungName.HAND_OFF: (ResourceKind.SHEET,),
}

FHIR_RUNGS = frozenset(
    kind.name for ladder in LADDERS.values() for kind in ladder if kind.means is Means.FHIR
)
OUTSIDE_THE_EHR = frozenset(
    kind.name
    for ladder in LADDERS.values()
    for kind in ladder
    if kind.means in {Means.FILE, Means.PERSON}
)
"""Ways on which nothing is sent to the EHR: a person's hands, or a claim file."""
CHARGES = frozenset({RungName.CHARGE_ITEM, RungName.CHARGE_ITEM_OPERATION})
"""Ways on which each line of a claim is a delivery of its own."""


def time_artefact(contact_mode: ContactMode | None) -> Artefact:
    """Return which ladder a time entry takes: a contact's, or that of work alone."""
    return Artefact.TIME_WORK if contact_mode is None else Artefact.TIME_CONTACT


def resources_on(rung: RungName) -> tuple[ResourceKind, ...]:
    """Return what is written on a rung of time, consent or claim, in the order of writing.

    Of a charge there is one a billed line.

    A sheet is written nowhere: it is what a person, or a claim file, carries.

    Raises:
        InputError: this product has no writer for the rung.
    """
    if rung not in _RESOURCES:
        raise InputError("rung", f"nothing here writes {rung}")
    return _RESOURCES[rung]


def rest_of(rung: RungName, refused: ResourceKind) -> RungName | None:
    """Return the rung that a part stands on by itself where the EHR refused the other part.

    A contact whose Encounter is in the EHR stands there without its Procedure; the other way
    round there is nothing to keep, since a Procedure waits for its Encounter.
    """
    is_pair = rung is RungName.ENCOUNTER_AND_PROCEDURE
    return RungName.ENCOUNTER if is_pair and refused is ResourceKind.PROCEDURE else None


def acts_of_ladders() -> tuple[Act, ...]:
    """Return every act that some rung asks of an EHR, sorted."""
    kinds = [kind for ladder in LADDERS.values() for kind in ladder]
    return tuple(sorted({act for kind in kinds for act in (*kind.acts, *kind.notice, *kind.also)}))
