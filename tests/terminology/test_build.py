"""Rebuilding the tables: official layouts, the order of authority, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ccm_fhir.cli import app
from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import build as building
from ccm_fhir.terminology import load_chronic_table, own, table_in
from ccm_fhir.terminology.build.editions import read_edition
from ccm_fhir.terminology.build.files import read
from ccm_fhir.terminology.build.merge import Row
from ccm_fhir.terminology.build.write import read_icd9_rows, read_rows
from tests.terminology import official

SHIPPED_VERSIONS = {"icd10cm": "FY2026 (April)", "ccir": "v2026.1", "ccw": "2022-02"}
TRUNCATED_EQUIVALENTS = {"27789", "29285", "29289", "75989"}
"""ICD-9-CM codes with more equivalents than the folder's table keeps: their family differs."""

NEW_CHAPTER = (
    f"00012 {'QA0':<7} 0 {'New category':<60} New category\n"
    f"00013 {'QA08':<7} 1 {'New code':<60} New code\n"
)


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, Row]:
    return building.build(official.write(tmp_path)).rows


def test_ahrqs_indicator_decides(rows: dict[str, Row]) -> None:
    assert (rows["E119"].chronic, rows["E119"].source) == ("1", "ccir")
    assert (rows["A000"].chronic, rows["A000"].source) == ("0", "ccir")


def test_an_override_comes_before_ahrqs_indicator(rows: dict[str, Row]) -> None:
    assert (rows["E890"].chronic, rows["E890"].source) == ("1", "override")
    assert (rows["Z21"].chronic, rows["Z21"].family) == ("1", "hiv")


def test_what_the_warehouse_lists_and_ahrq_denies_is_for_review(rows: dict[str, Row]) -> None:
    assert (rows["J40"].chronic, rows["J40"].source, rows["J40"].ccw30) == (
        "review",
        "ccir_vs_ccw30",
        "copd",
    )


def test_a_new_code_is_decided_by_the_codes_beside_it_and_reported(tmp_path: Path) -> None:
    built = building.build(official.write(tmp_path))

    assert (built.rows["E118"].chronic, built.rows["E118"].source) == ("1", "sibling")
    assert [row.code for row in built.changes.from_beside] == ["E118"]


def test_a_parent_follows_its_codes(rows: dict[str, Row]) -> None:
    assert (rows["E11"].status, rows["E11"].chronic, rows["E11"].family) == (
        "parent",
        "1",
        "diabetes",
    )


def test_a_code_that_is_gone_is_kept_as_retired(rows: dict[str, Row]) -> None:
    assert (rows["I10"].status, rows["I10"].chronic, rows["I10"].family) == (
        "retired",
        "1",
        "hypertension",
    )


def test_titles_that_the_files_bring_are_written_nowhere(tmp_path: Path) -> None:
    built = building.build(official.write(tmp_path))

    assert b"A long illness, another kind" not in b"".join(built.files.values())


def test_icd9_takes_its_family_from_the_equivalent_code(tmp_path: Path) -> None:
    built = building.build(official.write(tmp_path))

    assert (built.icd9["25000"].chronic, built.icd9["25000"].family) == ("1", "diabetes")
    assert (built.icd9["4660"].chronic, built.icd9["E8889"].family) == ("0", "")


def test_icd9_stays_as_shipped_where_it_is_not_given(tmp_path: Path) -> None:
    inputs = replace(official.write(tmp_path), icd9=None, gem=None, before=own.DATA)

    assert building.build(inputs).icd9 == read_icd9_rows(own.DATA)


def test_what_was_written_can_be_loaded_and_says_where_it_comes_from(tmp_path: Path) -> None:
    built = building.build(official.write(tmp_path / "in"))
    building.write(tmp_path / "out", built.files)
    table = table_in(tmp_path / "out")
    meaning = table.icd10cm_meaning("E11.8")

    assert meaning is not None
    assert (meaning.chronic, meaning.family) == (Chronic.CHRONIC, "diabetes")
    assert "CCIR v2027.1" in table.version
    assert {"SNOMED CT Global Patient Set", "ICD-10-CM"} <= {s.name for s in table.sources}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = (building.build(official.write(tmp_path)).files for _ in range(2))

    assert one == other


def test_cdcs_tabular_list_gives_codes_their_seventh_character(tmp_path: Path) -> None:
    path = tmp_path / "tabular.xml"
    path.write_text(official.TABULAR, encoding="utf-8")
    edition = read_edition(read(path, ".xml"))

    assert edition.billable == {
        "A00": False,
        "A000": True,
        "M1A": False,
        "M1A9": False,
        "M1A9XX0": True,
        "M1A9XX1": True,
    }


