"""What payers decided as the EHR shows it: matched to our claims, kept once, and settled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import text

from ccm_fhir.domain.claims import Frequency, Standing
from ccm_fhir.domain.remittance import Outcome
from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.services.payer_answers import EhrAsked, take_over_answers
from ccm_fhir.services.settlements import settlements
from ccm_fhir.storage import patients
from tests.fhir.far_side import BASE, FarSide
from tests.fhir.test_extract_adjudication import PAID, told
from tests.services.correcting import chain, in_the_ehr, newest
from tests.services.filing import ON_EACH, signed
from tests.services.filing import url as url  # noqa: PLC0414  # a fixture
from tests.smart_app.front import NOW, Front, open_front_at
from tests.world import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.storage.claims import ClaimRecord

EOB, RESPONSE = "ExplanationOfBenefit", "ClaimResponse"
SEARCHED = ResourceCapability(interactions=frozenset({"search-type"}))
DECLARES = Capability(digest="0" * 64, resources={EOB: SEARCHED, RESPONSE: SEARCHED})
BILLED = (told("submitted", "95"), *PAID[1:], told("noncovered", "28.86", reason="45"))


@pytest.fixture
def front(url: str) -> Iterator[Front]:
    migrate(url)
    opened = open_front_at(url)
    yield opened
    opened.world.db.close()


@pytest.fixture
def sent(front: Front) -> ClaimRecord:
    """Return a claim of 95 dollars that the EHR has as Claim/remote-1."""
    claim = signed(front)
    in_the_ehr(front, claim)
    return claim


def explained(resource_id: str = "e1", **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return an ExplanationOfBenefit of the claim, but for what is said otherwise."""
    usual = {
        "resourceType": EOB,
        "id": resource_id,
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "claim": {"reference": f"{BASE}/Claim/remote-1"},
        "item": [
            {
                "sequence": 1,
                "productOrService": {"coding": [{"code": "99490"}]},
                "servicedDate": "2026-11-01",
                "quantity": {"value": 1},
                "adjudication": list(BILLED),
            }
        ],
    }
    return usual | changes


def response(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """Return a ClaimResponse of the claim, which tells the same by its totals."""
    usual = {
        "resourceType": RESPONSE,
        "id": "r1",
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "request": {"reference": "Claim/remote-1"},
        "total": list(BILLED),
    }
    return usual | changes


def ehr(*resources: dict[str, Any], status: int = 200) -> FarSide:
    """Return an EHR that shows some resources, each to the search of its type."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        kind = request.url.path.rpartition("/")[2]
        entries = [{"resource": one} for one in resources if one["resourceType"] == kind]
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        headers = {"content-type": "application/fhir+json"}
        return httpx2.Response(status, content=json.dumps(bundle), headers=headers)

    return FarSide(answer)


def read(front: Front, claim: ClaimRecord, far: FarSide, scopes: str = "patient/*.rs") -> int:
    with front.world.db.read(front.practice_id) as session:
        patient = patients.get(session, front.practice_id, claim.patient_id)
    asked = EhrAsked(client=far.client(), scopes=frozenset(scopes.split()), capability=DECLARES)
    return take_over_answers(front.world, asked, patient, NOW)


def came(front: Front, claim: ClaimRecord) -> tuple[Outcome, str]:
    with front.world.db.read(front.practice_id) as session:
        found = settlements(session, front.practice_id, [claim])[claim.id]
    return found.outcome, str(found.paid_usd)


def kept(front: Front) -> int:
    with front.world.db.read(front.practice_id) as session:
        return int(session.execute(text("SELECT count(*) FROM ehr_answer")).scalar_one())


@ON_EACH
def test_an_explanation_of_benefit_settles_the_claim_that_it_names(
    front: Front, sent: ClaimRecord
) -> None:
    assert came(front, sent) == (Outcome.AWAITED, "0")

    assert read(front, sent, ehr(explained())) == 1

    assert came(front, sent) == (Outcome.PAID, "52.92")
    assert chain(front, sent.patient_id) == [(Frequency.ORIGINAL, Standing.ADJUDICATED)]


def test_what_is_read_again_is_kept_once_and_what_the_ehr_tells_twice_is_counted_once(
    front: Front, sent: ClaimRecord
) -> None:
    far = ehr(explained(), explained("e2"), response())

    assert read(front, sent, far) == 3
    assert read(front, sent, far) == 0

    assert kept(front) == 3
    assert came(front, sent) == (Outcome.PAID, "52.92")


def test_a_claim_response_settles_a_claim_where_the_ehr_explains_nothing_more(
    front: Front, sent: ClaimRecord
) -> None:
    named = {"identifier": {"system": "s", "value": sent.identifier}}

    assert read(front, sent, ehr(response(request=named))) == 1

    assert came(front, sent) == (Outcome.PAID, "52.92")


def test_what_the_ehr_says_otherwise_or_takes_back_later_holds_from_then_on(
    front: Front, sent: ClaimRecord
) -> None:
    read(front, sent, ehr(explained()))
    read(front, sent, ehr(explained(status="cancelled")))
    assert came(front, sent) == (Outcome.AWAITED, "0")

    refused = [
        told("submitted", "95"),
        told("benefit", "0"),
        told("denialreason", reason="97"),
    ]
    denied = [{**explained()["item"][0], "adjudication": refused}]
    read(front, sent, ehr(explained(item=denied)))

    assert came(front, sent) == (Outcome.DENIED, "0")
    assert kept(front) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"claim": {"reference": f"{BASE}/Claim/anothers"}},
        {"claim": {"reference": "https://elsewhere.example/fhir/Claim/remote-1"}},
        {"item": [{"sequence": 1, "productOrService": {"coding": [{"code": "99213"}]}}]},
        {"use": "preauthorization"},
        {"item": 7},
    ],
    ids=["another's", "of another server", "other codes", "no claim", "cannot be read"],
)
def test_what_does_not_speak_of_our_claim_is_not_kept(
    front: Front, sent: ClaimRecord, changes: dict[str, Any]
) -> None:
    assert read(front, sent, ehr(explained(**changes))) == 0

    assert kept(front) == 0
    assert came(front, sent) == (Outcome.AWAITED, "0")


def test_the_ehr_is_asked_only_where_it_has_a_claim_of_ours_and_lets_us(front: Front) -> None:
    claim, far = signed(front), ehr(explained())
    read(front, claim, far)
    assert far.requests == []
    in_the_ehr(front, newest(front, claim.patient_id))

    read(front, claim, far, scopes="patient/Claim.rs")
    assert far.requests == []
    read(front, claim, far, scopes="patient/ExplanationOfBenefit.rs")

    assert [url.partition("?")[0] for url in far.urls] == [f"{BASE}/{EOB}"]


def test_an_ehr_that_gives_no_answer_leaves_what_was_read_before(
    front: Front, sent: ClaimRecord
) -> None:
    read(front, sent, ehr(explained()))

    assert read(front, sent, ehr(status=403)) == 0

    assert came(front, sent) == (Outcome.PAID, "52.92")
