"""A use case says whose its transaction is: ``db.write(practice_id)``, ``db.read(practice_id)``.

Without it row-level security shows a transaction nothing, and lets it write nothing.
"""

from __future__ import annotations

import re

import pytest

from tests.parts import ROOT

# Before it is known whose a request is, and for what is of no practice. Everything else says it.
OF_NO_PRACTICE = {
    "ccm_fhir/services/audit_trail.py": 2,
    "ccm_fhir/services/cds_clients.py": 2,
    "ccm_fhir/services/connect.py": 1,
    "ccm_fhir/services/discovery.py": 1,
    "ccm_fhir/services/doctor.py": 1,
    "ccm_fhir/services/emergency.py": 1,
    "ccm_fhir/services/launch.py": 1,
    "ccm_fhir/services/practice_setup.py": 1,
    "ccm_fhir/services/sessions.py": 3,
    "ccm_fhir/services/setup_hand.py": 3,
    "ccm_fhir/services/signing_keys.py": 4,
    "ccm_fhir/services/time_ledger.py": 1,
    "ccm_fhir/services/watchdog.py": 1,
    "ccm_fhir/services/withdrawal.py": 1,
}


@pytest.mark.proves("S13")
def test_every_transaction_of_a_use_case_says_whose_it_is() -> None:
    folders = (ROOT / "ccm_fhir" / "services", ROOT / "ccm_fhir" / "jobs", ROOT / "smart_app")
    files = [path for folder in folders for path in folder.rglob("*.py")]
    open_ended = re.compile(r"\bdb\.(?:read|write)\(\)")
    found = {
        path.relative_to(ROOT).as_posix(): len(open_ended.findall(path.read_text(encoding="utf-8")))
        for path in files
    }

    # Something is more than before? Give it the practice: world.db.write(actor.practice_id).
    assert {name: number for name, number in found.items() if number} == OF_NO_PRACTICE
