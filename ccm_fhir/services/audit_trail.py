"""The audit trail for whoever watches over it: is it whole, where does it stand, what does it say.

A head that is kept elsewhere shows what the trail alone cannot: that its end was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ccm_fhir.fhir.audit_event import BY_COMMAND, Audited, audit_event
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.services.anchors import Anchor, ChainName, anchors_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import audit, patients, practices, users
from ccm_fhir.storage.audit import AuditEntry, AuditRecord
from ccm_fhir.storage.tenancy import enter

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailReport:
    """What was found of one practice's trail; no problem is an empty text."""

    practice_id: str
    entries: int
    head: str
    problem: str = ""


def verified(world: Installation, anchors: tuple[Anchor, ...] = ()) -> tuple[TrailReport, ...]:
    """Walk every practice's trail, and hold it against the heads kept elsewhere."""
    return tuple(_verified(world, one, anchors) for one in _practice_ids(world))


def anchored(world: Installation) -> tuple[Anchor, ...]:
    """Return where every whole trail stands now."""
    now = world.clock()
    return tuple(
        Anchor(practice_id=one.practice_id, entries=one.entries, head=one.head, at=now)
        for one in verified(world)
        if not one.problem
    )


def exported(world: Installation, practice_id: str) -> Iterator[bytes]:
    """Yield a practice's trail as FHIR AuditEvents, one JSON object a line; itself audited.

    Raises:
        NotFoundError: no such practice.
    """
    with world.db.write(practice_id) as session:
        practices.get(session, practice_id)
        entry = AuditEntry(act=f"export_audit {BY_COMMAND}")
        last = audit.append(session, world.audit_key, practice_id, entry, world.clock())
    done = 0
    while done < last.sequence:
        for line in _lines(world, practice_id, done):
            yield to_bytes(audit_event(line, base_url=world.base_url)) + b"\n"
            done = line.sequence


def _lines(world: Installation, practice_id: str, after: int) -> tuple[Audited, ...]:
    with world.db.read(practice_id) as session:
        records = audit.records(session, practice_id, after=after, most=_BATCH)
        people = {user.id: user.fhir_user for user in users.list_all(session, practice_id)}
        charts = patients.fhir_ids(session, practice_id, {r.patient_id for r in records})
    return tuple(_line(record, people, charts) for record in records)


def _line(record: AuditRecord, people: dict[str, str], charts: dict[str, str]) -> Audited:
    chart = charts.get(record.patient_id or "")
    return Audited(
        id=record.id,
        act=record.act,
        at=record.at,
        sequence=record.sequence,
        chain_hash=record.hash,
        person=people.get(record.user_id or "", ""),
        patient=f"Patient/{chart}" if chart else "",
    )


def _practice_ids(world: Installation) -> tuple[str, ...]:
    with world.db.read() as session:
        return tuple(practice.id for practice in practices.list_all(session))


def _verified(world: Installation, practice_id: str, anchors: tuple[Anchor, ...]) -> TrailReport:
    with world.db.read() as session:
        enter(session, practice_id)
        check = audit.verify(session, world.audit_key, practice_id)
        own = anchors_of(anchors, ChainName.AUDIT, practice_id)
        heads = {
            anchor.entries: audit.head_at(session, practice_id, anchor.entries) for anchor in own
        }
    problem = ""
    if check.broken_at is not None:
        problem = f"entry {check.broken_at} was altered, or one before it is gone"
    elif cut := [anchor for anchor in own if heads[anchor.entries] != anchor.head]:
        problem = (
            f"it is not the trail that stood at {cut[0].entries} entries on {cut[0].at:%Y-%m-%d}"
        )
    return TrailReport(
        practice_id=practice_id, entries=check.entries, head=check.head, problem=problem
    )
