"""From the chart of a real sandbox EHR to a claim file, and from its answers back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import PersonName, claim_number
from ccm_fhir.services.billing_setup import change_billing, change_partner, name_practitioner
from ccm_fhir.services.claim_answers import read_answer
from ccm_fhir.services.claim_filing import FileRequest, make_files
from ccm_fhir.services.claim_register import FilingState, claims_of_month
from ccm_fhir.services.remittances import load_remittance, payments_of_month
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.x12.segments import read_sets
from tests.services.filing import DETAILS, PARTNER
from tests.services.test_claim_answers import statuses
from tests.services.test_remittances import paid
from tests.world import DOCTOR, NOVEMBER
from tests.x12.answers import remittance_text
from tests.x12.filings import read_claims
from tests.x12.test_professional import objections

if TYPE_CHECKING:
    from tests.world import Site


def test_a_month_kept_in_the_ehr_is_signed_filed_taken_and_paid(site: Site) -> None:
    world, now = site.world, site.clock()
    hand = SetupHand(practice_id=site.practice_id, user_id=None)
    site.launch().record()
    doctor = site.launch(user=DOCTOR)
    change_billing(world, hand, DETAILS, now)
    change_partner(world, hand, PARTNER, now)
    name = PersonName(family="Signwell", given="Amelia")
    name_practitioner(world, hand, doctor.actor.user_id, name, now)
    doctor.sign()

    run = make_files(world, hand, FileRequest(month=NOVEMBER), now)

    assert run.left_out == ()
    told = run.files[0].content.decode("ascii")
    assert objections(told) == []
    (transaction,) = read_sets(told)
    (claim,) = read_claims(transaction)
    assert claim.family == "READY"
    assert claim.rendering_npi == doctor.actor.npi
    (standing,) = claims_of_month(world, hand, NOVEMBER)
    assert claim.number == standing.claim_number == claim_number(standing.identifier)

    read_answer(world, hand, statuses((claim.number, "A2:20:PR")).encode(), now)
    (standing,) = claims_of_month(world, hand, NOVEMBER)
    assert standing.state is FilingState.TAKEN
    load_remittance(world, hand, remittance_text(paid(claim.number)).encode(), now)
    (came,) = payments_of_month(world, hand, NOVEMBER)
    assert came.settlement.outcome.value == "paid"
