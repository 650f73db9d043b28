"""Operations of a vendor's: `ChargeItem/$create`, which takes Parameters and files a charge.

Oracle Health's ChargeItem page (docs.oracle.com, Millennium Platform APIs): exactly one
`transactionId` as `valueUuid`, and exactly one `chargeItem`. What a repeated `transactionId`
does is not documented; here it files another charge.
"""

import json
from typing import Any

from fhir_fixtures.sandbox.gateway.interaction import Interaction, read_json
from fhir_fixtures.sandbox.profiles.shape import Profile
from fhir_fixtures.sandbox.upstream import FHIR_JSON
from fhir_fixtures.sandbox.vendor.refusals import VendorRefusedError

CREATE = "$create"


def created_by_operation(
    profile: Profile, method: str, target: str, content: bytes | None
) -> Interaction | None:
    """The create behind `POST Type/$create`; None where the target is no such operation.

    Raises:
        VendorRefusedError: its parameters are not what it takes.
    """
    resource_type, _, operation = target.partition("/")
    rules = profile.types.get(resource_type)
    if method != "POST" or operation != CREATE or rules is None or not rules.creates_by_operation:
        return None
    given = read_json(content or b"")
    resource = _resource(given, resource_type) if isinstance(given, dict) else None
    if resource is None:
        raise VendorRefusedError(
            profile.refusals.invalid, "one transactionId (valueUuid) and one chargeItem are needed"
        )
    return Interaction(
        name="create",
        method="POST",
        resource_type=resource_type,
        headers={"Content-Type": FHIR_JSON},
        content=json.dumps(resource).encode(),
        operation=CREATE,
    )


def _resource(given: dict[str, Any], resource_type: str) -> dict[str, Any] | None:
    parameters = given.get("parameter")
    if given.get("resourceType") != "Parameters" or not isinstance(parameters, list):
        return None
    named = [each for each in parameters if isinstance(each, dict)]
    ids = [each for each in named if each.get("name") == "transactionId"]
    items = [each.get("resource") for each in named if each.get("name") == "chargeItem"]
    if len(ids) != 1 or "valueUuid" not in ids[0] or len(items) != 1:
        return None
    item = items[0]
    is_one = isinstance(item, dict) and item.get("resourceType") == resource_type
    return item if is_one else None
