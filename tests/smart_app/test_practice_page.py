"""Setting up the practice through the page's own forms: every change audited, none lost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import select

from ccm_fhir.domain.codes import EligibleProfession, Role
from ccm_fhir.domain.findings import Criterion
from ccm_fhir.domain.timers import TimerPolicy
from ccm_fhir.services.setup_hand import operator
from ccm_fhir.storage import audit, fees, practices, sign_offs, timers, users
from ccm_fhir.storage.migrate import upgrade
from ccm_fhir.storage.practices import NewPractice, PracticeAttestation
from ccm_fhir.storage.tables import FeeRow
from ccm_fhir.storage.users import AppUser, SeenUser
from ccm_fhir.storage.values import value_of
from tests.databases import as_app_role, fresh_postgres_database
from tests.parts import postgres_admin_url
from tests.smart_app.front import (
    EHR,
    NOW,
    Browser,
    Front,
    Page,
    open_front_at,
    with_practice,
)
from tests.smart_app.test_routes import record

DETAILS = {
    "name": "Harbor Street Family Medicine",
    "npi": "1999999018",
    "time_zone": "America/New_York",
}
STATED = {
    "access_24_7": "yes",
    "certified_ehr": "yes",
    "designated_team_member": "no",
    "attested_on": "2026-11-02",
}
CHARGE = {"code": "99490", "amount": "101.50", "in_force_from": "2026-11-01"}
NPI = "1999999026"


@pytest.fixture
def admin(front: Front) -> Browser:
    return front.sign_in(Role.ADMIN)


def html(browser: Browser) -> str:
    answer = browser.get(f"{browser.path}/practice?month=2026-11")
    assert answer.status_code == 200
    return answer.text


def post(browser: Browser, form: str, fields: dict[str, str]) -> tuple[int, str]:
    hidden = Page(html(browser)).forms[f"{browser.path}/practice/{form}"]
    answer = browser.post(f"{browser.path}/practice/{form}", {**hidden, **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


def acts(front: Front) -> list[str]:
    """Return what the trail says of setting up, oldest first."""
    with front.world.db.read(front.practice_id) as session:
        lines = audit.records(session, front.practice_id, after=0, most=1000)
    words = {"change_practice", "attest_practice", "set_charge", "set_role"}
    words |= {"set_timer_policy", "set_billing_identity"}
    return [line.act for line in lines if line.act.split()[0] in words]


def newcomer(front: Front, role: Role | None = None) -> AppUser:
    """Let somebody open the app for whom the EHR's data says no role, or says one."""
    seen = SeenUser(
        ehr_id=front.ehr_id,
        issuer=EHR,
        subject="new",
        fhir_user="Practitioner/new",
        name="Nadia Newcome",
        role=role,
    )
    with front.world.db.write(front.practice_id) as session:
        return users.upsert(session, front.practice_id, seen, NOW)


def person(front: Front, user_id: str) -> AppUser:
    with front.world.db.read(front.practice_id) as session:
        return users.get(session, front.practice_id, user_id)


def signed(front: Front) -> None:
    record(front.sign_in(Role.CARE_MANAGER))
    doctor = front.sign_in(Role.PRACTITIONER)
    sent = {**doctor.fields("/sign"), "attested": Criterion.DURATION_AND_RISK.value}
    assert doctor.post(f"{doctor.path}/sign", sent).status_code == 303
    with front.world.db.read(front.practice_id) as session:
        assert sign_offs.months_signed(session, front.practice_id)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_the_page_and_its_forms_are_for_administrators(front: Front, role: Role) -> None:
    other = front.sign_in(role)
    sent = other.fields("/sign-out") | {"month": "2026-11", **DETAILS, **STATED, **CHARGE}

    assert other.get(f"{other.path}/practice").status_code == 403
    for form in ("details", "attestation", "charge", "timers", "person"):
        assert other.post(f"{other.path}/practice/{form}", sent).status_code == 403
    assert "/practice?" not in other.get(f"{other.path}/month?month=2026-11").text
    assert acts(front) == []


