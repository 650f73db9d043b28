"""How an export is asked for: each vendor's form, and what of it the shared pace hears."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import httpx2
import pytest

from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrPausedError,
    ExportGoneError,
    ForbiddenOriginError,
)
from ccm_fhir.fhir.bearer import Bearer
from ccm_fhir.fhir.bulk import BulkClient
from ccm_fhir.fhir.bulk_door import BulkDoor
from ccm_fhir.fhir.bulk_forms import BulkForm, ExportRequest, Level, form_of
from ccm_fhir.fhir.capability import parse_capability
from ccm_fhir.fhir.retrying import Patience
from tests.fhir.far_side import BASE, TOKEN, FarSide, answering, told

ACCEPTED = httpx2.Response(202, headers={"Content-Location": f"{BASE}/status/1"})
WISH = ExportRequest(
    level=Level.GROUP,
    group="g 1",
    since="2026-11-01T00:00:00Z",
    types=("Condition", "Patient"),
    filters=("Condition?category=a", "Patient?active=true"),
)


@dataclass
class Heard:
    """A pace that only listens, and is paused so often at first."""

    pauses: int = 0
    statuses: list[int | None] = field(default_factory=list)
    asked_seconds: list[float | None] = field(default_factory=list)

    def before(self) -> None:
        if self.pauses:
            self.pauses -= 1
            raise EhrPausedError(90)

    def after(self, status: int | None, retry_after_seconds: float | None = None) -> None:
        self.statuses.append(status)
        self.asked_seconds.append(retry_after_seconds)


def client(
    far: FarSide, form: BulkForm | None = None, *, waits: list[float] | None = None,
    pacing: Heard | None = None,
) -> BulkClient:  # fmt: skip
    slept = [] if waits is None else waits
    door = BulkDoor(
        gate=far.gate(),
        base_url=BASE,
        bearer=Bearer(token=TOKEN),
        patience=Patience(sleep=slept.append, jitter=lambda: 1.0),
        pacing=pacing,
    )
    return BulkClient(door=door, form=form or BulkForm())


@pytest.mark.proves("BULK1")
def test_a_kick_off_asks_to_respond_asynchronously_with_every_parameter() -> None:
    far = answering(ACCEPTED)
    assert client(far).kick_off(WISH) == f"{BASE}/status/1"
    (sent,) = far.requests
    assert sent.headers["Prefer"] == "respond-async"
    assert sent.headers["Accept"] == "application/fhir+json"
    assert sent.url.raw_path.startswith(b"/fhir/Group/g%201/$export?")
    assert dict(sent.url.params.multi_items()) == {
        "_outputFormat": "application/fhir+ndjson",
        "_since": "2026-11-01T00:00:00Z",
        "_type": "Condition,Patient",
        "_typeFilter": "Patient?active=true",
    }
    assert sent.url.params.get_list("_typeFilter") == list(WISH.filters)


def test_a_form_may_repeat_types_join_filters_and_say_no_format() -> None:
    far = answering(ACCEPTED)
    client(far, BulkForm(repeats_types=True, joins_filters=True, output_format="")).kick_off(WISH)
    params = far.requests[0].url.params
    assert params.get_list("_type") == ["Condition", "Patient"]
    assert params.get_list("_typeFilter") == [",".join(WISH.filters)]
    assert "_outputFormat" not in params


@pytest.mark.parametrize("form", [BulkForm(begins_by_post=True), BulkForm()])
def test_a_kick_off_by_post_sends_parameters_also_where_get_is_refused(form: BulkForm) -> None:
    far = answering(*([] if form.begins_by_post else [httpx2.Response(405)]), ACCEPTED)
    client(far, form).kick_off(WISH)
    sent = far.requests[-1]
    assert (sent.method, sent.url.query) == ("POST", b"")
    listed = json.loads(sent.content)["parameter"]
    assert {"name": "_since", "valueInstant": WISH.since} in listed
    assert {"name": "_type", "valueString": "Condition,Patient"} in listed


@pytest.mark.parametrize(
    ("level", "path"),
    [(Level.PATIENT, "/fhir/Patient/$export"), (Level.SYSTEM, "/fhir/$export")],
)
def test_patients_and_the_whole_system_have_addresses_of_their_own(level: Level, path: str) -> None:
    far = answering(ACCEPTED)
    client(far).kick_off(ExportRequest(level=level))
    assert far.requests[0].url.path == path


@pytest.mark.proves("BULK1")
def test_a_busy_exporter_is_waited_for_and_the_shared_pace_does_not_hear_of_it() -> None:
    busy = httpx2.Response(429, headers={"Retry-After": "120"})
    waits, heard = list[float](), Heard()
    client(answering(busy, busy, ACCEPTED), waits=waits, pacing=heard).kick_off(WISH)
    assert waits == [120.0, 120.0]
    assert heard.statuses == [202, 202, 202]
    assert heard.asked_seconds == [None] * 3


def test_a_pause_of_the_shared_pace_is_waited_out_but_by_no_cancelling() -> None:
    waits, heard = list[float](), Heard(pauses=3)
    asking = client(answering(ACCEPTED), waits=waits, pacing=heard)
    asking.kick_off(WISH)
    assert waits == [90, 90, 90]
    heard.pauses = 1
    with pytest.raises(EhrPausedError):
        asking.cancel(f"{BASE}/status/1")


def test_a_kick_off_without_a_status_address_is_told() -> None:
    with pytest.raises(EhrFormatError, match="Content-Location"):
        client(answering(httpx2.Response(202))).kick_off(WISH)


@pytest.mark.proves("BULK10")
def test_a_refusal_names_neither_group_nor_address() -> None:
    body = {
        "resourceType": "OperationOutcome",
        "issue": [{"code": "invalid", "diagnostics": "g 1"}],
    }
    with pytest.raises(EhrHttpError) as refused:
        client(answering(httpx2.Response(400, json=body))).kick_off(WISH)
    assert not [word for word in ("g 1", "ehr.example", TOKEN) if word in told(refused.value)]


@pytest.mark.proves("S15", "R35")
@pytest.mark.parametrize("where", ["https://evil.example/status", "https://ehr.example.evil.test/"])
def test_a_status_address_elsewhere_is_not_asked(where: str) -> None:
    far = answering(httpx2.Response(202, headers={"Content-Location": where}))
    asking = client(far)
    status_url = asking.kick_off(WISH)
    with pytest.raises(ForbiddenOriginError):
        asking.look(status_url, 0)
    assert len(far.requests) == 1


@pytest.mark.proves("BULK2")
@pytest.mark.parametrize("status", [404, 410])
def test_an_export_that_is_unknown_is_gone(status: int) -> None:
    with pytest.raises(ExportGoneError):
        client(answering(httpx2.Response(status))).look(f"{BASE}/status/1", 0)


def test_progress_is_a_number_or_nothing() -> None:
    words = httpx2.Response(202, headers={"X-Progress": "Canary Person is being read"})
    share = httpx2.Response(202, headers={"X-Progress": "about 42.5 % done"})
    asking = client(answering(words, share))
    assert asking.look(f"{BASE}/status/1", 0).percent is None
    assert asking.look(f"{BASE}/status/1", 0).percent == 42.5


def test_the_parts_of_a_manifest_are_all_read_and_a_circle_is_refused() -> None:
    def part(name: str, link: str) -> httpx2.Response:
        listed = [{"relation": "next", "url": link}] if link else []
        files = [{"type": "Patient", "url": name}]
        return httpx2.Response(200, json={"transactionTime": "", "output": files, "link": listed})

    whole = client(answering(part("1", "?p=2"), part("2", ""))).look(f"{BASE}/status/1", 0)
    assert whole.manifest is not None
    assert len(whole.manifest.output) == 2
    with pytest.raises(EhrFormatError, match="circle"):
        client(answering(part("1", "?p=2"))).look(f"{BASE}/status/1", 0)


@pytest.mark.proves("BULK8")
@pytest.mark.parametrize(("status", "gone"), [(202, True), (404, True), (403, False), (500, False)])
def test_an_export_that_cannot_be_deleted_is_no_error(status: int, *, gone: bool) -> None:
    assert client(answering(httpx2.Response(status))).cancel(f"{BASE}/status/1") is gone


def statement(software: str, *resources: dict[str, object], **rest: object) -> bytes:
    listed = {"mode": "server", "resource": list(resources), **rest}
    whole = {
        "resourceType": "CapabilityStatement",
        "software": {"name": software},
        "rest": [listed],
    }
    return json.dumps(whole).encode()


def test_a_server_that_no_form_names_exports_what_it_declares() -> None:
    export = [{"name": "export"}]
    body = statement("X", {"type": "Patient", "operation": export}, operation=export)
    assert form_of(parse_capability(body)).levels == (Level.PATIENT, Level.SYSTEM)
    assert form_of(parse_capability(statement("X"))).levels == ()
    assert form_of(None).levels == ()


@pytest.mark.parametrize("software", ["Oracle Health Millennium", "Cerner Millennium"])
def test_oracle_exports_neither_coverage_nor_consent(software: str) -> None:
    assert form_of(parse_capability(statement(software))).not_exported == {"Coverage", "Consent"}


def test_epic_exports_groups_alone() -> None:
    assert form_of(parse_capability(statement("Epic"))).levels == (Level.GROUP,)
