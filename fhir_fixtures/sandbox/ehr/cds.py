"""The sandbox as a CDS Hooks client: opening a chart calls the app, whose cards are shown there.

https://cds-hooks.hl7.org/2.0/. Each call carries a fresh signed token, the data that the app's
service asks for beforehand, and an access token lent for a few minutes.
"""

import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import httpx2

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.oauth import discovery
from fhir_fixtures.sandbox.oauth.vault import LAUNCH_LIFETIME, Grant, Launch
from fhir_fixtures.sandbox.upstream import UpstreamRequest

HOOK = "patient-view"
TOKEN_LIFETIME = timedelta(minutes=2)
LENT_FOR = timedelta(minutes=5)
LENT_SCOPE = "patient/*.rs"
WAIT_SECONDS = 2.0
MAX_ROWS = "1000"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """A card as it is printed; `details` are paragraphs of (text, whether it is strong)."""

    summary: str
    indicator: str
    source: str
    details: tuple[tuple[tuple[str, bool], ...], ...] = field(repr=False)
    links: tuple[tuple[str, str], ...] = field(repr=False)


class CdsClient:
    """Calls the services that the first registered app offers for the hook."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._services: list[dict[str, Any]] | None = None

    async def cards(self, launch: Launch) -> tuple[CardView, ...]:
        """The cards for a chart that is being opened; none where the app does not answer."""
        base = self._box.settings.clients[0].cds_url
        if base is None:
            return ()
        try:
            async with httpx2.AsyncClient(timeout=WAIT_SECONDS, trust_env=False) as http:
                answers = [
                    await self._call(http, f"{base}/{service['id']}", service, launch)
                    for service in await self._discovered(http, base)
                    if service["hook"] == HOOK
                ]
        except (httpx2.HTTPError, ValueError, KeyError):
            return ()
        return tuple(self._view(card, launch) for each in answers for card in each["cards"])

    async def _discovered(self, http: httpx2.AsyncClient, base: str) -> list[dict[str, Any]]:
        if self._services is None:
            answer = await http.get(base, headers=self._signed(base))
            self._services = answer.raise_for_status().json()["services"]
        return self._services

    async def _call(
        self, http: httpx2.AsyncClient, url: str, service: dict[str, Any], launch: Launch
    ) -> dict[str, Any]:
        user = self._box.user(launch.user_id)
        context = {
            "userId": user.fhir_user if user else "",
            "patientId": launch.patient_id,
            "encounterId": launch.encounter_id,
        }
        known = {name: value for name, value in context.items() if value}
        body = {
            "hook": HOOK,
            "hookInstance": str(uuid4()),
            "fhirServer": self._box.settings.fhir_base,
            "fhirAuthorization": self._lent(launch),
            "context": known,
            "prefetch": await self._prefetched(service.get("prefetch", {}), known),
        }
        answer = await http.post(url, json=body, headers=self._signed(url))
        answered: dict[str, Any] = answer.raise_for_status().json()
        return answered

    async def _prefetched(
        self, templates: dict[str, str], context: dict[str, str]
    ) -> dict[str, Any]:
        """What could be read; a template that failed is left out."""
        read: dict[str, Any] = {}
        for key, template in templates.items():
            query = re.sub(r"{{context\.(\w+)}}", lambda m: context.get(m[1], ""), template)
            path, _, asked = query.partition("?")
            params = (*parse_qsl(asked), ("_count", MAX_ROWS)) if asked else ()
            response = await self._box.upstream.send(
                UpstreamRequest(method="GET", path=path, params=params, headers={})
            )
            if response.is_success:
                read[key] = response.json()
        return read

    def _lent(self, launch: Launch) -> dict[str, Any]:
        client = self._box.settings.clients[0]
        grant = Grant(
            client_id=client.client_id,
            scopes=(LENT_SCOPE,),
            family=secrets.token_urlsafe(16),
            user_id=launch.user_id,
            launch=launch,
        )
        return {
            "access_token": self._box.vault.access_tokens.put(grant, LENT_FOR),
            "token_type": "Bearer",
            "expires_in": int(LENT_FOR.total_seconds()),
            "scope": LENT_SCOPE,
            "subject": client.client_id,
        }

    def _signed(self, audience: str) -> dict[str, str]:
        settings = self._box.settings
        claims = {"iss": settings.origin, "aud": audience, "jti": str(uuid4())}
        token = self._box.signer.sign_call(
            claims,
            jku=settings.url(discovery.JWKS),
            now=self._box.clock(),
            lifetime=TOKEN_LIFETIME,
        )
        return {"Authorization": f"Bearer {token}"}

    def _view(self, card: dict[str, Any], launch: Launch) -> CardView:
        return CardView(
            summary=card["summary"],
            indicator=card["indicator"],
            source=card["source"]["label"],
            details=tuple(map(_runs, card.get("detail", "").split("\n\n"))),
            links=tuple(
                (link["label"], self._launched_again(launch, link.get("appContext")))
                for link in card.get("links", [])
                if link["type"] == "smart"
            ),
        )

    def _launched_again(self, launch: Launch, app_context: str | None) -> str:
        """The chart's address for a launch that hands the card's context to the app."""
        again = replace(launch, app_context=app_context)
        return f"/ehr?launch={self._box.vault.launches.put(again, LAUNCH_LIFETIME)}"


def _runs(paragraph: str) -> tuple[tuple[str, bool], ...]:
    """A paragraph of Markdown as pieces of text: escapes undone, double asterisks strong."""
    pieces = re.split(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", paragraph)
    return tuple(
        (re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", piece), place % 2 == 1)
        for place, piece in enumerate(pieces)
        if piece
    )
