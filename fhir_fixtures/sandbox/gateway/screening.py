"""What of the FHIR server's answer a token may see."""

from typing import Any

from fhir_fixtures.sandbox.gateway.access import Access, Rules
from fhir_fixtures.sandbox.gateway.outcome import forbidden


class Screen:
    """Judges resources on their way to the holder of one token."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def single(self, resource: dict[str, Any], rules: Rules) -> dict[str, Any]:
        """The resource itself.

        Raises:
            RefusedError: the token does not reach it.
        """
        if resource.get("resourceType") != "OperationOutcome" and not rules.permit(resource):
            raise forbidden("the token does not reach this resource")
        return resource

    def history(self, bundle: dict[str, Any], rules: Rules) -> dict[str, Any]:
        """The versions that the token reaches; a deletion shows nothing and so needs no more."""
        kept = [
            each
            for each in bundle.get("entry", [])
            if rules.permit(each.get("resource", {})) or not rules.look_at_content
        ]
        return _with_entries(bundle, kept, tell_total=False)

    def search(self, bundle: dict[str, Any], resource_type: str, rules: Rules) -> dict[str, Any]:
        """The search result without what the token does not reach, or the number of it."""
        entries = bundle.get("entry", [])
        kept = [each for each in entries if self._may_show(each, resource_type, rules)]
        tell_total = len(kept) == len(entries) and not rules.look_at_category
        return _with_entries(bundle, kept, tell_total=tell_total)

    def page(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """A further page of a search whose criteria only the server knows."""
        kept = [each for each in bundle.get("entry", []) if self._may_show(each, None, None)]
        return _with_entries(bundle, kept, tell_total=False)

    def _may_show(
        self, entry: dict[str, Any], resource_type: str | None, rules: Rules | None
    ) -> bool:
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            return False
        found = str(resource.get("resourceType"))
        if found == "OperationOutcome":
            return True
        if rules is not None and found == resource_type:
            return rules.permit(resource)
        return self._access.rules(found, "rs").permit(resource)


def _with_entries(
    bundle: dict[str, Any], entries: list[dict[str, Any]], *, tell_total: bool
) -> dict[str, Any]:
    left_out = {"entry"} if tell_total else {"entry", "total"}
    screened = {name: value for name, value in bundle.items() if name not in left_out}
    return {**screened, "entry": entries} if entries else screened
