"""What the rulebook says of each code, and that a broken promise between files is found."""

from __future__ import annotations

import re
import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from ccm_fhir.domain.codes import BilledBy, NotCounted, PerformerKind
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.rules import Confidence
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook import load_rulebook, problems_of
from ccm_fhir.rulebook.load import read_rulebook
from ccm_fhir.rulebook.show import rows_of

BOOK = load_rulebook()
SHIPPED = Path(str(files("ccm_fhir.rulebook") / "data"))
MARCH = BOOK.of_month(ServiceMonth(2026, 3))

TABLE = [
    ("99490", "2015-01-01", None, 1200, 0, 1, 1),
    ("99439", "2021-01-01", None, 2400, 1200, 2, None),
    ("G2058", "2020-01-01", "2020-12-31", 2400, 1200, 2, None),
    ("99487", "2017-01-01", None, 3600, 0, 1, None),
    ("99489", "2017-01-01", None, 5400, 1800, None, 10),
    ("99491", "2019-01-01", None, 1800, 0, 1, None),
    ("99437", "2022-01-01", None, 3600, 1800, None, 2),
    ("99424", "2022-01-01", None, 1800, 0, 1, None),
    ("99425", "2022-01-01", None, 3600, 1800, None, 2),
    ("99426", "2022-01-01", None, 1800, 0, 1, None),
    ("99427", "2022-01-01", None, 3600, 1800, 2, None),
    ("G2064", "2020-01-01", "2021-12-31", 1800, 0, 1, None),
    ("G2065", "2020-01-01", "2021-12-31", 1800, 0, 1, None),
    ("G0511", "2018-01-01", "2025-09-30", 1200, 0, 1, None),
    ("G0506", "2017-01-01", None, 0, 0, 1, None),
    ("G0556", "2025-01-01", None, 0, 0, 1, None),
    ("G0557", "2025-01-01", None, 0, 0, 1, None),
    ("G0558", "2025-01-01", None, 0, 0, 1, None),
    ("G0568", "2026-01-01", None, 0, 0, 1, None),
    ("G0569", "2026-01-01", None, 0, 0, 1, None),
    ("G0570", "2026-01-01", None, 0, 0, 1, None),
]


def test_the_table_names_every_code_of_the_rulebook() -> None:
    assert {row[0] for row in TABLE} == {rule.code for rule in BOOK.codes}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_each_code_has_the_dates_and_numbers_of_its_sources(
    row: tuple[str, str, str | None, int, int, int | None, int | None],
) -> None:
    code, first, last, threshold, increment, maximum, mue = row
    versions = [rule for rule in BOOK.codes if rule.code == code]

    assert versions[0].in_force_from == date.fromisoformat(first)
    assert versions[-1].in_force_until == (None if last is None else date.fromisoformat(last))
    for rule in versions:
        assert (rule.threshold_seconds, rule.increment_seconds) == (threshold, increment)
        assert (rule.max_units, rule.mue_units) == (maximum, mue)


def test_only_complex_care_before_2020_needs_the_plan_revised() -> None:
    asking = [rule.version for rule in BOOK.codes if rule.needs_plan_revision]

    assert asking == ["99487@2017-01-01"]


def test_personal_codes_take_the_practitioners_time_alone() -> None:
    own = frozenset({PerformerKind.BILLING_PRACTITIONER})

    for rule in BOOK.codes:
        assert (rule.performers == own) == (rule.supervision == "personal")


def test_every_number_of_every_code_names_its_source_and_its_confidence() -> None:
    for rule in BOOK.codes:
        said = {statement.what for statement in rule.cited}
        assert {"in_force", "performers", "supervision"} <= said
        assert rule.is_timed == ("threshold_minutes" in said)
        assert all(s.citations and s.confidence in Confidence for s in rule.cited)


def test_what_was_not_read_is_marked_unconfirmed() -> None:
    rule = next(r for r in BOOK.codes if r.code == "99427")
    statement = rule.statement("max_units")

    assert statement is not None
    assert statement.is_unconfirmed
    assert rule.statement("mue_units") is None


def test_every_way_of_not_counting_has_its_rule() -> None:
    assert set(MARCH.counting) == set(NotCounted)


def test_an_exclusion_reaches_as_far_as_its_scope() -> None:
    relation = MARCH.relation("G0181")

    assert relation is not None
    assert relation.excluding(BilledBy.SELF)
    assert not relation.excluding(BilledBy.SAME_GROUP)
    assert MARCH.relation("99999") is None


def test_showing_a_rule_prints_everything_its_file_says() -> None:
    rule = BOOK.code_rule("99487", date(2018, 5, 1))
    assert rule is not None

    rows = list(rows_of(BOOK, rule, date(2018, 5, 1)))
    text = "\n".join(f"{name}: {value}" for name, value in rows)

    for said in (
        "3600 seconds",
        "high or moderate",
        "revised",
        "tcm",
        "1 calendar year",
        "confirmed_twice",
    ):
        assert said in text
    untimed = BOOK.code_rule("G0506", date(2026, 5, 1))
    assert untimed is not None
    assert ("threshold", "not timed") in list(rows_of(BOOK, untimed, date(2026, 5, 1)))


def test_no_file_says_a_number_that_its_reader_would_need_code_to_understand() -> None:
    for path in SHIPPED.glob("*.toml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(r"# .{20,}", first), path.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "rules"))


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("99490.toml", 'with = ["apcm"]', 'with = ["esrd"]', "does not say so in return"),
        ("99490.toml", 'with = ["tcm"]', 'with = ["tmc"]', "no family and no group"),
        ("99490.toml", "2015-01-01\n", "2015-01-02\n", "begins within a month"),
        ("services.toml", '"99495", "99496"', '"99490-99496"', "stands in"),
        ("counting.toml", 'reason = "overlap"', 'reason = "offshore"', "left out as overlap"),
        ("clinic.toml", "2017-12-31", "2018-12-31", "clinic: versions overlap"),
    ],
)
def test_a_broken_promise_between_files_is_found(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    change(folder, name, old, new)

    assert any(says in problem for problem in problems_of(read_rulebook(folder)))


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("99490.toml", "threshold_minutes = { sources", "summary = { sources", "not cited"),
        ("99490.toml", "mue_units = { sources", "mue = { sources", "mue"),
        ("99490.toml", 'comparison = "at_least"', 'comparison = "roughly"', "comparison"),
        ("99490.toml", 'comparison = "at_least"', "", "belong together"),
        ("99489.toml", "mue_units = 10", "", "must cap it"),
        ("G0506.toml", "is_timed = false", "is_timed = true", "belong together"),
        ("services.toml", '"99495", "99496"', '"9949X"', "codes"),
        ("99490.toml", 'scope = "practice"', 'scope = "street"', "scope"),
        ("claim.toml", "timely_filing_years = 1", "timely_filing_years = 0", "timely_filing"),
        ("99490.toml", "cited = { sources", "cited = { blocking = 3, sources", "blocking"),
    ],
)
def test_a_careless_statement_is_refused(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    change(folder, name, old, new)

    with pytest.raises(RuleDataError, match=says):
        read_rulebook(folder)
