"""What a person can do: launch from the EHR, record time, sign, and look into the EHR."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from datetime import time as clock_time
from urllib.parse import parse_qs, urlsplit

from fhir_fixtures.people.browser import Browser, Page, UnexpectedPageError

_OK = 200
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A stretch of work as a person types it."""

    day: date
    start: clock_time
    minutes: int
    activity: str
    contact_mode: str
    note: str


class Person:
    """A user of the sandbox EHR with a browser of their own."""

    def __init__(self, browser: Browser, ehr: str, user_id: str) -> None:
        self._browser, self._ehr, self._user_id = browser, ehr, user_id
        self._handle = ""

    def launch(self, patient_id: str) -> Page:
        """Launch the app inside the EHR for a patient; return the app's page in the frame."""
        launcher = self._browser.open(f"{self._ehr}/")
        chart = self._browser.submit(launcher, "/launches", user=self._user_id, patient=patient_id)
        self._handle = parse_qs(urlsplit(chart.url).query).get("launch", [""])[0]
        return _expected(self._browser.open(chart.frame), "the app")

    def record_time(self, page: Page, work: Work) -> Page:
        """Type time into the app's form and return the page that follows."""
        after = self._browser.submit(
            page,
            "/time",
            started_on=work.day.isoformat(),
            start_time=f"{work.start:%H:%M}",
            minutes=str(work.minutes),
            activity=work.activity,
            contact_mode=work.contact_mode,
            note=work.note,
        )
        return _expected(after, "the time log")

    def sign(self, page: Page) -> Page:
        """Tick every statement, sign the month, and return the page that follows."""
        statements = [str(value) for value in page.values_of("attested")]
        return _expected(self._browser.submit(page, "/sign", attested=statements), "the month")

    def wait_until_delivered(self, page: Page) -> Page:
        """Load the page again until nothing is on its way to the EHR any more."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up:
            page = _expected(self._browser.open(page.url), "the app")
            if not any("moving" in classes for classes in page.classes_within("delivery")):
                return page
            time.sleep(0.5)
        raise UnexpectedPageError("something is still on its way to the EHR")

    def record_in_the_ehr(self) -> Page:
        """Open the EHR's own list of the patient's record."""
        return _expected(
            self._browser.open(f"{self._ehr}/ehr/record?launch={self._handle}"), "the record"
        )

    def resource(self, reference: str) -> Page:
        """Open a resource in the EHR."""
        return _expected(
            self._browser.open(f"{self._ehr}/ehr/resource/{reference}"), "the resource"
        )


def _expected(page: Page, what: str) -> Page:
    if page.status != _OK:
        message = f"{what} answered {page.status}: {page.title}"
        raise UnexpectedPageError(message)
    return page
