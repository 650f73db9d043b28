"""Signing asks the scrubber: what would be denied is told before, refused, and nothing written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import pytest
from sqlmodel import func, select

from ccm_fhir.domain.codes import DosPolicy, FamilyChoice, MdmAnswer, Role
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.errors import ConflictError
from ccm_fhir.services.month import MonthFilter, overview
from ccm_fhir.services.patient_month import MonthState
from ccm_fhir.services.sign_all import RowToSign, SignAll, clean_months, sign_all
from ccm_fhir.storage import attestations, charts, practices
from ccm_fhir.storage.attestations import NewAttestation
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.practices import NewPractice
from ccm_fhir.storage.tables import Row
from ccm_fhir.storage.vocabulary import ChartSource
from tests.builders import anothers_claim, on
from tests.services.reporting import attest, choose
from tests.world import BILLER, DOCTOR, NOVEMBER, NURSE, NURSE_PRACTITIONER, Desk, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccm_fhir.domain.facts import ChartFacts
    from ccm_fhir.services.patient_month import MonthOverview, MonthRow

_DERIVED = frozenset({"month_change", "month_reason", "month_standing"})


@pytest.fixture
def doctor(each_site: Site) -> Desk:
    """Return the physician at a chart in which everything is met, with 22 minutes recorded."""
    desk = each_site.launch(user=DOCTOR)
    desk.record()
    return desk


def chart_of(desk: Desk) -> ChartFacts:
    with desk.site.world.db.read(desk.site.practice_id) as session:
        found = charts.latest(session, desk.site.practice_id, desk.patient_id)
    assert found is not None
    return found.facts


def read_again(desk: Desk, **changes: Any) -> None:  # noqa: ANN401  # any field of ChartFacts
    """Let the chart be read once more, and be found changed."""
    before = chart_of(desk)
    later = before.read_at + timedelta(minutes=1)
    facts = msgspec.structs.replace(before, read_at=later, **changes)
    new = NewChart(patient_id=desk.patient_id, facts=facts, source=ChartSource.PANEL)
    with desk.site.world.db.write(desk.site.practice_id) as session:
        charts.record(session, desk.site.practice_id, new, desk.site.clock())


def merged(desk: Desk) -> None:
    facts = chart_of(desk)
    read_again(desk, patient=msgspec.structs.replace(facts.patient, replaced_by="Patient/other"))


def billed_by_a_claim_without_status(desk: Desk) -> None:
    read_again(desk, claims=(anothers_claim(status=""),))


def billed_on_a_day_nobody_told(desk: Desk) -> None:
    read_again(desk, claims=(anothers_claim(status="", serviced_on=None),))


def billed_by_another(desk: Desk) -> None:
    read_again(desk, claims=(anothers_claim(),))


def cover_ended(desk: Desk) -> None:
    ended = (
        msgspec.structs.replace(one, ends_on=on("2026-11-25")) for one in chart_of(desk).coverages
    )
    read_again(desk, coverages=tuple(ended))


def another_attested(desk: Desk) -> None:
    """Let another practitioner attest the month's decision making, which has an hour by then."""
    desk.site.launch(user=NURSE).record(minutes=40, start_time=desk.typed().start_time.replace(12))
    attest(desk.site.launch(user=NURSE_PRACTITIONER))


def risk_attested_before(desk: Desk) -> None:
    """Let the practitioner have attested duration and risk in October, so that a list may ask."""
    new = NewAttestation(
        patient_id=desk.patient_id,
        month=NOVEMBER.previous(),
        kind=Criterion.DURATION_AND_RISK.value,
        statement="As it was put then.",
        user_id=desk.actor.user_id,
    )
    with desk.site.world.db.write(desk.site.practice_id) as session:
        attestations.record(session, desk.site.practice_id, new, desk.site.clock())


def practice_npi_mistyped(desk: Desk) -> None:
    with desk.site.world.db.write(desk.site.practice_id) as session:
        held = practices.get(session, desk.site.practice_id)
        told = {name: getattr(held, name) for name in NewPractice.__dataclass_fields__}
        practices.update(session, held.id, replace(NewPractice(**told), npi="1999999019"))


def dated_at_the_months_end(desk: Desk) -> None:
    choose(desk, FamilyChoice.STANDARD, dos_policy=DosPolicy.MONTH_END)


def a_year_and_a_day_later(desk: Desk) -> None:
    desk.site.clock.advance(days=366)


STOPPED = {
    "patient merged": (merged, "patient_merged", "biller", "Open the other record"),
    "duplicate in the EHR": (
        billed_by_a_claim_without_status,
        "duplicate_in_ehr",
        "biller",
        "one only is paid",
    ),
    "possible duplicate": (
        billed_on_a_day_nobody_told,
        "possible_duplicate_in_ehr",
        "biller",
        "date or void it in the EHR",
    ),
    "two practitioners": (
        another_attested,
        "two_billing_practitioners",
        "practitioner",
        "Agree who does",
    ),
    "practice's NPI": (
        practice_npi_mistyped,
        "practice_npi_missing",
        "admin",
        "check digit must hold",
    ),
    "day of service ahead": (
        dated_at_the_months_end,
        "date_of_service_not_reached",
        "biller",
        "2026-11-30, lies ahead",
    ),
}

