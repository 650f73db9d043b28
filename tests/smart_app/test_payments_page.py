"""What was paid: sums, reasons in words, filters, and reading a remittance by upload."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlmodel import select

from ccm_fhir.domain.claims import claim_number
from ccm_fhir.domain.codes import Role
from ccm_fhir.services.payments import PAYMENT_ROLES
from ccm_fhir.storage.tables import AuditRow
from tests.services.filing import run, set_up_for_files, signed
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.services.test_remittances import paid
from tests.smart_app.front import BASE, CANARY, Front, open_front_at, with_practice
from tests.world import migrate
from tests.x12.answers import Paid, interchange, payment, remittance_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from ccm_fhir.storage.claims import ClaimRecord
    from tests.smart_app.front import Browser

MONTH = "?month=2026-11"
DENIED = ("SVC*HC:99490*95*0**0", "CAS*CO*97*95", "LQ*HE*N20")


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    set_up_for_files(opened)
    yield opened
    opened.world.db.close()


@pytest.fixture
def filed(front: Front) -> tuple[ClaimRecord, ...]:
    """Return three claims of 95 dollars that are in a production file."""
    found = tuple(signed(front, number) for number in (1, 2, 3))
    run(front)
    return found


def denied(claim: ClaimRecord) -> Paid:
    number = claim_number(claim.identifier)
    return paid(number, status="4", paid="0", patient="0", lines=DENIED, remarks=())


def told(browser: Browser, **asked: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in asked.items())
    return browser.get(f"{browser.path}/payments{MONTH}{more}").text


def upload(browser: Browser, content: bytes | None, **fields: str) -> httpx2.Response:
    """Send the page's form with a file, as a browser does."""
    form = browser.page(f"/payments{MONTH}").forms[f"{browser.path}/payments/load"]
    form.pop("file")
    return browser.front.client.post(
        f"{browser.path}/payments/load",
        data=form | fields,
        files={"file": ("era.txt", content or b"", "text/plain")},
        headers={"cookie": f"__Host-ccm-session={browser.token}", "origin": BASE},
    )


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_where_no_claim_has_left_the_page_says_so(front: Front) -> None:
    signed(front)
    browser = front.sign_in(Role.BILLER)

    text = told(browser)

    assert "No claim of November 2026 has left yet" in text
    assert "No remittance was read yet" in text
    assert "What was paid" in browser.get(f"{browser.path}/month{MONTH}").text


def test_an_uploaded_remittance_is_told_in_sums_and_reasons_and_read_once(
    front: Front, filed: tuple[ClaimRecord, ...]
) -> None:
    browser = front.sign_in(Role.BILLER)
    assert "3 claims have left, 3 of them without an answer; 0 need" in words(told(browser))
    content = remittance_text(
        paid(claim_number(filed[0].identifier)),
        denied(filed[1]),
        paid("ANOTHERS", payer_number="X9"),
    ).encode()

    first = upload(browser, content)
    again = upload(browser, content)

    assert first.status_code == 200
    assert "2 answers to claims of ours ($51.84), 1 not matched" in words(first.text)
    assert "No claim that this app filed has their number" in first.text
    assert "ANOTHERS" not in first.text
    assert "0 answers to claims of ours ($0.00), 2 read before" in words(again.text)
    text = words(told(browser))
    assert "Charged $285.00 Paid by the payer $51.84 Patients’ coinsurance $13.22" in text
    assert "CO-97: included in the payment for another service" in text
    assert "the practice bears it, by its contract or the rules" in text
    assert "N20: not payable with another service of the same day" in text
    assert "Read on" in text
    assert f"by {front.people[Role.BILLER].name}" in text


