"""Fill an empty FHIR server with the synthetic practice, once."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from fhir_fixtures.sandbox.upstream import FHIR_JSON, Upstream, UpstreamRequest

CHUNK = 500


class LoadingFailedError(Exception):
    """The FHIR server did not take the synthetic practice."""

    def __init__(self, status: int, diagnostics: str) -> None:
        super().__init__(f"the FHIR server answered {status} to the synthetic data: {diagnostics}")


async def load_if_empty(upstream: Upstream, resources: Sequence[dict[str, Any]]) -> int:
    """How many resources were written: all of them, or none if there are patients already.

    Every resource keeps its id (transactions of PUTs, in the order given).

    Raises:
        LoadingFailedError: the server refused; what it holds now is undefined.
    """
    if await _patient_count(upstream):
        return 0
    for chunk in _chunks(resources):
        await _put(upstream, chunk)
    return len(resources)


async def _patient_count(upstream: Upstream) -> int:
    response = await upstream.send(
        UpstreamRequest(method="GET", path="Patient", params=(("_summary", "count"),), headers={})
    )
    if not response.is_success:
        raise LoadingFailedError(response.status_code, "Patients could not be counted")
    return int(response.json().get("total", 0))


async def _put(upstream: Upstream, resources: Sequence[dict[str, Any]]) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": each,
                "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
            }
            for each in resources
        ],
    }
    response = await upstream.send(
        UpstreamRequest(
            method="POST",
            path="",
            headers={"Content-Type": FHIR_JSON, "Prefer": "return=minimal"},
            content=json.dumps(bundle).encode(),
        )
    )
    if not response.is_success:
        # Synthetic data only, so the server's own words may be shown.
        raise LoadingFailedError(response.status_code, response.text[:2000])


def _chunks(resources: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(resources), CHUNK):
        yield resources[start : start + CHUNK]
