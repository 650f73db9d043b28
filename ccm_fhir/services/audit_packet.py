"""The audit packet of a patient-month: everything an auditor asks for, in one file.

Who exports it is in the audit trail, and the trail's head, with that line in it, is in the packet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import InputError
from ccm_fhir.fhir.audit_event import BY_COMMAND
from ccm_fhir.printing import Printout, html_of, pdf_of
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.anchors import ChainName
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.packet_facts import PacketFacts, packet_facts
from ccm_fhir.services.packet_file import FORMAT, ChainHead, Manifest, pack, packed
from ccm_fhir.services.packet_sections import KEYS, sections
from ccm_fhir.services.setup_hand import SetupHand
from ccm_fhir.storage import audit, claims, patients
from ccm_fhir.storage.audit import AuditEntry, AuditRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

EXPORTERS = (Role.PRACTITIONER, Role.BILLER)
_JSON = msgspec.json.Encoder(order="deterministic")
_ACT = "export_packet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet ready to be handed out; its name tells of nobody."""

    name: str
    content: bytes = field(repr=False)
    files: tuple[str, ...]
    has_pdf: bool


def exporter(actor: Actor) -> SetupHand:
    """Return the hand of somebody who may export; raises NotAllowedError for anybody else."""
    actor.must_be("exporting an audit packet", *EXPORTERS)
    return SetupHand(practice_id=actor.practice_id, user_id=actor.user_id)


def make_packet(
    world: Installation,
    hand: SetupHand,
    patient_id: str,
    month: ServiceMonth,
    now: datetime,
) -> Packet:
    """Return the packet of a patient-month; the export is audited first.

    Raises:
        NotFoundError: no such patient in this practice.
    """
    with world.db.write(hand.practice_id) as session:
        patients.get(session, hand.practice_id, patient_id)
        line = _audited(world, session, hand, patient_id)
        facts = packet_facts(world, session, hand.practice_id, patient_id, month)
    return build(world, facts, line, now)


def build(world: Installation, facts: PacketFacts, line: AuditRecord, now: datetime) -> Packet:
    """Return the packet of what was read; the same facts, line and moment give the same bytes."""
    made = sections(facts, world.rulebook)
    gathered = facts.gathered
    signed = "as it was signed" if facts.is_as_signed else "not signed: as it stands"
    printout = Printout(
        title=f"Audit packet: chronic care management, {gathered.month}",
        subtitle=f"{gathered.patient.name}, {gathered.practice.name}; {signed}.",
        running=f"Audit packet {gathered.month}, made {facts.local(now)}",
        sections=made,
    )
    html = html_of(printout)
    files = {"packet.html": html.encode()}
    pdf = pdf_of(html)
    if pdf is not None:
        files["packet.pdf"] = pdf
    files |= {
        f"data/{place:02d}-{key}.json": _JSON.encode(data)
        for place, (key, data) in enumerate(zip(KEYS, _data(facts), strict=True), start=1)
    }
    heads = (
        _head(facts, ChainName.AUDIT, (line.sequence, line.hash), line),
        _head(facts, ChainName.TIME, facts.time_chain, line),
    )
    manifest = Manifest(
        format=FORMAT,
        practice_id=gathered.practice.id,
        patient_id=gathered.patient.id,
        month=str(gathered.month),
        made_at=now,
        printed_as="PDF and HTML" if pdf is not None else "HTML; the extra pdf is not installed",
        files=tuple(packed(name, files[name]) for name in sorted(files)),
        chains=heads,
    )
    return Packet(
        name=f"ccm-audit-packet-{gathered.month}-{gathered.patient.id}.zip",
        content=pack(files, manifest, world.audit_key),
        files=tuple(sorted(files)),
        has_pdf=pdf is not None,
    )


def find_patient(world: Installation, practice_id: str, named: str) -> str:
    """Return our id of a patient named by it, or by the EHR's (``Patient/…``).

    Raises:
        InputError: there is none, or the EHR's id is of several EHRs.
    """
    with world.db.read(practice_id) as session:
        wanted = named.removeprefix("Patient/")
        found = [
            one.id
            for one in patients.list_all(session, practice_id)
            if wanted in {one.id, one.fhir_id}
        ]
    if len(found) != 1:
        raise InputError("patient", "several are meant" if found else "no such patient")
    return found[0]


