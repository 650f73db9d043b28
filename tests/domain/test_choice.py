"""The practice's choice and the practitioner's word: what they pick, and what they never change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import ClaimDraft, DraftRequest, Obstacle, draft_claim
from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmLevel, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import (
    COMPLEX_DECLINED,
    COMPLEX_FAMILY,
    MDM_NOT_ATTESTED,
    MDM_TOO_LOW,
    PLAN_NOT_REVISED,
    PRACTITIONER_FAMILY,
    STAFF_FAMILY,
    STANDARD_CHOICE,
    Choice,
    Decision,
    PatientMonth,
    decide,
    of_chart,
)
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.timekeeping import TimeEntry
from ccm_fhir.rulebook import load_rulebook
from tests import builders
from tests.builders import NEW_YORK, NOVEMBER, work
from tests.domain.test_claims import PARTIES

BOOK = load_rulebook()
OWN = PerformerKind.BILLING_PRACTITIONER
CHARGES = {
    rule.code: Decimal(100)
    for family in (STAFF_FAMILY, COMPLEX_FAMILY, PRACTITIONER_FAMILY)
    for rule in BOOK.of_month(NOVEMBER).family(family)
}
ENTRIES = st.lists(
    st.tuples(st.integers(0, 27), st.integers(1, 120 * 60), st.sampled_from(PerformerKind)),
    max_size=5,
).map(
    lambda worked: tuple(
        work(
            seconds,
            datetime(2026, 11, 1, 9, 0, tzinfo=NEW_YORK) + timedelta(days=day),
            kind,
            entry_id=f"e{number}",
        )
        for number, (day, seconds, kind) in enumerate(worked)
    )
)
CHOICES = st.builds(
    Choice, family=st.sampled_from(FamilyChoice), dos_policy=st.sampled_from(DosPolicy)
)


def told(*entries: TimeEntry, **said: object) -> PatientMonth:
    facts = builders.chart()
    asked = of_chart(NOVEMBER, NEW_YORK, facts, builders.eligibility(facts), entries)
    return msgspec.structs.replace(asked, **said)


def made(choice: FamilyChoice, *entries: TimeEntry, **said: object) -> Decision:
    return decide(told(*entries, **said), BOOK, Choice(family=choice))


def lines(decided: Decision) -> dict[str, int]:
    return {line.code: line.units for line in decided.lines}


def complex_reasons(decided: Decision) -> tuple[str, ...]:
    assert decided.complex_care is not None
    return decided.complex_care.reasons


def test_a_declined_month_reports_the_staff_codes_and_is_not_asked_again() -> None:
    decided = made(FamilyChoice.COMPLEX_IF_MET, work(3600), is_complex_declined=True)

    assert lines(decided) == {"99490": 1, "99439": 2}
    assert complex_reasons(decided) == (COMPLEX_DECLINED,)
    assert not decided.is_mdm_awaited
    assert Caution.COMPLEX_TIME_WITHOUT_MDM not in decided.cautions


def test_declining_says_nothing_of_a_month_that_is_short_of_time() -> None:
    decided = made(FamilyChoice.COMPLEX_IF_MET, work(3599), is_complex_declined=True)

    assert complex_reasons(decided) == ("below_time_threshold",)


@pytest.mark.parametrize("family", FamilyChoice)
def test_only_a_choice_that_asks_for_complex_care_waits_for_the_practitioner(
    family: FamilyChoice,
) -> None:
    decided = made(family, work(3600))

    asks = family in {FamilyChoice.COMPLEX_IF_MET, FamilyChoice.HIGHEST_ALLOWED}
    assert decided.is_mdm_awaited is asks
    assert not made(family, work(3599)).is_mdm_awaited


@pytest.mark.parametrize("level", MdmLevel)
def test_a_month_that_is_answered_waits_for_nobody(level: MdmLevel) -> None:
    decided = made(FamilyChoice.COMPLEX_IF_MET, work(3600), mdm_level=level)

    is_enough = level in {MdmLevel.MODERATE, MdmLevel.HIGH}
    assert not decided.is_mdm_awaited
    assert (decided.family == COMPLEX_FAMILY) is is_enough
    assert decided.mdm_level is level


def test_a_clinic_without_complex_codes_is_never_asked() -> None:
    decided = msgspec.structs.replace(
        made(FamilyChoice.COMPLEX_IF_MET, work(3600)), alternatives=()
    )

    assert decided.complex_care is None
    assert not decided.is_mdm_awaited


@pytest.mark.parametrize(
    ("said", "is_met"),
    [
        ((), True),
        ((MDM_NOT_ATTESTED,), True),
        ((MDM_TOO_LOW,), True),
        ((PLAN_NOT_REVISED,), True),
        ((COMPLEX_DECLINED,), True),
        (("below_time_threshold",), False),
        (("code_not_effective",), False),
        (("cannot_determine",), False),
    ],
)
def test_the_time_is_met_where_only_other_things_lack(
    said: tuple[str, ...], *, is_met: bool
) -> None:
    found = made(FamilyChoice.STANDARD, work(3600)).complex_care
    assert found is not None

    assert msgspec.structs.replace(found, reasons=said).is_time_met is is_met


@pytest.mark.parametrize(
    ("month", "reasons"),
    [(ServiceMonth(2019, 12), (PLAN_NOT_REVISED,)), (ServiceMonth(2020, 1), ())],
)
def test_2019_asks_for_a_revised_plan_and_2020_does_not(
    month: ServiceMonth, reasons: tuple[str, ...]
) -> None:
    asked = PatientMonth(
        month=month,
        zone=NEW_YORK,
        findings=builders.eligibility().findings,
        entries=(work(3600, datetime(month.year, month.month, 10, 9, 0, tzinfo=NEW_YORK)),),
        mdm_level=MdmLevel.HIGH,
    )
    said = msgspec.structs.replace(asked, is_plan_revised=True)

    assert complex_reasons(decide(asked, BOOK, STANDARD_CHOICE)) == reasons
    assert complex_reasons(decide(said, BOOK, STANDARD_CHOICE)) == ()


def test_the_practitioners_choice_reports_their_own_time_alone() -> None:
    own = work(1800, datetime(2026, 11, 12, 9, 0, tzinfo=NEW_YORK), OWN, "own")

    decided = made(FamilyChoice.PRACTITIONER, own, work(3600))

    assert lines(decided) == {"99491": 1}
    assert decided.counted_seconds == 1800
    assert {part.entry_id for part in decided.tally.counted} == {"own"}


@given(ENTRIES, CHOICES)
def test_what_signing_settles_does_not_change_what_is_reached(
    entries: tuple[TimeEntry, ...], choice: Choice
) -> None:
    facts = builders.chart()
    before = of_chart(NOVEMBER, NEW_YORK, facts, builders.unattested(facts), entries)

    shown, signed = decide(before, BOOK, choice), decide(told(*entries), BOOK, choice)

    assert shown.lines == ()
    assert signed.lines == shown.reached
    assert signed.family == shown.family
    assert signed.tally == shown.tally


@given(
    entries=ENTRIES,
    choice=CHOICES,
    level=st.sampled_from([None, *MdmLevel]),
    declined=st.booleans(),
)
def test_a_choice_never_makes_what_is_not_met(
    *, entries: tuple[TimeEntry, ...], choice: Choice, level: MdmLevel | None, declined: bool
) -> None:
    asked = told(*entries, mdm_level=level, is_complex_declined=declined)

    decided, standard = decide(asked, BOOK, choice), decide(asked, BOOK, STANDARD_CHOICE)

    by_name = {one.family: one for one in standard.alternatives}
    assert decided.lines == by_name[decided.family].lines
    assert decided.choice == choice
    if declined or level not in {MdmLevel.MODERATE, MdmLevel.HIGH}:
        assert decided.family != COMPLEX_FAMILY


@given(ENTRIES, CHOICES)
def test_the_claims_day_lies_in_the_month_and_never_before_the_last_unit(
    entries: tuple[TimeEntry, ...], choice: Choice
) -> None:
    decided = decide(told(*entries), BOOK, choice)

    day, met_on = decided.date_of_service, decided.earliest_date_of_service
    if day is None or met_on is None:
        assert decided.lines == ()
        return
    assert met_on <= day <= NOVEMBER.last_day
    if choice.dos_policy is DosPolicy.MONTH_END:
        assert day == NOVEMBER.last_day


def draft(decided: Decision) -> ClaimDraft | tuple[Obstacle, ...]:
    return draft_claim(
        DraftRequest(
            decision=decided,
            eligibility=builders.eligibility(),
            parties=PARTIES,
            charges=CHARGES,
            revision=1,
        )
    )


def test_a_complex_month_is_drafted_with_its_own_lines_and_day() -> None:
    later = work(30 * 60, datetime(2026, 11, 18, 9, 0, tzinfo=NEW_YORK), entry_id="later")
    decided = made(FamilyChoice.COMPLEX_IF_MET, work(3600), later, mdm_level=MdmLevel.MODERATE)

    made_out = draft(decided)

    assert isinstance(made_out, ClaimDraft)
    assert [(line.code, line.units) for line in made_out.lines] == [("99487", 1), ("99489", 1)]
    assert {line.serviced_on for line in made_out.lines} == {date(2026, 11, 18)}
    assert made_out.total_usd == Decimal(200)
    assert made_out.counted_seconds == 90 * 60


def test_a_month_that_waits_for_the_practitioner_is_not_drafted() -> None:
    refused = draft(made(FamilyChoice.COMPLEX_IF_MET, work(3600)))

    assert isinstance(refused, tuple)
    assert [(one.code, one.owner) for one in refused] == [
        ("medical_decision_making_open", "practitioner")
    ]


@given(ENTRIES, CHOICES, st.sampled_from([None, *MdmLevel]))
def test_a_draft_holds_the_decisions_lines_and_nothing_else(
    entries: tuple[TimeEntry, ...], choice: Choice, level: MdmLevel | None
) -> None:
    decided = decide(told(*entries, mdm_level=level), BOOK, choice)

    made_out = draft(decided)

    if isinstance(made_out, ClaimDraft):
        assert [(x.code, x.units) for x in made_out.lines] == [
            (x.code, x.units) for x in decided.lines
        ]
        assert {line.serviced_on for line in made_out.lines} == {decided.date_of_service}
        assert not decided.is_mdm_awaited
    else:
        assert not decided.lines or decided.is_mdm_awaited