def test_the_list_is_filtered_by_outcome_and_by_reason(
    front: Front, filed: tuple[ClaimRecord, ...]
) -> None:
    browser = front.sign_in(Role.BILLER)
    upload(browser, remittance_text(denied(filed[1])).encode())

    by_reason = told(browser, reason="CO-97")
    by_outcome = told(browser, outcome="awaited")
    none = told(browser, outcome="paid")

    assert "Maria Synthetic 2" in by_reason
    assert "Maria Synthetic 1" not in by_reason
    assert "Maria Synthetic 2" not in by_outcome
    assert by_outcome.count("Maria Synthetic") == 4  # a name and its button, twice
    assert "is in what was asked for" in none
    assert browser.get(f"{browser.path}/payments{MONTH}&outcome=rich").status_code in {400, 422}


def test_a_line_leads_to_the_claim_and_from_there_to_its_correction(
    front: Front, filed: tuple[ClaimRecord, ...]
) -> None:
    browser = front.sign_in(Role.BILLER)
    upload(browser, remittance_text(denied(filed[1])).encode())
    form = browser.page(f"/payments{MONTH}&reason=CO-97").forms[f"{browser.path}/open"]

    answer = browser.post(f"{browser.path}/open", form)

    assert answer.status_code == 303
    assert "/claim?month=2026-11" in answer.headers["location"]
    page = browser.get(answer.headers["location"]).text
    assert "Denied" in page
    assert "Ask" in page
    assert "Send a corrected claim in its place" in page


TRUNCATED = remittance_text(paid("A"))[:-60].encode()
TEST_FILE = remittance_text(paid("A")).replace("*0*P*:", "*0*T*:").encode()
UNBALANCED = interchange("835", payment(paid("A"), total="99")).encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "Choose the 835 file"),
        (b"hello", "X12 file was not taken over"),
        (TRUNCATED, "X12 file was not taken over"),
        (TEST_FILE, "it is a test file"),
        (UNBALANCED, "X12 file was not taken over"),
    ],
    ids=["none", "no X12", "cut off", "a test", "does not add up"],
)
@pytest.mark.usefixtures("filed")
def test_a_file_that_cannot_be_taken_over_is_refused_with_the_reason_and_changes_nothing(
    front: Front, content: bytes | None, problem: str
) -> None:
    browser = front.sign_in(Role.BILLER)

    answer = upload(browser, content)

    assert answer.status_code == 422
    assert problem in answer.text
    assert 'aria-describedby="load-file-wrong"' in answer.text
    assert "3 of them without an answer" in told(browser)


def test_an_835_for_somebody_elses_claim_changes_nothing_and_is_told(
    front: Front, filed: tuple[ClaimRecord, ...]
) -> None:
    browser = front.sign_in(Role.BILLER)
    number = claim_number(filed[0].identifier)

    other_payee = upload(browser, remittance_text(paid(number), npi="1999999992").encode())
    other_codes = upload(
        browser,
        remittance_text(paid(number, lines=("SVC*HC:99213*95*51.84**1",))).encode(),
    )

    assert "They were paid to another provider than the practice" in other_payee.text
    assert "so they are not believed" in other_codes.text
    assert "3 of them without an answer" in told(browser)


@pytest.mark.usefixtures("filed")
def test_a_file_without_the_sessions_own_token_is_refused(front: Front) -> None:
    browser = front.sign_in(Role.BILLER)

    assert upload(browser, TRUNCATED, csrf="forged").status_code == 403


@pytest.mark.usefixtures("filed")
@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_bill_see_it_and_that_they_did_is_audited(front: Front, role: Role) -> None:
    browser = front.sign_in(role)

    answer = browser.get(f"{browser.path}/payments{MONTH}")

    assert answer.status_code == (200 if role in PAYMENT_ROLES else 403)
    with front.world.db.read(front.practice_id) as session:
        acts = list(session.exec(select(AuditRow.act)))
    assert ("view_payments" in acts) == (role in PAYMENT_ROLES)


@pytest.mark.usefixtures("filed")
def test_another_practice_sees_nothing_of_it(front: Front) -> None:
    theirs = with_practice(front, ehr="https://other.example", patient=CANARY)
    browser = theirs.sign_in(Role.BILLER)

    text = told(browser)

    assert "No claim of November 2026 has left yet" in text
    assert "Maria Synthetic" not in text
