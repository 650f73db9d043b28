"""The canary patient: unmistakable values go everywhere they must, and appear nowhere else.

They go through launch, chart reading, time, signing, deliveries and failures, in an app process
that is overheard. Its logs at DEBUG, its output, its addresses, its error pages, the titles of
its pages, the durable engine's tables and the texts of exceptions must be free of them.
"""

from __future__ import annotations

import html
import json
import re
import sqlite3
import time
import traceback
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import time as clock_time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import pytest
from sqlalchemy.exc import SQLAlchemyError

from ccm_fhir.errors import CcmError
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from ccm_fhir.services.panel import ask_for_panel
from ccm_fhir.services.patient_month import PatientMonthReview
from ccm_fhir.services.read_chart import refresh_chart
from ccm_fhir.services.sign import SignMonth
from ccm_fhir.storage.tables import Row
from fhir_fixtures.people.browser import Browser, Page
from fhir_fixtures.people.person import Person, Work
from tests.services.canary_app import ADDRESSES, BETWEEN_PAGES, LOG, PAGES
from tests.services.loopback_app import free_port, running_app
from tests.services.loopback_ehr import TODAY, Clock, Ehr, RealClock, cast, running_ehr
from tests.services.wire import Fault, answers, changed, nothing_is_sent, with_json
from tests.world import DOCTOR, NURSE, Site, open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2
    from starlette.types import ASGIApp, Receive, Scope, Send

    from fhir_fixtures.practice.model import Practice, Resource

PATIENT = "pt-canary-7f3a91"
CANARY = {
    "given name": "Quillanthrope",
    "family name": "Zzyzxqvist",
    "birth date": "1931-02-27",
    "birth date in words": "27 February 1931",
    "MRN": "MRN90417CANARY",
    "MBI": "9ZZ9ZZ9ZZ99",
    "street": "88817 Wobblethorpe",
    "telephone": "518-555-0177",
    "condition": "Canaryitis grandiflora",
    "note": "cuckoonote-5150",
    "reason": "cuckooreason-5151",
    "FHIR id": PATIENT,
}
SAID_BY_THE_EHR = json.dumps(
    {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "business-rule",
                "diagnostics": " ".join(CANARY.values()),
                "details": {"text": CANARY["family name"]},
            }
        ],
    }
)
OWN_PAGES = re.compile(
    r"<title>(Error: )?(Patient|All patients|On the way to the EHR|Consent|Evidence), "
)


def leaks(text: str) -> set[str]:
    """Return which canary values a text holds, in whatever spelling."""
    plain = html.unescape(unquote_plus(text)).casefold()
    return {name for name, value in CANARY.items() if value.casefold() in plain}


def canary_practice() -> Practice:
    """Return a practice whose first patient is the canary."""
    practice = cast(2)
    return replace(practice, resources=tuple(_as_canary(one) for one in practice.resources))


def _as_canary(resource: Resource) -> Resource:
    made: dict[str, Any] = json.loads(json.dumps(resource).replace("pt-ready", PATIENT))
    if made["resourceType"] == "Condition" and made["id"].startswith(PATIENT):
        made["code"]["text"] = CANARY["condition"]
    if made["id"] != PATIENT:
        return made
    given, family = CANARY["given name"], CANARY["family name"]
    made["name"] = [{"text": f"{given} {family}", "family": family, "given": [given]}]
    made["birthDate"] = CANARY["birth date"]
    made["identifier"][0]["value"] = CANARY["MRN"]
    made["identifier"][1]["value"] = CANARY["MBI"]
    made["address"][0]["line"] = [f"{CANARY['street']} Lane"]
    made["telecom"][0]["value"] = CANARY["telephone"]
    return made


