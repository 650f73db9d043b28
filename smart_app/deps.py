"""What routes are given: the installation, the clock, the open launch, a guarded form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Annotated, cast
from uuid import UUID, uuid4

from fastapi import Depends, Request
from starlette.datastructures import FormData

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.sessions import Visit, frame_origins, resolve
from ccm_fhir.services.withdrawal import end_withdrawn
from smart_app.session import cookies
from smart_app.session.guard import refuse_foreign_origin, refuse_wrong_token
from smart_app.session.headers import allow_framing
from smart_app.session.rates import PAGES_OF_A_SESSION, Rate, RateLimiter
from smart_app.session.refusals import (
    BrokenFormError,
    GrantWithdrawnError,
    SessionEndedError,
    TooManyRequestsError,
)
from smart_app.session.shelf import Shelf

_LAUNCH_ID = re.compile(r"[A-Za-z0-9_-]{8,128}\Z")
_MOST_FIELDS = 1000  # a tab of a care plan has some hundred
_NOT_TYPED = frozenset({"Cc", "Cs"})  # control characters, halves of characters


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What the web app is told.

    ``service_now`` is the clock of the work on the pages, which a demo may set to its own day;
    sessions, tokens and cookies live by the installation's own clock, which no demo moves.
    """

    base_url: str
    is_demo: bool
    service_now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What create_app puts at the routes' disposal."""

    world: Installation
    settings: AppSettings
    rates: RateLimiter = field(default_factory=RateLimiter, repr=False)
    styles: Shelf = field(default_factory=Shelf, repr=False)

    def hold_to(self, rate: Rate, who: str) -> None:
        """Count a request of somebody.

        Raises:
            TooManyRequestsError: they ask too fast.
        """
        wait = self.rates.wait_seconds(rate, who, self.world.clock())
        if wait:
            raise TooManyRequestsError(wait)


def wiring(request: Request) -> Wiring:
    """Return what the app was made with."""
    return cast("Wiring", request.app.state.wiring)


Wired = Annotated[Wiring, Depends(wiring)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One request inside an open launch."""

    world: Installation
    settings: AppSettings
    visit: Visit
    session_token: str = field(repr=False)
    now: datetime
    page_key: str


def refuse_withdrawn(wired: Wiring, session_token: str, launch_id: str) -> None:
    """End a launch, with its session, where the EHR has taken back what it rests on.

    Raises:
        GrantWithdrawnError: it has.
    """
    if not session_token or not _LAUNCH_ID.match(launch_id):
        return
    now = wired.settings.service_now()
    withdrawn = end_withdrawn(wired.world, session_token, launch_id, now)
    if withdrawn is not None:
        raise GrantWithdrawnError(withdrawn.iss)


def opened(request: Request, launch_id: str, wired: Wired) -> Opened:
    """Return the open launch of the address; its EHR, and no one else, may frame the answer.

    Raises:
        SessionEndedError: the cookie opens no such launch, for whatever reason.
        GrantWithdrawnError: the EHR has taken back what the launch rests on.
        TooManyRequestsError: the session asks faster than people work.
    """
    token = cookies.read(request, cookies.SESSION)
    visit = None
    if token and _LAUNCH_ID.match(launch_id):
        wired.hold_to(PAGES_OF_A_SESSION, token)
        visit = resolve(wired.world, token, launch_id, touch=not _asks_by_itself(request))
    if visit is None:
        allow_framing(request.scope, frame_origins(wired.world))
        refuse_withdrawn(wired, token, launch_id)
        raise SessionEndedError
    allow_framing(request.scope, (visit.ehr_origin,))
    return Opened(
        world=wired.world,
        settings=wired.settings,
        visit=visit,
        session_token=token,
        now=wired.settings.service_now(),
        page_key=str(uuid4()),
    )


def _asks_by_itself(request: Request) -> bool:
    """Whether a page asks on its own: a timer's signs, its bar, and what htmx fetches by GET."""
    if "x-poll" in request.headers or "x-bar" in request.headers:
        return True
    return request.method == "GET" and "hx-request" in request.headers


OpenLaunch = Annotated[Opened, Depends(opened)]


def own_page(request: Request, wired: Wired) -> None:
    """Refuse a write that another site's page sent, before anything else is looked at."""
    refuse_foreign_origin(request.headers, wired.settings.base_url)


async def posted(request: Request) -> FormData:
    """Return the form as sent; files are refused."""
    return await request.form(max_files=0, max_fields=_MOST_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A guarded write: the open launch and the form."""

    opened: Opened
    form: FormData = field(repr=False)

    def text(self, name: str) -> str:
        """Return a field's text without the blanks around it; empty where it is absent.

        Raises:
            BrokenFormError: it holds characters that no keyboard types.
        """
        value = self.form.get(name)
        return _plain(name, value) if isinstance(value, str) else ""

    def texts(self, name: str) -> frozenset[str]:
        """Return every value of a field that may be sent more than once."""
        sent = self.form.getlist(name)
        return frozenset(_plain(name, value) for value in sent if isinstance(value, str))

    def form_key(self) -> str:
        """Return the form's key.

        Raises:
            BrokenFormError: there is none, or it is not one that a page of ours gave.
        """
        try:
            return str(UUID(self.text("form_key")))
        except ValueError:
            raise BrokenFormError("form_key") from None

    def month(self) -> ServiceMonth:
        """Return the month of the page that the form was on."""
        return read_month(self.text("month"))


def writing(
    _: Annotated[None, Depends(own_page)],
    opened: OpenLaunch,
    request: Request,
    form: Annotated[FormData, Depends(posted)],
) -> Write:
    """Return a write that is proved to come from this session's own page.

    Raises:
        ForgedRequestError: it is not.
    """
    sent = request.headers.get("x-csrf") or form.get("csrf")
    refuse_wrong_token(sent if isinstance(sent, str) else "", opened.visit.csrf_token)
    return Write(opened=opened, form=form)


GuardedWrite = Annotated[Write, Depends(writing)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthAsked:
    """The month of the address, or the current one where it names none."""

    value: ServiceMonth
    is_named: bool


def month_asked(wired: Wired, month: str = "") -> MonthAsked:
    """Return the month to show.

    Raises:
        InputError: the address names something that is no month.
    """
    if month:
        return MonthAsked(value=read_month(month), is_named=True)
    return MonthAsked(
        value=ServiceMonth.containing(wired.settings.service_now().date()), is_named=False
    )


AskedMonth = Annotated[MonthAsked, Depends(month_asked)]


def read_month(text: str) -> ServiceMonth:
    """Return a month whose neighbours are months too.

    Raises:
        InputError: it is not one.
    """
    month = ServiceMonth.parse(text)
    if not MINYEAR < month.year < MAXYEAR:
        raise InputError("month", "not a month that anything happened in")
    return month


def _plain(name: str, value: str) -> str:
    if any(
        unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\r\n\t" for letter in value
    ):
        raise BrokenFormError(name)
    return value.strip()
