"""A vendor's refusals, in the vendor's own shape."""

import json
from http import HTTPStatus

from fhir_fixtures.sandbox.gateway.outcome import RefusedError, Reply
from fhir_fixtures.sandbox.profiles.shape import Refusal


class VendorRefusedError(RefusedError):
    """An interaction that this vendor's EHR turns away."""

    def __init__(self, refusal: Refusal, diagnostics: str) -> None:
        super().__init__(HTTPStatus(refusal.status), refusal.code, diagnostics)
        self._refusal = refusal

    def reply(self) -> Reply:
        """The refusal as this vendor words it."""
        match self._refusal.shape:
            case "outcome":
                return super().reply()
            case "empty":
                return Reply(status=self.status)
            case "numeric":
                # eClinicalWorks' guide names the member `status`; `key` is assumed.
                body = {"status": self._refusal.number, "key": self._refusal.code}
                return Reply(
                    status=self.status,
                    headers={"Content-Type": "application/json"},
                    page=json.dumps(body).encode(),
                )