class Quoting:
    """An EHR that fails now and then, and quotes the patient when it does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left: list[tuple[str, str, int]] = []

    def fail(self, method: str, path: str, status: int, *, times: int) -> None:
        self._left += [(method, path, status)] * times

    def heal(self, path: str) -> None:
        self._left = [rule for rule in self._left if rule[1] != path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for rule in self._left:
            if scope["type"] == "http" and self._meets(rule, scope):
                self._left.remove(rule)
                start = {"type": "http.response.start", "status": rule[2], "headers": []}
                await send(start)
                await send({"type": "http.response.body", "body": SAID_BY_THE_EHR.encode()})
                return
        await self._app(scope, receive, send)

    @staticmethod
    def _meets(rule: tuple[str, str, int], scope: Scope) -> bool:
        """Whether a rule is of a request; one that ends in a slash is of all below it."""
        method, path, _ = rule
        asked = scope["path"].startswith(path) if path.endswith("/") else scope["path"] == path
        return bool(method == scope["method"] and asked)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Everything that the app process said and showed."""

    folder: Path
    problem_pages: list[Page]

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")

    @property
    def pages(self) -> list[str]:
        return self.text(PAGES).split(BETWEEN_PAGES)

    def tables(self, *, of_ours: bool) -> str:
        """Return every text in our tables, or in all the others."""
        with closing(sqlite3.connect(self.folder / "ccm.sqlite")) as database:
            names = [
                name
                for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
                if (name in Row.metadata.tables) is of_ours
            ]
            assert names
            return "\n".join(
                str(row)
                for name in names
                for row in database.execute(f'SELECT * FROM "{name}"')  # noqa: S608
            )


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    folder = tmp_path_factory.mktemp("canary")
    url, port = f"sqlite:///{folder / 'ccm.sqlite'}", free_port()
    app_url = f"http://127.0.0.1:{port}"
    environment = settings_for(
        url, CCM_BASE_URL=app_url, CCM_DEMO_TODAY=TODAY.isoformat(), CCM_SETTLE_SECONDS="0.5"
    )
    before: list[Quoting] = []

    def quoting(app: ASGIApp) -> ASGIApp:
        before.append(Quoting(app))
        return before[0]

    with running_ehr(
        canary_practice(), RealClock(), app_url=app_url, around=quoting, calls_hooks=True
    ) as ehr:
        with open_site(url, ehr, app_url=app_url) as site:
            register_caller(site.world, caller_of(ehr), site.clock())
            ask_for_panel(site.world, site.practice_id, site.ehr_id, site.clock())
        module = ("tests.services.canary_app", str(port), str(folder))
        with (
            (folder / "said.txt").open("wb") as says,
            running_app(environment, port, module=module, says=says),
        ):
            until_the_panel_is_read(folder / "ccm.sqlite")
            problem_pages = everything_happens(ehr.origin, app_url, before[0])
        yield Heard(folder=folder, problem_pages=problem_pages)


def until_the_panel_is_read(file: Path) -> None:
    """Wait for what was asked for beforehand: what goes wrong later must not keep it from being."""
    until = time.monotonic() + 60
    with closing(sqlite3.connect(file)) as database:
        read = "SELECT count(*) FROM chart_snapshot WHERE source = 'panel'"
        while database.execute(read).fetchone()[0] < 2:
            assert time.monotonic() < until, "the panel was not read"
            time.sleep(0.1)


def caller_of(ehr: Ehr) -> CdsRegistration:
    """Return the sandbox as a caller of our hooks."""
    return CdsRegistration(
        fhir_base=ehr.base, issuer=ehr.origin, jwks_url=f"{ehr.origin}/oauth/jwks"
    )


def everything_happens(ehr: str, app: str, failing: Quoting) -> list[Page]:
    """Let people do all there is to do, and go wrong in every way a browser can."""
    with Browser() as nurses, Browser() as doctors:
        nurse, doctor = Person(nurses, ehr, NURSE), Person(doctors, ehr, DOCTOR)
        page = nurse.launch(PATIENT)
        work = Work(
            day=TODAY,
            start=clock_time(9, 0),
            minutes=22,
            activity="patient_call",
            contact_mode="telephone",
            note=CANARY["note"],
        )
        failing.fail("POST", "/fhir/Encounter", 500, times=1)
        page = nurse.record_time(page, work)
        refusals_happen(nurses, page, failing)
        nurse.wait_until_delivered(page)
        consent_is_recorded(nurses, page)
        failing.fail("POST", "/fhir/Claim", 422, times=1)
        page = doctor.sign(doctor.launch(PATIENT))
        page = doctor.wait_until_delivered(page)
        doctors.open(page.links("/l/")[0])
        launch = page.url.split("?")[0]
        for address in ("/month", "/progress", "?month=2026-10"):
            doctors.open(launch + address)
        a_condition_is_judged(doctors, launch, failing)
        problem_pages = wrong_turns(doctors, app, launch)
        doctors.submit(page, "/sign-out")
        problem_pages.append(doctors.open(page.url))
    return problem_pages