def test_a_charge_takes_effect_from_its_day_and_is_audited_once(
    front: Front, admin: Browser
) -> None:
    hidden = Page(html(admin)).forms[f"{admin.path}/practice/charge"]

    for _ in range(2):  # a double click
        answer = admin.post(f"{admin.path}/practice/charge", {**hidden, **CHARGE})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("month=2026-11&done=practice#charges")

    assert acts(front) == ["set_charge 99490 2026-11-01 101.50"]
    with front.world.db.read(front.practice_id) as session:
        assert fees.in_force(session, front.practice_id, date(2026, 10, 31))["99490"] == Decimal(
            "95.00"
        )
        assert fees.in_force(session, front.practice_id, date(2026, 11, 30))["99490"] == Decimal(
            "101.50"
        )
    assert "$101.50" in html(admin)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "99999"),
        ("code", ""),
        ("amount", ""),
        ("amount", "free"),
        ("amount", "0"),
        ("amount", "-5"),
        ("amount", "1.005"),
        ("amount", "NaN"),
        ("amount", "1e99"),
        ("in_force_from", "soon"),
    ],
)
def test_a_charge_that_cannot_be_one_is_told_beside_its_field_and_loses_nothing(
    front: Front, admin: Browser, field: str, value: str
) -> None:
    status, page = post(admin, "charge", {**CHARGE, field: value})

    assert status == 422
    assert f'href="#charges-{field}"' in page
    assert f'id="charges-{field}-wrong"' in page
    assert field == "amount" or 'value="101.50"' in page
    assert acts(front) == []


def test_a_missing_charge_is_mended_where_the_obstacle_leads(front: Front, admin: Browser) -> None:
    record(front.sign_in(Role.CARE_MANAGER))
    with front.world.db.write(front.practice_id) as session:
        for row in session.exec(select(FeeRow)):
            session.delete(row)

    assert f"{admin.path}/practice?month=2026-11#charges" in admin.get(admin.path).text
    doctor = front.sign_in(Role.PRACTITIONER)
    told = doctor.get(doctor.path).text
    assert "Charge missing 99490" in told
    assert "/practice?" not in told
    assert post(admin, "charge", CHARGE)[0] == 303
    assert "Charge missing 99490" not in doctor.get(doctor.path).text
    assert f"{doctor.path}/sign" in doctor.page().forms


def test_details_change_with_one_line_that_names_what_changed(front: Front, admin: Browser) -> None:
    change = {**DETAILS, "name": "Harbor Street", "time_zone": "America/Chicago"}

    assert post(admin, "details", change)[0] == 303
    assert post(admin, "details", change)[0] == 303

    assert acts(front) == ["change_practice name time_zone"]
    with front.world.db.read(front.practice_id) as session:
        practice = practices.get(session, front.practice_id)
    assert (practice.name, practice.time_zone) == ("Harbor Street", "America/Chicago")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("npi", "1999999019"),
        ("npi", ""),
        ("time_zone", "Harbor/Street"),
        ("time_zone", "../../etc/passwd"),
    ],
)
def test_details_that_cannot_be_used_are_told_beside_their_field(
    front: Front, admin: Browser, field: str, value: str
) -> None:
    status, page = post(admin, "details", {**DETAILS, "name": "Typed anew", field: value})

    assert status == 422
    assert f'aria-describedby="details-{field}-wrong"' in page
    assert field == "name" or 'value="Typed anew"' in page
    assert acts(front) == []


def test_the_time_zone_stays_once_a_month_is_signed_and_the_page_says_why(
    front: Front, admin: Browser
) -> None:
    signed(front)

    status, page = post(admin, "details", {**DETAILS, "time_zone": "America/Chicago"})

    assert status == 409
    assert "were counted in America/New_York" in page
    assert "Months up to November 2026 are signed by this clock" in page
    assert acts(front) == []
    assert post(admin, "details", {**DETAILS, "name": "Harbor"})[0] == 303


