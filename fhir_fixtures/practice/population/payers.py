"""Who pays: the Coverages of a population, as real payers spell them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fhir_fixtures.practice.codes import SOPT
from fhir_fixtures.practice.population.templates import compact, concept
from fhir_fixtures.practice.population.told import Payer

if TYPE_CHECKING:
    from fhir_fixtures.practice.population.drawing import Calendar


def _never(_calendar: Calendar) -> str:
    return ""


def _within(calendar: Calendar) -> str:
    return (calendar.first_day + timedelta(days=9)).isoformat()


def _long_ago(calendar: Calendar) -> str:
    return calendar.ago(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One Coverage's own words; ``end`` says when it ended, empty where it has not."""

    type: str
    class_: str
    payor: str
    payor_name: str
    end: Callable[[Calendar], str] = _never


def _plan(value: str, name: str) -> str:
    plan = {"type": {"coding": [{"code": "plan"}]}, "value": value, "name": name}
    return compact([plan])


def _medicare(part: str, end: Callable[[Calendar], str] = _never) -> Policy:
    return Policy(
        type=concept((SOPT, "121", "Medicare FFS")),
        class_=_plan(f"Part {part}", f"Medicare Part {part}"),
        payor="org-medicare",
        payor_name="Medicare (synthetic)",
        end=end,
    )


POLICIES = {
    Payer.PART_B: _medicare("B"),
    Payer.PART_B_ENDED: _medicare("B", _long_ago),
    Payer.PART_B_ENDING: _medicare("B", _within),
    Payer.PART_A: _medicare("A"),
    Payer.ADVANTAGE: Policy(
        type=concept((SOPT, "112", "Medicare PPO")),
        class_=_plan("H9999-001", "Evergreen PPO (Medicare Advantage)"),
        payor="org-advantage",
        payor_name="Evergreen Medicare Advantage (synthetic)",
    ),
    Payer.QMB: Policy(
        type=concept((SOPT, "22", "Medicaid (Non-managed Care Plan)")),
        class_=_plan("QMB", "Qualified Medicare Beneficiary"),
        payor="org-medicaid",
        payor_name="State Medicaid (synthetic)",
    ),
    Payer.COMMERCIAL: Policy(
        type=concept((SOPT, "512", "Commercial Managed Care - PPO")),
        class_=_plan("EXAMPLE-PPO", "Example Mutual PPO"),
        payor="org-commercial",
        payor_name="Example Mutual Insurance (synthetic)",
    ),
    Payer.UNSPECIFIED: Policy(
        type=concept((SOPT, "1", "MEDICARE")),
        class_=compact([{"type": {"text": "group"}, "value": "0001"}]),
        payor="org-medicare",
        payor_name="Medicare (synthetic)",
    ),
}
_SHARES = (
    (0.55, (Payer.PART_B, Payer.PART_A)),
    (0.60, (Payer.PART_B, Payer.PART_A, Payer.QMB)),
    (0.80, (Payer.ADVANTAGE,)),
    (0.90, (Payer.COMMERCIAL,)),
    (0.93, (Payer.PART_A,)),
    (0.95, (Payer.UNSPECIFIED,)),
    (0.97, (Payer.PART_B_ENDED, Payer.COMMERCIAL)),
    (0.98, (Payer.PART_B_ENDING,)),
)


def policies_of(chance: float) -> tuple[Payer, ...]:
    """Return a patient's Coverages, by chance; one in fifty has none."""
    return next((policies for below, policies in _SHARES if chance < below), ())
