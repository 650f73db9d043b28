"""A conditional create as it goes wrong: a search that may lag, a pause, and then a write.

Done here only where the plan asks for a lag or a race; otherwise the FHIR server does it, at once
and alone.
"""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp

from fhir_fixtures.sandbox.faults.exchange import Answered, Asked, pass_on
from fhir_fixtures.sandbox.faults.index import LaggingIndex
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from fhir_fixtures.sandbox.gateway.outcome import operation_outcome
from fhir_fixtures.sandbox.upstream import FHIR_JSON

IF_NONE_EXIST = b"if-none-exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalCreates:
    """Searches, waits, then writes, with nothing to hold others back meanwhile."""

    app: ASGIApp
    index: LaggingIndex

    async def answer(self, asked: Asked, plan: FaultPlan) -> Answered:
        """The answer to a create with a condition."""
        found, _ = self.index.seen(await self._search(asked), plan.index_lag_seconds)
        bundle = found.json()
        if found.status != HTTPStatus.OK or not isinstance(bundle, dict):
            return found
        matches = [each["resource"] for each in bundle.get("entry", []) if "resource" in each]
        if plan.race_seconds:
            await asyncio.sleep(plan.race_seconds)
        if not matches:
            return await pass_on(self.app, asked.without(IF_NONE_EXIST))
        if len(matches) > 1:
            outcome = operation_outcome("multiple-matches", "more than one resource fits")
            return _json(HTTPStatus.PRECONDITION_FAILED, outcome)
        return _json(HTTPStatus.OK, matches[0])

    async def _search(self, asked: Asked) -> Answered:
        headers = [
            (name, value)
            for name, value in asked.scope["headers"]
            if name.lower() not in (IF_NONE_EXIST, b"content-type", b"content-length", b"prefer")
        ]
        scope = {
            **asked.scope,
            "method": "GET",
            "query_string": (asked.header(IF_NONE_EXIST) or "").encode(),
            "headers": headers,
        }
        return await pass_on(self.app, Asked(scope=scope, body=b""))


def _json(status: HTTPStatus, value: object) -> Answered:
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", FHIR_JSON.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    return Answered(status=status, headers=headers, body=body)
