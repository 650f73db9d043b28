"""Other services of the month as stated: what they exclude, and which minutes they used."""

from __future__ import annotations

from msgspec import UNSET

from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.rules import (
    PROGRAMME_FAMILIES,
    EligibilityRule,
    Exclusion,
    MonthRules,
    ServiceRelation,
)
from ccm_fhir.domain.stated.answers import met, not_met, unknown, unread
from ccm_fhir.domain.stated.document import StatedMonth, StatedService
from ccm_fhir.errors import InputError

_ELSEWHERE = Criterion.NOT_BILLED_ELSEWHERE


class OtherServices:
    """What the other services of a month amount to."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.barred: set[str] = set()
        self.used_minutes: dict[str, int] = {}

    def add(self, place: str, service: StatedService, rule: EligibilityRule, m: MonthRules) -> None:
        """Judge one service."""
        relation = known(m, f"{place}.code", service.code)
        if service.distinct_time is False:
            if service.minutes is UNSET:
                self.findings.append(unknown(_ELSEWHERE, rule, f"{place}.minutes"))
            else:
                used = self.used_minutes.get(service.code, 0)
                self.used_minutes[service.code] = used + service.minutes
        if service.by is UNSET:
            if relation.exclusions:
                self.findings.append(unknown(_ELSEWHERE, rule, f"{place}.by"))
            return
        excluding = relation.excluding(service.by)
        if excluding:
            self._exclude(place, excluding, rule)
        elif relation.caution is not None:
            self.findings.append(met(_ELSEWHERE, rule, relation.caution))

    def _exclude(self, place: str, excluding: tuple[Exclusion, ...], rule: EligibilityRule) -> None:
        groups = {exclusion.group for exclusion in excluding}
        if not groups.issuperset(PROGRAMME_FAMILIES):
            self.barred |= groups
            return
        if all(exclusion.cited.blocking for exclusion in excluding):
            self.findings.append(unread(_ELSEWHERE, rule, place))
            return
        is_unread = all(exclusion.cited.is_unconfirmed for exclusion in excluding)
        cautions = (Caution.SOURCE_UNCONFIRMED,) if is_unread else ()
        self.findings.append(not_met(_ELSEWHERE, excluding[0].reason, rule, *cautions))


def known(rules: MonthRules, place: str, code: str) -> ServiceRelation:
    """Return what a code means for CCM.

    Raises:
        InputError: the rulebook knows no such code; nothing is decided about it.
    """
    relation = rules.relation(code)
    if relation is None:
        raise InputError(place, "not a code that the rulebook knows")
    return relation


def other_services(stated: StatedMonth, rule: EligibilityRule, rules: MonthRules) -> OtherServices:
    """Return what the month's other services amount to."""
    found = OtherServices()
    for number, service in enumerate(stated.other_services):
        found.add(f"other_services[{number}]", service, rule, rules)
    if not found.findings:
        found.findings.append(met(_ELSEWHERE, rule))
    return found
