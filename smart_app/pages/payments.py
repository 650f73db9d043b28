"""What a month's claims came to, and reading a remittance (835) that somebody uploads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, Response

from ccm_fhir.domain.remittance import Outcome
from ccm_fhir.errors import ConflictError, InputError, X12FileError
from ccm_fhir.services.payments import PaymentFilter, load_by_hand, payments
from ccm_fhir.services.remittances import RemittanceRead
from smart_app.deps import AskedMonth, Opened, OpenLaunch, Write, own_page
from smart_app.pages.answers import frame_of
from smart_app.session.guard import refuse_wrong_token
from smart_app.views import page as frames
from smart_app.views.forms import Attempt
from smart_app.views.payments_page import LOAD, payments_page
from smart_app.views.rendering import render

router = APIRouter(prefix="/l/{launch_id}/payments")
_MOST_FIELDS = 10


@router.get("")
def show(
    opened: OpenLaunch,
    month: AskedMonth,
    outcome: Outcome | None = None,
    reason: str = "",
    page: int = 1,
) -> Response:
    """Show what every claim of the month came to, or those of one outcome or reason."""
    wanted = PaymentFilter(month=month.value, outcome=outcome, reason=reason, page=page)
    return _page(opened, wanted)


async def uploaded(request: Request) -> AsyncIterator[FormData]:
    """Yield the form with its one file; the limit of a request's body keeps it in memory."""
    async with request.form(max_files=1, max_fields=_MOST_FIELDS) as form:
        yield form


def _writing(
    _: Annotated[None, Depends(own_page)],
    opened: OpenLaunch,
    request: Request,
    form: Annotated[FormData, Depends(uploaded)],
) -> Write:
    sent = request.headers.get("x-csrf") or form.get("csrf")
    refuse_wrong_token(sent if isinstance(sent, str) else "", opened.visit.csrf_token)
    return Write(opened=opened, form=form)


@router.post("/load")
def load(write: Annotated[Write, Depends(_writing)]) -> Response:
    """Read a remittance; a file that cannot be taken over whole changes nothing."""
    opened, month = write.opened, write.month()
    try:
        content = _content(write.form)
        read = load_by_hand(opened.world, opened.visit.actor, content, opened.now)
    except X12FileError as problem:
        wrong = InputError("file", str(problem))
        return _page(opened, PaymentFilter(month=month), attempt=_attempt(write, wrong))
    except (InputError, ConflictError) as problem:
        return _page(opened, PaymentFilter(month=month), attempt=_attempt(write, problem))
    return _page(opened, PaymentFilter(month=month), read=read)


def _content(form: FormData) -> bytes:
    file = form.get("file")
    content = file.file.read() if isinstance(file, UploadFile) else b""
    if not content:
        raise InputError("file", "Choose the 835 file that the payer or clearing house sent.")
    return content


def _attempt(write: Write, problem: InputError | ConflictError) -> Attempt:
    return Attempt.of(LOAD, write.form_key(), {}, problem)


def _page(
    opened: Opened,
    wanted: PaymentFilter,
    *,
    attempt: Attempt | None = None,
    read: RemittanceRead | None = None,
) -> HTMLResponse:
    found = payments(opened.world, opened.visit.actor, wanted, opened.now)
    around = frame_of(opened, wanted.month, frames.PAYMENTS)
    view = payments_page(found, opened.page_key, attempt, read)
    html = render("payments.html", page=around, view=view)
    return HTMLResponse(html, status_code=200 if attempt is None else attempt.status)
