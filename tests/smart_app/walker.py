"""Walks every route of the app as one practice, with the ids of another.

A route that takes a parameter this file does not know stops the walk: whoever adds it says here
what a foreign value of it is.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from sqlalchemy import text
from starlette.routing import Mount

from ccm_fhir.domain.codes import Role
from ccm_fhir.storage.database import Database
from ccm_fhir.storage.tables import Row
from smart_app.session.cookies import BROWSER
from tests.smart_app.front import Browser, Front

ABSENT = "0" * 32
IDS = (
    "launch_id",
    "entry_id",
    "timer_id",
    "record_id",
    "correct",
    "patient_id",
    "user_id",
    "delivery_id",
    "location_id",
    "ehr_id",
    "task_id",
    "claim_id",
)  # what names a row: in an address or in a form
NO_IDS = frozenset(
    {"month", "done", "state", "page", "looks", "iss", "launch", "again", "code", "error"}
    | {"reason"}  # of a month's patients: a word of ours
    | {"service"}  # of CDS Hooks, which ask for an EHR's token and no session
    | {"tab", "language", "older", "newer"}  # which view of the patient's own plan
    | {"outcome"}  # of a month's claims: a word of ours
    | {"key"}  # of a part of the chart that is open: it leads nowhere else
)
FORM = {
    "month": "2026-11",
    "started_on": "2026-11-20",
    "start_time": "07:00",
    "minutes": "5",
    "activity": "patient_call",
    "contact_mode": "",
    "note": "walked",
    "reason": "walked by a test",
    "late_after_days": "7",
    "longest_minutes": "120",
    "after_month_end": "yes",
    "answer": "working",
    "awake": "1",
    "quiet": "0",
    "on_call": "no",
}
# What a route's own form holds, so that a walk comes as far as the id.
FORMS: Mapping[str, Mapping[str, str]] = {
    "/inbox": {"answer": "high", "rationale": "walked by a test"},
    "/lock": {"whose": "patient", "act": "unlock"},
    "/timer/{timer_id}/answer": {"answer": "count_all"},
    "/conditions/{key}": {"answer": "chronic", "family": "hypertension", "revision": "0"},
    "/choice": {"from_month": "2026-12", "family": "standard", "dos_policy": "month_end"},
    "/except": {"family": "standard"},
    "/consent": {
        "decision": "declined",
        "decided_on": "2026-11-20",
        "given_by": "patient",
        "mode": "verbal",
        "language": "en",
        "change_reason": "walked by a test",
    },
    "/consent/revoke": {"decided_on": "2026-11-20", "given_by": "patient", "mode": "verbal"},
    "/practice/details": {
        "name": "Harbor Street Family Medicine",
        "npi": "1999999018",
        "time_zone": "America/New_York",
    },
    "/practice/locations/add": {"name": "Walked", "place_of_service": "11"},
    "/practice/locations/change": {"name": "Walked over", "place_of_service": "22"},
    "/practice/attestation": {
        "access_24_7": "yes",
        "certified_ehr": "yes",
        "designated_team_member": "yes",
        "attested_on": "2026-11-02",
    },
    "/practice/charge": {"code": "99490", "amount": "95.00", "in_force_from": "2026-11-01"},
    "/connection/override": {"act": "Encounter", "takes": "yes"},
    "/connection/withdraw": {"act": "Encounter"},
    "/practice/timers": {"care_manager": "ask", "practitioner": "ask"},
    "/plan/draft": {"tab": "goals", "part": "problem:diabetes", "in": "problem:diabetes"},
    "/plan/own": {"element": "coordination", "text": "walked"},
    "/plan/adopt": {"tab": "adopt"},
    "/plan/review": {"next_on": "2027-01-15"},
    "/plan/call": {"outcome": "no_answer"},
    "/plan/task": {"text": "walked", "performer": "care_manager"},
    "/plan/task/{task_id}/end": {"outcome": "done"},
    "/plan/added": {"key": "walked"},
    "/plan/copy": {
        "language": "en",
        "way": "mail",
        "given_to": "the patient",
        "given_on": "2026-11-23",
    },
    "/practice/ehrs": {
        "name": "Walked",
        "url": "https://walked.example/fhir",
        "client_auth": "public",
        "client_id": "walked",
    },
    "/practice/ehrs/{ehr_id}/client": {"client_auth": "public", "client_id": "walked"},
    "/practice/ehrs/{ehr_id}/disconnect": {"sure": "yes"},
    "/practice/ehrs/{ehr_id}/reconnect": {"sure": "yes"},
    "/practice/person": {"role": "biller", "npi": "", "taxonomy": ""},
    "/needs/keyed": {"ehr_number": "walked"},
    "/claim": {"said": "void"},
}
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_SECOND = re.compile(r"\d\d:\d\d:\d\d UTC")
_SEEN = re.compile(r"last at work [^.<]+")
_ONCE = re.compile(r'name="form_key" value="[^"]+"')


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A practice with everything a route can name, and what may never be seen of it."""

    front: Front
    ids: Mapping[str, str]
    canary: str


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Somebody of one practice, who tries the ids of another."""

    ours: Browser
    theirs: Tenant
    hidden: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what every form of the session carries, once."""
        page = self.ours.page("/month?month=2026-11").forms
        found = next(form for form in page.values() if "csrf" in form)
        self.hidden.update({"csrf": found["csrf"]})

    def leaks(self) -> Iterator[str]:
        """Yield what gave away, or changed, anything of the other practice."""
        before = rows_of(self.ours.front.world.db, self.theirs.front.practice_id)
        for step in every_route(self.ours.front):
            yield from self._tried(step)
        if rows_of(self.ours.front.world.db, self.theirs.front.practice_id) != before:
            yield "rows of the other practice have changed"

    def _tried(self, step: Step) -> Iterator[str]:
        self.sent(step, {})  # what can be done once is done now
        for name in step.ids:
            foreign = self.sent(step, {name: self.theirs.ids[name]})
            absent = self.sent(step, {name: ABSENT})
            if self.theirs.canary in _text(foreign):
                yield f"{step.method} {step.path} shows the other practice's patient ({name})"
            if _told(foreign) != _told(absent):
                yield f"{step.method} {step.path} tells a foreign {name} from one that never was"

    def sent(self, step: Step, ids: Mapping[str, str]) -> httpx2.Response:
        """Send a step with some ids; the rest of the request is our own."""
        # A walker keeps to the pace allowed.
        pace = 10 if step.path == "/emergency" else 1
        self.ours.front.clock.moment += timedelta(seconds=pace)
        ours = dict.fromkeys((*IDS, "service", "key"), ABSENT) | {"launch_id": self.ours.launch_id}
        path = _PARAMETER.sub(lambda found: {**ours, **ids}[found[1]], step.path)
        if step.method == "GET":
            asked = urlencode({name: ids[name] for name in step.query & ids.keys()})
            return self.ours.get(f"{path}?{asked}", cookie=_cookie(self.ours))
        own = FORMS.get(step.path.removeprefix("/l/{launch_id}"), {})
        named = {"corrects_id": ids["correct"]} if "correct" in ids else {}
        key = {"form_key": str(uuid4())}
        return self.ours.post(path, {**self.hidden, **key, **FORM, **own, **ids, **named})


