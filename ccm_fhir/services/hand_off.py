"""What has to be keyed into the EHR by hand: the sheet, and a person's word that it was done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import deliveries, keyed, patients, practices, sending
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.keyed import Keyed, NewKeyed
from ccm_fhir.storage.sending import Receipt

KEYERS = (Role.CARE_MANAGER, Role.PRACTITIONER, Role.BILLER)
LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One thing to be keyed in: its facts as labels and values, and whether it was."""

    delivery_id: str
    title: str
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    reason: str
    reference: str
    keyed: Keyed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOffSheet:
    """Everything of a patient that waits for a person's hands, and what was keyed before."""

    patient_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    mrn: str = field(repr=False)
    practice_name: str
    lines: tuple[SheetLine, ...] = field(repr=False)

    @property
    def open_lines(self) -> tuple[SheetLine, ...]:
        """What nobody has keyed yet."""
        return tuple(line for line in self.lines if line.keyed is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkKeyed:
    """A person's word that they keyed one line."""

    patient_id: str
    delivery_id: str
    ehr_number: str = field(default="", repr=False)


def hand_off_sheet(world: Installation, actor: Actor, patient_id: str) -> HandOffSheet:
    """Return a patient's sheet; who looks at it is a line of the audit trail.

    Raises:
        NotAllowedError: the person keys nothing.
    """
    actor.must_be("keying hand-offs", *KEYERS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "view_hand_off", patient_id)
        practice = practices.get(session, actor.practice_id)
        patient = patients.get(session, actor.practice_id, patient_id)
        handed = tuple(
            one
            for one in deliveries.of_patient(session, actor.practice_id, patient_id)
            if one.is_hand_off and not one.has_fallen and _is_still_wanted(one)
        )
        marks = keyed.of_practice(session, actor.practice_id)
    return HandOffSheet(
        patient_name=patient.name,
        birth_date=patient.birth_date_text,
        mrn=patient.mrn,
        practice_name=practice.name,
        lines=tuple(_line(one, marks.get(one.id)) for one in handed),
    )


def mark_keyed(world: Installation, actor: Actor, marking: MarkKeyed, now: datetime) -> None:
    """Record that a person has keyed a line; it then counts as handed off.

    Raises:
        NotAllowedError: the person keys nothing.
        InputError: the EHR's number is too long.
        ConflictError: it is no hand-off of this patient, or was marked before.
    """
    actor.must_be("keying hand-offs", *KEYERS)
    number = marking.ehr_number.strip()
    if len(number) > LONGEST_NUMBER:
        raise InputError("ehr_number", f"Keep the EHR's number under {LONGEST_NUMBER} characters.")
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "mark_keyed", marking.patient_id)
        record = deliveries.get(session, actor.practice_id, marking.delivery_id)
        is_waiting = record.is_hand_off and record.state is DeliveryState.HELD
        if record.patient_id != marking.patient_id or not is_waiting or record.has_fallen:
            raise ConflictError("This is not waiting to be keyed; look at the sheet again.")
        mark_handed_off(session, actor, record, number, now)


def mark_handed_off(
    session: Session, actor: Actor, record: DeliveryRecord, number: str, now: datetime
) -> None:
    """Write down that a person keyed a hand-off; from then on it counts as delivered."""
    new = NewKeyed(
        delivery_id=record.id, user_id=actor.user_id, person=actor.name, ehr_number=number
    )
    keyed.record(session, actor.practice_id, new, now)
    receipt = Receipt(delivery_id=record.id, remote_id="")
    sending.mark_sent(session, actor.practice_id, receipt, now)


def _is_still_wanted(record: DeliveryRecord) -> bool:
    return record.state in {DeliveryState.HELD, DeliveryState.SENT}


def _line(record: DeliveryRecord, mark: Keyed | None) -> SheetLine:
    body = json.loads(record.body_json)
    return SheetLine(
        delivery_id=record.id,
        title=str(body.get("title", "")),
        facts=tuple((str(x["label"]), str(x["value"])) for x in body.get("lines", ())),
        reason=record.rule,
        reference=record.identifier,
        keyed=mark,
    )