def test_an_attestation_is_as_stated_and_nothing_is_ticked_beforehand(
    front: Front, admin: Browser
) -> None:
    form = html(admin).partition('/practice/attestation"')[2].partition("</form>")[0]
    assert "certified_ehr" in form
    assert "checked" not in form

    assert post(admin, "attestation", STATED)[0] == 303

    with front.world.db.read(front.practice_id) as session:
        fact = practices.get(session, front.practice_id).fact
    assert (fact.access_24_7, fact.certified_ehr, fact.designated_team_member) == (
        True,
        True,
        False,
    )
    assert acts(front) == ["attest_practice yyn 2026-11-02"]
    assert "Stated on Nov 2, 2026" in html(admin)
    assert "(3 of 4 done)" in html(admin)


@pytest.mark.parametrize(
    ("field", "value"),
    [("access_24_7", ""), ("certified_ehr", "maybe"), ("attested_on", "2026-11-24")],
)
def test_an_attestation_left_open_or_of_a_coming_day_states_nothing(
    front: Front, admin: Browser, field: str, value: str
) -> None:
    status, page = post(admin, "attestation", {**STATED, field: value})

    assert status == 422
    assert f'aria-describedby="attestation-{field}-wrong"' in page
    assert acts(front) == []


def test_timers_start_as_the_practice_says(front: Front, admin: Browser) -> None:
    assert post(admin, "timers", {"care_manager": "auto", "practitioner": "never"})[0] == 303
    assert post(admin, "timers", {"care_manager": "auto", "practitioner": "never"})[0] == 303

    assert acts(front) == [
        "set_timer_policy care_manager auto",
        "set_timer_policy practitioner never",
    ]
    assert post(admin, "timers", {"care_manager": "sometimes", "practitioner": "ask"})[0] == 422
    with front.world.db.read(front.practice_id) as session:
        held = timers.policy_of(session, front.practice_id, Role.CARE_MANAGER)
    assert held is TimerPolicy.AUTO


def test_a_newcomer_waits_until_an_administrator_gives_a_role(front: Front, admin: Browser) -> None:
    new = newcomer(front)
    assert "1 person waits for a role" in html(admin)

    change = {"user_id": new.id, "role": "practitioner", "npi": NPI, "taxonomy": "363lf0000x"}
    assert post(admin, "person", change)[0] == 303
    assert post(admin, "person", change)[0] == 303

    after = person(front, new.id)
    assert (after.role, after.npi, after.taxonomy) == (Role.PRACTITIONER, NPI, "363LF0000X")
    assert after.profession is EligibleProfession.NP
    assert acts(front) == [
        f"set_role {new.id} practitioner",
        f"set_billing_identity {new.id} {NPI} 363LF0000X",
    ]
    assert "waits for a role" not in html(admin)


def test_somebody_deactivated_is_out_at_once_and_the_ehr_gives_no_role_again(
    front: Front, admin: Browser
) -> None:
    nurse, known = front.sign_in(Role.CARE_MANAGER), front.people[Role.CARE_MANAGER]
    assert nurse.get(nurse.path).status_code == 200

    change = {"user_id": known.id, "role": "none", "npi": "", "taxonomy": ""}
    assert post(admin, "person", change)[0] == 303

    assert nurse.get(nurse.path).status_code == 404
    with front.world.db.write(front.practice_id) as session:
        again = users.upsert(session, front.practice_id, value_of(SeenUser, known), NOW)
    assert again.role is None
    assert "No access since Nov 23, 2026" in html(admin)
    assert post(admin, "person", {**change, "role": "care_manager"})[0] == 303
    assert nurse.get(nurse.path).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("role", ""), ("role", "owner"), ("npi", "1234567890"), ("taxonomy", "doctor")],
)
def test_a_person_is_not_given_what_cannot_be(
    front: Front, admin: Browser, field: str, value: str
) -> None:
    new = newcomer(front)
    change = {"user_id": new.id, "role": "biller", "npi": "", "taxonomy": "", field: value}

    status, page = post(admin, "person", change)

    assert status == 422
    assert f'aria-describedby="person-{new.id}-{field}-wrong"' in page
    assert person(front, new.id).role is None
    assert acts(front) == []


