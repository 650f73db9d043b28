"""Reads an EHR's CapabilityStatement where none was ever read, before anything is sent there.

What an EHR takes is not known without it, and what is not known is no reason to fall to a lower
rung: a delivery waits until the statement was read, or a person has signed what the EHR takes.
"""

from __future__ import annotations

import msgspec

from ccm_fhir.errors import EhrHttpError, EhrUnreachableError
from ccm_fhir.fhir.capability_writes import FetchedStatement, fetch_statement
from ccm_fhir.services.ehr_access import gate_of
from ccm_fhir.services.ehr_door import EhrDoor
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import ehrs, statements
from ccm_fhir.storage.ehrs import Ehr
from ccm_fhir.storage.statements import NewStatement, Statement

_OK = 200


def read_statement(world: Installation, ehr: Ehr) -> None:
    """Read an EHR's CapabilityStatement at its pace, and keep it for every plan and search.

    Raises:
        EhrPausedError: the EHR is left alone now; it was not asked.
        EhrHttpError, EhrFormatError, EhrUnreachableError, ForbiddenOriginError: it was not read.
    """
    fetched = _fetched(world, ehr)
    keep_statement(world, ehr, fetched)
    document = msgspec.json.encode(fetched.capability).decode()
    with world.db.write(ehr.practice_id) as session:
        ehrs.record_capability(session, ehr.practice_id, ehr.id, document, world.clock())


def keep_statement(world: Installation, ehr: Ehr, fetched: FetchedStatement) -> Statement:
    """Keep a statement that was read just now, unless the newest one declares the same."""
    new = NewStatement(
        ehr_id=ehr.id,
        # What is not UTF-8 can only stand in texts that nobody reads; the hash is of the bytes.
        body_json=fetched.body.decode(errors="replace"),
        body_sha256=fetched.body_sha256,
        declared_sha256=fetched.declared_sha256,
    )
    with world.db.write(ehr.practice_id) as session:
        return statements.record(session, ehr.practice_id, new, world.clock())


def _fetched(world: Installation, ehr: Ehr) -> FetchedStatement:
    door = EhrDoor(world, ehr)
    door.before()
    try:
        fetched = fetch_statement(gate_of(world, ehr), ehr.fhir_base)
    except EhrHttpError as refusal:
        door.after(refusal.status)
        raise
    except EhrUnreachableError:
        door.after(None)
        raise
    door.after(_OK)
    return fetched
