"""Where each entry of a patient-month stands with the EHR, so that the sums can be compared."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.writeback import Disposition, Part, disposition_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import approvals, deliveries, keyed, ledger, practices
from ccm_fhir.storage.approvals import ApprovalRecord
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import EntryChange, Purpose


def dispositions_of_month(
    world: Installation, practice_id: str, patient_id: str, month: ServiceMonth
) -> dict[str, Disposition]:
    """Return the disposition of every row of a patient-month that tells of work, by its id.

    A row that only takes another back tells of no work of its own.
    """
    with world.db.read(practice_id) as session:
        zone = practices.get(session, practice_id).zone
        rows = ledger.history(
            session, practice_id, patient_id, month.starts_at(zone), month.ends_at(zone)
        )
        found = deliveries.of_patient_month(session, practice_id, patient_id, month, zone)
        by_hand = keyed.of_practice(session, practice_id)
        current = {row.id for row in rows if ledger.is_current(session, practice_id, row.id)}
        asked = approvals.of_entries(session, practice_id, [row.id for row in rows])
    return {
        row.id: disposition_of_row(
            parts_of((one for one in found if one.artefact_id == row.id), by_hand),
            asked.get(row.id),
            is_voided=row.id not in current,
        )
        for row in rows
        if row.change is not EntryChange.VOID
    }


def disposition_of_row(
    parts: Iterable[Part], approval: ApprovalRecord | None, *, is_voided: bool = False
) -> Disposition:
    """Return where a row stands; time that a second person has not approved goes nowhere."""
    if is_voided or approval is None or approval.is_approved:
        return disposition_of(parts, is_voided=is_voided)
    is_waiting = approval.is_approved is None
    return Disposition.AWAITING_APPROVAL if is_waiting else Disposition.NOT_APPROVED


def parts_of(
    found: Iterable[DeliveryRecord], by_hand: Container[str] = frozenset()
) -> tuple[Part, ...]:
    """Return deliveries as what a disposition rests on; those about others are none of it.

    ``by_hand`` are the ids of those that a person has keyed.
    """
    return tuple(
        Part(
            state=one.state,
            rung=one.rung,
            is_read_back=one.read_back_at is not None,
            is_lossy=bool(one.lossy),
            has_fallen=one.has_fallen,
            is_keyed=one.id in by_hand,
        )
        for one in found
        if one.purpose in {Purpose.ARTEFACT, Purpose.REVISION}
    )
