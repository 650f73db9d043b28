"""From a stated month to what the decision takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.conditions import ChronicTable, CodeMeaning
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Choice, PatientMonth
from ccm_fhir.domain.findings import Finding
from ccm_fhir.domain.rules import EligibilityRule, Rulebook
from ccm_fhir.domain.stated import criteria
from ccm_fhir.domain.stated.consent import consent
from ccm_fhir.domain.stated.document import Span, StatedMonth
from ccm_fhir.domain.stated.services import OtherServices, other_services
from ccm_fhir.domain.stated.visits import initiating_visit
from ccm_fhir.domain.stated.work import Work
from ccm_fhir.domain.timekeeping import Away
from ccm_fhir.errors import InputError

_SECONDS_A_MINUTE = 60
_MONTHS_KEPT = 1024
_ZONES_KEPT = 600


@dataclass(frozen=True, slots=True)
class Law:
    """What a stated month is read with."""

    rulebook: Rulebook
    table: ChronicTable
    _meanings: dict[str, CodeMeaning | None] = field(default_factory=dict, repr=False)

    def meaning(self, code: str) -> CodeMeaning | None:
        """Return what the tables say of an ICD-10-CM code; looked up once."""
        if code not in self._meanings:
            self._meanings[code] = self.table.icd10cm_meaning(code)
        return self._meanings[code]


def to_patient_month(stated: StatedMonth, law: Law) -> tuple[PatientMonth, Choice]:
    """Return what the decision takes, and what the practice chose.

    Raises:
        InputError: something stated contradicts itself or is unknown; names the field.
        RuleTableMissingError: the month lies past the loaded rule tables.
    """
    month, zone = _month(stated.service_month), _zone(stated.time_zone)
    rules = law.rulebook.of_month(month)
    work = Work(zone, rules)
    for number, entry in enumerate(stated.time_entries):
        work.add(number, entry)
    rule = rules.eligibility
    others = OtherServices() if rule is None else other_services(stated, rule, rules)
    findings = () if rule is None else _findings(stated, month, rule, law, others)
    patient, plan = stated.patient, stated.care_plan
    died, given = _day(patient.died), stated.consent.date if stated.consent else None
    return (
        PatientMonth(
            month=month,
            zone=zone,
            findings=findings,
            entries=tuple(work.entries),
            consent_from=_day(given),
            last_day=died,
            ends_on=died,
            away=_away(stated),
            used_elsewhere_seconds=_used_elsewhere(others, work),
            mdm_level=stated.mdm_level or None,
            is_plan_revised=_flag(plan.established_or_substantially_revised_this_month)
            if plan
            else None,
            setting=stated.setting,
            barred_families=frozenset(others.barred),
            sent_on=_day(stated.today),
            cautions=work.cautions,
        ),
        Choice(
            family=stated.practice_choice.family,
            dos_policy=stated.practice_choice.dos_policy,
            rhc_coding=stated.practice_choice.rhc_coding or None,
        ),
    )


def _findings(
    stated: StatedMonth,
    month: ServiceMonth,
    rule: EligibilityRule,
    law: Law,
    others: OtherServices,
) -> tuple[Finding, ...]:
    return (
        criteria.conditions(stated, rule, law.rulebook.of_month(month), law.meaning),
        criteria.risk(stated, rule),
        criteria.coverage(stated, rule),
        consent(stated, month, rule, law.rulebook),
        initiating_visit(stated, month, rule, law.rulebook),
        criteria.care_plan(stated, month, rule),
        *criteria.practice(stated, rule),
        criteria.practitioner(stated, rule, law.rulebook.of_month(month)),
        *others.findings,
    )


def _away(stated: StatedMonth) -> tuple[Away, ...]:
    patient = stated.patient
    if not patient.inpatient_spans and not patient.snf_part_a_spans:
        return ()
    return (
        *_spans("patient.inpatient_spans", patient.inpatient_spans, NotCounted.INPATIENT),
        *_spans("patient.snf_part_a_spans", patient.snf_part_a_spans, NotCounted.SNF_PART_A),
    )


def _spans(name: str, spans: tuple[Span, ...], reason: NotCounted) -> list[Away]:
    for place, (first, last) in enumerate(spans):
        if last < first:
            raise InputError(f"{name}[{place}]", "ends before it begins")
    return [Away(first_day=first, last_day=last, reason=reason) for first, last in spans]


def _used_elsewhere(others: OtherServices, work: Work) -> int:
    """Return the seconds among the entries that other services used and no entry is marked for."""
    minutes = sum(
        max(0, used - work.minutes_elsewhere.get(code, 0))
        for code, used in others.used_minutes.items()
    )
    return minutes * _SECONDS_A_MINUTE


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


@lru_cache(maxsize=_MONTHS_KEPT)
def _month(text: str) -> ServiceMonth:
    return ServiceMonth.parse(text)


@lru_cache(maxsize=_ZONES_KEPT)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError("time_zone", "not an IANA time zone") from None