def refusals_happen(browser: Browser, page: Page, failing: Quoting) -> None:
    """Send what cannot be taken, and read a chart that cannot be read."""
    patient = f"/fhir/Patient/{PATIENT}"
    typed = {"started_on": TODAY.isoformat(), "note": CANARY["note"], "activity": "other"}
    # More often than one reading tries: the panel may be reading the same patient.
    failing.fail("GET", patient, 500, times=6)
    failing.fail("POST", "/fhir", 500, times=12)  # nor may it be read in a batch
    refused = [
        browser.submit(page, "/time", **typed, start_time="09:10", minutes="5"),
        browser.submit(page, "/time", **typed, start_time=CANARY["note"], minutes="x"),
        browser.submit(page, "/refresh"),
    ]
    failing.heal(patient)
    failing.heal("/fhir")
    assert all(one.status >= 400 for one in refused)


def consent_is_recorded(browser: Browser, page: Page) -> None:
    """Refuse, record, correct and take back, with the canary in every field that is typed."""
    address = f"{page.url.split('?')[0]}/consent"
    told = ["availability", "cost-sharing", "one-practitioner", "right-to-stop"]
    typed: dict[str, str | list[str]] = {
        "decided_on": TODAY.isoformat(),
        "mode": "verbal",
        "language": "en",
        "given_by": "representative",
        "representative_name": CANARY["given name"],
        "representative_relation": CANARY["family name"],
        "note": CANARY["note"],
    }
    form = browser.open(address)
    assert browser.submit(form, "/consent", decision="given", **typed).status == 422
    early = {**typed, "told": told, "decided_on": "1900-01-01"}
    assert browser.submit(form, "/consent", decision="given", **early).status == 422
    kept = browser.submit(form, "/consent", decision="given", told=told, **typed)
    assert kept.status == 200
    (back,) = (one for one in kept.actions() if one.endswith("/back"))
    assert browser.submit(kept, back, reason="").status == 422
    assert browser.submit(kept, back, reason=CANARY["reason"]).status == 200


def a_condition_is_judged(browser: Browser, launch: str, failing: Quoting) -> None:
    """Judge one, open it as the EHR has it, and let the EHR fail and quote the patient."""
    page = browser.open(launch)
    action = next(one for one in page.actions() if "/conditions/" in one)
    assert browser.submit(page, action, reason="").status == 422
    assert browser.submit(page, action, reason=CANARY["reason"]).status == 200
    evidence = [link for link in page.links("/l/") if "/evidence/" in link]
    assert browser.open(evidence[0]).status == 200
    for kind in ("Condition", "Coverage"):
        failing.fail("GET", f"/fhir/{kind}/", 500, times=2)
    assert {browser.open(link).status for link in dict.fromkeys(evidence)} == {200, 502}
    assert browser.open(f"{launch}/evidence/nothing").status == 404


def wrong_turns(browser: Browser, app: str, launch: str) -> list[Page]:
    note = CANARY["note"]
    return [
        browser.open(f"{app}/launch?iss=https://elsewhere.example/fhir&launch=x"),
        browser.open(f"{app}/launch"),
        browser.open(f"{app}/callback?state=unknown&code=x"),
        browser.open(f"{app}/callback?state=unknown&error=access_denied"),
        browser.open(f"{app}/nothing/here"),
        browser.open(f"{app}/l/not-a-launch-of-yours"),
        browser.open(f"{launch}?month=never"),
        browser.open(f"{launch}/month?page=x"),
        browser.open(f"{app}/health/live/no"),
        post(browser, f"{launch}/time", {"note": note}),
        post(browser, f"{launch}/sign", {"csrf": "forged", "note": note}),
        post(browser, f"{app}/health/live", {"note": note}),
        post(browser, f"{launch}/time", {"csrf": "forged", "note": note}, origin=app),
        post(browser, f"{launch}/time", {"note": note * 100_000}, origin=app),
    ]


