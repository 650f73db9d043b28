from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

import ccm_fhir
from ccm_fhir.domain.codes import Activity, DosPolicy, FamilyChoice, MdmAnswer, Role
from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.domain.eligibility import ATTESTABLE
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.rules import CLINIC_FAMILY, PROGRAMME_FAMILIES, Confidence
from ccm_fhir.domain.stated.sentences import CAUTIONS
from ccm_fhir.domain.timekeeping import NotCounted
from ccm_fhir.domain.writeback import ContactMode, DeliveryState
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.choice_shapes import ChoiceStanding
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.sign import STATEMENTS
from ccm_fhir.services.sources import STATEMENTS_OF
from smart_app.views import tones, wording
from smart_app.views.page import NOTICES, Done
from smart_app.views.problems import LAUNCHES

COVERED: tuple[tuple[type[StrEnum], object], ...] = (
    (Answer, wording.ANSWERS),
    (Criterion, wording.CRITERIA),
    (Role, wording.ROLES),
    (Activity, wording.ACTIVITIES),
    (ContactMode, wording.CONTACTS),
    (NotCounted, wording.NOT_COUNTED),
    (DeliveryState, wording.DELIVERIES),
    (MonthState, wording.MONTH_STATES),
    (Chronic, wording.VERDICTS),
    (Reason, wording.REASONS),
    (Caution, CAUTIONS),
    (Confidence, wording.CONFIDENCES),
    (Answer, tones.ANSWERS),
    (Chronic, tones.VERDICTS),
    (DeliveryState, tones.DELIVERIES),
    (MonthState, tones.MONTH_STATES),
    (Done, NOTICES),
    (FamilyChoice, wording.FAMILY_CHOICES),
    (FamilyChoice, wording.FAMILY_CHOICE_HINTS),
    (DosPolicy, wording.DOS_POLICIES),
    (MdmAnswer, wording.MDM_ANSWERS),
    (ChoiceStanding, wording.CHOICE_STANDINGS),
    (ChoiceStanding, tones.CHOICE_STANDINGS),
)


@pytest.mark.parametrize(("vocabulary", "words"), COVERED)
def test_every_member_has_its_words(vocabulary: type[StrEnum], words: dict[StrEnum, str]) -> None:
    assert set(words) == set(vocabulary)
    assert all(words.values())


def test_every_attestable_criterion_has_its_statement() -> None:
    assert set(STATEMENTS) == set(ATTESTABLE)


def test_every_reason_to_refuse_a_launch_has_its_page() -> None:
    sources = Path(ccm_fhir.__file__).parent.rglob("*.py")
    raised = {
        reason
        for source in sources
        for reason in re.findall(r'LaunchError\(\s*"(\w+)"', source.read_text(encoding="utf-8"))
    }

    assert raised
    assert raised <= set(LAUNCHES)


def test_an_owner_is_told_in_words() -> None:
    assert wording.owner("practitioner") == "billing practitioner"
    assert wording.owner("help_desk") == "help desk"


def test_every_family_has_its_words() -> None:
    assert set(wording.FAMILIES) == {*PROGRAMME_FAMILIES, CLINIC_FAMILY}


def test_every_criterion_names_statements_that_the_rulebook_has() -> None:
    stated = {cited.what for rule in load_rulebook().eligibility for cited in rule.cited}

    assert set(STATEMENTS_OF) == set(Criterion)
    assert {what for names in STATEMENTS_OF.values() for what in names} <= stated