def test_a_zip_with_one_such_file_is_unpacked(tmp_path: Path) -> None:
    members = {"readme.pdf": b"%PDF", "x/icd10cm-order-2027.txt": official.ORDER.encode()}
    packed = official.zipped(tmp_path / "order.zip", members)
    plain = official.write(tmp_path / "in")

    assert building.build(replace(plain, tabular=packed)).rows == building.build(plain).rows


def test_a_workbook_of_the_warehouse_is_read(tmp_path: Path) -> None:
    inputs = official.write(tmp_path / "in")
    rows = [line.split(",") for line in official.CCW.splitlines()]
    sheet = official.xlsx(tmp_path / "ccw.xlsx", rows)

    assert building.build(replace(inputs, ccw=sheet)).rows == building.build(inputs).rows


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ccir", official.CCIR.replace("'E119',\"A long illness\",1", "'E119',x,7"), "row 5: "),
        ("ccir", official.CCIR.replace("'E119'", "'E11.9'"), "row 5: "),
        ("ccir", official.CCIR + "'E119',x,0\n", "second indicator"),
        ("ccir", official.CCIR + "'E11\n", "row 11: "),
        ("ccir", "code;value\nE119;1\n", "has no column"),
        ("ccir", "\n", "is empty"),
        ("ccsr", official.CCSR.replace("'END002','Sugar',' '", "' ',' ',' '"), "row 2: "),
        ("ccw", "ccw,code\nhiccups,E119\n", "row 2: "),
        ("ccw", "ccw,code\ndiabetes,?\n", "row 2: "),
        ("tabular", official.ORDER + "no such line\n", "row 13: "),
        ("tabular", official.ORDER + f"00013 {'E119':<7} 0 Again\n", "row 13: "),
        ("tabular", "code\tbillable\tdescription\nE119\tyes\tx\n", "row 2: "),
        ("tabular", "hello\n", "row 1: "),
        ("tabular", "<html></html>", "not CDC's"),
        ("tabular", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "entities"),
        ("tabular", "<ICD10CM.tabular><section>", "is not XML"),
        ("icd9", official.CCI9 + "'abc',x,'1','2'\n", "row 5: "),
        ("gem", official.GEM + "25000 E119\n", "row 4: "),
    ],
)
def test_a_malformed_file_is_refused_by_its_row(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    inputs = official.write(tmp_path, **{name: content})

    with pytest.raises(TerminologyFileError) as refused:
        building.build(inputs)

    assert str(refused.value).startswith(f"{name}.csv")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 no zip", "damaged"),
        (b"\x1f\x8b no gzip", "damaged"),
    ],
)
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    inputs = official.write(tmp_path)
    inputs.ccir.write_bytes(content)

    with pytest.raises(TerminologyFileError, match=says):
        building.build(inputs)


def test_a_zip_with_two_such_files_is_refused(tmp_path: Path) -> None:
    packed = official.zipped(tmp_path / "two.zip", {"a.csv": b"1", "b.csv": b"2"})

    with pytest.raises(TerminologyFileError, match="it holds several"):
        building.build(replace(official.write(tmp_path / "in"), ccir=packed))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = replace(official.write(tmp_path), ccir=tmp_path / "nowhere.csv")

    with pytest.raises(TerminologyFileError, match=r"nowhere\.csv"):
        building.build(missing)


# --- The command -------------------------------------------------------------------------------


def command(inputs: building.Inputs, *more: str) -> tuple[int, str, str]:
    options = ("tabular", "ccir", "ccsr", "ccw", "icd9", "gem")
    arguments = [part for name in options for part in (f"--{name}", str(getattr(inputs, name)))]
    arguments += ["--before", str(inputs.before)]
    ran = CliRunner().invoke(app, ["terminology", "build", *arguments, *more])
    return ran.exit_code, ran.stdout, ran.stderr


def test_a_dry_run_prints_which_codes_change_from_what_to_what_and_why(tmp_path: Path) -> None:
    turned = official.CCIR.replace('illness",1', 'illness",0').replace('kind",1', 'kind",0')

    code, said, _ = command(official.write(tmp_path, ccir=turned))

    assert code == 0
    assert "  E11.65 (billable): chronic → not chronic; AHRQ's indicator\n" in said
    assert "Nothing was written" in said
    assert {path.name for path in tmp_path.iterdir() if not path.suffix} == {"before"}


