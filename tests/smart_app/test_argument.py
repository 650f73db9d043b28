"""The decision as a person would argue it: reasons, cautions, alternatives and sources."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from ccm_fhir.domain.codes import NotCounted, Role
from ccm_fhir.domain.decision import (
    COMPLEX_FAMILY,
    MDM_NOT_ATTESTED,
    PRACTITIONER_FAMILY,
    STAFF_FAMILY,
    Decision,
    FamilyOutcome,
    Threshold,
)
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.timekeeping import LeftOut
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.sources import sources_of
from smart_app.views import page as frames
from smart_app.views.alternatives import alternatives
from smart_app.views.claim import ClaimView, claim
from smart_app.views.eligibility import eligibility
from smart_app.views.patient_page import Printing, patient_page
from smart_app.views.rendering import render
from smart_app.views.sources import by_id, rule_views
from smart_app.views.time_log import explained
from tests.smart_app import builders
from tests.smart_app.builders import NOVEMBER, PAGE_KEY


def sourced(decision: Decision) -> PatientMonthReview:
    return replace(
        builders.review(),
        decision=decision,
        sources=sources_of(load_rulebook(), NOVEMBER, decision),
    )


def section(decision: Decision) -> ClaimView:
    return claim(sourced(decision), builders.actor(Role.PRACTITIONER), PAGE_KEY, None)


def family(name: str, minutes: int, *reasons: str, begins: tuple[int, str]) -> FamilyOutcome:
    lines = () if reasons else (builders.line(begins[1], 1, Decimal("66.13")),)
    return FamilyOutcome(
        family=name,
        counted_seconds=minutes * 60,
        lines=lines,
        reasons=reasons,
        allowed_usd=Decimal("66.13") if lines else None,
        threshold=Threshold(seconds=begins[0] * 60, code=begins[1]),
    )


def side_by_side(found: Answer = Answer.MET) -> Decision:
    return msgspec.structs.replace(
        builders.decision(minutes=65, found=builders.findings(consent=found)),
        alternatives=(
            family(STAFF_FAMILY, 65, begins=(20, "99490")),
            family(COMPLEX_FAMILY, 65, MDM_NOT_ATTESTED, begins=(60, "99487")),
            family(PRACTITIONER_FAMILY, 5, "below_time_threshold", begins=(30, "99491")),
        ),
        cautions=(Caution.COMPLEX_TIME_WITHOUT_MDM,),
    )


def printed(review: PatientMonthReview) -> str:
    printing = Printing(
        actor=builders.actor(Role.PRACTITIONER), needs_banner=True, page_key=PAGE_KEY
    )
    around = frames.frame(
        builders.visit(Role.PRACTITIONER), review.month, frames.PATIENT, frames.Around(is_demo=True)
    )
    return render("patient.html", page=around, view=patient_page(review, printing))


def test_each_family_says_what_it_would_report_or_what_it_lacks() -> None:
    staff, complex_care, own = alternatives(side_by_side())

    assert (staff.is_chosen, staff.lines, staff.allowed) == (True, "1 × 99490", "$66.13")
    assert (staff.standing, staff.lacks) == ("Qualifies", ())
    assert complex_care.standing == "Does not qualify"
    assert "has not attested" in complex_care.lacks[0]
    assert (complex_care.lines, complex_care.allowed) == ("–", "–")
    assert own.lacks == ("99491 begins at 30 min of time that counts here.",)
    assert own.counted == "5 min"


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (Answer.UNKNOWN, "Would qualify; eligibility is open"),
        (Answer.NOT_MET, "Time is there; not eligible"),
    ],
)
def test_a_family_does_not_qualify_before_eligibility_does(answer: Answer, standing: str) -> None:
    assert alternatives(side_by_side(answer))[0].standing == standing


def test_no_family_is_a_button_or_a_field() -> None:
    text = printed(sourced(side_by_side()))
    argument = text.partition("side by side")[2].partition("</details>")[0]

    assert "99490" in argument
    assert not any(tag in argument for tag in ("<button", "<input", "<form", "<select"))


def test_reasons_say_what_would_change_them_who_could_and_where_it_is_written() -> None:
    (short,) = section(builders.decision(minutes=18)).obstacles

    assert short.what == "Not enough time yet: 2 min short"
    assert short.why
    assert short.fix
    assert short.owner == "care manager"
    assert any("Chronic Care Management" in source.title for source in short.sources)


@pytest.mark.parametrize("reason", [*Reason, MDM_NOT_ATTESTED])
def test_every_reason_can_be_argued(reason: str) -> None:
    decided = msgspec.structs.replace(
        builders.decision(minutes=22), reasons=(str(reason),), lines=()
    )

    (obstacle,) = section(decided).obstacles

    assert all((obstacle.what, obstacle.why, obstacle.fix))


def test_what_a_finding_refuses_is_told_once_with_its_reason() -> None:
    found = builders.findings(consent=Answer.NOT_MET)
    decided = msgspec.structs.replace(
        builders.decision(minutes=22, found=found), reasons=("cannot_determine",)
    )

    (obstacle,) = section(decided).obstacles

    assert obstacle.what == "Patient’s consent: not met"
    assert obstacle.why == "What the chart says of consent."


def test_cautions_and_missing_facts_are_sentences() -> None:
    view = section(msgspec.structs.replace(side_by_side(), missing=("mdm_level", "esrd")))

    assert view.cautions[0].endswith("so they are not considered.")
    assert view.missing == "Not stated yet: mdm level and esrd."


@pytest.mark.parametrize("why", NotCounted)
def test_all_time_that_does_not_count_is_told_with_its_rule(why: NotCounted) -> None:
    left_out = (LeftOut(entry_id="e1", seconds=125, reason=why),)
    decided = builders.decision(minutes=22, left_out=left_out)
    review = sourced(decided)

    (told,) = explained(left_out, review.sources)

    assert told.what.startswith("2 min 5 s ")
    assert told.why
    assert told.sources
    assert told.what in printed(review)


def test_rules_name_their_sources_and_doubt() -> None:
    review = sourced(builders.decision())
    (staff,) = rule_views(review.decision.rule_versions if review.decision else (), review.sources)

    assert staff.version == "99490@2015-01-01"
    assert any(source.href.startswith("https://") for source in staff.sources)
    assert any("threshold minutes" in source.of for source in staff.sources)
    assert not any(source.is_unconfirmed for source in staff.sources)


def test_a_rule_that_was_read_nowhere_says_so() -> None:
    found = tuple(
        msgspec.structs.replace(f, rule_version="ccm-eligibility@2017-01-01")
        for f in builders.findings()
    )
    review = sourced(builders.decision(found=found))
    conditions = next(f for f in eligibility(review).findings if f.title == "Chronic conditions")

    doubtful = [s for s in conditions.sources if s.is_unconfirmed]

    assert [s.of for s in doubtful] == ["distinct families"]
    assert "source not confirmed" in printed(review)


def test_sources_without_a_statement_are_told_by_title_and_the_unknown_by_id() -> None:
    review = sourced(builders.decision())

    known, unknown = by_id(("MLN909188-2015", "NOWHERE"), review.sources)

    assert "MLN909188" in known.title
    assert known.confidence == "confirmed"
    assert unknown.title == "NOWHERE"


def test_a_version_the_rulebook_lacks_has_no_sources() -> None:
    (view,) = rule_views(("99490@1999-01-01",), builders.review().sources)

    assert view.sources == ()
