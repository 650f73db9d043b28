"""A practitioner's judgement of one Condition."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ccm_fhir.domain.reviews import ReviewAnswer
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.review_condition import ReviewOfCondition, review_condition
from smart_app.deps import GuardedWrite, Write
from smart_app.pages.answers import patient_id_of, refused, to_patient
from smart_app.session.refusals import BrokenFormError
from smart_app.views.conditions import form_name
from smart_app.views.forms import Attempt, wrong
from smart_app.views.page import Done

router = APIRouter(prefix="/l/{launch_id}/conditions")
_FIELDS = ("answer", "family", "reason")
_MOST_DIGITS = 6


@router.post("/{key}")
def judge(write: GuardedWrite, key: str) -> Response:
    """Keep the judgement and return to the list."""
    opened, month, form = write.opened, write.month(), form_name(key)
    typed = {name: write.text(name) for name in _FIELDS}
    if typed["answer"] not in set(ReviewAnswer):
        unsaid = (wrong(form, "answer", "Choose whether it is chronic."),)
        attempt = Attempt(form=form, form_key=write.form_key(), typed=typed, wrong=unsaid)
        return refused(opened, month, attempt)
    said = ReviewOfCondition(
        patient_id=patient_id_of(opened.visit),
        month=month,
        key=key,
        fingerprint=write.text("fingerprint"),
        revision=_revision(write),
        answer=ReviewAnswer(typed["answer"]),
        family=typed["family"],
        reason=typed["reason"],
        form_key=write.form_key(),
    )
    try:
        review_condition(opened.world, opened.visit.actor, said, opened.now)
    except (InputError, ConflictError) as problem:
        return refused(opened, month, Attempt.of(form, said.form_key, typed, problem))
    return to_patient(opened.visit.launch_id, month, Done.CONDITION)


def _revision(write: Write) -> int:
    text = write.text("revision")
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise BrokenFormError("revision")
    return int(text)