STOPPED_BEFORE = {
    "billed elsewhere": (billed_by_another, MonthState.NEEDS_FIX, "agree who reports it"),
    "cover ended": (cover_ended, MonthState.NEEDS_FIX, "Check eligibility with the payer"),
    "too late": (
        a_year_and_a_day_later,
        MonthState.NOT_ELIGIBLE,
        "time limit for filing a claim has passed",
    ),
}


def rows_written(desk: Desk) -> dict[str, int]:
    tables = Row.metadata.tables
    with desk.site.world.db.read(desk.site.practice_id) as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.items()
            if name not in _DERIVED
        }


def month_of(desk: Desk) -> MonthOverview:
    return overview(desk.site.world, desk.actor, MonthFilter(month=NOVEMBER), desk.site.clock())


def row_of(desk: Desk) -> MonthRow:
    return next(row for row in month_of(desk).rows if row.patient_id == desk.patient_id)


@pytest.mark.parametrize(("stop", "code", "owner", "fix"), STOPPED.values(), ids=STOPPED)
def test_what_would_be_denied_is_told_before_refused_then_and_writes_nothing(
    doctor: Desk,
    stop: Callable[[Desk], None],
    code: str,
    owner: str,
    fix: str,
) -> None:
    assert row_of(doctor).state is MonthState.READY
    stop(doctor)

    shown = doctor.review()
    page = month_of(doctor)
    form = doctor.signature()
    before = rows_written(doctor)
    with pytest.raises(ConflictError, match=fix):
        doctor.sign(form)
    assert rows_written(doctor) == before

    assert [(o.code, o.owner) for o in shown.sign_obstacles] == [(code, owner)]
    assert fix in shown.sign_obstacles[0].fix
    assert not shown.may_sign
    assert row_of(doctor).state is MonthState.NEEDS_FIX
    assert (code, Role(owner), 1) in [(r.code, r.owner, r.patients) for r in page.reasons]
    listed = clean_months(doctor.site.world, doctor.actor, NOVEMBER, 1, doctor.site.clock())
    assert (listed.ready, listed.months) == (0, ())


@pytest.mark.parametrize(("stop", "state", "fix"), STOPPED_BEFORE.values(), ids=STOPPED_BEFORE)
def test_what_the_decision_refuses_already_is_refused_with_its_remedy(
    doctor: Desk,
    stop: Callable[[Desk], None],
    state: MonthState,
    fix: str,
) -> None:
    stop(doctor)
    form = doctor.signature()
    before = rows_written(doctor)

    with pytest.raises(ConflictError, match=fix):
        doctor.sign(form)

    assert rows_written(doctor) == before
    assert row_of(doctor).state is state


@pytest.mark.parametrize("user", [NURSE, BILLER])
def test_who_does_not_sign_sees_what_stands_in_the_signers_way(doctor: Desk, user: str) -> None:
    other = doctor.site.launch(user=user)
    assert other.review().sign_obstacles == ()

    merged(doctor)

    assert [o.code for o in other.review().sign_obstacles] == ["patient_merged"]


def test_a_list_sent_after_a_merge_leaves_that_month_out_and_says_what_mends_it(
    doctor: Desk,
) -> None:
    form = doctor.signature()
    risk_attested_before(doctor)
    merged(doctor)
    before = rows_written(doctor)
    row = RowToSign(
        patient_id=doctor.patient_id,
        decision_hash=form.decision_hash,
        attested=form.attested,
    )
    listed = SignAll(month=NOVEMBER, form_key=str(uuid4()), rows=(row,))

    (outcome,) = sign_all(doctor.site.world, doctor.actor, listed, doctor.site.clock())

    assert not outcome.is_signed
    assert "Open the other record" in outcome.said
    assert rows_written(doctor) == before


def test_where_another_attested_first_either_may_still_sign_after_their_own_word(
    doctor: Desk,
) -> None:
    another_attested(doctor)
    other = doctor.site.launch(user=NURSE_PRACTITIONER)
    nurse = doctor.site.launch(user=NURSE)
    assert [o.code for o in doctor.review().sign_obstacles] == ["two_billing_practitioners"]
    assert other.review().sign_obstacles == ()
    assert nurse.review().sign_obstacles == ()
    assert row_of(nurse).state is MonthState.READY

    attest(other, MdmAnswer.NOT_MET)

    assert doctor.review().sign_obstacles == ()
    assert row_of(doctor).state is MonthState.READY
    doctor.sign()
    assert doctor.review().signed is not None


def test_a_month_dated_at_its_end_is_signed_on_its_last_day_and_seen_as_ready_then(
    doctor: Desk,
) -> None:
    dated_at_the_months_end(doctor)
    assert doctor.review().serviced_on == NOVEMBER.last_day
    doctor.site.clock.advance(days=6)
    assert row_of(doctor).state is MonthState.NEEDS_FIX

    doctor.site.clock.advance(days=1)

    assert row_of(doctor).state is MonthState.READY
    doctor.sign()
    assert doctor.review().sign_obstacles == ()


def test_a_signed_months_own_claim_is_no_obstacle_to_itself(doctor: Desk) -> None:
    doctor.sign()

    assert doctor.review().sign_obstacles == ()
    assert row_of(doctor).state is MonthState.SIGNED
