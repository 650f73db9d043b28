"""The patient's copy: printed, as PDF, and the record that it was given."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ccm_fhir.errors import InputError
from ccm_fhir.services.plan_contact import (
    CopyGivenBy,
    CopyLanguage,
    GivenCopy,
    give_copy,
    printed_plan,
)
from smart_app.deps import AskedMonth, GuardedWrite, Opened, OpenLaunch
from smart_app.pages.answers import patient_id_of
from smart_app.pages.plan import tried
from smart_app.views.page import Done
from smart_app.views.pdf import can_make_pdf, to_pdf
from smart_app.views.plan_copy import CopyView, copy_text, copy_view
from smart_app.views.rendering import STATIC, render

router = APIRouter(prefix="/l/{launch_id}/plan/copy")
_SEE_OTHER = 303


@router.get("")
def look(
    opened: OpenLaunch, month: AskedMonth, language: str = "en", record_id: str = ""
) -> Response:
    """Show the copy as it is printed; a recorded one with the message that went with it."""
    view = _view(opened, language, record_id)
    return HTMLResponse(
        render(
            "plan_copy.html",
            view=view,
            back=f"/l/{opened.visit.launch_id}/plan?tab=copy&month={month.value}",
            launch_id=opened.visit.launch_id,
            record_id=record_id,
            has_pdf=can_make_pdf(),
            is_pdf=False,
        )
    )


@router.get("/pdf")
def pdf(opened: OpenLaunch, language: str = "en", record_id: str = "") -> Response:
    """Return the copy as an accessible PDF; where none can be made, the page to be printed."""
    if not can_make_pdf():
        asked = f"language={_language(language).value}"
        return RedirectResponse(f"/l/{opened.visit.launch_id}/plan/copy?{asked}", _SEE_OTHER)
    view = _view(opened, language, record_id)
    html = render(
        "plan_copy.html",
        view=view,
        back="",
        launch_id="",
        record_id="",
        has_pdf=False,
        is_pdf=True,
    )
    made = to_pdf(html, (STATIC / "copy.css").read_text(encoding="utf-8"))
    headers = {"content-disposition": 'inline; filename="care-plan.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.post("")
def give(write: GuardedWrite) -> Response:
    """Record that a copy was given: when, how, in which language, to whom."""

    def act() -> None:
        opened = write.opened
        language, way = write.text("language"), write.text("way")
        if language not in set(CopyLanguage):
            raise InputError("language", "Choose the language of the copy.")
        if way not in set(CopyGivenBy):
            raise InputError("way", "Choose how it was given.")
        given = GivenCopy(
            patient_id=patient_id_of(opened.visit),
            given_on=_given_on(write.text("given_on")),
            way=CopyGivenBy(way),
            language=CopyLanguage(language),
            given_to=write.text("given_to"),
            message=write.text("message"),
            form_key=write.form_key(),
        )
        text = copy_text(_view(opened, language, ""))
        give_copy(opened.world, opened.visit.actor, given, text, opened.now)

    return tried(write, "copy", act, Done.PLAN_COPY)


def _view(opened: Opened, language: str, record_id: str) -> CopyView:
    visit = opened.visit
    printed = printed_plan(opened.world, visit.actor, patient_id_of(visit), opened.now, record_id)
    chosen = _language(language) if printed.record is None else printed.record.language
    return copy_view(printed, chosen)


def _language(text: str) -> CopyLanguage:
    return CopyLanguage(text) if text in set(CopyLanguage) else CopyLanguage.ENGLISH


def _given_on(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("given_on", "Give the day on which it was given.") from None
