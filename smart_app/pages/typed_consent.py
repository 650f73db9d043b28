"""Reads the forms of the consent page; every field that cannot be read is told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from ccm_fhir.domain.consents import ConsentDecision, ConsentGiver, ConsentMode
from ccm_fhir.services.consents import required_statements
from ccm_fhir.services.record_consent import DecidedConsent
from smart_app.deps import Write
from smart_app.pages.answers import patient_id_of
from smart_app.views.consent_form import CONSENT_FORM, REVOKE_FORM, TEXT_FIELDS
from smart_app.views.consent_words import CHOICES, LANGUAGES, OTHER_LANGUAGE
from smart_app.views.forms import Attempt, Wrong, wrong

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_GIVEN = ConsentDecision.GIVEN.value


def read_consent(write: Write) -> DecidedConsent | Attempt:
    """Return the yes or no, or the form with what is wrong in it."""
    typed = {name: write.text(name) for name in TEXT_FIELDS}
    told = write.texts("told")
    wrongs = tuple(wrong(CONSENT_FORM, *pair) for pair in _wrongs(write, typed, told))
    if wrongs:
        return _refused(write, CONSENT_FORM, typed, wrongs)
    return DecidedConsent(
        patient_id=patient_id_of(write.opened.visit),
        form_key=write.form_key(),
        decision=ConsentDecision(typed["decision"]),
        decided_on=date.fromisoformat(typed["decided_on"]),
        told=told,
        mode=ConsentMode(typed["mode"]) if typed["mode"] else None,
        language=_language(typed),
        given_by=ConsentGiver(typed["given_by"]),
        representative_name=typed["representative_name"],
        representative_relation=typed["representative_relation"],
        note=typed["note"],
        corrects_id=typed["corrects_id"] or None,
        change_reason=typed["change_reason"],
    )


def read_revocation(write: Write) -> DecidedConsent | Attempt:
    """Return the revocation, or the form with what is wrong in it."""
    typed = {name: write.text(name) for name in TEXT_FIELDS}
    wrongs = tuple(wrong(REVOKE_FORM, *pair) for pair in _wrongs_of_all(typed))
    if wrongs:
        return _refused(write, REVOKE_FORM, typed, wrongs)
    return DecidedConsent(
        patient_id=patient_id_of(write.opened.visit),
        form_key=write.form_key(),
        decision=ConsentDecision.REVOKED,
        decided_on=date.fromisoformat(typed["decided_on"]),
        mode=ConsentMode(typed["mode"]) if typed["mode"] else None,
        given_by=ConsentGiver(typed["given_by"]),
        representative_name=typed["representative_name"],
        representative_relation=typed["representative_relation"],
        note=typed["note"],
    )


def _refused(write: Write, form: str, typed: dict[str, str], wrongs: tuple[Wrong, ...]) -> Attempt:
    return Attempt(
        form=form,
        form_key=write.form_key(),
        typed=typed,
        wrong=wrongs,
        ticked=write.texts("told"),
    )


def _wrongs(write: Write, typed: dict[str, str], told: frozenset[str]) -> Iterator[tuple[str, str]]:
    if typed["decision"] not in {choice.value for choice in CHOICES}:
        yield "decision", "Choose what the patient decided."
    is_given = typed["decision"] == _GIVEN
    if is_given:
        for code in _required(write, typed):
            if code not in told:
                yield code, "Tick it once the patient has been told."
    yield from _wrongs_of_all(typed)
    if is_given and not typed["mode"]:
        yield "mode", "Choose how the consent was given."
    if is_given and not _language(typed):
        yield "language", "Choose the language in which it was explained."


def _wrongs_of_all(typed: dict[str, str]) -> Iterator[tuple[str, str]]:
    if not _is_day(typed["decided_on"]):
        yield "decided_on", "Give the day on which the patient decided."
    if typed["mode"] not in {"", *ConsentMode}:
        yield "mode", "Choose one of the ways."
    if typed["given_by"] not in set(ConsentGiver):
        yield "given_by", "Choose who decided."
    if typed["given_by"] == ConsentGiver.REPRESENTATIVE:
        for name in ("representative_name", "representative_relation"):
            if not typed[name]:
                yield name, "Needed where a representative decided."


def _required(write: Write, typed: dict[str, str]) -> tuple[str, ...]:
    opened = write.opened
    on = date.fromisoformat(typed["decided_on"]) if _is_day(typed["decided_on"]) else None
    return required_statements(opened.world, on or opened.now.date())


def _language(typed: dict[str, str]) -> str:
    chosen = typed["language"]
    if chosen == OTHER_LANGUAGE:
        return typed["other_language"]
    return chosen if chosen in LANGUAGES else ""


def _is_day(text: str) -> bool:
    if not _DAY.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
