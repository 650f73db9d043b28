"""A CapabilityStatement and scopes as the planner wants them: carried over, nothing concluded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from ccm_fhir.domain.writeback import Granted
from ccm_fhir.errors import EhrHttpError
from ccm_fhir.fhir.capability import parse_capability
from ccm_fhir.fhir.capability_writes import (
    declared_sha256,
    fetch_statement,
    granted_permissions,
    write_capability,
)
from tests.fhir.far_side import BASE, answering
from tests.fhir.test_discovery import VENDORS

if TYPE_CHECKING:
    from pathlib import Path

    from ccm_fhir.domain.writeback import TypeCapability


def statement(*resources: dict[str, Any], **changes: Any) -> bytes:  # noqa: ANN401
    rest = {"mode": "server", "resource": list(resources), "interaction": [{"code": "batch"}]}
    document = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": [rest]}
    return json.dumps(document | changes).encode()


def declared(**resource: Any) -> TypeCapability:  # noqa: ANN401
    body = statement({"type": "Claim", **resource})
    (found,) = write_capability(parse_capability(body)).types
    return found


def codes(*names: str) -> list[dict[str, str]]:
    return [{"code": name} for name in names]


def test_what_is_declared_is_carried_over() -> None:
    found = declared(
        interaction=codes("create", "read", "search-type", "update"),
        operation=[{"name": "$create"}, {"name": "credit"}],
        searchParam=[{"name": "identifier"}],
        conditionalCreate=True,
        updateCreate=True,
    )

    assert found.interactions == {"create", "read", "search-type", "update"}
    assert found.operations == {"$create", "$credit"}
    assert found.has_identifier_search
    assert found.has_conditional_create
    assert found.has_update_create


@pytest.mark.parametrize(
    ("resource", "flag"),
    [
        ({"conditionalCreate": True}, "has_conditional_create"),
        ({"updateCreate": True}, "has_update_create"),
        ({"searchParam": [{"name": "identifier"}]}, "has_identifier_search"),
    ],
)
def test_a_flag_beside_an_interaction_that_is_not_declared_counts_for_nothing(
    resource: dict[str, Any], flag: str
) -> None:
    assert getattr(declared(interaction=codes("read"), **resource), flag) is False


def test_bundles_are_told_apart() -> None:
    found = write_capability(parse_capability(statement()))

    assert (found.has_batch, found.has_transaction) == (True, False)


@pytest.mark.needs("shared")
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_real_statement_is_carried_over(vendor: str, shared_data: Path) -> None:
    body = (shared_data / "servers" / vendor / "metadata.json").read_bytes()
    capability = parse_capability(body)

    found = write_capability(capability)

    assert {one.resource_type for one in found.types} == set(capability.resources)
    assert all(name.startswith("$") for one in found.types for name in one.operations)


# --- scopes ---


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("system/Claim.crs", {("Claim", "c"), ("Claim", "r"), ("Claim", "s")}),
        ("system/Claim.write", {("Claim", "c"), ("Claim", "u"), ("Claim", "d")}),
        ("system/*.c", {("*", "c")}),
        ("system/Claim.c?category=x", set()),
        ("user/Claim.c", set()),
        ("patient/Claim.c", set()),
        ("openid", set()),
        ("system/Claim.", set()),
    ],
)
def test_a_scope_grants_what_it_says_on_whole_types(
    scope: str, granted: set[tuple[str, str]]
) -> None:
    expected = {Granted(resource_type=name, permission=letter) for name, letter in granted}

    assert granted_permissions([scope]) == expected


def test_another_context_may_be_asked_for() -> None:
    assert granted_permissions(["user/Claim.c", "system/Task.c"], "user") == {
        Granted(resource_type="Claim", permission="c")
    }


# --- the document itself ---


def test_a_statement_comes_with_its_hashes_and_the_time_there() -> None:
    body = statement()
    date = {"Date": "Mon, 23 Nov 2026 15:00:00 GMT"}
    far_side = answering(httpx2.Response(200, content=body, headers=date))

    fetched = fetch_statement(far_side.gate(), BASE)

    assert fetched.body == body
    assert fetched.served_at == datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert len({fetched.body_sha256, fetched.declared_sha256}) == 2
    assert far_side.urls == [f"{BASE}/metadata"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 23 Nov 2026 15:00:00 -0000"])
def test_a_date_that_tells_no_moment_is_none(date: str) -> None:
    answer = httpx2.Response(200, content=statement(), headers={"Date": date} if date else {})

    assert fetch_statement(answering(answer).gate(), BASE).served_at is None


def test_a_refused_statement_is_an_error() -> None:
    with pytest.raises(EhrHttpError):
        fetch_statement(answering(httpx2.Response(401)).gate(), BASE)


def test_the_hash_of_what_is_declared_does_not_see_dates_and_order() -> None:
    claim, task = ({"type": name, "interaction": codes("read")} for name in ("Claim", "Task"))
    first = statement(claim, task, date="2026-01-01")
    again = statement(task, claim, date="2026-11-23", publisher="X")
    other = statement(claim, {**task, "interaction": codes("read", "create")})

    hashes = [declared_sha256(parse_capability(body)) for body in (first, again, other)]

    assert hashes[0] == hashes[1] != hashes[2]