def post(browser: Browser, address: str, fields: dict[str, str], *, origin: str = "") -> Page:
    headers = {"Origin": origin} if origin else {}
    client = browser._client  # noqa: SLF001  # no form of ours sends this
    answer = client.post(address, data=fields, headers=headers)
    return Page(str(answer.url), answer.status_code, answer.content)


def test_the_detector_finds_every_value_in_any_spelling() -> None:
    for name, value in CANARY.items():
        assert leaks(f"before {value} after") == {name}
        assert leaks(f"q={value.upper().replace(' ', '+')}") == {name}
    assert leaks("Rosa Ready, 1951-04-12") == set()


def test_the_values_went_where_they_must(heard: Heard) -> None:
    kept = heard.tables(of_ours=True)
    shown = heard.text(PAGES)

    assert leaks(kept) >= {"given name", "family name", "birth date", "MRN", "note", "FHIR id"}
    assert leaks(kept) >= {"MBI", "condition"}
    assert leaks(shown) >= {"given name", "family name", "MRN", "note", "reason", "condition"}
    assert leaks(kept) >= {"reason"}


def test_the_failures_did_happen(heard: Heard) -> None:
    kept = heard.tables(of_ours=True)

    assert "refused_business-rule" in kept
    assert "no_answer" in kept
    assert {page.status for page in heard.problem_pages} >= {400, 403, 404, 405, 413, 422}


@pytest.mark.proves("S20")
def test_no_log_record_at_any_level_holds_them(heard: Heard) -> None:
    log = heard.text(LOG)

    assert "request" in log
    assert offending(log) == []


@pytest.mark.proves("S20")
def test_nothing_that_the_process_says_holds_them(heard: Heard) -> None:
    assert offending(heard.text("said.txt")) == []


@pytest.mark.proves("S20")
def test_no_address_or_header_of_the_app_holds_them(heard: Heard) -> None:
    addresses = heard.text(ADDRESSES)

    assert "/callback?" in addresses
    assert "location: /l/" in addresses
    assert offending(addresses) == []


@pytest.mark.proves("S20")
def test_no_page_holds_them_but_the_patients_own(heard: Heard) -> None:
    others = [page for page in heard.pages if not OWN_PAGES.search(page)]

    assert len(others) > len(heard.problem_pages)
    for page in others:
        assert leaks(page) == set(), re.findall(r"<title>.*", page)


def test_no_title_of_any_page_holds_them(heard: Heard) -> None:
    titles = {title for page in heard.pages for title in re.findall(r"<title>([^<]*)", page)}

    assert len(titles) > 5
    assert leaks(" ".join(titles)) == set()


@pytest.mark.proves("S20")
def test_the_engines_tables_hold_ids_alone(heard: Heard) -> None:
    kept = heard.tables(of_ours=False)

    assert "deliver" in kept
    assert "read_panel" in kept
    assert offending(kept) == []


def test_what_is_kept_of_a_card_holds_no_patient(heard: Heard) -> None:
    with closing(sqlite3.connect(heard.folder / "ccm.sqlite")) as database:
        cards = database.execute("SELECT * FROM cds_card").fetchall()
        tokens = database.execute("SELECT * FROM cds_token").fetchall()

    assert "reached" in str(cards)
    assert tokens
    assert leaks(f"{cards} {tokens}") == set()


def offending(text: str) -> list[str]:
    """Return the lines that hold a canary value, cut short."""
    return [line[:300] for line in text.splitlines() if leaks(line)]


CHART = r"/fhir/(Patient|Condition|Coverage|Consent|Encounter|CarePlan|Procedure|Claim)"


def quoted(status: int) -> Fault:
    return answers(status, text=SAID_BY_THE_EHR)


