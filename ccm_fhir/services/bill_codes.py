"""How an EHR's tenant codes a charge, as an administrator recorded it.

Oracle Health's ``ChargeItem/$create`` names a bill code by a code system and a schedule of the
tenant's own, which no CapabilityStatement tells. Until they are recorded, that way is not open.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from ccm_fhir.errors import InputError
from ccm_fhir.fhir.write_charge import BillCodes
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import ehrs
from ccm_fhir.storage.ehrs import Ehr

LACKING = (
    "This EHR names a charge by a bill code schedule of its own, and nobody has recorded which; "
    "recording it (ccm-fhir ehr bill-codes) opens this rung."
)
LONGEST = 300


def bill_codes_of(ehr: Ehr) -> BillCodes | None:
    """Return how the EHR codes a charge; None where nobody has recorded it."""
    kept = ehr.bill_codes_json
    return msgspec.json.decode(kept, type=BillCodes) if kept else None


def record_bill_codes(
    world: Installation, hand: SetupHand, ehr_id: str, codes: BillCodes
) -> BillCodes:
    """Record how an EHR codes a charge, in place of what was recorded before; audited.

    What was planned before keeps the codes it was planned with.

    Raises:
        InputError: a system that is no URI, or a code that is empty or holds blanks.
        NotFoundError: no such EHR in this practice.
    """
    clean = BillCodes(
        system=_uri("system", codes.system),
        schedule_system=_uri("schedule_system", codes.schedule_system),
        schedule_code=_code("schedule_code", codes.schedule_code),
    )
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"record_bill_codes {ehr_id}")
        kept = msgspec.json.encode(clean).decode()
        ehrs.record_bill_codes(session, hand.practice_id, ehr_id, kept)
    return clean


def _uri(name: str, text: str) -> str:
    parts = urlsplit(text.strip())
    if not parts.scheme or not (parts.netloc or parts.path) or len(text) > LONGEST:
        raise InputError(name, "give the system's URI as the EHR's administrator tells it")
    return _code(name, text)


def _code(name: str, text: str) -> str:
    code = text.strip()
    if not code or len(code) > LONGEST or len(code.split()) > 1:
        raise InputError(name, "give it in one piece, as the EHR's administrator tells it")
    return code
