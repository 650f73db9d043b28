"""Checks what we are about to send: the R4B models, and the bindings they let pass.

``fhir.resources`` accepts any text as a status code; the required value sets of the resources
we write are therefore checked here by hand (https://hl7.org/fhir/R4/terminologies.html).
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from ccm_fhir.errors import InvalidResourceError
from ccm_fhir.fhir.json import Json, to_bytes

_FINANCIAL = frozenset({"active", "cancelled", "draft", "entered-in-error"})
_REQUIRED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "Procedure": {
        "status": frozenset(
            {
                "preparation",
                "in-progress",
                "not-done",
                "on-hold",
                "stopped",
                "completed",
                "entered-in-error",
                "unknown",
            }
        )
    },
    "Communication": {
        "status": frozenset(
            {
                "preparation",
                "in-progress",
                "not-done",
                "on-hold",
                "stopped",
                "completed",
                "entered-in-error",
                "unknown",
            }
        )
    },
    "Encounter": {
        "status": frozenset(
            {
                "planned",
                "arrived",
                "triaged",
                "in-progress",
                "onleave",
                "finished",
                "cancelled",
                "entered-in-error",
                "unknown",
            }
        )
    },
    "Observation": {
        "status": frozenset(
            {
                "registered",
                "preliminary",
                "final",
                "amended",
                "corrected",
                "cancelled",
                "entered-in-error",
                "unknown",
            }
        )
    },
    "QuestionnaireResponse": {
        "status": frozenset({"in-progress", "completed", "amended", "entered-in-error", "stopped"})
    },
    "DocumentReference": {
        "status": frozenset({"current", "superseded", "entered-in-error"}),
    },
    "Consent": {
        "status": frozenset(
            {"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"}
        )
    },
    "Goal": {
        "lifecycleStatus": frozenset(
            {
                "proposed",
                "planned",
                "accepted",
                "active",
                "on-hold",
                "completed",
                "cancelled",
                "entered-in-error",
                "rejected",
            }
        )
    },
    "CareTeam": {
        "status": frozenset({"proposed", "active", "suspended", "inactive", "entered-in-error"})
    },
    "CarePlan": {
        "status": frozenset(
            {
                "draft",
                "active",
                "on-hold",
                "revoked",
                "completed",
                "entered-in-error",
                "unknown",
            }
        ),
        "intent": frozenset({"proposal", "plan", "order", "option"}),
    },
    "Claim": {
        "status": _FINANCIAL,
        "use": frozenset({"claim", "preauthorization", "predetermination"}),
    },
    "ChargeItem": {
        "status": frozenset(
            {
                "planned",
                "billable",
                "not-billable",
                "aborted",
                "billed",
                "entered-in-error",
                "unknown",
            }
        )
    },
    "Task": {
        "status": frozenset(
            {
                "draft",
                "requested",
                "received",
                "accepted",
                "rejected",
                "ready",
                "cancelled",
                "in-progress",
                "on-hold",
                "failed",
                "completed",
                "entered-in-error",
            }
        ),
        "intent": frozenset(
            {
                "unknown",
                "proposal",
                "plan",
                "order",
                "original-order",
                "reflex-order",
                "filler-order",
                "instance-order",
                "option",
            }
        ),
    },
    "Provenance": {},  # no required value set among what we write of it
    "Parameters": {},
}


def check(resource: Json) -> None:
    """Raise InvalidResourceError, naming elements and never values, unless it is valid R4."""
    resource_type = str(resource.get("resourceType"))
    problems = (*_binding_problems(resource_type, resource), *_model_problems(resource))
    if problems:
        raise InvalidResourceError(resource_type, problems)


def _binding_problems(resource_type: str, resource: Json) -> tuple[str, ...]:
    bindings = _REQUIRED.get(resource_type)
    if bindings is None:
        return (f"{resource_type} is not a resource this product writes",)
    return tuple(
        f"{element} is not in its required value set"
        for element, allowed in bindings.items()
        if resource.get(element) not in allowed
    )


def _model_problems(resource: Json) -> tuple[str, ...]:
    try:
        model = get_fhir_model_class(str(resource.get("resourceType")))
        model.model_validate_json(to_bytes(resource))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        return tuple(sorted({".".join(map(str, e["loc"])) + f" ({e['type']})" for e in found}))
    except (LookupError, ValueError):
        return ("resourceType is unknown",)
    return ()
