"""What an audit packet is made from: one patient-month as it was signed, read in one transaction.

Where the month is not signed, it is the month as it stands, and the packet says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.eligibility import Eligibility
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.decision_record import hash_of
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import judge_if_attested, try_judge
from ccm_fhir.storage import attestations, charts, consents, deliveries, ledger, ledger_chain
from ccm_fhir.storage.attestations import AttestationRecord
from ccm_fhir.storage.charts import ChartRecord
from ccm_fhir.storage.consents import ConsentRecord
from ccm_fhir.storage.deliveries import DeliveryEvent, DeliveryRecord
from ccm_fhir.storage.ledger import TimeEntryRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFacts:
    """Everything a packet tells; ``decision`` is what was signed, or what stands now.

    ``judged_again`` says what the chart kept here gives under the rules loaded now, in a sentence.
    ``time_chain`` is how many links the time ledger's chain has, and its head.
    ``is_as_signed``: the decision was signed by a person.
    """

    gathered: Gathered
    chart: ChartRecord | None
    decision: Decision | None
    decision_json: str = field(repr=False)
    is_as_signed: bool
    judged_again: str
    eligibility: Eligibility | None
    entries: tuple[TimeEntryRecord, ...]
    consents: tuple[ConsentRecord, ...]
    attestations: tuple[AttestationRecord, ...]
    events: dict[str, tuple[DeliveryEvent, ...]]
    time_chain: tuple[int, str]

    @property
    def place_of_service(self) -> str:
        """The place of service, and its location's name: the claim's, or as it would be now."""
        claim, location = self.gathered.claim, self.gathered.placed.location
        if claim is not None:
            kept = read_claim(claim)
            if kept.place_of_service:
                return f"{kept.place_of_service} ({kept.location})"
        return f"{location.place_of_service} ({location.name})"

    @property
    def claim_deliveries(self) -> tuple[DeliveryRecord, ...]:
        """The deliveries of the month's claims."""
        return tuple(d for d in self.gathered.deliveries if d.artefact_kind.value == "claim")

    def person(self, user_id: str) -> str:
        """Return a person's name; the id where the name is not known."""
        found = self.gathered.people.get(user_id)
        return found.name if found is not None and found.name else user_id

    def local(self, moment: datetime) -> str:
        """Return a moment at the practice's clock, to the second, with its offset from UTC."""
        return moment.astimezone(self.gathered.practice.zone).isoformat(timespec="seconds", sep=" ")


def packet_facts(
    world: Installation, session: Session, practice_id: str, patient_id: str, month: ServiceMonth
) -> PacketFacts:
    """Read a patient-month.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    gathered = gather(world, session, practice_id, patient_id, month)
    chart = gathered.chart
    if gathered.sign_off is not None:
        signed_at = gathered.sign_off.signed_at
        chart = charts.as_of(session, practice_id, patient_id, signed_at) or chart
    zone = gathered.practice.zone
    decision, decision_json = _signed(gathered)
    decision, eligibility, said = _judged_again(world, gathered, chart, decision)
    return PacketFacts(
        gathered=gathered,
        chart=chart,
        decision=decision,
        decision_json=decision_json,
        is_as_signed=gathered.sign_off is not None,
        judged_again=said,
        eligibility=eligibility,
        entries=ledger.history(
            session, practice_id, patient_id, month.starts_at(zone), month.ends_at(zone)
        ),
        consents=consents.of_patient(session, practice_id, patient_id),
        attestations=attestations.of_month(session, practice_id, patient_id, month),
        time_chain=ledger_chain.stands_at(session, practice_id),
        events={d.id: deliveries.events(session, practice_id, d.id) for d in gathered.deliveries},
    )


def _signed(gathered: Gathered) -> tuple[Decision | None, str]:
    if gathered.sign_off is None:
        return None, ""
    text = gathered.sign_off.decision_json
    try:
        return msgspec.json.decode(text, type=Decision), text
    except msgspec.MsgspecError:
        return None, text


def _judged_again(
    world: Installation, gathered: Gathered, chart: ChartRecord | None, signed: Decision | None
) -> tuple[Decision | None, Eligibility | None, str]:
    if gathered.material is None or chart is None:
        return signed, None, "The chart has not been read; nothing can be judged again."
    material = replace(gathered.material, chart=chart.facts)
    judgement, problem = try_judge(world, material)
    if judgement is None:
        return signed, None, f"It cannot be judged again: {problem}."
    if gathered.sign_off is None:
        return judgement.decision, judgement.eligibility, "The month is not signed."
    again = judge_if_attested(world, material, judgement)
    is_same = hash_of(again.decision) == gathered.sign_off.decision_hash
    said = (
        "Judged again from the chart as it was read before the signature, under the rules loaded "
        "now, the decision is the same, byte for byte."
        if is_same
        else "Judged again now, the decision is not the same byte for byte: rules, tables or what "
        "is recorded have changed since. What was signed is what stands here."
    )
    return signed or again.decision, again.eligibility, said
