"""What a stretch of work becomes in the EHR."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccm_fhir.domain.codes import Activity, PerformerKind
from ccm_fhir.domain.writeback import ContactMode, ResourceKind, TimeRecord, resources_of


@pytest.mark.parametrize("mode", [None, *ContactMode])
def test_only_a_contact_is_an_encounter_and_it_is_written_first(mode: ContactMode | None) -> None:
    record = TimeRecord(
        entry_id="e1",
        patient_ref="Patient/p1",
        performer_ref="Practitioner/nurse",
        performer=PerformerKind.CLINICAL_STAFF,
        practice_ref="Organization/ours",
        started_at=datetime(2026, 11, 10, 15, 0, tzinfo=UTC),
        ended_at=datetime(2026, 11, 10, 15, 22, tzinfo=UTC),
        activity=Activity.PATIENT_CALL,
        contact_mode=mode,
        note="",
    )

    written = resources_of(record)

    assert written[-1] is ResourceKind.PROCEDURE
    assert (written[0] is ResourceKind.ENCOUNTER) is (mode is not None)
