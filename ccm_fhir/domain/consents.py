"""Consent as a person records it here: what was decided, and the facts that it becomes.

Nothing recorded is changed: a correction is a further record that names the one it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ccm_fhir.domain.codes import Word
from ccm_fhir.domain.dates import PartialDate, ServiceMonth
from ccm_fhir.domain.facts import ConsentFact, EvidenceRef, Fact

RECORDED_CONSENT = "RecordedConsent"
"""The type in the evidence of what was recorded here; no FHIR server knows it."""


class ConsentDecision(Word):
    """What the patient decided, or that a record should not have been made."""

    GIVEN = "given"
    DECLINED = "declined"
    REVOKED = "revoked"
    PAUSED = "paused"
    RESUMED = "resumed"
    ELSEWHERE = "elsewhere"
    ENTERED_IN_ERROR = "entered_in_error"


class ConsentMode(Word):
    """How consent was given; both are documented by being recorded."""

    VERBAL = "verbal"
    WRITTEN = "written"


class ConsentGiver(Word):
    """Who spoke for the patient."""

    PATIENT = "patient"
    REPRESENTATIVE = "representative"


class RecordedConsent(Fact, frozen=True, kw_only=True):
    """One record: the decision and its day, which statements were told, how and in what language.

    ``supersedes_id`` names the record that this one corrects. A revocation takes effect with
    the end of the month in which the patient spoke, everything else on that day.
    """

    id: str
    decision: ConsentDecision
    decided_on: date
    statements: tuple[str, ...] = ()
    mode: ConsentMode | None = None
    language: str = ""
    supersedes_id: str | None = None


def effective_end(revoked_on: date) -> date:
    """Return the last day on which a consent holds that is revoked on a day."""
    return ServiceMonth.containing(revoked_on).last_day


def standing(recorded: Iterable[RecordedConsent]) -> tuple[RecordedConsent, ...]:
    """Return the records that nothing corrects and that were not entered in error, by day."""
    held = tuple(recorded)
    corrected = {one.supersedes_id for one in held}
    left = (
        one
        for one in held
        if one.id not in corrected and one.decision is not ConsentDecision.ENTERED_IN_ERROR
    )
    return tuple(sorted(left, key=lambda one: (one.decided_on, one.id)))


def consent_facts(
    recorded: Iterable[RecordedConsent], organization: str
) -> tuple[ConsentFact, ...]:
    """Return what stands of the records as facts, to be judged beside the EHR's own.

    A refusal is ``is_refused``; a revocation is ``inactive`` with the day on which the patient
    spoke as ``given_on`` and the month's end as ``ends_on``. A pause, its end, and care management
    by another practice are no consents: their status is the decision.
    """
    return tuple(_fact(one, organization) for one in standing(recorded))


_STATUSES = {
    ConsentDecision.GIVEN: "active",
    ConsentDecision.DECLINED: "rejected",
    ConsentDecision.REVOKED: "inactive",
}
BESIDE_CONSENT = frozenset(
    {ConsentDecision.PAUSED, ConsentDecision.RESUMED, ConsentDecision.ELSEWHERE}
)
"""What a patient may say of care management beside a yes and a no."""


def _fact(one: RecordedConsent, organization: str) -> ConsentFact:
    ends_on = effective_end(one.decided_on) if one.decision is ConsentDecision.REVOKED else None
    return ConsentFact(
        ref=EvidenceRef(RECORDED_CONSENT, one.id),
        status=_STATUSES.get(one.decision, one.decision.value),
        is_for_ccm=one.decision not in BESIDE_CONSENT,
        given_on=_exactly(one.decided_on),
        ends_on=None if ends_on is None else _exactly(ends_on),
        organization=organization,
        statements=one.statements if one.decision is ConsentDecision.GIVEN else (),
        is_refused=one.decision is ConsentDecision.DECLINED,
        mode="" if one.mode is None else one.mode.value,
        language=one.language,
        recorded_here=True,
    )


def _exactly(day: date) -> PartialDate:
    return PartialDate(day, day)
