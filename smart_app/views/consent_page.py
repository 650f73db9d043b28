"""The consent page: how it stands, a form to record it, and everything recorded before."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.consents import BESIDE_CONSENT, ConsentDecision, ConsentGiver
from ccm_fhir.services.consents import ConsentEntry, ConsentHistory
from smart_app.views import consent_words as words
from smart_app.views import tones, wording
from smart_app.views.consent_form import (
    ConsentFormView,
    RevokeFormView,
    consent_form,
    revoke_form,
)
from smart_app.views.formats import count, day, listed, moment, month_name, sentence
from smart_app.views.forms import Attempt, Wrong, key_of
from smart_app.views.patient_page import BannerView, banner
from smart_app.views.tones import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntryView:
    """One record of the history; ``form_key`` and what follows are of taking it back."""

    record_id: str
    what: str
    tone: Tone
    state: str
    lines: tuple[str, ...] = field(repr=False)
    note: str = field(repr=False)
    recorded: str = field(repr=False)
    in_ehr: str
    reason: str = field(repr=False)
    may_change: bool
    may_correct: bool
    form_key: str
    typed_reason: str = field(repr=False)
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPageView:
    """Everything the consent page prints; ``answer`` is empty where nothing is decided."""

    banner: BannerView
    month: str
    answer: str
    tone: Tone
    reason: str
    remedy: str
    kept: str
    in_the_ehr: str
    signed: str
    form: ConsentFormView | None
    revoke: RevokeFormView | None
    closed: str
    history: tuple[ConsentEntryView, ...]
    wrong: tuple[Wrong, ...]
    practice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPrinting:
    """What one printing adds: a fresh key, a refused form, and which record is to be corrected."""

    needs_banner: bool
    page_key: str
    attempt: Attempt | None = None
    correct: str = ""


def consent_page(history: ConsentHistory, printing: ConsentPrinting) -> ConsentPageView:
    """Return the page of a patient's consent."""
    key, attempt, found = printing.page_key, printing.attempt, history.finding
    return ConsentPageView(
        banner=banner(history.patient, is_slim=not printing.needs_banner),
        month=month_name(history.month),
        answer="" if found is None else wording.ANSWERS[found.answer],
        tone=Tone.PLAIN if found is None else tones.ANSWERS[found.answer],
        reason="" if found is None else sentence(found.reason),
        remedy="" if found is None else sentence(found.remedy),
        kept=_kept(history),
        in_the_ehr=_in_the_ehr(history),
        signed=_signed(history),
        form=consent_form(history, key, attempt, printing.correct) if history.may_record else None,
        revoke=revoke_form(history, key, attempt) if _may_revoke(history) else None,
        closed="" if history.may_record else _CLOSED,
        history=tuple(_entry(e, history, key, attempt) for e in history.history),
        wrong=() if attempt is None else attempt.wrong,
        practice=history.practice_name,
    )


_CLOSED = "Care managers and billing practitioners record consent here."


def _kept(history: ConsentHistory) -> str:
    standing = sum(1 for entry in history.history if entry.stands)
    if not standing:
        return ""
    return (
        f"{count(standing, 'record is', 'records are')} kept here; this app decides by it. "
        "Other systems see it once it is in the EHR: each record below says where it stands."
    )


def _in_the_ehr(history: ConsentHistory) -> str:
    if not history.is_ehr_read:
        return "The EHR’s own consent records could not be read."
    if not history.ehr_consents:
        return "The EHR shows no consent to care management."
    many = count(history.ehr_consents, "consent record", "consent records")
    return f"The EHR shows {many} about care management."


def _signed(history: ConsentHistory) -> str:
    if not history.signed_months:
        return ""
    months = listed(tuple(month_name(month) for month in history.signed_months))
    return (
        f"Signed: {months}. What is recorded here changes nothing in what was signed; if a claim "
        "rested on a consent that did not hold, correct the claim."
    )


def _may_revoke(history: ConsentHistory) -> bool:
    is_given = any(e.stands and e.decision is ConsentDecision.GIVEN for e in history.history)
    return history.may_record and (is_given or history.ehr_consents > 0 or not history.is_ehr_read)


def _entry(
    entry: ConsentEntry, history: ConsentHistory, page_key: str, attempt: Attempt | None
) -> ConsentEntryView:
    form = back_form(entry.record_id)
    mine = attempt if attempt is not None and attempt.form == form else None
    what = f"{words.DECISIONS[entry.decision]}, {day(entry.decided_on)}"
    is_error = entry.decision is ConsentDecision.ENTERED_IN_ERROR
    state = "" if entry.stands or is_error else "Corrected by a later record"
    may_change = history.may_record and entry.stands
    return ConsentEntryView(
        record_id=entry.record_id,
        what=words.DECISIONS[entry.decision] if is_error else what,
        tone=_TONES[entry.decision] if entry.stands else Tone.PLAIN,
        state=state,
        lines=_lines(entry),
        note=entry.note,
        recorded=f"Recorded by {entry.person}, {moment(entry.recorded_at)}",
        in_ehr=wording.CONSENT_IN_EHR[entry.in_ehr],
        reason=sentence(entry.change_reason),
        may_change=may_change,
        may_correct=may_change and entry.decision is not ConsentDecision.REVOKED,
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        typed_reason="" if mine is None else mine.typed.get("reason", ""),
        problem="" if mine is None else " ".join(w.message for w in mine.wrong),
    )


def back_form(record_id: str) -> str:
    """Return the name of the form that takes a record back."""
    return f"back-{record_id}"


_TONES = {
    ConsentDecision.GIVEN: Tone.GOOD,
    ConsentDecision.DECLINED: Tone.BAD,
    ConsentDecision.REVOKED: Tone.BAD,
    ConsentDecision.PAUSED: Tone.OPEN,
    ConsentDecision.RESUMED: Tone.GOOD,
    ConsentDecision.ELSEWHERE: Tone.BAD,
    ConsentDecision.ENTERED_IN_ERROR: Tone.PLAIN,
}


def _lines(entry: ConsentEntry) -> tuple[str, ...]:
    said = (
        _who(entry),
        f"In {words.language(entry.language)}." if entry.language else "",
        _told(entry),
        "In effect from that day." if entry.decision in BESIDE_CONSENT else "",
        ""
        if entry.effective_on is None
        else f"Takes effect with the end of {day(entry.effective_on)}.",
    )
    return tuple(line for line in said if line)


def _who(entry: ConsentEntry) -> str:
    if entry.given_by is None:
        return ""
    how = "" if entry.mode is None else f", {words.MODES_SHORT[entry.mode]}"
    if entry.given_by is ConsentGiver.PATIENT:
        return f"By the patient{how}."
    name, relation = entry.representative_name, entry.representative_relation
    return f"By {name} ({relation}){how}."


def _told(entry: ConsentEntry) -> str:
    if not entry.statements:
        return ""
    told = listed(tuple(words.statement(code).lower() for code in entry.statements))
    return f"Told: {told} (script {entry.script_version})."