def test_out_writes_every_table(tmp_path: Path) -> None:
    code, said, _ = command(official.write(tmp_path / "in"), "--out", str(tmp_path / "out"))

    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fallback_families.tsv",
        "icd10cm.codes",
        "icd10cm_chronic.tsv.gz",
        "icd9cm.codes",
        "icd9cm_chronic.tsv.gz",
        "provenance.json",
    ]
    assert "Written: " in said


def test_a_billable_code_that_no_source_decides_fails_the_build(tmp_path: Path) -> None:
    inputs = official.write(tmp_path / "in", tabular=official.ORDER + NEW_CHAPTER)

    code, said, complaint = command(inputs, "--out", str(tmp_path / "out"))

    assert (code, (tmp_path / "out").exists()) == (4, False)
    assert "  QA0.8\n" in said
    assert "1 billable codes have no decision" in complaint


def test_undecided_codes_may_be_taken_for_review(tmp_path: Path) -> None:
    inputs = official.write(tmp_path / "in", tabular=official.ORDER + NEW_CHAPTER)

    code, _, _ = command(inputs, "--out", str(tmp_path / "out"), "--undecided-as-review")
    table = table_in(tmp_path / "out")

    assert code == 0
    assert table.label("icd:QA0") == "New category"
    meaning = table.icd10cm_meaning("QA0.8")
    assert meaning is not None
    assert meaning.chronic is Chronic.REVIEW


def test_one_of_the_icd9_files_alone_is_wrong_usage(tmp_path: Path) -> None:
    inputs = official.write(tmp_path)
    arguments = ["--tabular", "--ccir", "--ccsr", "--ccw", "--icd9"]
    given = [p for o in arguments for p in (o, str(getattr(inputs, o.removeprefix("--"))))]

    assert CliRunner().invoke(app, ["terminology", "build", *given]).exit_code == 2


@pytest.mark.parametrize("said", ["ccir", "ccir=", "other=1"])
def test_a_version_of_nothing_is_wrong_usage(tmp_path: Path, said: str) -> None:
    assert command(official.write(tmp_path), "--version", said)[0] == 2


def test_show_prints_every_source_with_its_terms() -> None:
    shown = CliRunner().invoke(app, ["terminology", "show"]).stdout

    assert "SNOMED International, CC BY 4.0" in shown
    assert "HCUP, AHRQ, Rockville MD" in shown
    assert "not been signed off by a clinician" in shown


# --- The shipped tables --------------------------------------------------------------------------


@pytest.mark.needs("shared")
def test_the_shipped_tables_are_what_their_sources_give(shared_data: Path) -> None:
    folder = shared_data / "terminology"
    built = building.build(
        building.Inputs(
            tabular=folder / "icd10cm_fy2026_apr.tsv.gz",
            ccir=folder / "ccir_v2026_1.tsv.gz",
            ccsr=folder / "ccsr_dx.tsv.gz",
            ccsr_labels=folder / "ccsr_labels.tsv.gz",
            ccw=folder / "ccw30_icd10cm.tsv.gz",
            icd9=folder / "icd9cm_chronic.tsv.gz",
            gem=folder / "icd9cm_chronic.tsv.gz",
            versions=SHIPPED_VERSIONS,
        )
    )
    icd9 = read_icd9_rows(own.DATA)

    assert built.rows == read_rows(own.DATA)
    assert {c for c, row in built.icd9.items() if row != icd9[c]} == TRUNCATED_EQUIVALENTS
    assert built.files[own.ICD10CM_CODES] == (own.DATA / own.ICD10CM_CODES).read_bytes()
    assert len(built.changes.undecided) == 13


@pytest.mark.needs("shared")
def test_the_shipped_decisions_are_those_of_the_merged_table(shared_data: Path) -> None:
    """Families differ for parents alone, where several fallbacks are equally common below."""
    merged = {
        row[0]: row for row in own.rows(shared_data / "terminology" / "icd10cm_chronic.tsv.gz")
    }
    shipped = read_rows(own.DATA)

    assert {code: row.chronic for code, row in shipped.items()} == {
        code: row[3] for code, row in merged.items()
    }
    differing = [
        row for code, row in shipped.items() if row.family != (merged[code][5:6] or [""])[0]
    ]
    assert {row.status for row in differing} == {"parent"}
    assert all(row.family.startswith(("ccsr:", "icd:")) for row in differing)


def test_every_shipped_family_has_a_name() -> None:
    table = load_chronic_table()
    used = {row.family for row in read_rows(own.DATA).values()} - {""}

    assert used <= set(table.families)
