"""The shipped rulebook is sound, and a careless file is refused with its name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.rules import Confidence
from ccm_fhir.errors import RuleDataError, RuleTableMissingError
from ccm_fhir.rulebook import load_rulebook, problems_of
from ccm_fhir.rulebook.load import read_rulebook

SHIPPED = Path(str(files("ccm_fhir.rulebook") / "data"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "rules"))


def change(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_rulebook_is_sound() -> None:
    assert problems_of(load_rulebook()) == ()


def test_every_rule_cites_a_source_whose_confidence_is_known() -> None:
    rulebook = load_rulebook()

    cited = [*(r.citations for r in rulebook.codes), *(r.citations for r in rulebook.eligibility)]
    for citations in cited:
        assert citations
        assert {c.confidence for c in citations} <= set(Confidence)
        assert all(c.title and c.where for c in citations)


@pytest.mark.parametrize(
    ("code", "on", "usd"),
    [
        ("99490", date(2025, 6, 1), "60.49"),
        ("99439", date(2025, 6, 1), "45.93"),
        ("99490", date(2026, 12, 31), "66.13"),
        ("99439", date(2026, 1, 1), "50.44"),
    ],
)
def test_national_amounts_are_those_of_the_cms_files(code: str, on: date, usd: str) -> None:
    price = load_rulebook().price_rule(code, on)

    assert price is not None
    assert str(national_nonfacility_amount(price)) == usd


@pytest.mark.needs("shared")
def test_relative_values_are_those_of_the_cms_files(shared_data: Path) -> None:
    published = {
        tuple(line.split(",")[i] for i in (1, 4, 6, 7, 8, 9, 12))
        for line in (shared_data / "pfs_rvu.csv").read_text(encoding="utf-8").splitlines()[1:]
    }

    for price in load_rulebook().prices:
        row = (
            price.in_force_from.isoformat(),
            price.code,
            str(price.work_rvu),
            str(price.nonfacility_pe_rvu),
            str(price.facility_pe_rvu),
            str(price.malpractice_rvu),
            str(price.conversion_factor),
        )
        assert row in published


def test_a_price_outside_the_loaded_years_is_none_and_never_a_neighbours() -> None:
    assert load_rulebook().price_rule("99490", date(2024, 12, 31)) is None


def test_a_day_past_the_loaded_tables_is_refused_by_every_question() -> None:
    rulebook, day = load_rulebook(), date(2027, 1, 1)

    for ask in (
        lambda: rulebook.code_rule("99490", day),
        lambda: rulebook.codes_of_family("ccm_staff", day),
        lambda: rulebook.eligibility_rule(day),
    ):
        with pytest.raises(RuleTableMissingError, match="CY2027"):
            ask()


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("99490.toml", "threshold_minutes = 20", "threshold_minutes = 20.5", "threshold_minutes"),
        ("99490.toml", "threshold_minutes = 20", "threshold_minutes = 0", "threshold_minutes"),
        ("99490.toml", "max_units = 1", "max_unit = 1", "max_unit"),
        ("99490.toml", '"MLN909188-2015"', '"HEARSAY"', "HEARSAY"),
        ("99490.toml", 'code = "99490"', 'code = "99491"', "99491"),
        ("99439.toml", "[[versions]]", "[[versions", "99439.toml"),
        ("fees/conversion_factors.csv", "32.3465", "0", "conversion_factor"),
        ("fees/conversion_factors.csv", "all,32.3465", "some,32.3465", "row 5, participation"),
        ("fees/rvu.csv", "2025-12-31,99424", "2024-12-31,99424", "row 2, .*ends before"),
        ("fees/rvu.csv", "1.45,0.93", "1.45,,0.93", "row 2, nonfacility_pe_rvu"),
        ("fees/rvu.csv", "2025-09-11)", "2025-09-11),x", "row 2, more"),
        ("fees/rvu.csv", "99425", "99424", "99424: two rows on 2025-01-01"),
        ("fees/gpci.csv", "0.869", "nan", "row 2, pe_gpci"),
        ("fees/payment.toml", 'rate = "0.85"', 'rate = "85"', r"rates\.1\.rate"),
        ("fees/payment.toml", 'source = "NPP-85"', 'source = "HEARSAY"', "HEARSAY"),
        ("fees/payment.toml", 'facility = ["21", ', 'facility = ["11", ', "11 is in both"),
        ("fees/payment.toml", "[[places]]", "[[places", "payment.toml"),
    ],
)
def test_a_careless_rule_file_is_refused_by_name(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    change(folder, name, old, new)

    with pytest.raises(RuleDataError, match=says):
        read_rulebook(folder)


@pytest.mark.parametrize("name", ["eligibility.toml", "fees/payment.toml", "fees/rvu.csv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(RuleDataError, match=name.rsplit("/", maxsplit=1)[-1]):
        read_rulebook(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("eligibility.toml", "2016-12-31", "2017-01-31", "overlap"),
        ("eligibility.toml", "2016-12-31", "2016-11-30", "nothing is in force after"),
        ("99439.toml", 'add_on_to = "99490"', 'add_on_to = "99491"', "not in force with it"),
        ("99439.toml", "threshold_minutes = 40", "threshold_minutes = 20", "before its base"),
        ("99439.toml", "increment_minutes = 20", "increment_minutes = 0", "without an increment"),
    ],
)
def test_a_rulebook_that_breaks_a_promise_says_which(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    change(folder, name, old, new)

    assert any(says in problem for problem in problems_of(read_rulebook(folder)))


@pytest.mark.parametrize(
    ("most", "edit", "cap"), [(None, None, 1), (None, 3, 3), (2, None, 2), (2, 3, 2), (3, 2, 2)]
)
def test_the_smaller_of_two_limits_holds_and_without_any_a_code_is_reported_once(
    most: int | None, edit: int | None, cap: int
) -> None:
    rule = load_rulebook().codes_of_family("ccm_staff", date(2026, 11, 30))[1]

    limited = replace(rule, max_units=most, mue_units=edit)

    assert limited.cap == cap
    assert limited.thresholds == tuple(40 * 60 + 20 * 60 * n for n in range(cap))
    assert replace(limited, is_timed=False).thresholds == ()
