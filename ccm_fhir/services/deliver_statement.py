"""A delivery whose way only an EHR's CapabilityStatement can settle: that is read first.

What cannot be read demotes nothing: a lower rung is for what an EHR has shown it does not offer.
"""

from __future__ import annotations

from ccm_fhir.errors import EhrPausedError, FhirError
from ccm_fhir.services.deliver_try import Attempt, Try
from ccm_fhir.services.fall import Leaving, is_unknown
from ccm_fhir.services.read_statement import read_statement
from ccm_fhir.storage import sending

STATEMENT_UNREAD = "statement_unread"


def waits_for_statement(one: Try) -> bool:
    """Whether nothing but the CapabilityStatement says if the EHR takes a delivery on its rung."""
    leaving = Leaving(world=one.world, ehr=one.ehr, record=one.record, granted=None)
    with one.world.db.read(one.record.practice_id) as session:
        return is_unknown(session, leaving)


def read_statement_first(one: Try) -> Attempt:
    """Read the statement, after which the delivery is looked at anew; no try is spent on it.

    Raises:
        EhrPausedError: the EHR is left alone now.
    """
    try:
        read_statement(one.world, one.ehr)
    except EhrPausedError:
        raise
    except FhirError:
        return one.mark(sending.mark_postponed, STATEMENT_UNREAD, wait=one.wait())
    return Attempt(state=one.record.state, wait_seconds=0.0)
