"""From a rule file's entries to the domain's rules, each statement bound to its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccm_fhir.domain.codes import Comparison
from ccm_fhir.domain.rules import (
    Citation,
    Cited,
    ClaimRule,
    ClinicRule,
    CodeRule,
    CountingRule,
    EligibilityRule,
    Exclusion,
    ServiceGroup,
)
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook.schema import (
    CitedEntry,
    ClaimVersion,
    ClinicVersion,
    CodeFile,
    CodeVersion,
    CountingEntry,
    EligibilityVersion,
    ExclusionEntry,
    GroupEntry,
    SourcesFile,
)

_SECONDS_A_MINUTE = 60


class Sources:
    """The listed sources; a rule that cites anything else is refused by its file's name."""

    def __init__(self, listed: SourcesFile) -> None:
        self._citations = {
            key: Citation(
                id=key,
                title=entry.title,
                where=entry.where,
                confidence=entry.confidence,
                url=entry.url,
            )
            for key, entry in listed.sources.items()
        }

    def cited(self, what: str, entry: CitedEntry, file: str) -> Cited:
        """Return one statement with its sources."""
        for key in entry.sources:
            if key not in self._citations:
                raise RuleDataError(file, f"cites {key}, which sources.toml does not list")
        return Cited(
            what=what,
            citations=tuple(self._citations[key] for key in entry.sources),
            confidence=entry.confidence,
            blocking=entry.blocking,
        )

    def all_cited(self, entries: Mapping[str, CitedEntry], file: str) -> tuple[Cited, ...]:
        """Return every statement of a version with its sources, in the file's order."""
        return tuple(self.cited(what, entry, file) for what, entry in entries.items())


def code_rule(code: CodeFile, version: CodeVersion, sources: Sources) -> CodeRule:
    """Return one version of a code."""
    cited = sources.all_cited(version.cited, f"{code.code}.toml")
    return CodeRule(
        code=code.code,
        family=code.family,
        summary=code.summary,
        add_on_to=code.add_on_to,
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        performers=frozenset(version.performers),
        supervision=version.supervision,
        is_timed=version.is_timed,
        threshold_seconds=(version.threshold_minutes or 0) * _SECONDS_A_MINUTE,
        comparison=version.comparison or Comparison.AT_LEAST,
        increment_seconds=(version.increment_minutes or 0) * _SECONDS_A_MINUTE,
        max_units=version.max_units,
        mue_units=version.mue_units,
        mdm_levels=frozenset(version.mdm_levels),
        needs_plan_revision=version.needs_plan_revision,
        required_elements=version.required_elements,
        citations=_distinct(cited),
        cited=cited,
        not_modelled=version.not_modelled,
    )


def exclusions(
    group: str, entries: tuple[ExclusionEntry, ...], sources: Sources, file: str
) -> Iterator[Exclusion]:
    """Yield one exclusion for each other group that an entry names."""
    for entry in entries:
        for other in entry.others:
            yield Exclusion(
                group=group,
                other=other,
                scope=entry.scope,
                reason=entry.reason,
                in_force_from=entry.in_force_from,
                in_force_until=entry.in_force_until,
                cited=sources.cited("excludes", entry.cited, file),
            )


def eligibility_rule(version: EligibilityVersion, sources: Sources) -> EligibilityRule:
    """Return one version of what CCM asks."""
    cited = sources.all_cited(version.cited, "eligibility.toml")
    return EligibilityRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        minimum_condition_families=version.minimum_condition_families,
        initiating_visit_codes=frozenset(version.initiating_visit_codes),
        initiating_visit_within_days=version.initiating_visit_within_days,
        initiating_visit_for_all=version.initiating_visit_for_all,
        consent_modes=frozenset(version.consent_modes),
        required_consent_statements=version.required_consent_statements,
        coverage_kinds=frozenset(version.coverage_kinds),
        professions=frozenset(version.professions),
        citations=_distinct(cited),
        cited=cited,
        not_modelled=version.not_modelled,
    )


def service_group(name: str, entry: GroupEntry, sources: Sources) -> ServiceGroup:
    """Return one group of other services with its ranges."""
    return ServiceGroup(
        name=name,
        summary=entry.summary,
        ranges=tuple(_range(text) for text in entry.codes),
        caution=entry.caution,
        cited=sources.cited("codes", entry.cited, "services.toml"),
    )


def counting_rule(entry: CountingEntry, sources: Sources) -> CountingRule:
    """Return one rule about time that does not count."""
    return CountingRule(
        reason=entry.reason,
        in_force_from=entry.in_force_from,
        in_force_until=entry.in_force_until,
        summary=entry.summary,
        remedy=entry.remedy,
        caution=entry.caution,
        cited=sources.cited(entry.reason.value, entry.cited, "counting.toml"),
    )


def claim_rule(version: ClaimVersion, sources: Sources) -> ClaimRule:
    """Return one version of how a claim is made."""
    return ClaimRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        timely_filing_years=version.timely_filing_years,
        date_of_service_policies=version.date_of_service_policies,
        institutional_settings=frozenset(version.institutional_settings),
        place_of_service=version.place_of_service,
        modifiers=version.modifiers,
        cited=sources.all_cited(version.cited, "claim.toml"),
    )


def clinic_rule(version: ClinicVersion, sources: Sources) -> ClinicRule:
    """Return one version of how clinics and health centers report."""
    return ClinicRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        codings=version.codings,
        default_coding=version.default_coding,
        payable_codes=frozenset(version.payable_codes),
        cited=sources.all_cited(version.cited, "clinic.toml"),
    )


def _distinct(cited: tuple[Cited, ...]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(c for statement in cited for c in statement.citations))


def _range(text: str) -> tuple[str, str]:
    first, _, last = text.partition("-")
    return first, last or first
