"""What must be true before an interaction reaches the FHIR server, given what a token allows."""

from http import HTTPStatus
from urllib.parse import urlencode

from fhir_fixtures.sandbox.gateway import compartment
from fhir_fixtures.sandbox.gateway.access import Access, Rules
from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.gateway.outcome import bad_request, forbidden
from fhir_fixtures.sandbox.upstream import Upstream, UpstreamRequest

_OTHER_PATIENT = "the token does not reach this resource"
_FORM = "application/x-www-form-urlencoded"


class Guard:
    """Checks one interaction at a time for one token."""

    def __init__(self, access: Access, upstream: Upstream) -> None:
        self._access = access
        self._upstream = upstream

    async def admit(self, interaction: Interaction) -> Rules:
        """The rules under which the interaction may go ahead.

        Raises:
            RefusedError: it may not, or its body cannot be understood.
        """
        rules = self._access.rules(interaction.resource_type, interaction.letter)
        if not rules:
            needed = f"{interaction.resource_type}.{interaction.letter}"
            raise forbidden(f"no scope of this token includes {needed}")
        match interaction.name:
            case "search":
                self._check_search(interaction)
            case "create":
                _check_body(interaction, rules)
            case "update":
                _check_body(interaction, rules)
                await self._check_existing(interaction, rules)
            case "patch":
                _check_patch(interaction, rules)
                await self._check_existing(interaction, rules)
            case "delete":
                await self._check_existing(interaction, rules)
            case _:
                pass  # reads are judged by what comes back
        return rules

    def _check_search(self, interaction: Interaction) -> None:
        if self._access.may_search_everything():
            return
        for name, _ in interaction.params:
            if name.startswith("_has") or "." in name or name == "_filter":
                raise forbidden("searches across types need scope user/*.s or system/*.s")

    async def _check_existing(self, interaction: Interaction, rules: Rules) -> None:
        if not rules.look_at_content:
            return
        if interaction.resource_id is None:
            raise forbidden("a conditional write needs a user/ or system/ scope without category")
        response = await self._upstream.send(
            UpstreamRequest(method="GET", path=interaction.path, headers={})
        )
        if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return
        if not response.is_success or not rules.permit(response.json()):
            raise forbidden(_OTHER_PATIENT)


def upstream_request(interaction: Interaction, rules: Rules) -> UpstreamRequest:
    """The admitted interaction as it goes to the FHIR server."""
    headers = {
        name: value
        for name, value in interaction.headers.items()
        if name != "If-None-Match" or interaction.method != "GET"
    }
    if interaction.name != "search":
        # The server must see whole resources, or the answer could not be judged.
        conditional = interaction.resource_id is None and interaction.name != "create"
        return UpstreamRequest(
            method=interaction.method,
            path=interaction.path,
            params=interaction.params if conditional else (),
            headers=headers,
            content=interaction.content,
        )
    params = tuple(_with_judged_elements(each, interaction) for each in interaction.params)
    if rules.confined_to:
        params += (compartment.search_parameter(interaction.resource_type, rules.confined_to),)
    if interaction.method == "GET":
        return UpstreamRequest(
            method="GET", path=interaction.resource_type, params=params, headers=headers
        )
    return UpstreamRequest(
        method="POST",
        path=f"{interaction.resource_type}/_search",
        headers={**headers, "Content-Type": _FORM},
        content=urlencode(params).encode(),
    )


def _check_body(interaction: Interaction, rules: Rules) -> None:
    resource = interaction.resource()
    # A new Patient gets a new id, so it cannot be the one the token is about.
    is_new_patient = interaction.name == "create" and interaction.resource_type == "Patient"
    if not rules.permit(resource) or (is_new_patient and rules.confined_to):
        raise forbidden(_OTHER_PATIENT)


def _check_patch(interaction: Interaction, rules: Rules) -> None:
    operations = interaction.body()
    if not rules.look_at_content:
        return
    if not isinstance(operations, list):
        raise forbidden("under this token a patch must be a JSON Patch")
    fixed = {
        "category",
        "id",
        "resourceType",
        compartment.ELEMENT_OF.get(interaction.resource_type, "id"),
    }
    for each in operations:
        if not isinstance(each, dict) or not isinstance(each.get("path"), str):
            raise bad_request("a JSON Patch is a list of operations with a path")
        element = each["path"].removeprefix("/").partition("/")[0]
        source = str(each.get("from", "")).removeprefix("/").partition("/")[0]
        if not element or element in fixed or (each.get("op") == "move" and source in fixed):
            raise forbidden("under this token a patch may not say whom the resource is about")


def _with_judged_elements(param: tuple[str, str], interaction: Interaction) -> tuple[str, str]:
    name, value = param
    if name != "_elements":
        return param
    element = compartment.ELEMENT_OF.get(interaction.resource_type)
    return name, ",".join(filter(None, (value, element, "category")))
