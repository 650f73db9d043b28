"""The last two sections of an audit packet: the claim as it left, and what the EHR made of it."""

from __future__ import annotations

import msgspec

from ccm_fhir.printing import PrintedSection, PrintedTable
from ccm_fhir.services.charge_lines import parts_of_claim
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.packet_facts import PacketFacts
from ccm_fhir.services.tellable import placeholder
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord


def claim_section(facts: PacketFacts) -> PrintedSection:
    """Return the claim: its lines, what its references stood for as it left, and its body."""
    claim, sent = facts.gathered.claim, facts.claim_deliveries
    if claim is None:
        return PrintedSection(
            title="The claim as sent", sentences=("No claim was made for this month.",)
        )
    live = parts_of_claim(sent, claim.id)
    return PrintedSection(
        title="The claim as sent",
        facts=(
            ("Our identifier", claim.identifier),
            ("Revision", str(claim.revision)),
            ("Total", f"${claim.total_usd:.2f}"),
            ("SHA-256 of the frozen body", ", ".join(one.body_hash for one in live)),
        ),
        tables=(_lines(claim), *_references(facts, live)),
        quoted="\n".join(_indented(one.body_json) for one in live),
    )


def answer_section(facts: PacketFacts) -> PrintedSection:
    """Return every delivery of the month, step by step."""
    return PrintedSection(
        title="The EHR’s answer",
        tables=tuple(_delivery(facts, one) for one in facts.gathered.deliveries),
        sentences=() if facts.gathered.deliveries else ("Nothing was to be sent to the EHR.",),
    )


def _lines(claim: ClaimRecord) -> PrintedTable:
    kept = read_claim(claim)
    diagnoses = () if kept.whole is None else kept.whole.diagnoses
    return PrintedTable(
        title="Lines",
        columns=("Code", "Units", "Charge", "Day of service", "Place", "Diagnoses"),
        rows=tuple(
            (
                " ".join((line.code, *line.modifiers)),
                str(line.units),
                f"${line.charge_usd:.2f}",
                kept.serviced_on.isoformat(),
                kept.place_of_service,
                ", ".join(diagnoses[place - 1] for place in line.pointers if diagnoses),
            )
            for line in kept.lines
        ),
    )


def _references(facts: PacketFacts, live: tuple[DeliveryRecord, ...]) -> tuple[PrintedTable, ...]:
    """Return what the body's references to our own work stood for when it left, if it has any."""
    known = {one.id: one for one in facts.gathered.deliveries}
    named = [known[each] for one in live for each in one.depends_on if each in known]
    rows = tuple((placeholder(one.id), one.remote_ref or "not in the EHR") for one in named)
    table = PrintedTable(
        title="What the references below stood for as it left",
        columns=("In the frozen body", "In the EHR"),
        rows=rows,
    )
    return (table,) if rows else ()


def _delivery(facts: PacketFacts, one: DeliveryRecord) -> PrintedTable:
    where = f", as {one.remote_ref}" if one.remote_ref else ""
    version = f" version {one.remote_version}" if one.remote_version else ""
    return PrintedTable(
        title=f"{one.resource_type.value}: {one.state.value}{where}{version}",
        columns=("When", "Step", "Detail"),
        rows=tuple(
            (facts.local(event.at), event.event.replace("_", " "), event.detail_code)
            for event in facts.events.get(one.id, ())
        ),
    )


def _indented(body_json: str) -> str:
    return msgspec.json.format(body_json, indent=2)
