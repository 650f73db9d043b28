"""What is done with an adopted plan: reviewed, given to the patient, talked about by telephone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.plans.allergies import Allergies, allergies_of
from ccm_fhir.domain.plans.parts import Plan, Review
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.care_plan import EDITORS
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.patient_month import PatientBanner
from ccm_fhir.services.review import banner_of
from ccm_fhir.services.send_plan import send_version
from ccm_fhir.storage import charts, patients, plan_contacts, plans, practices
from ccm_fhir.storage.plan_records import (
    CopyRecord,
    NewCopy,
    NewOutreach,
    NewReview,
    NewVersion,
    VersionRecord,
)
from ccm_fhir.storage.vocabulary import CopyGivenBy, CopyLanguage, OutreachOutcome

__all__ = [
    "LONGEST_NOTE",
    "CopyGivenBy",
    "CopyLanguage",
    "EndedReview",
    "GivenCopy",
    "OutreachOutcome",
    "PrintedPlan",
    "TriedCall",
    "end_review",
    "give_copy",
    "printed_plan",
    "record_call",
]

LONGEST_NOTE = 2000
_NO_PLAN = "There is no adopted plan yet; adopt one first."


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedReview:
    """A review as a person ends it; ``next_on`` is when the plan is looked at next."""

    patient_id: str
    note: str = field(default="", repr=False)
    next_on: date
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCopy:
    """A copy as a person says that it was given."""

    patient_id: str
    given_on: date
    way: CopyGivenBy
    language: CopyLanguage
    given_to: str = field(repr=False)
    message: str = field(default="", repr=False)
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedCall:
    """One attempt to reach the patient."""

    patient_id: str
    outcome: OutreachOutcome
    note: str = field(default="", repr=False)
    next_on: date | None = None
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPlan:
    """An adopted version to be printed for the patient; ``record`` where it was given already.

    ``allergies`` are those of the chart as it is known now, or was when the copy was given.
    """

    patient: PatientBanner
    practice_name: str
    version: VersionRecord
    allergies: Allergies = field(repr=False)
    record: CopyRecord | None = None


def end_review(world: Installation, actor: Actor, ended: EndedReview, now: datetime) -> None:
    """Date the plan: it was gone through today; where its next day moves, as a further version.

    Raises:
        NotAllowedError: the person reviews no plans.
        InputError: the next day does not lie ahead, or the note is too long.
        ConflictError: there is no plan.
    """
    actor.must_be("reviewing a care plan", *EDITORS)
    practice_id = actor.practice_id
    with world.db.write(practice_id) as session:
        audited(world, session, actor, "review_care_plan", ended.patient_id)
        today = now.astimezone(practices.get(session, practice_id).zone).date()
        if any(
            r.form_key == ended.form_key
            for r in plan_contacts.reviews_of(session, practice_id, ended.patient_id)
        ):
            return
        if ended.next_on <= today:
            raise InputError("next_on", "The next review lies after today.")
        version = _last(plans.versions_of(session, practice_id, ended.patient_id))
        moved = _with_next(version.plan, ended.next_on)
        if moved != version.plan:
            version = plans.adopt(
                session,
                practice_id,
                NewVersion(
                    patient_id=ended.patient_id,
                    number=version.number + 1,
                    plan=moved,
                    adopted_on=today,
                    adopted_by=actor.user_id,
                    form_key=ended.form_key,
                ),
                now,
            )
            send_version(world, session, practice_id, version, now)
        review = NewReview(
            patient_id=ended.patient_id,
            version_id=version.id,
            reviewed_on=today,
            note=_note(ended.note),
            reviewed_by=actor.user_id,
            form_key=ended.form_key,
        )
        plan_contacts.record_review(session, practice_id, review, now)
        _carry_draft(session, actor, version, now)


def record_call(world: Installation, actor: Actor, tried: TriedCall, now: datetime) -> None:
    """Record an attempt to reach the patient; it counts no time by itself.

    Raises:
        NotAllowedError: the person calls no patients.
        InputError: the note is too long.
    """
    actor.must_be("recording a call", *EDITORS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "record_outreach", tried.patient_id)
        new = NewOutreach(
            patient_id=tried.patient_id,
            outcome=tried.outcome,
            note=_note(tried.note),
            next_on=tried.next_on,
            tried_by=actor.user_id,
            form_key=tried.form_key,
        )
        plan_contacts.record_outreach(session, actor.practice_id, new, now)


def give_copy(
    world: Installation, actor: Actor, given: GivenCopy, text: str, now: datetime
) -> CopyRecord:
    """Record that a copy of the version in force was given; its words are kept as a hash.

    Raises:
        NotAllowedError: the person gives no copies.
        InputError: the day lies ahead, nobody is named, or a text is too long.
        ConflictError: there is no plan.
    """
    actor.must_be("giving a copy of a care plan", *EDITORS)
    practice_id = actor.practice_id
    with world.db.write(practice_id) as session:
        audited(world, session, actor, "give_care_plan_copy", given.patient_id)
        today = now.astimezone(practices.get(session, practice_id).zone).date()
        if given.given_on > today:
            raise InputError("given_on", "The day cannot lie in the future.")
        if not given.given_to.strip():
            raise InputError("given_to", "Say who received it: the patient, or which caregiver.")
        version = _last(plans.versions_of(session, practice_id, given.patient_id))
        if given.given_on < version.adopted_on:
            raise InputError("given_on", "This version was adopted after that day.")
        new = NewCopy(
            patient_id=given.patient_id,
            version_id=version.id,
            given_on=given.given_on,
            way=given.way,
            language=given.language,
            given_to=given.given_to.strip(),
            message=_note(given.message, "message"),
            text_sha256=sha256(text.encode()).hexdigest(),
            recorded_by=actor.user_id,
            form_key=given.form_key,
        )
        return plan_contacts.record_copy(session, practice_id, new, now)


def printed_plan(
    world: Installation, actor: Actor, patient_id: str, now: datetime, record_id: str = ""
) -> PrintedPlan:
    """Return the version in force for printing, or the one that a recorded copy was of.

    Raises:
        NotFoundError: no such patient, plan or record in this practice.
    """
    practice_id = actor.practice_id
    with world.db.write(practice_id) as session:
        audited(world, session, actor, "print_care_plan", patient_id)
        practice = practices.get(session, practice_id)
        patient = patients.get(session, practice_id, patient_id)
        versions = {v.id: v for v in plans.versions_of(session, practice_id, patient_id)}
        copies = plan_contacts.copies_of(session, practice_id, patient_id)
        record = next((copy for copy in copies if copy.id == record_id), None)
        seen_at = now if record is None else record.recorded_at
        chart = charts.as_of(session, practice_id, patient_id, seen_at)
    if not versions or (record_id and record is None):
        raise NotFoundError("care plan")
    version = list(versions.values())[-1] if record is None else versions[record.version_id]
    return PrintedPlan(
        patient=banner_of(patient, now.astimezone(practice.zone).date()),
        practice_name=practice.name,
        version=version,
        allergies=allergies_of(None if chart is None else chart.facts),
        record=record,
    )


def _last(versions: tuple[VersionRecord, ...]) -> VersionRecord:
    if not versions:
        raise ConflictError(_NO_PLAN)
    return versions[-1]


def _carry_draft(session: Session, actor: Actor, version: VersionRecord, now: datetime) -> None:
    """Let the reviewer's own draft go on from the version that only moved the review's day."""
    saved = plans.draft_of(session, actor.practice_id, version.patient_id, actor.user_id)
    if saved is None or saved.draft.based_on != version.number - 1:
        return
    carried = msgspec.structs.replace(saved.draft, based_on=version.number)
    owner = (version.patient_id, actor.user_id)
    plans.save_draft(session, actor.practice_id, owner, carried, now)


def _with_next(plan: Plan, next_on: date) -> Plan:
    parts = tuple(
        msgspec.structs.replace(part, next_on=next_on) if isinstance(part, Review) else part
        for part in plan.parts
    )
    return msgspec.structs.replace(plan, parts=parts)


def _note(text: str, name: str = "note") -> str:
    if len(text) > LONGEST_NOTE:
        raise InputError(name, f"Keep it under {LONGEST_NOTE} characters.")
    return text.strip()
