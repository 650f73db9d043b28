"""From the entries about care plans, charts and risk to the domain's rules."""

from __future__ import annotations

from collections.abc import Iterator

from ccm_fhir.domain.rules import (
    CarePlanRule,
    ChartRule,
    ElementRule,
    MeasureRule,
    Recognition,
    RiskRule,
)
from ccm_fhir.rulebook.convert import Sources
from ccm_fhir.rulebook.schema_chart import (
    CarePlanVersion,
    ChartVersion,
    ElementEntry,
    MeasureEntry,
    RiskVersion,
)


def care_plan_rule(version: CarePlanVersion, sources: Sources) -> CarePlanRule:
    """Return one version of what a comprehensive care plan holds."""
    return CarePlanRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        elements=tuple(_element(entry, sources) for entry in version.elements),
        copy_given=Recognition(words=version.copy_given_words),
        plan_documents=Recognition(codes=frozenset(version.plan_document_codes)),
        cited=sources.all_cited(version.cited, "care_plan.toml"),
        not_modelled=version.not_modelled,
    )


def _element(entry: ElementEntry, sources: Sources) -> ElementRule:
    what, file = entry.element.value, "care_plan.toml"
    return ElementRule(
        element=entry.element,
        title=entry.title,
        remedy=entry.remedy,
        recognition=Recognition(
            codes=frozenset(entry.codes),
            categories=frozenset(entry.categories),
            references=frozenset(entry.references),
            words=entry.words,
        ),
        cited=sources.cited(what, entry.cited, file),
        recognised=sources.cited(f"recognising {what}", entry.recognised, file),
    )


def chart_rule(version: ChartVersion, sources: Sources) -> ChartRule:
    """Return one version of how a chart is read."""
    return ChartRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        visit_classes=frozenset(version.visit_classes),
        inpatient_classes=frozenset(version.inpatient_classes),
        nonacute_classes=frozenset(version.nonacute_classes),
        emergency_classes=frozenset(version.emergency_classes),
        inpatient_types=frozenset(version.inpatient_types),
        emergency_types=frozenset(version.emergency_types),
        initiating_visit_types=frozenset(version.initiating_visit_types),
        seen_codes=frozenset(code for text in version.seen_codes for code in _codes(text)),
        elsewhere_months=version.elsewhere_months,
        cited=sources.all_cited(version.cited, "chart.toml"),
        not_modelled=version.not_modelled,
    )


def _codes(text: str) -> Iterator[str]:
    """Yield every code of ``99341-99345``, whose digits count up."""
    first, _, last = text.partition("-")
    for number in range(int(first), int(last or first) + 1):
        yield f"{number:05d}"


def risk_rule(version: RiskVersion, sources: Sources) -> RiskRule:
    """Return one version of what is laid beside the attestation of risk."""
    return RiskRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        look_back_months=version.look_back_months,
        families_from=version.families_from,
        admissions_from=version.admissions_from,
        emergency_visits_from=version.emergency_visits_from,
        medications_from=version.medications_from,
        measures=tuple(_measure(entry, sources) for entry in version.measures),
        cited=sources.all_cited(version.cited, "risk.toml"),
        not_modelled=version.not_modelled,
    )


def _measure(entry: MeasureEntry, sources: Sources) -> MeasureRule:
    return MeasureRule(
        key=entry.key,
        title=entry.title,
        codes=frozenset(entry.codes),
        units=frozenset(entry.units),
        unit=entry.unit,
        above=entry.above,
        at_least=entry.at_least,
        below=entry.below,
        cited=sources.cited(entry.key, entry.cited, "risk.toml"),
    )
