"""The files about care plans, charts and risk: what they must say, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.rules import CarePlanRule, ChartRule, PlanElement, RiskRule
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.rulebook.check import problems_of
from ccm_fhir.rulebook.load import read_rulebook
from tests.builders import NOVEMBER

if TYPE_CHECKING:
    from pathlib import Path

MONTH = load_rulebook().of_month(NOVEMBER)


def rules() -> tuple[CarePlanRule, ChartRule, RiskRule]:
    plan, chart, risk = MONTH.care_plan, MONTH.chart, MONTH.risk
    assert plan is not None
    assert chart is not None
    assert risk is not None
    return plan, chart, risk


def edited(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of the shipped files with one passage changed."""
    with as_file(files("ccm_fhir.rulebook") / "data") as shipped:
        folder = tmp_path / "data"
        shutil.copytree(shipped, folder)
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_every_element_stands_in_the_order_of_the_list_with_its_sources() -> None:
    plan, _, _ = rules()

    assert [e.element for e in plan.elements] == list(PlanElement)
    for element in plan.elements:
        assert element.title
        assert element.remedy.endswith(".")
        assert element.cited.citations
        assert element.recognised.citations
    assert len(plan.every_cited) == len(plan.cited) + 2 * len(plan.elements)


def test_no_number_of_days_makes_a_plan_stale_since_no_source_sets_one() -> None:
    plan, _, _ = rules()

    assert any("stale" in text for text in plan.not_modelled)


def test_what_is_our_own_judgement_is_never_called_confirmed() -> None:
    plan, chart, risk = rules()

    for cited in (*plan.every_cited, *chart.cited, *risk.every_cited):
        if any(citation.id == "OWN-JUDGEMENT" for citation in cited.citations):
            assert cited.is_unconfirmed


def test_ranges_of_codes_are_spelled_out() -> None:
    _, chart, _ = rules()

    assert {"99347", "99348", "99349", "99350"} <= chart.seen_codes
    assert "99211" not in chart.seen_codes
    assert "99346" not in chart.seen_codes


def test_no_visit_that_only_shows_the_patient_was_seen_starts_care_management() -> None:
    _, chart, _ = rules()
    assert MONTH.eligibility is not None

    assert chart.seen_codes.isdisjoint(MONTH.eligibility.initiating_visit_codes)


def test_the_three_are_in_force_since_care_management_is() -> None:
    book = load_rulebook()

    for rule in (*book.care_plans, *book.charts, *book.risks):
        assert rule.in_force_from == date(2015, 1, 1)


@pytest.mark.parametrize("name", ["care_plans", "charts", "risks"])
def test_two_versions_of_one_day_are_a_problem(name: str) -> None:
    book = load_rulebook()
    twice = replace(book, **{name: getattr(book, name) * 2})

    assert any("overlap" in problem for problem in problems_of(twice))


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("care_plan.toml", 'element = "problem_list"', 'element = "coordination"', "twice"),
        ("care_plan.toml", '"http://loinc.org|75328-5"', '"75328-5"', "codes"),
        ("care_plan.toml", 'words = ["symptom"', 'words = ["Symptom"', "words"),
        ("care_plan.toml", "copy_given_words = {", "nothing = {", "copy_given_words"),
        ("chart.toml", '"99341-99342"', '"9934-99342"', "seen_codes"),
        ("chart.toml", "elsewhere_months = 3", "elsewhere_months = 0", "elsewhere_months"),
        ("risk.toml", 'above = "9.0"', "above = 9.0", "float"),
        ("risk.toml", 'above = "9.0"', 'above = "9.0"\nbelow = "4.0"', "exactly one"),
        ("risk.toml", 'sources = ["CMS122"', 'sources = ["NOWHERE"', "NOWHERE"),
    ],
)
def test_a_careless_file_is_refused(
    tmp_path: Path, name: str, old: str, new: str, why: str
) -> None:
    with pytest.raises(RuleDataError, match=why):
        read_rulebook(edited(tmp_path, name, old, new))
