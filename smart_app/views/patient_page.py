"""The patient page: one review, put into the order in which people read it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.patient_month import ChartStatus, PatientBanner, PatientMonthReview
from smart_app.views.care_plan import CarePlanView, care_plan
from smart_app.views.claim import ClaimView, claim
from smart_app.views.conditions import ConditionsView, conditions
from smart_app.views.consent_link import ConsentLinkView, consent_link
from smart_app.views.deliveries import ProgressView, progress
from smart_app.views.eligibility import EligibilityView, eligibility
from smart_app.views.formats import moment, month_name, sentence
from smart_app.views.forms import Attempt, TimeFormView, Wrong, key_of, time_form
from smart_app.views.headline import HeadlineView, headline
from smart_app.views.meter import MeterView, meter
from smart_app.views.months import MonthsView, months
from smart_app.views.patient_location import PatientLocationView, patient_location
from smart_app.views.time_log import EntryView, NotCountedView, explained, log, waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerView:
    """Who the patient is; ``is_slim`` where the EHR shows its own banner around us."""

    name: str = field(repr=False)
    born: str = field(repr=False)
    sex: str = field(repr=False)
    mrn: str = field(repr=False)
    language: str = field(repr=False)
    is_deceased: bool = field(repr=False)
    is_slim: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """When the chart was read, and what of it could not be."""

    is_read: bool
    read: str
    problem: str
    gaps: tuple[str, ...]
    form_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPageView:
    """Everything the patient page prints."""

    banner: BannerView
    months: MonthsView
    headline: HeadlineView
    chart: ChartView
    decision_problem: str
    meter: MeterView | None
    not_counted: tuple[NotCountedView, ...]
    waiting: str
    entries: tuple[EntryView, ...]
    time_form: TimeFormView | None
    offers_timer: bool
    time_closed: str
    eligibility: EligibilityView
    care_plan: CarePlanView | None
    conditions: ConditionsView
    consent: ConsentLinkView
    claim: ClaimView
    location: PatientLocationView
    progress: ProgressView
    wrong: tuple[Wrong, ...]
    zone: str
    practice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printing:
    """What one printing of the page adds to the review: a fresh key, and a refused form."""

    actor: Actor = field(repr=False)
    needs_banner: bool
    page_key: str
    attempt: Attempt | None = None
    offers_timer: bool = False


def patient_page(review: PatientMonthReview, printing: Printing) -> PatientPageView:
    """Return the page of a review."""
    key, attempt, decision = printing.page_key, printing.attempt, review.decision
    keeps_time = review.may_keep_time and review.signed is None
    return PatientPageView(
        banner=banner(review.patient, is_slim=not printing.needs_banner),
        months=months(review.month, review.months),
        headline=headline(review),
        chart=_chart(review.chart, key),
        decision_problem=sentence(review.decision_problem),
        meter=None if decision is None else meter(decision, is_open=review.signed is None),
        not_counted=() if decision is None else explained(decision.tally.left_out, review.sources),
        waiting=waiting(review.entries),
        entries=log(review, key, attempt),
        time_form=time_form(review.month, review.today, key, attempt) if keeps_time else None,
        offers_timer=keeps_time and printing.offers_timer,
        time_closed=_why_closed(review),
        eligibility=eligibility(review),
        care_plan=care_plan(review),
        conditions=conditions(review, key, attempt),
        consent=consent_link(review),
        claim=claim(review, printing.actor, key, attempt),
        location=patient_location(review, key, attempt),
        progress=progress(review),
        wrong=() if attempt is None else attempt.wrong,
        zone=review.time_zone.replace("_", " "),
        practice=review.practice_name,
    )


def banner(patient: PatientBanner, *, is_slim: bool) -> BannerView:
    """Return who the patient is."""
    age = "" if patient.age is None else f" ({patient.age})"
    return BannerView(
        name=patient.name,
        born=f"{patient.birth_date}{age}" if patient.birth_date else "not recorded",
        sex=patient.gender or "not recorded",
        mrn=patient.mrn or "not recorded",
        language=patient.language,
        is_deceased=patient.is_deceased,
        is_slim=is_slim,
    )


def _chart(status: ChartStatus, page_key: str) -> ChartView:
    unread = (f"{u.resource_type}: {sentence(u.reason)}" for u in status.unread)
    skipped = (f"One {s.resource_type} left out: {sentence(s.reason)}" for s in status.skipped)
    return ChartView(
        is_read=status.read_at is not None,
        read="" if status.read_at is None else moment(status.read_at),
        problem=sentence(status.problem),
        gaps=(*unread, *skipped),
        form_key=key_of(page_key, "refresh"),
    )


def _why_closed(review: PatientMonthReview) -> str:
    if review.signed is not None:
        return "The month is signed, so its time can no longer change."
    if not review.may_keep_time:
        return "Care managers and billing practitioners record time here."
    if review.month > ServiceMonth.containing(review.today):
        return f"{month_name(review.month)} has not begun."
    return ""
