"""What a decision rests on, whichever road it came by: a chart, or a stated patient-month."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmLevel, RhcCoding, Setting
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Eligibility
from ccm_fhir.domain.facts import ChartFacts, Fact
from ccm_fhir.domain.findings import Finding
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.timekeeping import Away, TimeEntry


class Choice(Fact, frozen=True, kw_only=True):
    """What a practice has chosen where the law leaves it a choice; who and when is recorded."""

    family: FamilyChoice = FamilyChoice.STANDARD
    dos_policy: DosPolicy = DosPolicy.THRESHOLD_DATE
    rhc_coding: RhcCoding | None = None


STANDARD_CHOICE = Choice()


class PatientMonth(Fact, frozen=True, kw_only=True):
    """One patient in one month: the findings, the time, and what else the codes ask.

    ``consent_from`` and ``last_day`` bound the days that count; ``ends_on`` is the last day
    that a claim may carry (death, end of coverage or of consent). ``barred_families`` are
    excluded by another service alone. ``is_complex_declined``: the practitioner, asked for the
    level of decision making, reports the non-complex codes. ``sent_on`` is the day the claim
    would be sent; None means within the time limit.
    """

    month: ServiceMonth
    zone: ZoneInfo
    findings: tuple[Finding, ...]
    entries: tuple[TimeEntry, ...]
    consent_from: date | None = None
    last_day: date | None = None
    ends_on: date | None = None
    away: tuple[Away, ...] = ()
    used_elsewhere_seconds: int = 0
    mdm_level: MdmLevel | None = None
    is_complex_declined: bool = False
    is_plan_revised: bool | None = None
    setting: Setting = Setting.OFFICE
    barred_families: frozenset[str] = frozenset()
    sent_on: date | None = None
    cautions: tuple[Caution, ...] = ()


def of_chart(
    month: ServiceMonth,
    zone: ZoneInfo,
    chart: ChartFacts,
    eligibility: Eligibility,
    entries: tuple[TimeEntry, ...],
) -> PatientMonth:
    """Return a patient-month as a chart and our own ledger tell it.

    A Consent names a day, not a moment: work on that day counts, work before it does not.
    Work on the days of a stay in hospital or skilled nursing does not count.
    """
    consent, died_on = eligibility.consent, chart.patient.died_on
    given = consent.given_on if consent is not None else None
    last_day = died_on.earliest if died_on is not None else None
    return PatientMonth(
        month=month,
        zone=zone,
        findings=eligibility.findings,
        entries=entries,
        consent_from=given.latest if given is not None else None,
        last_day=last_day,
        ends_on=last_day,
        away=tuple(
            Away(first_day=stay.first_day, last_day=stay.last_day, reason=stay.kind)
            for stay in eligibility.stays
        ),
    )
