"""What an answer proves about an EHR: a rung is given up on proof, and on nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccm_fhir.domain.writeback import Act, Answer, Verdict, proof_of

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
CHARGE = Act(resource_type="ChargeItem", code="$create")
SAYS_SO = frozenset({"not-supported"})


def verdict(status: int, codes: frozenset[str] = frozenset()) -> Verdict | None:
    found = proof_of(CHARGE, Answer(status=status, issue_codes=codes), NOW)
    return found.verdict if found else None


@pytest.mark.parametrize("status", [200, 201])
def test_what_was_stored_is_supported(status: int) -> None:
    assert verdict(status) is Verdict.SUPPORTED


@pytest.mark.parametrize("status", [404, 405, 501])
def test_what_is_not_offered_is_proved_without_a_word(status: int) -> None:
    assert verdict(status) is Verdict.NOT_SUPPORTED


@pytest.mark.parametrize("status", [400, 402, 411, 451, 499])
def test_a_refusal_that_says_not_supported_proves_it(status: int) -> None:
    assert verdict(status, SAYS_SO) is Verdict.NOT_SUPPORTED
    assert verdict(status, frozenset({"invalid"})) is None


ABOUT_SOMETHING_ELSE = [401, 403, 406, 408, 409, 410, 412, 413, 415, 422, 425, 428, 429]


@pytest.mark.parametrize("status", [*ABOUT_SOMETHING_ELSE, 500, 502, 503, 504, 302, 204, 100])
def test_a_status_about_something_else_proves_nothing_whatever_it_says(status: int) -> None:
    assert verdict(status) is None
    assert verdict(status, SAYS_SO) is None


def test_a_proof_keeps_what_was_asked_when_and_the_status() -> None:
    found = proof_of(CHARGE, Answer(status=405), NOW)

    assert found is not None
    assert (found.act, found.proved_at, found.status) == (CHARGE, NOW, 405)
    assert str(found.act) == "ChargeItem/$create"
