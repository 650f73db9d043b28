"""The durable-workflow library behind one small face; its only importer is this package."""

from ccm_fhir.engine.durable import Durable
from ccm_fhir.engine.enqueue import NEEDS_A_PERSON, Enqueuer, WorkflowState
from ccm_fhir.engine.guard import StepFailedError
from ccm_fhir.engine.setup import grant_to, migrate

__all__ = [
    "NEEDS_A_PERSON",
    "Durable",
    "Enqueuer",
    "StepFailedError",
    "WorkflowState",
    "grant_to",
    "migrate",
]
