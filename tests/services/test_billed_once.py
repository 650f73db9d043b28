"""Whatever an EHR refuses, loses or breaks, and whatever a person then does: billed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import OUTSIDE_THE_EHR, DeliveryState
from ccm_fhir.errors import ConflictError
from ccm_fhir.fhir.capability import Capability, ResourceCapability
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.deliver import attempt_delivery
from ccm_fhir.services.needs_person import needs_person, retry, send_another_way
from ccm_fhir.storage import deliveries, ehrs
from ccm_fhir.storage.ehrs import Discovery, NewEhr
from ccm_fhir.storage.vocabulary import ArtefactKind, ClientAuth
from tests.services.claiming import signed_claim
from tests.services.fateful_ehr import FATES, FatefulEhr
from tests.services.test_charges import CODES
from tests.world import DOCTOR

if TYPE_CHECKING:
    from ccm_fhir.services.installation import Installation
    from ccm_fhir.storage.claims import ClaimRecord
    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.world import Desk, Site

WRITABLE = ("Claim", "ChargeItem", "DocumentReference")
NUMBERS = count(1)
MOST_ROUNDS = 60


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an EHR declares; where it searches, by identifier, and charges by their Encounter."""

    types: frozenset[str]
    by_operation: bool
    is_conditional: bool
    is_searchable: bool

    def declared(self) -> Capability:
        looking = {"read", "search-type"} if self.is_searchable else {"read"}
        named = {
            name: ResourceCapability(
                interactions=frozenset({"create", *looking}),
                search_params=frozenset({"identifier", "context", "-status"}),
                conditional_create=self.is_conditional,
            )
            for name in (*self.types, "Encounter")
        }
        if self.by_operation:
            named["ChargeItem"] = ResourceCapability(
                interactions=frozenset(looking),
                operations=frozenset({"create"}),
                search_params=frozenset({"context", "-status"}),
            )
        return Capability(digest="", fhir_version="4.0.1", resources=named)


@dataclass(frozen=True, kw_only=True)
class Fated:
    """One claim before an EHR of its own whose every answer is drawn."""

    desk: Desk
    world: Installation
    ehr: FatefulEhr
    claim: ClaimRecord

    def parts(self) -> tuple[DeliveryRecord, ...]:
        with self.world.db.read(self.desk.site.practice_id) as session:
            return deliveries.of_artefact(
                session, self.desk.site.practice_id, ArtefactKind.CLAIM, self.claim.id
            )

    def play(self) -> None:
        """Attempt whatever there is until nothing is left to do by itself."""
        for _ in range(MOST_ROUNDS):
            waits = [
                attempt_delivery(self.world, self.desk.site.practice_id, one.id).wait_seconds
                for one in self.parts()
            ]
            left = [wait for wait in waits if wait is not None]
            if not left and len(waits) == len(self.parts()):
                return
            self.desk.site.clock.advance(seconds=max(left, default=0.0))
            self.check()
        message = "it never comes to rest"
        raise AssertionError(message)

    def ways(self) -> dict[str, int]:
        """Return on how many ways each line is billed: in the EHR, or in a person's hands."""
        whole = len(self.ehr.stored["Claim"]) + len(self.ehr.stored["DocumentReference"])
        whole += sum(one.rung in OUTSIDE_THE_EHR and not one.has_fallen for one in self.parts())
        charged = [one["code"]["coding"][0]["code"] for one in self.ehr.stored["ChargeItem"]]
        return {code: whole + charged.count(code) for code in ("99490", "99439")}

    def check(self) -> None:
        shown = [(part.rung, part.state, part.last_problem, part.tries) for part in self.parts()]
        assert max(self.ways().values()) <= 1, (self.ways(), shown)


class Clerk:
    """Who signs and settles; Hypothesis prints what it is given, and a desk is all of a world."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __repr__(self) -> str:
        return "Clerk()"


@pytest.fixture(scope="module")
def clerk(shared_clerk: Site) -> Clerk:
    return Clerk(shared_clerk.launch(user=DOCTOR).acting(role=Role.BILLER))


def fated(desk: Desk, capability: Capability, ehr: FatefulEhr) -> Fated:
    """Sign a claim at a practice that has just this EHR."""
    site, number = desk.site, next(NUMBERS)
    with site.world.db.write(site.practice_id) as session:
        known = ehrs.get(session, site.practice_id, site.ehr_id)
        new = NewEhr(
            name=f"EHR {number}",
            fhir_base=f"{site.ehr.origin}/{number}/fhir",
            client_id="ccm-fhir",
            client_auth=ClientAuth.PUBLIC,
            pinned_origins=known.pinned_origins,
            allow_loopback_http=True,
        )
        own = ehrs.add(session, site.world.vault, site.practice_id, new, site.clock())
        discovery = Discovery(
            document_json=known.discovery_json or "", pinned_origins=known.pinned_origins
        )
        ehrs.record_discovery(session, site.practice_id, own.id, discovery, site.clock())
        kept = msgspec.json.encode(capability).decode()
        ehrs.record_capability(session, site.practice_id, own.id, kept, site.clock())
        ehrs.record_bill_codes(
            session, site.practice_id, own.id, msgspec.json.encode(CODES).decode()
        )
    world = replace(
        site.world,
        patience=replace(site.world.patience, tries=1),
        open_gate=lambda origins, allow: OutgoingGate(
            origins=origins, allow_loopback_http=allow, transport=ehr
        ),
    )
    return Fated(desk=desk, world=world, ehr=ehr, claim=signed_claim(desk, number, ehr_id=own.id))


def act(one: Fated, choice: str) -> None:
    """Let a person do something about all of the claim that has stopped."""
    ids = {part.id for part in one.parts()}
    for stopped in needs_person(one.world, one.desk.actor).stopped:
        if stopped.delivery_id not in ids or choice == "nothing":
            continue
        does = retry if choice == "retry" else send_another_way
        try:
            does(one.world, one.desk.actor, stopped.delivery_id)
        except ConflictError:
            event("a person was told that it cannot be done")


@given(
    offer=st.builds(
        Offer,
        types=st.frozensets(st.sampled_from(WRITABLE)),
        by_operation=st.booleans(),
        is_conditional=st.booleans(),
        is_searchable=st.booleans(),
    ),
    fates=st.lists(st.sampled_from(FATES), max_size=8),
    acts=st.lists(st.sampled_from(("nothing", "retry", "another_way")), max_size=3),
)
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_billed_line_is_never_on_two_ways_at_once(
    clerk: Clerk, offer: Offer, fates: list[str], acts: list[str]
) -> None:
    drawn = iter(fates)
    ehr = FatefulEhr(fate=lambda: next(drawn, "kept"), is_conditional=offer.is_conditional)
    one = fated(clerk.desk, offer.declared(), ehr)

    one.play()
    for choice in acts:
        # Where nobody can search but a person, that person has looked before trying again.
        act(one, choice if offer.is_searchable or choice != "retry" else "nothing")
        one.play()
        one.check()

    live = [part for part in one.parts() if not part.has_fallen and part.rung is not None]
    assert len({part.rung for part in live}) == 1
    if all(part.state is DeliveryState.SENT for part in live):
        event(f"all of it arrived, {live[0].rung}")
        assert set(one.ways().values()) == {1}
