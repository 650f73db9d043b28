"""Answers of the gateway itself: refusals as OperationOutcome."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from fhir_fixtures.sandbox.upstream import FHIR_JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer on its way to the app: a resource, a page that is none, or no body at all."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: dict[str, Any] | None = field(default=None, repr=False)
    page: bytes | None = field(default=None, repr=False)

    def response(self) -> Response:
        """The reply as HTTP."""
        headers = {"Cache-Control": "no-store", **self.headers}
        if self.resource is None:
            return Response(self.page, status_code=self.status, headers=headers)
        return Response(
            json.dumps(self.resource, separators=(",", ":")),
            status_code=self.status,
            headers=headers,
            media_type=FHIR_JSON,
        )


class RefusedError(Exception):
    """A FHIR interaction that the gateway does not let through."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        diagnostics: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(diagnostics)
        self.status = status
        self.outcome = operation_outcome(code, diagnostics)
        self.headers = dict(headers or {})

    def reply(self) -> Reply:
        """The refusal as an answer to the app."""
        return Reply(status=self.status, headers=self.headers, resource=self.outcome)


def forbidden(diagnostics: str) -> RefusedError:
    """403: the token does not reach that far."""
    return RefusedError(HTTPStatus.FORBIDDEN, "forbidden", diagnostics)


def bad_request(diagnostics: str) -> RefusedError:
    """400: the request cannot be understood."""
    return RefusedError(HTTPStatus.BAD_REQUEST, "invalid", diagnostics)


def not_supported(diagnostics: str) -> RefusedError:
    """404: this EHR has no such thing."""
    return RefusedError(HTTPStatus.NOT_FOUND, "not-supported", diagnostics)


def operation_outcome(code: str, diagnostics: str) -> dict[str, Any]:
    """https://hl7.org/fhir/R4/operationoutcome.html, with one issue."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": diagnostics}],
    }
