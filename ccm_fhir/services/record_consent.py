"""Recording what a patient decides of care management: yes, no, no longer, a pause, elsewhere.

The EHR is told along the ladder. A month that is signed keeps what it was signed with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consent_script import SCRIPT_VERSION
from ccm_fhir.domain.consents import (
    ConsentDecision,
    ConsentGiver,
    ConsentMode,
    RecordedConsent,
    effective_end,
    standing,
)
from ccm_fhir.domain.dates import PartialDate
from ccm_fhir.domain.facts import ChartFacts
from ccm_fhir.errors import ConflictError, InputError, NotFoundError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.plan_writes import plan_told
from ccm_fhir.services.retract import TakenBack, retract
from ccm_fhir.services.told import told_consent
from ccm_fhir.storage import charts, consents, patients, practices
from ccm_fhir.storage.consents import ConsentRecord, NewConsent
from ccm_fhir.storage.patients import PatientRecord
from ccm_fhir.storage.vocabulary import ArtefactKind

RECORDERS = (Role.CARE_MANAGER, Role.PRACTITIONER)
LONGEST_NOTE = 2000
_SCRIPTED = frozenset({ConsentDecision.GIVEN, ConsentDecision.DECLINED})
LONGEST_LINE = 200
LONGEST_REASON = 500
# RFC 5646 as far as people's languages need it: language, script, region, variants.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-[A-Za-z0-9]{5,8})*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedConsent:
    """What a patient decided, as somebody records it; ``told`` are the statements' codes.

    ``corrects_id`` names a record that this one stands for from now on, and ``change_reason``
    says why.
    """

    patient_id: str
    form_key: str
    decision: ConsentDecision
    decided_on: date
    told: frozenset[str] = frozenset()
    mode: ConsentMode | None = None
    language: str = ""
    given_by: ConsentGiver | None = None
    representative_name: str = field(default="", repr=False)
    representative_relation: str = field(default="", repr=False)
    note: str = field(default="", repr=False)
    corrects_id: str | None = None
    change_reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentError:
    """That a record should not have been made."""

    patient_id: str
    record_id: str
    form_key: str
    reason: str = field(repr=False)


def record_consent(
    world: Installation, actor: Actor, decided: DecidedConsent, now: datetime
) -> str:
    """Record a decision and return its id; the same form twice records once.

    Raises:
        NotAllowedError: the person records no consent.
        InputError: a field cannot be, or a required statement was not told.
        ConflictError: what it corrects was corrected already.
    """
    actor.must_be("recording consent", *RECORDERS)
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "record_consent", decided.patient_id)
        patient = patients.get(session, actor.practice_id, decided.patient_id)
        zone = practices.get(session, actor.practice_id).zone
        records = consents.of_patient(session, actor.practice_id, patient.id)
        if all(record.form_key != decided.form_key for record in records):
            _refuse_impossible_day(patient, decided.decided_on, now.astimezone(zone).date())
            chart = charts.latest(session, actor.practice_id, patient.id)
            _refuse_contradiction(decided, records, None if chart is None else chart.facts)
        new = _new(world, actor, decided)
        kept = consents.record(session, actor.practice_id, new, now)
        _tell_the_ehr(world, session, kept, now)
        return kept.id


def take_back_consent(
    world: Installation, actor: Actor, error: ConsentError, now: datetime
) -> None:
    """Mark a record as entered in error, by a further row; the old one stays in the history.

    Raises:
        NotAllowedError: the person records no consent.
        InputError: no reason.
        ConflictError: it was corrected already.
        NotFoundError: no such record of this patient.
    """
    actor.must_be("taking a consent record back", *RECORDERS)
    reason = _line("reason", error.reason, LONGEST_REASON)
    if not reason:
        raise InputError("reason", "Say why the record is taken back.")
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, "record_consent", error.patient_id)
        records = consents.of_patient(session, actor.practice_id, error.patient_id)
        old = next((r for r in records if r.id == error.record_id), None)
        if old is None:
            raise NotFoundError("consent record")
        new = NewConsent(
            patient_id=error.patient_id,
            decision=ConsentDecision.ENTERED_IN_ERROR,
            decided_on=old.decided_on,
            recorded_by=actor.user_id,
            form_key=error.form_key,
            supersedes_id=old.id,
            change_reason=reason,
        )
        kept = consents.record(session, actor.practice_id, new, now)
        _tell_the_ehr(world, session, kept, now)


def _tell_the_ehr(
    world: Installation, session: Session, kept: ConsentRecord, now: datetime
) -> None:
    """Take back what a record corrects, and tell what the patient decided by it."""
    if kept.supersedes_id is not None:
        taken = TakenBack(
            kind=ArtefactKind.CONSENT, artefact_id=kept.supersedes_id, reason=kept.change_reason
        )
        retract(world, session, kept.practice_id, taken, now)
    if kept.decision is not ConsentDecision.ENTERED_IN_ERROR:
        practice = practices.get(session, kept.practice_id)
        told = told_consent(world, session, practice, kept)
        plan_told(world, session, practice, told, now)


def _new(world: Installation, actor: Actor, decided: DecidedConsent) -> NewConsent:
    is_given = decided.decision is ConsentDecision.GIVEN
    told = _told(world, decided)
    _refuse_unsaid(decided)
    is_revoked = decided.decision is ConsentDecision.REVOKED
    is_scripted = decided.decision in _SCRIPTED
    return NewConsent(
        patient_id=decided.patient_id,
        decision=decided.decision,
        decided_on=decided.decided_on,
        effective_on=effective_end(decided.decided_on) if is_revoked else None,
        statements=told,
        mode=decided.mode,
        language=_language(decided.language, is_needed=is_given),
        given_by=decided.given_by,
        representative_name=_line("representative_name", decided.representative_name),
        representative_relation=_line("representative_relation", decided.representative_relation),
        script_version=SCRIPT_VERSION if is_scripted else "",
        note=_line("note", decided.note, LONGEST_NOTE),
        recorded_by=actor.user_id,
        form_key=decided.form_key,
        supersedes_id=decided.corrects_id,
        change_reason=_change_reason(decided),
    )


def _told(world: Installation, decided: DecidedConsent) -> tuple[str, ...]:
    """Return the statements told, in the rule's order; a consent needs each of them."""
    law = world.rulebook.eligibility_on_or_after(decided.decided_on)
    required = law.required_consent_statements
    unknown = decided.told - set(required)
    if unknown:
        raise InputError("told", "One of the statements is not among those of the rule.")
    for code in required:
        if decided.decision is ConsentDecision.GIVEN and code not in decided.told:
            raise InputError(code, "Tick it once the patient has been told.")
    return tuple(code for code in required if code in decided.told)


