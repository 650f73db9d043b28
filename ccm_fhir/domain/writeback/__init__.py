"""What of our ledger an EHR is told, in which order, and on which rung of the ladder.

``kinds`` names what we write and where it stands. ``facts`` is what is known of one practice's
EHR, ``answers`` what an answer proves, ``rungs`` the ladder of each artefact, and ``ladder``
the plan that follows from them.
"""

from ccm_fhir.domain.writeback.answers import Answer, proof_of
from ccm_fhir.domain.writeback.dispositions import (
    Disposition,
    Part,
    badness,
    disposition_of,
    state_of_parts,
)
from ccm_fhir.domain.writeback.facts import (
    CREATE,
    OPERATION,
    UPDATE,
    Act,
    EhrCapability,
    Granted,
    Override,
    Proof,
    Tenant,
    TypeCapability,
    Verdict,
)
from ccm_fhir.domain.writeback.judging import Judged, judge
from ccm_fhir.domain.writeback.kinds import (
    ContactMode,
    DeliveryState,
    ResourceKind,
    TimeRecord,
    resources_of,
)
from ccm_fhir.domain.writeback.ladder import Rung, Standing, StandingState, WritePlan, plan
from ccm_fhir.domain.writeback.rungs import (
    CHARGES,
    FHIR_RUNGS,
    LADDERS,
    OUTSIDE_THE_EHR,
    Artefact,
    Means,
    RungKind,
    RungName,
    acts_of_ladders,
    resources_on,
    rest_of,
    time_artefact,
)

__all__ = [
    "CHARGES",
    "CREATE",
    "FHIR_RUNGS",
    "LADDERS",
    "OPERATION",
    "OUTSIDE_THE_EHR",
    "UPDATE",
    "Act",
    "Answer",
    "Artefact",
    "ContactMode",
    "DeliveryState",
    "Disposition",
    "EhrCapability",
    "Granted",
    "Judged",
    "Means",
    "Override",
    "Part",
    "Proof",
    "ResourceKind",
    "Rung",
    "RungKind",
    "RungName",
    "Standing",
    "StandingState",
    "Tenant",
    "TimeRecord",
    "TypeCapability",
    "Verdict",
    "WritePlan",
    "acts_of_ladders",
    "badness",
    "disposition_of",
    "judge",
    "plan",
    "proof_of",
    "resources_of",
    "resources_on",
    "rest_of",
    "state_of_parts",
    "time_artefact",
]
