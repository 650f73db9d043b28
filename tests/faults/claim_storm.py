"""A storm over signed claims: one month each, every one of another sum, or two charges each."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ccm_fhir.services.overrides import SignedOverride, sign_override
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import claims
from tests.builders import NOVEMBER
from tests.claims import draft, line
from tests.faults.storm import Storm, storm
from tests.services.claiming import signed_claim
from tests.world import DOCTOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims import ClaimDraft
    from ccm_fhir.storage.claims import ClaimRecord
    from tests.world import Desk


@contextmanager
def claim_storm(
    database_url: str, number: int, *, as_charges: bool = False
) -> Iterator[tuple[Storm, Desk]]:
    """Sign so many claims, of which none was delivered yet, beside a calm EHR.

    With ``as_charges`` somebody has signed that the EHR takes no Claim: each line is a charge.
    """
    with storm(database_url, 0, are_calls=False) as blown:
        desk = blown.site.launch(user=DOCTOR)
        if as_charges:
            _takes_no_claim(blown)
        for one in range(number):
            signed_claim(desk, one, made=of_a_sum(one))
        yield blown, desk


def of_a_sum(number: int) -> ClaimDraft:
    """Return a draft whose total tells it from every other."""
    charge = Decimal(9000 + number) / 100
    return draft(lines=(line(unit_charge_usd=charge), line("99439", unit_charge_usd=charge)))


def claimed(blown: Storm) -> tuple[ClaimRecord, ...]:
    with blown.site.world.db.read(blown.site.practice_id) as session:
        return claims.of_month(session, blown.site.practice_id, NOVEMBER)


def sums(blown: Storm) -> tuple[Decimal, Decimal]:
    """Return what is claimed by our ledger, and what the EHR was told to bill."""
    ledger = sum((one.total_usd for one in claimed(blown)), Decimal(0))
    with blown.site.ehr.backend() as client:
        told = [one.json() for one in client.search("Claim", {"_count": "500"})]
        charges = [one.json() for one in client.search("ChargeItem", {"_count": "500"})]
    ours = f"{blown.site.world.base_url}/"
    amounts = [
        _value(one.get("total") or one.get("priceOverride"))
        for one in (*told, *charges)
        if str(_system(one)).startswith(ours)
    ]
    return ledger, sum(amounts, Decimal(0))


def _value(money: Any) -> Decimal:  # noqa: ANN401  # JSON
    return Decimal(str(money["value"]))


def _system(resource: Any) -> str:  # noqa: ANN401  # JSON
    named = resource.get("identifier") or [{}]
    return str(named[0].get("system", ""))


def _takes_no_claim(blown: Storm) -> None:
    site = blown.site
    signed = SignedOverride(
        ehr_id=site.ehr_id,
        act="Claim",
        is_supported=False,
        signed_by="Ada Invented",
        reason="its billing makes claims of charges",
    )
    hand = SetupHand(practice_id=site.practice_id, user_id=None)
    sign_override(site.world, hand, signed, site.clock())