def _refuse_unsaid(decided: DecidedConsent) -> None:
    """Refuse what every decision, and above all a yes, must say."""
    if decided.decision is ConsentDecision.ENTERED_IN_ERROR:
        raise InputError("decision", "Choose what the patient decided.")
    is_given = decided.decision is ConsentDecision.GIVEN
    if is_given and decided.mode is None:
        raise InputError("mode", "Choose how the consent was given.")
    if decided.given_by is None:
        raise InputError("given_by", "Choose who decided.")
    if decided.given_by is ConsentGiver.REPRESENTATIVE:
        for name in ("representative_name", "representative_relation"):
            if not str(getattr(decided, name)).strip():
                raise InputError(name, "Needed where a representative decided.")


def _change_reason(decided: DecidedConsent) -> str:
    if decided.corrects_id is None:
        return ""
    reason = _line("change_reason", decided.change_reason, LONGEST_REASON)
    if not reason:
        raise InputError("change_reason", "Say why the earlier record is corrected.")
    return reason


def _language(text: str, *, is_needed: bool) -> str:
    if not text and not is_needed:
        return ""
    if not _LANGUAGE.match(text):
        raise InputError("language", "Give the language, or its tag such as en, es or zh-Hant.")
    return text


def _line(name: str, text: str, longest: int = LONGEST_LINE) -> str:
    if len(text) > longest:
        raise InputError(name, f"Keep it under {longest} characters.")
    return text.strip()


def _refuse_impossible_day(patient: PatientRecord, day: date, today: date) -> None:
    born, died = patient.birth_date, PartialDate.parse(patient.died_on_text)
    if day > today:
        raise InputError("decided_on", "The day cannot lie in the future.")
    if born is not None and day < born.earliest:
        raise InputError("decided_on", "The patient was not born yet on that day.")
    if died is not None and day > died.latest:
        raise InputError("decided_on", "The patient had died before that day.")


def _refuse_contradiction(
    decided: DecidedConsent, records: tuple[ConsentRecord, ...], chart: ChartFacts | None
) -> None:
    live = tuple(
        one
        for one in standing(record.as_recorded for record in records)
        if one.id != decided.corrects_id
    )
    if decided.corrects_id is not None:
        _refuse_unknown_correction(decided.corrects_id, records)
    same_day = {one.decision for one in live if one.decided_on == decided.decided_on}
    if same_day - {decided.decision}:
        raise InputError(
            "decided_on",
            "Another decision of that day is on record; correct that record if it is wrong.",
        )
    _refuse_pause_of_nothing(decided, live, chart)
    is_revoked = decided.decision is ConsentDecision.REVOKED
    if is_revoked and not _has_something_to_revoke(decided.decided_on, live, chart):
        raise InputError(
            "decided_on",
            "No consent of that day or before is on record; record that the patient declined.",
        )


def _refuse_pause_of_nothing(
    decided: DecidedConsent, live: tuple[RecordedConsent, ...], chart: ChartFacts | None
) -> None:
    day = decided.decided_on
    if decided.decision is ConsentDecision.PAUSED and not _has_something_to_revoke(
        day, live, chart
    ):
        raise InputError(
            "decided_on", "No consent of that day or before is on record, so nothing is paused."
        )
    if decided.decision is ConsentDecision.RESUMED and not _is_paused(day, live):
        raise InputError(
            "decided_on", "No pause before that day is on record that has not ended already."
        )


def _is_paused(day: date, live: tuple[RecordedConsent, ...]) -> bool:
    """Whether the last word before a day, of what begins or ends a pause, is a pause."""
    turns = [
        one.decision
        for one in live
        if one.decided_on < day
        and one.decision in {ConsentDecision.PAUSED, ConsentDecision.RESUMED, ConsentDecision.GIVEN}
    ]
    return bool(turns) and turns[-1] is ConsentDecision.PAUSED


def _refuse_unknown_correction(corrects_id: str, records: tuple[ConsentRecord, ...]) -> None:
    known = {one.id: one for one in records}
    if corrects_id not in known:
        raise NotFoundError("consent record")
    if any(one.supersedes_id == corrects_id for one in records):
        raise ConflictError("The record was corrected already; look at it again.")


def _has_something_to_revoke(
    day: date, live: tuple[RecordedConsent, ...], chart: ChartFacts | None
) -> bool:
    """Whether a consent until that day is known, or may be in an EHR that does not show any."""
    if any(one.decision is ConsentDecision.GIVEN and one.decided_on <= day for one in live):
        return True
    if chart is None or not chart.was_read("Consent"):
        return True
    return any(
        fact.is_for_ccm
        and not fact.is_refused
        and (fact.given_on is None or fact.given_on.earliest <= day)
        for fact in chart.consents
    )