def test_nobody_changes_their_own_role_but_may_mend_their_npi(front: Front, admin: Browser) -> None:
    own = front.people[Role.ADMIN].id

    status, page = post(
        admin, "person", {"user_id": own, "role": "none", "npi": "", "taxonomy": ""}
    )

    assert status == 409
    assert "Nobody changes their own role" in page
    assert person(front, own).role is Role.ADMIN
    assert (
        post(admin, "person", {"user_id": own, "role": "admin", "npi": NPI, "taxonomy": ""})[0]
        == 303
    )


def test_a_person_of_another_practice_is_as_one_who_never_was(front: Front, admin: Browser) -> None:
    theirs = with_practice(front, ehr="https://other.example").people[Role.BILLER]
    change = {"role": "none", "npi": "", "taxonomy": ""}

    foreign = post(admin, "person", {"user_id": theirs.id, **change})
    absent = post(admin, "person", {"user_id": "0" * 32, **change})

    assert foreign[0] == absent[0] == 404
    assert foreign[1] == absent[1]


def test_a_form_without_its_token_or_from_elsewhere_changes_nothing(
    front: Front, admin: Browser
) -> None:
    hidden = Page(html(admin)).forms[f"{admin.path}/practice/charge"]
    path = f"{admin.path}/practice/charge"

    assert admin.post(path, {**hidden, **CHARGE, "csrf": "x"}).status_code == 403
    elsewhere = admin.post(path, {**hidden, **CHARGE}, origin="https://evil.example")
    assert elsewhere.status_code == 403
    assert acts(front) == []


def test_an_empty_practice_is_led_through_what_it_needs(front: Front, admin: Browser) -> None:
    with front.world.db.write(front.practice_id) as session:
        for row in session.exec(select(FeeRow)):
            session.delete(row)
        practice = practices.get(session, front.practice_id)
        bare = NewPractice(
            name=practice.name, time_zone=practice.time_zone, identifier_namespace="unused"
        )
        practices.update(session, front.practice_id, bare)
        nothing = PracticeAttestation(
            access_24_7=None,
            certified_ehr=None,
            designated_team_member=None,
            attested_on=date(2026, 1, 5),
        )
        practices.attest(session, front.practice_id, nothing)
        users.set_role(session, front.practice_id, front.people[Role.PRACTITIONER].id, None)

    page = html(admin)

    assert "Finish setting up the practice (0 of 4 done)" in page
    assert page.count("Needed") == 4
    assert "There is no charge yet." in page
    line = "Finish setting up the practice (0 of 4 done)"
    month = admin.get(f"{admin.path}/month?month=2026-11").text
    assert line in month
    assert f"{admin.path}/practice?month=2026-11" in month
    nurse = front.sign_in(Role.CARE_MANAGER)
    assert line not in nurse.get(f"{nurse.path}/month?month=2026-11").text


def test_a_practice_that_has_everything_is_not_nagged(front: Front, admin: Browser) -> None:
    assert "Finish setting up" not in html(admin)
    assert "Finish setting up" not in admin.get(f"{admin.path}/month?month=2026-11").text
    assert front.practice_id


@pytest.mark.needs("postgres")
def test_a_practice_is_set_up_under_row_level_security() -> None:
    with fresh_postgres_database(postgres_admin_url()) as url:
        upgrade(url)
        front = open_front_at(as_app_role(url))
        admin, new = front.sign_in(Role.ADMIN), newcomer(front)

        done = [
            post(admin, "charge", CHARGE)[0],
            post(admin, "details", {**DETAILS, "name": "Harbor"})[0],
            post(admin, "attestation", STATED)[0],
            post(admin, "timers", {"care_manager": "auto", "practitioner": "ask"})[0],
            post(admin, "person", {"user_id": new.id, "role": "biller", "npi": "", "taxonomy": ""})[
                0
            ],
        ]

        assert done == [303] * 5
        assert person(front, new.id).role is Role.BILLER
        assert operator(front.world, "harbor").practice_id == front.practice_id
        front.world.db.close()