def find_claim(world: Installation, practice_id: str, identifier: str) -> tuple[str, ServiceMonth]:
    """Return the patient and the month of a claim by our identifier.

    Raises:
        InputError: there is no such claim in this practice.
    """
    with world.db.read(practice_id) as session:
        claim = claims.find_by_identifier(session, practice_id, identifier)
    if claim is None:
        raise InputError("claim", "no claim of this practice has this identifier")
    return claim.patient_id, claim.month


def _head(
    facts: PacketFacts, chain: ChainName, stands_at: tuple[int, str], line: AuditRecord
) -> ChainHead:
    entries, head = stands_at
    practice_id = facts.gathered.practice.id
    return ChainHead(
        chain=chain.value, practice_id=practice_id, entries=entries, head=head, at=line.at
    )


def _audited(
    world: Installation, session: Session, hand: SetupHand, patient_id: str
) -> AuditRecord:
    act = _ACT if hand.user_id else f"{_ACT} {BY_COMMAND}"
    entry = AuditEntry(act=act, user_id=hand.user_id, patient_id=patient_id)
    return audit.append(session, world.audit_key, hand.practice_id, entry, world.clock())


def _data(facts: PacketFacts) -> tuple[object, ...]:
    """Return what machines read, section by section; names of ours as the tables have them."""
    gathered = facts.gathered
    chart = None if facts.chart is None else facts.chart.facts
    decision = msgspec.Raw(facts.decision_json.encode()) if facts.decision_json else facts.decision
    return (
        {
            "patient": gathered.patient,
            "practice": _practice(facts),
            "sign_off": _sign_off(facts),
        },
        {
            "findings": () if facts.decision is None else facts.decision.findings,
            "families": () if facts.eligibility is None else facts.eligibility.families,
            "attestations": tuple(_plain(one) for one in facts.attestations),
            "chart_read_at": None if chart is None else chart.read_at,
            "conditions": () if chart is None else chart.conditions,
            "coverages": () if chart is None else chart.coverages,
            "reviews": gathered.reviews,
        },
        {
            "recorded": facts.consents,
            "in_the_ehr": () if chart is None else chart.consents,
        },
        {"encounters": () if chart is None else chart.encounters},
        {
            "care_plans": () if chart is None else chart.care_plans,
            "goals": () if chart is None else chart.goals,
            "care_teams": () if chart is None else chart.care_teams,
        },
        {"entries": facts.entries},
        {
            "decision": decision,
            "judged_again": facts.judged_again,
            "decision_making": tuple(_plain(one) for one in gathered.mdm),
        },
        {
            "claim": None if gathered.claim is None else _plain(gathered.claim),
            "sent": tuple(
                {
                    "identifier": one.identifier,
                    "sha256": one.body_hash,
                    "body": msgspec.Raw(one.body_json.encode()),
                }
                for one in facts.claim_deliveries
            ),
        },
        {
            "deliveries": tuple(
                {
                    "resource_type": one.resource_type,
                    "identifier": one.identifier,
                    "state": one.state,
                    "remote_ref": one.remote_ref,
                    "remote_version": one.remote_version,
                    "remote_sha256": one.remote_hash,
                    "read_back_at": one.read_back_at,
                    "lossy": one.lossy,
                    "steps": facts.events.get(one.id, ()),
                }
                for one in gathered.deliveries
            )
        },
    )


def _practice(facts: PacketFacts) -> dict[str, object]:
    """Return who the practice is; the namespace of its identifiers is a secret and stays here."""
    practice = facts.gathered.practice
    return {
        "id": practice.id,
        "name": practice.name,
        "npi": practice.npi,
        "organization_ref": practice.organization_ref,
        "place_of_service": facts.place_of_service,
        "time_zone": practice.time_zone,
        "attested_24_7": practice.attested_24_7,
        "attested_certified_ehr": practice.attested_certified_ehr,
        "attested_team_member": practice.attested_team_member,
        "attested_on": practice.attested_on,
    }


def _sign_off(facts: PacketFacts) -> dict[str, object] | None:
    signed = facts.gathered.sign_off
    if signed is None:
        return None
    signer = facts.gathered.people.get(signed.user_id)
    return {
        "signed_at": signed.signed_at,
        "revision": signed.revision,
        "decision_sha256": signed.decision_hash,
        "by": facts.person(signed.user_id),
        "npi": "" if signer is None else signer.npi,
        "taxonomy": "" if signer is None else signer.taxonomy,
    }


def _plain(record: DataclassInstance) -> dict[str, object]:
    """Return a record's fields, its month as text."""
    return {
        one.name: str(value) if isinstance(value, ServiceMonth) else value
        for one in fields(record)
        for value in (getattr(record, one.name),)
    }
