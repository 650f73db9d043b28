"""Facts: what a chart says, stripped of FHIR's shapes, each with the resource it came from.

Two roads lead here (a chart by search, a population by bulk files) and one judgement follows.
"""

from ccm_fhir.domain.facts.base import (
    Coding,
    EvidenceRef,
    Fact,
)
from ccm_fhir.domain.facts.care import (
    AllergyFact,
    AnsweredFact,
    CarePlanFact,
    CareTeamFact,
    CareTeamMemberFact,
    DocumentFact,
    GoalFact,
    MedicationFact,
    ObservationFact,
    ObservedComponentFact,
    PlannedActivityFact,
    QuestionnaireResponseFact,
    ServiceRequestFact,
)
from ccm_fhir.domain.facts.chart import (
    ChartFacts,
    PracticeFact,
    Skipped,
    Unread,
)
from ccm_fhir.domain.facts.record import (
    AddressFact,
    ClaimFact,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    NameFact,
    PatientFact,
    ProcedureFact,
)

__all__ = [
    "AddressFact",
    "AllergyFact",
    "AnsweredFact",
    "CarePlanFact",
    "CareTeamFact",
    "CareTeamMemberFact",
    "ChartFacts",
    "ClaimFact",
    "Coding",
    "ConditionFact",
    "ConsentFact",
    "CoverageFact",
    "DocumentFact",
    "EncounterFact",
    "EvidenceRef",
    "Fact",
    "GoalFact",
    "MedicationFact",
    "NameFact",
    "ObservationFact",
    "ObservedComponentFact",
    "PatientFact",
    "PlannedActivityFact",
    "PracticeFact",
    "ProcedureFact",
    "QuestionnaireResponseFact",
    "ServiceRequestFact",
    "Skipped",
    "Unread",
]
