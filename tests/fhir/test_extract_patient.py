"""Patient → the name in its parts and the address that a claim file needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccm_fhir.domain.facts import AddressFact, NameFact, PatientFact
from ccm_fhir.fhir.extract import extract

HOME = {
    "use": "home",
    "line": ["7 Invented Road", "Apt 2"],
    "city": "Troy",
    "state": "NY",
    "postalCode": "12180",
}


def read(**elements: Any) -> PatientFact:  # noqa: ANN401
    resource = {"resourceType": "Patient", "id": "p1", **elements}
    fact = extract(json.dumps(resource).encode())
    assert isinstance(fact, PatientFact)
    return fact


def test_the_official_name_comes_in_its_parts() -> None:
    fact = read(
        name=[
            {"use": "usual", "family": "Usual", "given": ["Mia"]},
            {"use": "official", "family": "Synthetic", "given": ["Maria", None, "Q"]},
        ]
    )

    assert fact.legal_name == NameFact(family="Synthetic", given=("Maria", "Q"))


def test_a_suffix_comes_along() -> None:
    fact = read(name=[{"family": "Synthetic", "given": ["Karl"], "suffix": ["Jr", None]}])

    assert fact.legal_name == NameFact(family="Synthetic", given=("Karl",), suffix="Jr")


@pytest.mark.parametrize(
    "name",
    [
        {"text": "Maria Synthetic"},
        {"use": "nickname", "family": "Synthetic", "given": ["Mimi"]},
        {"use": "maiden", "family": "Former", "given": ["Maria"]},
        {"use": "old", "family": "Former", "given": ["Maria"]},
        {"use": "temp", "family": "Passing", "given": ["Maria"]},
    ],
)
def test_a_name_that_no_payer_knows_is_not_guessed_from(name: dict[str, Any]) -> None:
    assert read(name=[name]).legal_name is None


def test_the_address_at_home_comes_line_by_line() -> None:
    work = {**HOME, "use": "work", "line": ["1 Office Park"]}

    assert read(address=[work, HOME]).address == AddressFact(
        lines=("7 Invented Road", "Apt 2"), city="Troy", state="NY", postal_code="12180"
    )


def test_a_street_comes_before_a_box_of_the_same_use() -> None:
    box = {**HOME, "type": "postal", "line": ["PO Box 7"]}

    found = read(address=[box, {**HOME, "type": "physical"}]).address

    assert found is not None
    assert found.lines == ("7 Invented Road", "Apt 2")


@pytest.mark.parametrize(
    "address",
    [{**HOME, "use": "old"}, {**HOME, "use": "temp"}, {**HOME, "period": {"end": "2020-01-01"}}],
)
def test_where_somebody_no_longer_lives_or_only_stays_is_no_address(
    address: dict[str, Any],
) -> None:
    assert read(address=[address]).address is None


def test_what_the_chart_does_not_say_is_not_there() -> None:
    fact = read()

    assert (fact.legal_name, fact.address) == (None, None)


def test_neither_prints() -> None:
    fact = read(name=[{"family": "Canary", "given": ["Maria"]}], address=[HOME])

    assert "Canary" not in repr((fact, fact.legal_name))
    assert "Troy" not in repr(fact.address)
