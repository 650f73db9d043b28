"""One Condition judged: what its codes say, and whether its statuses let that count."""

from __future__ import annotations

from datetime import date

from ccm_fhir.domain.conditions.codings import decide_by_codings
from ccm_fhir.domain.conditions.tables import Chronic, ChronicTable, Tier
from ccm_fhir.domain.facts import ConditionFact, EvidenceRef, Fact

UNREADABLE = "unreadable"
LOOK_BACK_MONTHS = 24
"""For how long CMS's Chronic Conditions Warehouse looks back for most of its conditions."""

_MONTHS_A_YEAR = 12
_COUNTING_CLINICAL = frozenset({None, "active", "recurrence", "relapse"})
_DORMANT_CLINICAL = frozenset({"inactive", "remission"})
_EXCLUDED_VERIFICATION = frozenset({"refuted", "entered-in-error"})
_DIAGNOSES = frozenset({"problem-list-item", "encounter-diagnosis"})


class ConditionVerdict(Fact, frozen=True, kw_only=True):
    """What one Condition amounts to, and why, in sentences.

    ``family`` of a Condition for review is a suggestion; ``possible`` are all that its codes name.
    ``icd10cm`` is the code as it is written, empty where another system decided. ``is_stale``: an
    encounter's diagnosis alone, older than CMS's warehouse looks back. ``ccw``: what that
    warehouse calls it. ``display`` is the chart's own word for it.
    """

    ref: EvidenceRef
    chronic: Chronic
    family: str
    icd10cm: str
    why: str
    tier: Tier | None = None
    ccw: str = ""
    possible: tuple[str, ...] = ()
    is_billable: bool = False
    is_stale: bool = False
    display: str = ""


def classify(condition: ConditionFact, table: ChronicTable, as_of: date) -> ConditionVerdict:
    """Say whether a Condition is chronic; what cannot be read is for review, never dropped."""
    codes = decide_by_codings(condition.codings, condition.text, table)
    excluded = _excluded_because(condition, as_of)
    if excluded or codes.chronic is Chronic.NOT_CHRONIC:
        return ConditionVerdict(
            ref=condition.ref,
            chronic=Chronic.NOT_CHRONIC,
            family="",
            icd10cm=codes.icd10cm,
            why=excluded or codes.why,
            is_billable=codes.is_billable,
            display=_display(condition),
        )
    doubt = _doubt_about(condition, as_of)
    return ConditionVerdict(
        ref=condition.ref,
        chronic=Chronic.REVIEW if doubt else codes.chronic,
        family=codes.family,
        icd10cm=codes.icd10cm,
        why=f"{doubt} {codes.why}" if doubt else codes.why + _remarks(condition, as_of),
        tier=codes.tier,
        ccw=codes.ccw,
        possible=codes.possible,
        is_billable=codes.is_billable,
        is_stale=_is_stale(condition, as_of),
        display=_display(condition),
    )


def _display(condition: ConditionFact) -> str:
    """Return the chart's own words."""
    if condition.text.strip():
        return condition.text.strip()
    return next((c.display.strip() for c in condition.codings if c.display.strip()), "")


def _remarks(condition: ConditionFact, as_of: date) -> str:
    remarks = ""
    if condition.verification_status is None:
        remarks += " Its verification status is absent, which is taken as confirmed."
    if _is_stale(condition, as_of):
        remarks += (
            f" It is an encounter's diagnosis older than {LOOK_BACK_MONTHS} months: weak evidence "
            "where nothing else shows the disease."
        )
    return remarks


def _excluded_because(condition: ConditionFact, as_of: date) -> str:
    if condition.verification_status in _EXCLUDED_VERIFICATION:
        return f"Its verification status is {condition.verification_status}: it is left out."
    if condition.clinical_status == "resolved":
        return "It is resolved: it would count again if the EHR marked it active."
    if condition.clinical_status is None and _has_ended(condition, as_of) is True:
        return "It has ended: it would count if the EHR marked it active without an end."
    return ""


def _doubt_about(condition: ConditionFact, as_of: date) -> str:
    """Return why a person must look, the gravest reason first; empty where there is none."""
    if condition.has_modifier:
        return "It carries a modifier extension, which may negate it: a clinician decides."
    if condition.verification_status not in {None, "confirmed"}:
        return _unverified(condition)
    if condition.clinical_status not in _COUNTING_CLINICAL:
        return _not_active(condition)
    if condition.has_abatement or condition.abatement is not None:
        ended = _has_ended(condition, as_of)
        if ended is not False:
            return _contradiction(condition, is_certain=ended is True)
    if "health-concern" in condition.categories and _DIAGNOSES.isdisjoint(condition.categories):
        return "It is a health concern, not a diagnosis: it counts once it is on the problem list."
    return ""


def _not_active(condition: ConditionFact) -> str:
    status = condition.clinical_status
    if status in _DORMANT_CLINICAL:
        return f"It is marked {status}: whether the disease is still there a clinician decides."
    return "Its clinical status cannot be read: the EHR should state it by HL7's own codes."


def _unverified(condition: ConditionFact) -> str:
    if condition.verification_status == UNREADABLE:
        return "Its verification status cannot be read: the EHR should state it by HL7's own codes."
    return "It is not confirmed: it counts once the EHR marks it confirmed."


def _contradiction(condition: ConditionFact, *, is_certain: bool) -> str:
    if not is_certain:
        return "Its end is dated too roughly to say whether it is past: a clinician decides."
    return f"It is marked {condition.clinical_status} and yet ended: the EHR should say which."


def _has_ended(condition: ConditionFact, as_of: date) -> bool | None:
    """Whether it has ended by a day; None where its date is too rough; an undated end has."""
    if condition.abatement is None:
        return condition.has_abatement
    return condition.abatement.is_on_or_before(as_of)


def _is_stale(condition: ConditionFact, as_of: date) -> bool:
    categories = condition.categories
    if "encounter-diagnosis" not in categories or "problem-list-item" in categories:
        return False
    seen_on = condition.recorded or condition.onset
    return seen_on is not None and seen_on.is_on_or_before(_months_before(as_of)) is True


def _months_before(day: date) -> date:
    index = day.year * _MONTHS_A_YEAR + day.month - 1 - LOOK_BACK_MONTHS
    return date(index // _MONTHS_A_YEAR, index % _MONTHS_A_YEAR + 1, 1)
