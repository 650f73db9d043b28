"""Parts that show who may be billed at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from fhir_fixtures.practice.part import THREE_MONTHS, Part
from fhir_fixtures.practice.people import ASIAN, BLACK
from fhir_fixtures.practice.story import Insurance, Story


def _insured_by(insurance: Insurance) -> Callable[[Story, date], Story]:
    def twist(story: Story, _as_of: date) -> Story:
        return replace(story, insurance=insurance)

    return twist


def _advantage(story: Story, _as_of: date) -> Story:
    return replace(story, insurance=Insurance.MEDICARE_ADVANTAGE, managed_months=THREE_MONTHS)


def _qmb(story: Story, _as_of: date) -> Story:
    return replace(story, insurance=Insurance.QMB, managed_months=THREE_MONTHS)


PARTS = (
    Part(
        given="Gloria",
        family="Nopartb",
        gender="female",
        born_on=date(1950, 2, 11),
        shows="Medicare Part A and nothing else",
        expect="Medicare coverage: NOT MET (no Part B)",
        twist=_insured_by(Insurance.PART_A_ONLY),
    ),
    Part(
        given="Leon",
        family="Advantage",
        gender="male",
        born_on=date(1955, 6, 23),
        shows="A Medicare Advantage plan instead of original Medicare",
        expect="Medicare coverage: MET (Medicare Advantage); every other criterion as for Ready",
        twist=_advantage,
        race=BLACK,
    ),
    Part(
        given="Sylvia",
        family="Commercial",
        gender="female",
        born_on=date(1967, 10, 3),
        shows="Commercial insurance only, not yet of Medicare age",
        expect="Medicare coverage: NOT MET (the payer is not Medicare)",
        twist=_insured_by(Insurance.COMMERCIAL),
        race=ASIAN,
    ),
    Part(
        given="Marcus",
        family="Qmb",
        gender="male",
        born_on=date(1952, 4, 17),
        shows="Part B with Medicaid as a Qualified Medicare Beneficiary",
        expect="Medicare coverage: MET (Part B); the patient may not be charged the coinsurance",
        twist=_qmb,
    ),
    Part(
        given="Winifred",
        family="Whichpart",
        gender="female",
        born_on=date(1948, 8, 1),
        shows="A Coverage that says “Medicare” but not which part",
        expect="Medicare coverage: UNKNOWN (Part B cannot be confirmed)",
        twist=_insured_by(Insurance.MEDICARE_UNSPECIFIED),
    ),
)
