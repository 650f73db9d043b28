"""The FHIR endpoint: tokens checked, requests understood, errors told as OperationOutcome."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.gateway.access import Access
from fhir_fixtures.sandbox.gateway.bundles import BundleEndpoint
from fhir_fixtures.sandbox.gateway.capability import capability_statement
from fhir_fixtures.sandbox.gateway.interaction import read_json, understand
from fhir_fixtures.sandbox.gateway.links import Links
from fhir_fixtures.sandbox.gateway.outcome import RefusedError, Reply
from fhir_fixtures.sandbox.gateway.performer import Performer, read_resource
from fhir_fixtures.sandbox.upstream import UpstreamRequest, UpstreamUnreachableError

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_PASSED_ON = (
    "If-None-Exist",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Prefer",
    "Content-Type",
)
_JSON = ("json", "*/*", "application/*")
_FORM = "application/x-www-form-urlencoded"


class FhirEndpoint:
    """Everything under the FHIR base."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._links = Links(inner=box.upstream.base_url, outer=box.settings.fhir_base)

    def routes(self) -> list[Route]:
        """The public statement, and the rest behind tokens."""
        return [
            Route("/fhir/metadata", self.metadata, methods=["GET"]),
            Route("/fhir", self.fhir, methods=METHODS),
            Route("/fhir/{path:path}", self.fhir, methods=METHODS),
        ]

    async def metadata(self, _: Request) -> Response:
        """The CapabilityStatement, for everybody."""
        try:
            response = await self._box.upstream.send(
                UpstreamRequest(method="GET", path="metadata", headers={})
            )
            statement = read_resource(response)
        except (RefusedError, UpstreamUnreachableError) as error:
            return _explained(error)
        if statement is None or not response.is_success:
            return Reply(status=response.status_code, resource=statement).response()
        own = capability_statement(statement, self._box)
        resource = self._box.vendor.statement(own, self._box.settings.fhir_base)
        return Reply(status=HTTPStatus.OK, resource=resource).response()

    async def fhir(self, request: Request) -> Response:
        """The answer to any other FHIR request."""
        try:
            performer = self._performer(request)
            _check_formats(request)
            reply = await self._answer(request, performer)
        except (RefusedError, UpstreamUnreachableError) as error:
            return _explained(error)
        return reply.response()

    def _performer(self, request: Request) -> Performer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthorized('Bearer realm="fhir"', "an access token is needed")
        grant = self._box.vault.access_tokens.look(token.strip())
        if grant is None:
            raise _unauthorized(
                'Bearer realm="fhir", error="invalid_token"', "the token is unknown or has expired"
            )
        self._box.vendor.check(grant.client_id, request.headers.get("accept", "*/*"))
        access = Access(grant, self._box.settings.fhir_base)
        return Performer(access, self._box.upstream, self._links, self._box.vendor)

    async def _answer(self, request: Request, performer: Performer) -> Reply:
        path = request.path_params.get("path", "").strip("/")
        content = await request.body()
        if not path and request.method == "POST":
            bundles = BundleEndpoint(performer, self._box.upstream)
            return await bundles.post(read_json(content), request.headers.get("prefer"))
        if not path and request.method == "GET" and request.url.query.startswith("_getpages="):
            return await performer.next_page(request.url.query)
        target = f"{path}?{request.url.query}" if request.url.query else path
        given = request.headers
        headers = {each: given[each] for each in _PASSED_ON if each in given}
        interaction = self._box.vendor.operation(request.method, target, content)
        if interaction is None:
            interaction = understand(
                request.method, target, headers=headers, content=content or None
            )
        return await performer.perform(interaction)


def _check_formats(request: Request) -> None:
    accept = request.headers.get("accept", "*/*")
    wanted = request.query_params.get("_format", "json")
    if not any(each in accept for each in _JSON) or "json" not in wanted:
        raise RefusedError(HTTPStatus.NOT_ACCEPTABLE, "not-supported", "only JSON is spoken here")
    sent = request.headers.get("content-type", "application/fhir+json")
    is_search = request.url.path.endswith("/_search") and sent.startswith(_FORM)
    if not is_search and "json" not in sent:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-supported", "only JSON is understood here"
        )


def _unauthorized(challenge: str, diagnostics: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.UNAUTHORIZED, "login", diagnostics, {"WWW-Authenticate": challenge}
    )


def _explained(error: RefusedError | UpstreamUnreachableError) -> Response:
    if isinstance(error, RefusedError):
        return error.reply().response()
    return (
        RefusedError(HTTPStatus.BAD_GATEWAY, "transient", "the FHIR server behind did not answer")
        .reply()
        .response()
    )