@dataclass(frozen=True, kw_only=True)
class Step:
    """One method of one address."""

    method: str
    path: str
    query: frozenset[str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids that a request of it can carry: any, in a form.

        A page is also asked for as it is (``user_id`` stands in no address): it may show too much.
        """
        if "sign-out" in self.path:
            return ("launch_id",)
        if self.method == "POST":
            return IDS
        carried = {name for name in IDS if f"{{{name}}}" in self.path or name in self.query}
        return tuple(name for name in IDS if name in {*carried, "user_id"})


def every_route(front: Front) -> tuple[Step, ...]:
    """Return every method of every address, those that end the session last.

    Raises:
        AssertionError: a route takes something that is neither known as an id nor as none, or is
            of a kind that this file cannot look into.
    """
    app = front.client.app
    assert isinstance(app, FastAPI)
    routers = [route for route in app.routes if not isinstance(route, Mount)]
    contexts = [one for router in routers for one in router.effective_route_contexts()]  # type: ignore[attr-defined]  # FastAPI's own
    for one in contexts:
        named = set(_PARAMETER.findall(one.path)) | _query_names(one.dependant)
        assert named <= {*IDS, *NO_IDS}, f"{one.path}: tell the walker what {named} are"
    steps = [
        Step(method=method, path=one.path, query=frozenset(_query_names(one.dependant)))
        for one in contexts
        for method in one.methods
    ]
    return tuple(sorted(steps, key=lambda step: ("sign-out" in step.path, step.path, step.method)))


def rows_of(database: Database, practice_id: str) -> dict[str, list[str]]:
    """Return every row of a practice as text, by table."""
    with database.write(practice_id) as session:
        return {
            name: sorted(
                str(tuple(row))
                for row in session.execute(
                    text(f'SELECT * FROM "{name}" WHERE practice_id = :id'),  # noqa: S608
                    {"id": practice_id},
                )
            )
            for name, table in Row.metadata.tables.items()
            if "practice_id" in table.c
        }


def sign_in(front: Front) -> Browser:
    """Return somebody who may do the most."""
    return front.sign_in(Role.PRACTITIONER)


def _query_names(dependant: Dependant) -> set[str]:
    wanted, names = [dependant], set[str]()
    while wanted:
        one = wanted.pop()
        for parameter in one.query_params:
            fields = getattr(parameter.field_info.annotation, "model_fields", None)
            names |= set(fields) if fields else {parameter.alias}
        wanted += one.dependencies
    return names


def _told(answer: httpx2.Response) -> tuple[int, str, str]:
    """Return what an answer tells: its status, where it leads and its page.

    Left out are form keys, the second at which something was looked over, and when a person who
    is signed in was last at work: the walker itself, a moment ago.
    """
    return (
        answer.status_code,
        answer.headers.get("location", ""),
        _SEEN.sub("", _SECOND.sub("", _ONCE.sub("", _text(answer)))),
    )


def _text(answer: httpx2.Response) -> str:
    """Return what an answer says; of a packet, its pages and data without where the trail stood."""
    if answer.headers.get("content-type") != "application/zip":
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = [name for name in archive.namelist() if name.endswith((".html", ".json"))]
        return "".join(archive.read(name).decode() for name in told if name != "manifest.json")


def _cookie(browser: Browser) -> str:
    return f"__Host-ccm-session={browser.token}; {BROWSER}={'b' * 43}"
