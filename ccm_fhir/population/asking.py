"""What a sweep asks of every chart alike, and the law and tables that each worker loads once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache

import msgspec

from ccm_fhir.domain.conditions import ChronicTable
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import Question, Screened, screen
from ccm_fhir.domain.facts import ChartFacts, Fact, PatientFact, PracticeFact, Skipped, Unread
from ccm_fhir.domain.rules import EligibilityRule, MonthRules
from ccm_fhir.fhir.charting import chart_from
from ccm_fhir.rulebook.load import load_rulebook
from ccm_fhir.terminology.load import load_chronic_table

_NOON = time(12, tzinfo=UTC)
_ABSENT = "the export holds none"


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: of which day, and how references and codes are read.

    Args:
        as_of: the month asked about is the one that it lies in; charts are taken as read then.
        base_url: the FHIR base under which absolute references are local; empty: none are.
        organization: the practice's own reference, to tell its work from others'; empty: unknown.
        assume_icd10_is_cm: whether the site writes WHO's URI where it means ICD-10-CM.
    """

    as_of: date
    base_url: str = ""
    organization: str = ""
    assume_icd10_is_cm: bool = False

    @property
    def read_at(self) -> datetime:
        """The moment as of which the export is taken."""
        return datetime.combine(self.as_of, _NOON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The law and the tables of one month, ready to be asked of one chart after another."""

    asking: Asking
    month: ServiceMonth
    rule: EligibilityRule
    month_rules: MonthRules
    table: ChronicTable
    practice: PracticeFact

    def chart(
        self,
        patient: PatientFact,
        facts: Iterable[Fact],
        skipped: Iterable[Skipped],
        absent_types: Iterable[str],
    ) -> ChartFacts:
        """Return one patient's chart; a type of which the export holds nothing is unread."""
        unread = [Unread(resource_type, _ABSENT) for resource_type in absent_types]
        return chart_from(patient, facts, skipped, unread, now=self.asking.read_at)

    def screen(self, chart: ChartFacts) -> Screened:
        """Ask one chart every criterion."""
        return screen(self.question(chart))

    def question(self, chart: ChartFacts) -> Question:
        """Return what is asked of one chart."""
        return Question(
            chart=chart,
            month=self.month,
            rule=self.rule,
            month_rules=self.month_rules,
            table=self.table,
            practice=self.practice,
            attested=frozenset(),
            own_claim_identifiers=frozenset(),
        )

    @property
    def versions(self) -> tuple[str, str]:
        """The versions of the eligibility rule and of the condition tables."""
        return self.rule.version, self.table.version


@lru_cache(maxsize=2)
def judge_for(asking: Asking) -> Judge:
    """Return the judge of a sweep; loaded once in a process.

    Raises:
        RuleTableMissingError: the month lies past the loaded tables.
        NoRuleInForceError: care management did not exist in that month.
    """
    month = ServiceMonth.containing(asking.as_of)
    rulebook = load_rulebook()
    return Judge(
        asking=asking,
        month=month,
        rule=rulebook.eligibility_rule(month.last_day),
        month_rules=rulebook.of_month(month),
        table=load_chronic_table(assume_icd10_is_cm=asking.assume_icd10_is_cm),
        practice=PracticeFact(organization=asking.organization),
    )
