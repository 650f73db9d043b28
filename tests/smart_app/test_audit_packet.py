"""The audit packet: in the order of the checklist, the same bytes, and every alteration shows."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import InputError, NotAllowedError, NotFoundError
from ccm_fhir.printing import pdf_of
from ccm_fhir.services.anchors import Anchor
from ccm_fhir.services.audit_packet import (
    build,
    exporter,
    find_claim,
    find_patient,
    make_packet,
)
from ccm_fhir.services.audit_trail import verified
from ccm_fhir.services.packet_facts import packet_facts
from ccm_fhir.services.packet_file import MANIFEST, SEAL, check
from ccm_fhir.services.packet_sections import KEYS
from ccm_fhir.storage import audit, claims, ledger
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.ledger import Voiding
from tests.builders import NOVEMBER
from tests.smart_app.close import actor, sign_alone, work
from tests.smart_app.front import CANARY, NOW

if TYPE_CHECKING:
    from ccm_fhir.services.audit_packet import Packet
    from tests.smart_app.front import Front

OTHER_KEY = b"another installation's key, 32 b"


@pytest.fixture
def signed(front: Front) -> Front:
    """Return a practice with a signed month, one entry of which was voided before."""
    gone = work(front, front.patient_id, 9, day=12)
    work(front, front.patient_id)
    void = Voiding(
        entry_id=gone,
        user_id=front.people[Role.CARE_MANAGER].id,
        reason="It was another patient’s",
        form_key=str(uuid4()),
    )
    with front.world.db.write(front.practice_id) as session:
        ledger.void(session, front.world.audit_key, front.practice_id, void, NOW)
    sign_alone(front, front.patient_id)
    return front


@pytest.fixture
def handed_out(signed: Front) -> bytes:
    """Return the packet of the signed month."""
    return packet(signed).content


def packet(front: Front, role: Role = Role.BILLER) -> Packet:
    hand = exporter(actor(front, role))
    return make_packet(front.world, hand, front.patient_id, NOVEMBER, NOW)


def files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(content: bytes, changes: dict[str, bytes | None]) -> bytes:
    """Return the packet with some files changed, added or (None) taken away."""
    every = {**files(content), **changes}
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, data in every.items():
            if data is not None:
                archive.writestr(name, data)
    return kept.getvalue()


def test_a_packet_has_every_section_in_the_order_of_the_checklist(signed: Front) -> None:
    content = files(packet(signed).content)

    html = content["packet.html"].decode()
    titles = [part.split("</h2>")[0] for part in html.split("<h2>")[1:]]
    assert titles == [
        "1. Who it is about",
        "2. Eligibility and its evidence",
        "3. The patient’s consent",
        "4. The initiating visit",
        "5. The care plan as of this month",
        "6. The time log",
        "7. The decision, with the rules it rests on",
        "8. The claim as sent",
        "9. The EHR’s answer",
    ]
    assert [n for n in content if n.startswith("data/")] == [
        f"data/{place:02d}-{key}.json" for place, key in enumerate(KEYS, start=1)
    ]


def test_what_was_voided_stands_in_the_log_with_its_reason(signed: Front) -> None:
    content = files(packet(signed).content)

    entries = json.loads(content["data/06-time-log.json"])["entries"]
    assert sorted(e["change"] for e in entries) == ["entry", "entry", "void"]
    assert "It was another patient’s" in content["packet.html"].decode()


def test_the_signed_decision_is_in_it_as_it_was_signed_and_judged_again(signed: Front) -> None:
    content = files(packet(signed).content)

    told = json.loads(content["data/07-decision.json"])
    assert told["decision"]["lines"][0]["code"] == "99490"
    assert "the same, byte for byte" in told["judged_again"]
    sent = json.loads(content["data/08-claim.json"])["sent"]
    assert sent[0]["body"]["resourceType"] == "Claim"
    assert json.loads(content["data/09-ehr-answer.json"])["deliveries"][0]["state"] == "planned"
    shown = content["packet.html"].decode().split("8. The claim as sent")[1]
    assert "Day of service" in shown
    attested = json.loads(content["data/02-eligibility.json"])["attestations"]
    assert attested[0]["kind"] == "duration_and_risk"


@pytest.mark.needs("pdf")
def test_the_pdf_says_what_the_page_says(signed: Front) -> None:
    content = files(packet(signed).content)

    read = PdfReader(io.BytesIO(content["packet.pdf"]))
    text = "\n".join(page.extract_text() for page in read.pages)
    assert CANARY in text
    assert "99490" in text
    assert f"Page 1 of {len(read.pages)}" in text


def test_the_same_facts_give_the_same_bytes(signed: Front) -> None:
    world, practice_id = signed.world, signed.practice_id
    with world.db.write(practice_id) as session:
        entry = AuditEntry(act="export_packet", patient_id=signed.patient_id)
        line = audit.append(session, world.audit_key, practice_id, entry, NOW)
    with world.db.read(practice_id) as session:
        facts = packet_facts(world, session, practice_id, signed.patient_id, NOVEMBER)

    one, other = build(world, facts, line, NOW), build(world, facts, line, NOW)

    assert one.content == other.content
    assert {info.date_time[0] for info in zipfile.ZipFile(io.BytesIO(one.content)).infolist()} == {
        1980
    }


def test_an_untouched_packet_is_whole_and_bears_our_seal(signed: Front) -> None:
    content = packet(signed).content

    assert check(content).problems == ()
    assert check(content).is_sealed is None
    assert check(content, signed.world.audit_key).is_sealed
    assert check(content, OTHER_KEY).problems == (
        "manifest.json does not bear this installation’s seal.",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"packet.html": b"<p>another</p>"}, "packet.html was altered."),
        ({"data/06-time-log.json": None}, "data/06-time-log.json is missing."),
        ({"extra.txt": b"x"}, "extra.txt does not belong to it."),
        ({MANIFEST: None}, "manifest.json is missing."),
        ({MANIFEST: b"{}"}, "manifest.json cannot be read."),
        ({SEAL: b"0" * 64}, "manifest.json does not bear this installation’s seal."),
    ],
)
def test_what_was_altered_is_named(
    signed: Front, changes: dict[str, bytes | None], said: str
) -> None:
    content = repacked(packet(signed).content, changes)

    assert said in check(content, signed.world.audit_key).problems


def test_a_manifest_made_anew_for_altered_files_lacks_the_seal(signed: Front) -> None:
    content = packet(signed).content
    manifest = json.loads(files(content)[MANIFEST])
    manifest["patient_id"] = "somebody else"

    changed = repacked(content, {MANIFEST: json.dumps(manifest).encode()})

    assert check(changed).problems == ()
    assert check(changed, signed.world.audit_key).is_sealed is False


@given(st.binary(max_size=200))
def test_no_file_whatever_breaks_the_check(content: bytes) -> None:
    assert check(content).problems


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_a_byte_changed_or_an_end_cut_off_always_shows(
    signed: Front, handed_out: bytes, data: st.DataObject
) -> None:
    key, inside = signed.world.audit_key, files(handed_out)
    name = data.draw(st.sampled_from(sorted(inside)))
    at = data.draw(st.integers(0, len(inside[name].rstrip()) - 1))
    old = inside[name]
    broken = old[:at] + bytes([old[at] ^ 1]) + old[at + 1 :]
    cut = data.draw(st.integers(0, len(handed_out) - 1))

    assert check(repacked(handed_out, {name: broken}), key).problems
    assert check(handed_out[:cut], key).problems


def test_the_trails_head_in_it_is_an_anchor_of_the_trail(signed: Front) -> None:
    found = check(packet(signed).content).manifest

    assert found is not None
    head, of_time = found.chains
    anchor = Anchor(practice_id=head.practice_id, entries=head.entries, head=head.head, at=head.at)
    (report,) = verified(signed.world, (anchor,))
    assert report.problem == ""
    assert verified(signed.world, (replace_head(anchor),))[0].problem
    assert (of_time.chain, of_time.entries) == ("time", 3)


def replace_head(anchor: Anchor) -> Anchor:
    return Anchor(
        practice_id=anchor.practice_id, entries=anchor.entries, head="0" * 64, at=anchor.at
    )


def test_an_export_is_a_line_of_the_trail(signed: Front) -> None:
    packet(signed)

    with signed.world.db.read(signed.practice_id) as session:
        last = audit.records(session, signed.practice_id, after=0, most=999)[-1]
    assert (last.act, last.patient_id) == ("export_packet", signed.patient_id)
    assert last.user_id == signed.people[Role.BILLER].id


@pytest.mark.parametrize("role", [Role.CARE_MANAGER, Role.ANALYST, Role.ADMIN])
def test_whoever_may_not_export_gets_nothing(signed: Front, role: Role) -> None:
    with pytest.raises(NotAllowedError):
        packet(signed, role)
    browser = signed.sign_in(role)
    fields = {**browser.fields("/refresh"), "month": "2026-11"}
    assert browser.post(f"{browser.path}/packet", fields).status_code == 403


def test_one_press_gives_the_file_and_its_name_tells_of_nobody(signed: Front) -> None:
    biller = signed.sign_in(Role.BILLER)

    answer = biller.post(f"{biller.path}/packet", biller.fields("/packet"))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    assert CANARY.split()[0] not in answer.headers["content-disposition"]
    assert check(answer.content, signed.world.audit_key).problems == ()


def test_an_unsigned_month_says_that_it_is_not_signed(front: Front) -> None:
    work(front, front.patient_id)

    content = files(packet(front).content)

    assert "not signed: as it stands" in content["packet.html"].decode()
    assert json.loads(content["data/01-identity.json"])["sign_off"] is None
    assert "No claim was made" in content["packet.html"].decode()


def test_a_patient_is_found_by_either_id_and_a_claim_by_its_identifier(signed: Front) -> None:
    world, practice_id = signed.world, signed.practice_id
    with world.db.read(practice_id) as session:
        claim = claims.find_latest(session, practice_id, signed.patient_id, NOVEMBER)
    assert claim is not None

    assert find_patient(world, practice_id, signed.patient_id) == signed.patient_id
    assert find_patient(world, practice_id, "Patient/p1") == signed.patient_id
    assert find_claim(world, practice_id, claim.identifier) == (signed.patient_id, NOVEMBER)
    with pytest.raises(InputError, match="no such patient"):
        find_patient(world, practice_id, "Patient/nobody")
    with pytest.raises(InputError, match="identifier"):
        find_claim(world, practice_id, "none")


def test_a_patient_of_another_practice_gives_no_packet(signed: Front) -> None:
    hand = exporter(replace(actor(signed, Role.BILLER), practice_id=signed.practice_id))

    with pytest.raises(NotFoundError):
        make_packet(signed.world, hand, "0" * 32, NOVEMBER, NOW)


@pytest.mark.needs("pdf")
def test_equal_pages_make_equal_pdfs() -> None:
    assert pdf_of("<p>plain</p>") == pdf_of("<p>plain</p>")


def test_a_printed_document_fetches_nothing_and_escapes_what_it_prints(signed: Front) -> None:
    html = files(packet(signed).content)["packet.html"].decode()

    assert "src=" not in html
    assert "href=" not in html
