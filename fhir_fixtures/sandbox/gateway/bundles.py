"""Batches and transactions: every entry is held to the token as if it had come alone."""

import json
from http import HTTPStatus
from typing import Any

from fhir_fixtures.sandbox.gateway.access import Rules
from fhir_fixtures.sandbox.gateway.interaction import Interaction, understand
from fhir_fixtures.sandbox.gateway.outcome import RefusedError, Reply, bad_request
from fhir_fixtures.sandbox.gateway.performer import Performer, read_resource
from fhir_fixtures.sandbox.upstream import FHIR_JSON, Upstream, UpstreamRequest

MAX_ENTRIES = 500
_CONDITIONS = {
    "ifNoneExist": "If-None-Exist",
    "ifMatch": "If-Match",
    "ifNoneMatch": "If-None-Match",
}


class BundleEndpoint:
    """What is posted to the FHIR base itself, for the holder of one token."""

    def __init__(self, performer: Performer, upstream: Upstream) -> None:
        self._performer = performer
        self._upstream = upstream

    async def post(self, bundle: object, prefer: str | None) -> Reply:
        """The batch-response or transaction-response.

        Raises:
            RefusedError: it is neither, or a transaction holds an entry that is not allowed.
        """
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            raise bad_request("only a Bundle can be posted to the base")
        entries = bundle.get("entry", [])
        if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
            raise bad_request(f"entry must be a list of at most {MAX_ENTRIES}")
        self._performer.vendor.check_bundle(str(bundle.get("type")))
        match bundle.get("type"):
            case "batch":
                return await self._batch(entries, prefer)
            case "transaction":
                return await self._transaction(entries, prefer)
            case _:
                raise bad_request("Bundle.type must be batch or transaction")

    async def _batch(self, entries: list[Any], prefer: str | None) -> Reply:
        answers = [await self._alone(each, prefer) for each in entries]
        return _bundle("batch-response", answers)

    async def _alone(self, entry: object, prefer: str | None) -> dict[str, Any]:
        try:
            reply = await self._performer.perform(self._understood(entry, prefer))
        except RefusedError as refused:
            reply = refused.reply()
        answer: dict[str, Any] = {
            "response": {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}"}
        }
        for name, header in (("location", "location"), ("etag", "etag")):
            if header in reply.headers:
                answer["response"][name] = reply.headers[header]
        if reply.resource and reply.status >= HTTPStatus.BAD_REQUEST:
            answer["response"]["outcome"] = reply.resource
        elif reply.resource:
            answer["resource"] = reply.resource
        return answer

    async def _transaction(self, entries: list[Any], prefer: str | None) -> Reply:
        interactions = [self._understood(each, prefer) for each in entries]
        if any(each.name in ("search", "history") for each in interactions):
            raise bad_request("searches belong in a batch, not in a transaction")
        admitted = [await self._performer.guard.admit(each) for each in interactions]
        sent = [_rebuilt(*each) for each in zip(entries, interactions, strict=True)]
        response = await self._upstream.send(
            UpstreamRequest(
                method="POST",
                path="",
                headers={"Content-Type": FHIR_JSON} | ({"Prefer": prefer} if prefer else {}),
                content=json.dumps(
                    {"resourceType": "Bundle", "type": "transaction", "entry": sent}
                ).encode(),
            )
        )
        resource = read_resource(response)
        if resource is None or not response.is_success:
            return Reply(status=response.status_code, resource=resource)
        answers = zip(resource.get("entry", []), admitted, strict=True)
        screened = [self._screened(entry, rules) for entry, rules in answers]
        return Reply(
            status=response.status_code,
            resource=self._performer.links.resource({**resource, "entry": screened}),
        )

    def _screened(self, entry: dict[str, Any], rules: Rules) -> dict[str, Any]:
        resource = entry.get("resource")
        if not isinstance(resource, dict) or resource.get("resourceType") == "OperationOutcome":
            return entry
        if rules.permit(resource):
            return entry
        return {name: value for name, value in entry.items() if name not in ("resource", "fullUrl")}

    def _understood(self, entry: object, prefer: str | None) -> Interaction:
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(request, dict):
            raise bad_request("every entry needs a request")
        headers = {
            header: str(request[name]) for name, header in _CONDITIONS.items() if name in request
        }
        headers |= {"Prefer": prefer} if prefer else {}
        resource, content = entry.get("resource"), None
        if resource is not None:
            content = json.dumps(resource).encode()
            headers["Content-Type"] = FHIR_JSON
        return understand(
            str(request.get("method", "")).upper(),
            self._performer.links.relative(str(request.get("url", ""))),
            headers=headers,
            content=content,
        )


def _rebuilt(entry: dict[str, Any], interaction: Interaction) -> dict[str, Any]:
    # Member by member: sekmet-fhir 0.1.1 obeys private members of an entry ("_assigned_id",
    # "_existing") if they are sent, and would then read or write what was never checked.
    request: dict[str, Any] = {"method": interaction.method, "url": interaction.target}
    request |= {name: entry["request"][name] for name in _CONDITIONS if name in entry["request"]}
    kept: dict[str, Any] = {
        name: value for name, value in entry.items() if name in ("fullUrl", "resource")
    }
    return kept | {"request": request}


def _bundle(bundle_type: str, entries: list[dict[str, Any]]) -> Reply:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": bundle_type}
    return Reply(status=HTTPStatus.OK, resource=bundle | ({"entry": entries} if entries else {}))
