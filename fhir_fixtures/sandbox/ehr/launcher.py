"""The front page: pick a user and a patient, then open the app inside the chart, or on its own."""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.ehr.pages import Pages
from fhir_fixtures.sandbox.ehr.patients import read_patient, read_patients
from fhir_fixtures.sandbox.oauth.form import read_form
from fhir_fixtures.sandbox.oauth.vault import LAUNCH_LIFETIME, Launch
from fhir_fixtures.sandbox.upstream import UpstreamRequest

INTENTS = ("review-month", "log-time")


class Launcher:
    """Makes launch handles; whom they stand for is never in a URL or cookie."""

    def __init__(self, box: Box, pages: Pages) -> None:
        self._box = box
        self._pages = pages

    def routes(self) -> list[Route]:
        """The page (searched by POST, so that names stay out of URLs) and the launch itself."""
        return [
            Route("/", self.show, methods=["GET", "POST"]),
            Route("/launches", self.launch, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The launcher, with what was chosen before a search still chosen."""
        form = await read_form(request) if request.method == "POST" else {}
        sought = form.get("sought", "")
        patients = await read_patients(self._box)
        users = self._box.practice.users
        client = self._box.settings.clients[0]
        context = {
            "users": users,
            "chosen_user": form.get("user", users[0].id),
            "hide_banner": "hide_banner" in form,
            "with_encounter": "with_encounter" in form,
            "intents": INTENTS,
            "chosen_intent": form.get("intent", ""),
            "sought": sought,
            "patients": [each for each in patients if each.matches(sought)],
            "patient_count": len(patients),
            "fhir_base": self._box.settings.fhir_base,
            "standalone": f"{client.launch_url}?{urlencode({'iss': self._box.settings.fhir_base})}",
        }
        return self._pages.render("launcher.html", context)

    async def launch(self, request: Request) -> Response:
        """On to the chart, where the app is opened in the context chosen."""
        form = await read_form(request)
        user = self._box.user(form.get("user"))
        patient = await read_patient(self._box, form.get("patient", ""))
        if user is None or patient is None:
            return self._pages.refusal("Choose a user and a patient of this practice.")
        encounter_id = (
            await self._latest_encounter(patient.id) if "with_encounter" in form else None
        )
        launch = Launch(
            user_id=user.id,
            patient_id=patient.id,
            encounter_id=encounter_id,
            need_patient_banner="hide_banner" not in form,
            intent=form.get("intent"),
        )
        handle = self._box.vault.launches.put(launch, LAUNCH_LIFETIME)
        return RedirectResponse(f"/ehr?launch={handle}", status_code=HTTPStatus.SEE_OTHER)

    async def _latest_encounter(self, patient_id: str) -> str | None:
        response = await self._box.upstream.send(
            UpstreamRequest(
                method="GET",
                path="Encounter",
                params=(("patient", patient_id), ("_sort", "-date"), ("_count", "1")),
                headers={},
            )
        )
        entries = response.json().get("entry", []) if response.is_success else []
        return str(entries[0]["resource"]["id"]) if entries else None
