"""What people say of how months are reported, by calling the services as the pages would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer
from ccm_fhir.services.attest_mdm import AttestMdm, attest_mdm
from ccm_fhir.services.coding_choice import ChooseCoding, ExceptMonth, choose_coding, except_month
from tests.world import NOVEMBER

if TYPE_CHECKING:
    from tests.world import Desk

RATIONALE = "Three problems weighed; insulin changed after a synthetic look at the readings."


def choose(
    desk: Desk,
    family: FamilyChoice = FamilyChoice.COMPLEX_IF_MET,
    **changes: Any,  # noqa: ANN401  # any field of ChooseCoding
) -> ChooseCoding:
    usual = ChooseCoding(
        month=NOVEMBER,
        family=family,
        dos_policy=DosPolicy.THRESHOLD_DATE,
        reason="",
        form_key=str(uuid4()),
    )
    request = replace(usual, **changes)
    choose_coding(desk.site.world, desk.actor, request, desk.site.clock())
    return request


def report_otherwise(
    desk: Desk,
    family: FamilyChoice | None,
    **changes: Any,  # noqa: ANN401  # any field of ExceptMonth
) -> ExceptMonth:
    usual = ExceptMonth(
        patient_id=desk.patient_id,
        month=NOVEMBER,
        family=family,
        reason="a synthetic reason",
        form_key=str(uuid4()),
    )
    request = replace(usual, **changes)
    except_month(desk.site.world, desk.actor, request, desk.site.clock())
    return request


def attest(
    desk: Desk,
    answer: MdmAnswer = MdmAnswer.MODERATE,
    **changes: Any,  # noqa: ANN401  # any field of AttestMdm
) -> AttestMdm:
    usual = AttestMdm(
        patient_id=desk.patient_id,
        month=NOVEMBER,
        answer=answer,
        is_plan_revised=False,
        rationale="" if answer is MdmAnswer.NOT_MET else RATIONALE,
        form_key=str(uuid4()),
    )
    request = replace(usual, **changes)
    attest_mdm(desk.site.world, desk.actor, request, desk.site.clock())
    return request
