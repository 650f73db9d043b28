"""Scope strings of SMART version 2."""

from __future__ import annotations

import pytest

from fhir_fixtures.sandbox.oauth.scopes import grant_to_backend, grant_to_user, parse_scope


@pytest.mark.parametrize("text", ["patient/Claim.cruds", "user/*.r", "system/Patient.rs"])
def test_context_type_and_letters_make_a_scope(text: str) -> None:
    scope = parse_scope(text)

    assert scope is not None
    assert scope.categories is None


@pytest.mark.parametrize(
    "text",
    [
        "patient/Claim.sr",
        "patient/Claim.rr",
        "patient/Claim.",
        "patient/Claim.read",
        "patient/Claim.*",
        "patient/claim.rs",
        "nurse/Claim.rs",
        "patient/Claim.rs?",
        "patient/Claim.rs?status=active",
        "patient/Claim.rs?category=a&category=b",
        "openid",
        "",
    ],
)
def test_anything_else_is_no_scope_over_resources(text: str) -> None:
    assert parse_scope(text) is None


def test_granular_scope_names_its_categories() -> None:
    scope = parse_scope("patient/Condition.rs?category=urn:category|a,b")

    assert scope is not None
    assert scope.categories == frozenset({"urn:category|a", "b"})


def test_user_grants_in_the_order_asked_and_each_scope_once() -> None:
    granted = grant_to_user(
        "user/*.rs openid user/*.rs launch patient/*.rs", launched=True, has_patient=True
    )

    assert granted == ("user/*.rs", "openid", "launch", "patient/*.rs")


def test_patient_scopes_need_a_patient() -> None:
    assert grant_to_user("launch/patient patient/*.rs", launched=False, has_patient=False) == ()


def test_launch_is_not_granted_when_nothing_was_launched() -> None:
    assert grant_to_user("launch openid", launched=False, has_patient=True) == ("openid",)


def test_backend_is_granted_system_scopes_alone() -> None:
    assert grant_to_backend("user/*.rs system/*.rs openid") == ("system/*.rs",)