def cut(answer: httpx2.Response) -> httpx2.Response:
    return type(answer)(200, text=answer.text[: len(answer.text) // 2])


FAILING_READS: dict[str, Fault] = {
    "500": quoted(500),
    "403": quoted(403),
    "200 that is no resource": quoted(200),
    "half an answer": changed(cut),
    "no answer": nothing_is_sent,
    "an impossible birth date": with_json(lambda r: {**r, "birthDate": [CANARY["birth date"]]}),
    "a name of the wrong shape": with_json(lambda r: {**r, "name": CANARY["family name"]}),
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with (
        running_ehr(canary_practice(), Clock()) as ehr,
        open_site(f"sqlite:///{tmp_path / 'ccm.sqlite'}", ehr) as opened,
    ):
        yield opened


def told(act: Callable[[], object]) -> str:
    """Return everything that an error would print, causes and all; and what it is made of."""
    with pytest.raises((CcmError, SQLAlchemyError)) as raised:
        act()
    error = raised.value
    printed = "".join(traceback.format_exception(error))
    return f"{printed}\n{error!r}\n{vars(error)}"


@pytest.mark.proves("S20")
@pytest.mark.parametrize("fault", FAILING_READS.values(), ids=FAILING_READS)
def test_no_exception_of_a_failed_reading_holds_them(site: Site, fault: Fault) -> None:
    desk = site.launch(patient=PATIENT)
    site.wire.refuse_batches()
    site.wire.fail("GET", CHART, fault)

    assert leaks(told(lambda: refresh_chart(site.world, desk.visit, site.clock()))) == set()


@pytest.mark.proves("S20")
def test_no_exception_of_a_refused_act_holds_them(site: Site) -> None:
    nurse = site.launch(patient=PATIENT)
    doctor = site.launch(patient=PATIENT, user=DOCTOR)
    first = nurse.typed(note=CANARY["note"])
    nurse.record(first)
    signature = doctor.signature()
    nameless = doctor.acting(npi="")
    acts: dict[str, Callable[[], object]] = {
        "overlap": lambda: nurse.record(note=CANARY["note"]),
        "other content": lambda: nurse.record(first, note=CANARY["reason"]),
        "minutes": lambda: nurse.record(note=CANARY["note"], minutes=0),
        "note too long": lambda: nurse.record(note=CANARY["note"] * 500),
        "invalid resource": lambda: nurse.acting(fhir_user="").record(
            start_time=clock_time(11), note=CANARY["note"]
        ),
        "not the role": lambda: nurse.sign(signature),
        "nothing ticked": lambda: doctor.sign(replace(signature, attested=frozenset())),
        "changed": lambda: doctor.sign(replace(signature, decision_hash="0")),
        "no NPI": lambda: nameless.sign(signature),
        "unknown patient": lambda: nurse.record(patient_id=CANARY["note"]),
    }

    for name, act in acts.items():
        assert leaks(told(act)) == set(), name


def test_no_value_of_ours_prints_them(site: Site) -> None:
    desk = site.launch(patient=PATIENT)
    typed = desk.typed(note=CANARY["note"])
    desk.record(typed)
    signature: SignMonth = desk.signature()
    (delivery, *_) = site.deliveries(desk.patient_id)
    values = (desk.review(), desk.visit, desk.actor, typed, signature, delivery, site.world)

    for value in values:
        # The evidence of a finding prints as references: the EHR's ids, which here hold the
        # patient's.
        allowed = {"FHIR id"} if isinstance(value, PatientMonthReview) else set()
        assert leaks(repr(value)) <= allowed, type(value).__name__


def test_the_gate_prints_no_address_of_a_chart(site: Site) -> None:
    gate = site.world.open_gate(frozenset(), True)  # noqa: FBT003  # as the installation calls it

    assert isinstance(gate, OutgoingGate)
    refused = told(lambda: gate.get(f"{site.ehr.base}/Patient/{PATIENT}", what="reading Patient"))
    assert leaks(refused) == set()


def test_the_panel_was_read_in_the_overheard_process(heard: Heard) -> None:
    assert heard.tables(of_ours=True).count("'panel'") == 2
