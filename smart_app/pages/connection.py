"""The connection check: what stands between this installation and the EHR; writes nothing there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.connection_check import check_connection
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.overrides import (
    SignedOverride,
    WithdrawnProof,
    sign_override,
    withdraw,
    words_of,
)
from ccm_fhir.services.setup_hand import administrator
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch, Write
from smart_app.pages.answers import frame_of
from smart_app.views import page as frames
from smart_app.views.connection import connection_page
from smart_app.views.page import Done
from smart_app.views.rendering import render
from smart_app.views.write_words import words_page

router = APIRouter(prefix="/l/{launch_id}/connection")
_SEE_OTHER = 303
_YES_NO = {"yes": True, "no": False}


@router.get("")
def show(request: Request, opened: OpenLaunch, month: AskedMonth, done: str = "") -> Response:
    """Show what would be looked at, and how the browser treats the app; the EHR is not asked."""
    return _page(request, opened, month.value, None, problem=_Problem(done=done))


@router.post("")
def check(request: Request, write: GuardedWrite) -> Response:
    """Look the EHR over now."""
    found = check_connection(write.opened.world, write.opened.visit.actor)
    return _page(request, write.opened, write.month(), found)


@router.post("/override")
def override(write: GuardedWrite) -> Response:
    """Keep an administrator's signed word on what the EHR takes."""

    def act() -> None:
        opened, takes = write.opened, write.text("takes")
        if takes not in _YES_NO:
            raise InputError("takes", "Choose whether the EHR takes it.")
        actor = opened.visit.actor
        signed = SignedOverride(
            ehr_id=actor.ehr_id,
            act=write.text("act"),
            is_supported=_YES_NO[takes],
            signed_by=actor.name,
            reason=write.text("reason"),
        )
        sign_override(opened.world, administrator(actor), signed, opened.now)

    return _signed(write, act)


@router.post("/withdraw")
def withdraw_proof(write: GuardedWrite) -> Response:
    """Withdraw what the EHR has proved of an act."""

    def act() -> None:
        opened = write.opened
        actor = opened.visit.actor
        withdrawn = WithdrawnProof(
            ehr_id=actor.ehr_id,
            act=write.text("act"),
            person=actor.name,
            reason=write.text("reason"),
        )
        withdraw(opened.world, administrator(actor), withdrawn, opened.now)

    return _signed(write, act)


def _signed(write: Write, act: Callable[[], None]) -> Response:
    opened, month = write.opened, write.month()
    try:
        act()
    except (InputError, ConflictError) as problem:
        return _page(None, opened, month, None, problem=_Problem(str(problem)))
    there = f"/l/{opened.visit.launch_id}/connection?month={month}&done={Done.OVERRIDE}"
    return RedirectResponse(there, _SEE_OTHER)


@dataclass(frozen=True, slots=True)
class _Problem:
    text: str = ""
    done: str = ""


def _page(
    request: Request | None,
    opened: Opened,
    month: ServiceMonth,
    found: Diagnosis | None,
    *,
    problem: _Problem = _Problem(),
) -> HTMLResponse:
    actor = opened.visit.actor
    hand = administrator(actor)
    around = frame_of(opened, month, frames.CONNECTION, done=problem.done)
    opened_in = "" if request is None else request.headers.get("sec-fetch-dest", "")
    view = connection_page(opened.visit.ehr_name, opened_in, found)
    words = words_page(words_of(opened.world, hand, actor.ehr_id), problem.text)
    html = render("connection.html", page=around, view=view, words=words)
    return HTMLResponse(html, status_code=422 if problem.text else 200)
