from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.fhir.scopes import (
    any_allows,
    delivery_scopes,
    granted_allows,
    launch_scopes,
    parse_resource_scope,
    parse_scopes,
)

V2 = frozenset({"permission-v2"})


@pytest.mark.proves("R15")
@pytest.mark.parametrize(
    ("scopes", "permissions", "allowed"),
    [
        ("patient/Condition.rs", "rs", True),
        ("patient/Condition.r patient/Condition.s", "rs", True),
        ("patient/Condition.r", "rs", False),
        ("patient/Condition.cruds", "rs", True),
        ("patient/*.rs", "rs", True),
        ("patient/*.*", "cruds", True),
        ("patient/Condition.read", "rs", True),
        ("patient/Condition.write", "rs", False),
        ("patient/Condition.write", "cud", True),
        ("patient/Condition.rs?category=problem-list-item", "rs", False),
        ("user/Condition.rs", "rs", False),
        ("system/*.rs", "rs", False),
        ("patient/ConditionX.rs", "rs", False),
        ("patient/Condition.sr", "rs", False),
        ("patient/Condition.", "r", False),
        ("Patient/Condition.rs", "r", False),
        ("", "r", False),
        ("openid fhirUser launch", "r", False),
    ],
)
def test_granted_scopes_allow_what_they_say(scopes: str, permissions: str, allowed: bool) -> None:  # noqa: FBT001
    assert granted_allows(parse_scopes(scopes), "Condition", permissions) is allowed


@pytest.mark.parametrize("context", ["patient", "user", "system"])
def test_any_context_allows_reading(context: str) -> None:
    assert any_allows({f"{context}/Condition.rs"}, "Condition", "s")


def test_a_granular_scope_is_enough_to_ask() -> None:
    assert any_allows({"patient/Condition.rs?category=x"}, "Condition", "s")


def test_no_scope_is_not_enough_to_ask() -> None:
    assert not any_allows({"patient/Patient.rs", "openid"}, "Condition", "s")


@pytest.mark.proves("R14", "R16")
def test_a_launch_asks_for_the_chart_the_user_and_nothing_to_write() -> None:
    asked = parse_scopes(launch_scopes(V2))

    assert {"openid", "fhirUser", "offline_access", "launch"} <= asked
    assert {"patient/Condition.rs", "patient/Claim.rs", "user/PractitionerRole.rs"} <= asked
    assert "launch/patient" not in asked
    for scope in asked:
        read = parse_resource_scope(scope)
        assert read is None or read.permissions == frozenset("rs")


@pytest.mark.proves("R16")
def test_a_standalone_launch_asks_the_ehr_for_a_patient() -> None:
    asked = parse_scopes(launch_scopes(V2, standalone=True))

    assert "launch/patient" in asked
    assert "launch" not in asked


@pytest.mark.proves("R14")
def test_without_version_two_the_old_spelling_is_used() -> None:
    asked = parse_scopes(launch_scopes({"permission-v1"}))

    assert "patient/Condition.read" in asked
    assert not any(scope.endswith(".rs") for scope in asked)


@pytest.mark.proves("R14", "R36")
def test_delivery_writes_three_types_and_reads_a_panel() -> None:
    asked = parse_scopes(delivery_scopes(V2))

    written = {scope for scope in asked if ".c" in scope}
    assert written == {"system/Encounter.crs", "system/Procedure.crs", "system/Claim.crs"}
    assert {"system/Patient.rs", "system/Coverage.rs", "system/Organization.rs"} <= asked


@pytest.mark.proves("R14")
def test_delivery_in_the_old_spelling_reads_and_writes() -> None:
    asked = parse_scopes(delivery_scopes(()))

    assert {"system/Claim.read", "system/Claim.write", "system/Patient.read"} <= asked
    assert "system/Patient.write" not in asked


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_resource_scope(text)
    granted_allows(parse_scopes(text), "Patient", "rs")


@given(st.sets(st.sampled_from("cruds"), min_size=1))
def test_a_scope_in_the_order_of_cruds_is_read_back(letters: set[str]) -> None:
    ordered = "".join(letter for letter in "cruds" if letter in letters)

    read = parse_resource_scope(f"system/Claim.{ordered}")

    assert read is not None
    assert read.permissions == letters
