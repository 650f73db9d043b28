"""Loading CMS's own fee files: read as published, refused by row and column, all or nothing.

The files are synthetic (``cms_files``), in CMS's layout.
"""

from __future__ import annotations

import copy
import zipfile
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ccm_fhir.cli import app
from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.rules import LocalityId, PriceRule
from ccm_fhir.errors import ConfigurationError, ConflictError, FeeFileError, RuleDataError
from ccm_fhir.rulebook import fees_sheets as sheets
from ccm_fhir.rulebook import load_rulebook, problems_of
from ccm_fhir.rulebook.fees import LOADED_FILE, only_loader, read_all, read_loaded
from ccm_fhir.rulebook.fees_days import Wishes
from ccm_fhir.rulebook.fees_load import Loaded, load_cms_file, shipped_folder
from ccm_fhir.rulebook.fees_rules import price_rules
from ccm_fhir.rulebook.fees_tables import FeeTables
from tests.rulebook import cms_files
from tests.rulebook.cms_files import csv_bytes, write_csv, write_zip

CY2025 = ("PPRRVU25_OCT.csv", cms_files.values(2025, "32.3465"))
CY2024_MARCH = ("PPRRVU24_APR.csv", cms_files.values(2024, "33.2875"))
GPCI_2025 = ("GPCI2025.csv", cms_files.indices(2025))
GPCI_2026 = ("GPCI2026.csv", cms_files.indices(2026))
ALABAMA = LocalityId(mac="10112", locality="00")
NO_WISHES = Wishes()


def load(tmp_path: Path, name: str, rows: cms_files.Rows, wishes: Wishes = NO_WISHES) -> Loaded:
    return load_cms_file(write_csv(tmp_path, name, rows), tmp_path / "fees", wishes)


def prices(tmp_path: Path) -> dict[tuple[str, date], PriceRule]:
    tables = read_all(shipped_folder(), tmp_path / "fees")
    return {(price.code, price.in_force_from): price for price in price_rules(tables)}


def refused(
    tmp_path: Path, name: str, rows: cms_files.Rows, wishes: Wishes = NO_WISHES
) -> FeeFileError:
    with pytest.raises(FeeFileError) as caught:
        load(tmp_path, name, rows, wishes)
    assert not (tmp_path / "fees" / LOADED_FILE).exists()
    assert cms_files.DESCRIPTOR not in str(caught.value)
    return caught.value


def changed(rows: cms_files.Rows, code: str, column: int, text: str) -> cms_files.Rows:
    rows = copy.deepcopy(rows)
    rows[row_of(rows, code) - 1][column] = text
    return rows


def row_of(rows: cms_files.Rows, code: str) -> int:
    found = (n for n, row in enumerate(rows, start=1) if row[0] == code and not row[1])
    return next(found)


# --- What loads -------------------------------------------------------------------------------


def test_a_year_that_was_not_shipped_has_prices_once_it_is_loaded(tmp_path: Path) -> None:
    loaded = load(tmp_path, *CY2024_MARCH)

    price = prices(tmp_path)["99490", date(2024, 3, 9)]
    assert price.in_force_until == date(2024, 12, 31)
    assert price.source == "PPRRVU24_APR (released 09/11/2023)"
    # 1.87 x 33.2875: the layout carries 2025's relative values
    assert national_nonfacility_amount(price) == Decimal("62.25")
    assert loaded.sheets[0].what == "12 codes, conversion factor 33.2875 (all practitioners)"
    assert "+ 99490 2024-03-09 to 2024-12-31: 1.00 0.81 0.42 0.06" in loaded.differences


def test_the_two_factors_of_2024_are_told_apart_by_the_files_own(tmp_path: Path) -> None:
    load(tmp_path, "PPRRVU24_JAN.csv", cms_files.values(2024, "32.7442"))
    load(tmp_path, *CY2024_MARCH)

    first = prices(tmp_path)["99490", date(2024, 1, 1)]
    second = prices(tmp_path)["99490", date(2024, 3, 9)]
    assert (first.in_force_until, first.conversion_factor) == (date(2024, 3, 8), Decimal("32.7442"))
    assert second.conversion_factor == Decimal("33.2875")


def test_what_is_loaded_is_in_the_rulebook_that_is_asked_for_with_its_folder(
    tmp_path: Path,
) -> None:
    load(tmp_path, *CY2024_MARCH)

    rulebook = load_rulebook(tmp_path / "fees")

    assert problems_of(rulebook) == ()
    assert rulebook.price_rule("99490", date(2024, 12, 31)) is not None
    assert rulebook.price_rule("99490", date(2024, 3, 8)) is None
    assert load_rulebook().price_rule("99490", date(2024, 12, 31)) is None


def test_a_zip_with_everything_loads_both_factors_and_the_localities(tmp_path: Path) -> None:
    archive = write_zip(
        tmp_path,
        "RVU26C.zip",
        {
            "PPRRVU2026_Jul_nonQPP.csv": csv_bytes(cms_files.values(2026, "33.4009")),
            "sub/PPRRVU2026_Jul_QPP.csv": csv_bytes(cms_files.values(2026, "33.5675")),
            "GPCI2026.csv": csv_bytes(cms_files.indices(2026)),
        },
    )

    loaded = load_cms_file(archive, tmp_path / "fees", NO_WISHES)

    assert [sheet.name for sheet in loaded.sheets] == [
        "PPRRVU2026_Jul_nonQPP.csv",
        "PPRRVU2026_Jul_QPP.csv",
        "GPCI2026.csv",
    ]
    rulebook = load_rulebook(tmp_path / "fees")
    price = rulebook.price_rule("99490", date(2026, 6, 1))
    assert price is not None
    assert (price.conversion_factor, price.qp_conversion_factor) == (
        Decimal("33.4009"),
        Decimal("33.5675"),
    )
    assert rulebook.fees.gpci(ALABAMA, date(2026, 6, 1)) is not None


def test_zip_and_csv_give_the_same_tables(tmp_path: Path) -> None:
    name, rows = CY2025
    load(tmp_path / "csv", name, rows)
    archive = write_zip(tmp_path / "zip", "RVU25D.zip", {name: csv_bytes(rows)})
    load_cms_file(archive, tmp_path / "zip" / "fees", NO_WISHES)

    assert read_loaded(tmp_path / "csv" / "fees") == read_loaded(tmp_path / "zip" / "fees")


def test_the_shipped_years_load_as_they_were_shipped(tmp_path: Path) -> None:
    assert load(tmp_path, *CY2025).differences == ()
    assert load(tmp_path, *GPCI_2025).differences == ()


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, *GPCI_2026)
    once = read_loaded(tmp_path / "fees")

    assert load(tmp_path, *GPCI_2026).differences == ()
    assert read_loaded(tmp_path / "fees") == once


def test_a_corrected_table_replaces_the_one_it_corrects_and_says_so(tmp_path: Path) -> None:
    name, rows = CY2025
    rows = changed(rows, "99490", cms_files.WORK, "1.01")
    rows = changed(rows, "99490", cms_files.NONFACILITY_TOTAL, "1.88")
    rows = changed(rows, "99490", cms_files.FACILITY_TOTAL, "1.49")

    loaded = load(tmp_path, name, rows)

    assert loaded.differences == (
        "~ 99490 2025-01-01 to 2025-12-31: 1.00 0.81 0.42 0.06 → 1.01 0.81 0.42 0.06",
    )


def test_a_table_from_a_later_day_cuts_the_one_before_it(tmp_path: Path) -> None:
    load(tmp_path, *CY2025, Wishes(first_day=date(2025, 7, 1)))

    found = prices(tmp_path)
    assert found["99490", date(2025, 1, 1)].in_force_until == date(2025, 6, 30)
    assert found["99490", date(2025, 7, 1)].in_force_until == date(2025, 12, 31)


def test_a_table_inside_a_year_leaves_both_ends(tmp_path: Path) -> None:
    load(tmp_path, *CY2025, Wishes(first_day=date(2025, 4, 1), last_day=date(2025, 6, 30)))

    days = sorted(day for code, day in prices(tmp_path) if code == "99490" and day.year == 2025)
    assert days == [date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1)]


def test_a_year_whose_factor_is_not_known_is_taken_whole(tmp_path: Path) -> None:
    loaded = load(tmp_path, "PPRRVU22_OCT.csv", cms_files.values(2022, "34.6062"))

    assert (loaded.sheets[0].first_day, loaded.sheets[0].last_day) == (
        date(2022, 1, 1),
        date(2022, 12, 31),
    )


def test_a_code_that_a_year_does_not_have_yet_is_not_kept(tmp_path: Path) -> None:
    rows = cms_files.values(2024, "33.2875")
    early = copy.deepcopy(rows[row_of(rows, "99490") - 1])
    early[0] = "G0556"

    load(tmp_path, "PPRRVU24_APR.csv", [*rows, early])

    assert ("G0556", date(2024, 3, 9)) not in prices(tmp_path)


def test_a_factor_that_cms_changed_is_taken_with_its_days(tmp_path: Path) -> None:
    name, _ = CY2025
    wishes = Wishes(first_day=date(2025, 7, 1), last_day=date(2025, 12, 31))

    load(tmp_path, name, cms_files.values(2025, "32.5000"), wishes)

    found = prices(tmp_path)
    assert found["99490", date(2025, 1, 1)].conversion_factor == Decimal("32.3465")
    assert found["99490", date(2025, 7, 1)].qp_conversion_factor == Decimal("32.5000")


def test_a_code_that_is_rightly_absent_is_left_out_when_that_is_said(tmp_path: Path) -> None:
    name, rows = CY2025
    without = [row for row in rows if row[0] != "99484"]

    loaded = load(tmp_path, name, without, Wishes(without=frozenset({"99484"})))

    assert loaded.differences == ("- 99484 2025-01-01 to 2025-12-31: 0.93 0.66 0.30 0.05",)


@pytest.mark.parametrize(
    ("wishes", "expected", "heading"),
    [
        (Wishes(work_floor=True), "1", "(with 1.0 Floor)"),
        (Wishes(work_floor=False), "0.95", "(without 1.0 Floor)"),
    ],
)
def test_a_work_index_given_both_ways_is_taken_as_asked(
    tmp_path: Path, wishes: Wishes, expected: str, heading: str
) -> None:
    load(tmp_path, "GPCI2026.csv", both_ways(), wishes)

    rule = load_rulebook(tmp_path / "fees").fees.gpci(ALABAMA, date(2026, 1, 1))
    assert rule is not None
    assert rule.work_gpci == Decimal(expected)
    assert heading in rule.source


def both_ways() -> cms_files.Rows:
    rows = cms_files.indices(2026)
    for row in rows[3:]:
        row.insert(4, "0.95" if row[4] == "1" else row[4])
    rows[2].insert(4, "2026 PW GPCI (without 1.0 Floor)")
    return rows


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        (cms_files.WORK, "1.O0", "WORK RVU"),
        (cms_files.WORK, "", "WORK RVU"),
        (cms_files.WORK, "-1.00", "WORK RVU"),
        (cms_files.WORK, "NaN", "WORK RVU"),
        (cms_files.WORK, "1.10", "NON-FACILITY TOTAL"),
        (cms_files.NONFACILITY, "8.10", "NON-FACILITY TOTAL"),
        (cms_files.FACILITY, "4.20", "FACILITY TOTAL"),
        (cms_files.MALPRACTICE, "0.60", "NON-FACILITY TOTAL"),
        (cms_files.NONFACILITY_TOTAL, "18.70", "NON-FACILITY TOTAL"),
        (cms_files.FACILITY_TOTAL, "14.80", "FACILITY TOTAL"),
        (cms_files.STATUS, "B", "STATUS CODE"),
        (cms_files.FACTOR, "0", "CONV FACTOR"),
        (cms_files.FACTOR, "33.3465", "CONV FACTOR"),
    ],
)
def test_a_wrong_cell_is_refused_by_row_and_column(
    tmp_path: Path, column: int, text: str, says: str
) -> None:
    name, rows = CY2025

    error = refused(tmp_path, name, changed(rows, "99490", column, text))

    assert error.column == says
    assert error.row in {row_of(rows, "99490"), row_of(rows, "99491")}


def test_a_missing_code_is_named(tmp_path: Path) -> None:
    name, rows = CY2025

    error = refused(tmp_path, name, changed(rows, "99490", cms_files.MODIFIER, "26"))

    assert "99490" in str(error)


def test_a_second_row_for_a_code_is_refused(tmp_path: Path) -> None:
    name, rows = CY2025
    again = rows[row_of(rows, "99490") - 1]

    error = refused(tmp_path, name, [*rows, again])

    assert error.row == len(rows) + 1


@pytest.mark.parametrize("width", [5, 40])
def test_a_row_of_another_width_is_refused(tmp_path: Path, width: int) -> None:
    name, rows = CY2025
    rows = copy.deepcopy(rows)
    rows[10] = [*rows[10], *["0"] * 40][:width]

    assert refused(tmp_path, name, rows).row == 11


def test_a_row_that_begins_with_no_code_is_refused(tmp_path: Path) -> None:
    name, rows = CY2025

    assert refused(tmp_path, name, changed(rows, "11111", 0, "Total")).column == "HCPCS"


def test_an_empty_row_is_passed_over(tmp_path: Path) -> None:
    name, rows = CY2025

    assert load(tmp_path, name, [*rows, [""] * len(rows[-1])]).differences == ()


def test_a_missing_or_doubled_column_is_refused_by_its_caption(tmp_path: Path) -> None:
    name, rows = CY2025
    lacking, doubled = copy.deepcopy(rows), copy.deepcopy(rows)
    lacking[cms_files.HEADER_ROW - 1][cms_files.FACTOR] = "SOMETHING"
    doubled[cms_files.HEADER_ROW - 2][4] = "WORK"
    doubled[cms_files.HEADER_ROW - 1][4] = "RVU"

    assert refused(tmp_path, name, lacking).column == "CONV FACTOR"
    assert "more than one" in str(refused(tmp_path, name, doubled))


def test_a_second_header_is_refused(tmp_path: Path) -> None:
    name, rows = CY2025
    gpci_name, gpci = GPCI_2025

    assert refused(tmp_path, name, [*rows, rows[cms_files.HEADER_ROW - 1]]).row == len(rows) + 1
    assert refused(tmp_path, gpci_name, [*gpci, gpci[2]]).row == len(gpci) + 1


def test_a_file_without_any_of_our_codes_is_refused(tmp_path: Path) -> None:
    name, rows = CY2025

    error = refused(tmp_path, name, rows[: cms_files.HEADER_ROW + 1])

    assert "care management" in str(error)


def test_a_factor_of_no_known_period_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "PPRRVU24_APR.csv", cms_files.values(2024, "33.2857"))

    assert error.column == "CONV FACTOR"
    assert "--from" in str(error)


def test_a_factor_of_another_practitioner_than_the_name_says_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "PPRRVU2026_Jul_QPP.csv", cms_files.values(2026, "33.4009"))

    assert "practitioners who are QP" in str(error)


def test_a_year_with_two_factors_needs_the_name_to_say_which(tmp_path: Path) -> None:
    rows = cms_files.values(2027, "33.0000")

    assert "nonQPP" in str(refused(tmp_path, "PPRRVU2027_Jan.csv", rows))


def test_the_factor_of_qp_alone_is_refused(tmp_path: Path) -> None:
    rows = cms_files.values(2027, "33.2000")

    assert "nonQPP file first" in str(refused(tmp_path, "PPRRVU2027_Jan_QPP.csv", rows))


def test_two_tables_for_the_same_practitioners_are_refused(tmp_path: Path) -> None:
    name, rows = CY2025
    archive = write_zip(
        tmp_path, "RVU25.zip", {name: csv_bytes(rows), f"again/{name}": csv_bytes(rows)}
    )

    with pytest.raises(FeeFileError, match="second table"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)


def test_two_gpci_tables_are_refused(tmp_path: Path) -> None:
    content = csv_bytes(cms_files.indices(2026))
    archive = write_zip(tmp_path, "R.zip", {"GPCI2026.csv": content, "a/GPCI2026.csv": content})

    with pytest.raises(FeeFileError, match="second GPCI table"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)


def test_files_for_qp_and_others_that_disagree_are_refused(tmp_path: Path) -> None:
    other = changed(cms_files.values(2026, "33.5675"), "99490", cms_files.FACILITY, "0.25")
    other = changed(other, "99490", cms_files.FACILITY_TOTAL, "1.32")
    archive = write_zip(
        tmp_path,
        "RVU26C.zip",
        {
            "PPRRVU2026_Jul_nonQPP.csv": csv_bytes(cms_files.values(2026, "33.4009")),
            "PPRRVU2026_Jul_QPP.csv": csv_bytes(other),
        },
    )

    with pytest.raises(FeeFileError, match="99490 differs"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)
    assert not (tmp_path / "fees").exists()


def test_a_broken_table_keeps_its_sound_neighbours_out(tmp_path: Path) -> None:
    name, rows = CY2024_MARCH
    broken = cms_files.indices(2024)
    broken[5][6] = "much"
    archive = write_zip(
        tmp_path, "RVU24.zip", {name: csv_bytes(rows), "GPCI2024.csv": csv_bytes(broken)}
    )

    with pytest.raises(FeeFileError, match="row 6, column MP GPCI"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)
    assert not (tmp_path / "fees").exists()


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        ("PPRRVU24_JAN.csv", CY2025[1], "two years"),
        ("rates.csv", [[c.replace("2025", "") for c in row] for row in CY2025[1]], "no year"),
        ("GPCI2024.csv", GPCI_2025[1], "two years"),
        ("rates.csv", [[c.replace("2025 P", "P") for c in row] for row in GPCI_2025[1]], "no year"),
    ],
)
def test_a_year_that_is_not_plain_is_refused(
    tmp_path: Path, name: str, rows: cms_files.Rows, says: str
) -> None:
    rows = [[cell.replace("2025 MP", "MP") for cell in row] for row in rows]

    assert says in str(refused(tmp_path, name, rows))


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(first_day=date(2024, 12, 31)),
        Wishes(last_day=date(2026, 1, 1)),
        Wishes(first_day=date(2025, 7, 1), last_day=date(2025, 6, 30)),
    ],
)
def test_days_outside_a_tables_own_are_refused(tmp_path: Path, wishes: Wishes) -> None:
    assert "is a table of CY2025" in str(refused(tmp_path, *CY2025, wishes))
    assert "is a table of CY2025" in str(refused(tmp_path, *GPCI_2025, wishes))


@pytest.mark.parametrize(
    ("cell", "text", "says"),
    [
        (0, "1O112", "CONTRACTOR"),
        (0, "", "CONTRACTOR"),
        (1, "Alabama", "STATE"),
        (2, "x", "LOCALITY NUMBER"),
        (3, "", "LOCALITY NAME"),
        (4, "", "PW GPCI"),
        (4, "1..0", "PW GPCI"),
        (5, "0,869", "PE GPCI"),
        (5, "869", "PE GPCI"),
        (6, "0.057", "MP GPCI"),
        (6, "nan", "MP GPCI"),
    ],
)
def test_a_wrong_index_cell_is_refused_by_row_and_column(
    tmp_path: Path, cell: int, text: str, says: str
) -> None:
    name, rows = GPCI_2025
    rows = copy.deepcopy(rows)
    rows[3][cell] = text

    error = refused(tmp_path, name, rows)

    assert (error.row, error.column) == (4, says)


def test_a_gpci_table_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    name, rows = GPCI_2025
    emptied, short = copy.deepcopy(rows), copy.deepcopy(rows)
    emptied[5] = [emptied[5][0], *[""] * 6]
    short[5] = short[5][:5]

    assert refused(tmp_path, name, emptied).row == 6
    assert refused(tmp_path, name, short).row == 6
    assert "cut off" in str(refused(tmp_path, name, rows[:40]))
    assert refused(tmp_path, name, [*rows[:50], rows[10], *rows[50:]]).column == "LOCALITY NUMBER"


def test_a_gpci_table_with_missing_or_doubled_headings_is_refused(tmp_path: Path) -> None:
    name, rows = GPCI_2025
    lacking, doubled = copy.deepcopy(rows), copy.deepcopy(rows)
    lacking[2][6] = "2025"
    doubled[2][6] = "2025 PE GPCI"

    assert refused(tmp_path, name, lacking).column == "MP GPCI"
    assert refused(tmp_path, name, doubled).column == "PE GPCI"


def test_a_work_index_given_both_ways_is_not_chosen_for_anybody(tmp_path: Path) -> None:
    error = refused(tmp_path, "GPCI2026.csv", both_ways())

    assert "--work-floor" in str(error)


@pytest.mark.parametrize("content", [b"", b"hello", b'a,"b\nc', b"PK\x03\x04 not a zip"])
def test_what_is_no_fee_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "PPRRVU25_JAN.csv"
    path.write_bytes(content)

    with pytest.raises(FeeFileError):
        load_cms_file(path, tmp_path / "fees", NO_WISHES)


def test_a_file_in_an_old_encoding_is_read(tmp_path: Path) -> None:
    name, rows = CY2025
    path = tmp_path / name
    path.write_bytes(csv_bytes(rows).removeprefix(b"\xef\xbb\xbf").replace(b"never", b"n\xa0ver"))

    assert load_cms_file(path, tmp_path / "fees", NO_WISHES).differences == ()


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeeFileError, match="No such file"):
        load_cms_file(tmp_path / "none.zip", tmp_path / "fees", NO_WISHES)


def test_an_archive_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeeFileError, match="neither a PPRRVU"):
        load_cms_file(write_zip(tmp_path, "R.zip", {}), tmp_path / "fees", NO_WISHES)


def test_an_archive_with_very_many_tables_is_refused(tmp_path: Path) -> None:
    tables = {f"GPCI20{n}.csv": b"" for n in range(10, 30)}

    with pytest.raises(FeeFileError, match="more than"):
        load_cms_file(write_zip(tmp_path, "R.zip", tables), tmp_path / "fees", NO_WISHES)


def test_a_bomb_is_stopped_at_the_cap(tmp_path: Path) -> None:
    bomb = {"GPCI2026.csv": b"\0" * (sheets.LARGEST_SHEET_BYTES + 1)}
    archive = write_zip(tmp_path, "R.zip", bomb)
    assert archive.stat().st_size < 100_000

    with pytest.raises(FeeFileError, match="unpacks to more"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)


def test_a_file_larger_than_any_is_not_even_opened(tmp_path: Path) -> None:
    huge = tmp_path / "R.zip"
    with huge.open("wb") as file:
        file.truncate(sheets.LARGEST_ARCHIVE_BYTES + 1)

    with pytest.raises(FeeFileError, match="larger than"):
        load_cms_file(huge, tmp_path / "fees", NO_WISHES)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path, "R.zip", {"GPCI2025.csv": csv_bytes(GPCI_2025[1])})
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        start = opened.getinfo("GPCI2025.csv").header_offset + 60
    content[start : start + 40] = b"\xff" * 40
    archive.write_bytes(content)

    with pytest.raises(FeeFileError, match="damaged"):
        load_cms_file(archive, tmp_path / "fees", NO_WISHES)


def test_a_damaged_folder_is_named_and_not_overwritten(tmp_path: Path) -> None:
    load(tmp_path, *GPCI_2026)
    kept = tmp_path / "fees" / LOADED_FILE
    kept.write_text(kept.read_text(encoding="utf-8").replace('"0.869"', '"none"'))

    with pytest.raises(RuleDataError, match=r"fees\.json: gpcis\.0\.pe_gpci"):
        load(tmp_path, *GPCI_2026)


def test_rows_that_overlap_are_refused_when_read(tmp_path: Path) -> None:
    load(tmp_path, *GPCI_2026)
    kept = tmp_path / "fees" / LOADED_FILE
    tables = FeeTables.model_validate_json(kept.read_bytes())
    twice = FeeTables(gpcis=(*tables.gpcis, tables.gpcis[0]))
    kept.write_text(twice.model_dump_json(), encoding="utf-8")

    with pytest.raises(RuleDataError, match="two rows on 2026-01-01"):
        read_all(shipped_folder(), tmp_path / "fees")


def test_two_loads_at_once_do_not_lose_a_table(tmp_path: Path) -> None:
    with only_loader(tmp_path / "fees"), pytest.raises(ConflictError, match="another process"):
        load(tmp_path, *GPCI_2026)


def test_no_descriptor_is_kept(tmp_path: Path) -> None:
    load(tmp_path, *CY2024_MARCH)

    for file in (tmp_path / "fees").iterdir():
        assert cms_files.DESCRIPTOR not in file.read_text(encoding="utf-8")


# --- Any single change of a row -----------------------------------------------------------------

_folders = count()
_used = st.sampled_from(cms_files.USED)
_texts = st.one_of(
    st.sampled_from(["", "0", "1.00", "0.81", "A", "26", "99490", "99439", "32.3465", "NA"]),
    st.decimals("0", "99", places=2).map(str),
    st.text(alphabet="0123456789.ABGx ,\"'\n", max_size=6),
)
_our_rows = st.integers(cms_files.HEADER_ROW, len(CY2025[1]) - 1)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_our_rows, _used, _texts)
def test_one_changed_cell_is_refused_or_changes_nothing(
    tmp_path: Path, row: int, column: int, text: str
) -> None:
    name, rows = CY2025
    rows = copy.deepcopy(rows)
    rows[row][column] = text

    assert_refused_or_unchanged(tmp_path, name, rows)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_our_rows, _our_rows, st.sampled_from(["drop", "repeat", "swap", "cut"]))
def test_rows_lost_repeated_or_moved_are_refused_or_change_nothing(
    tmp_path: Path, row: int, other: int, how: str
) -> None:
    name, rows = CY2025
    rows = copy.deepcopy(rows)
    if how == "drop":
        del rows[row]
    elif how == "repeat":
        rows.insert(other, rows[row])
    elif how == "swap":
        rows[row], rows[other] = rows[other], rows[row]
    else:
        rows = rows[:row]

    assert_refused_or_unchanged(tmp_path, name, rows)


def assert_refused_or_unchanged(tmp_path: Path, name: str, rows: cms_files.Rows) -> None:
    folder = tmp_path / str(next(_folders))
    refusal: FeeFileError | None = None
    differences: tuple[str, ...] = ()
    try:
        differences = load(folder, name, rows).differences
    except FeeFileError as error:
        refusal = error

    assert differences == ()
    if refusal is not None:
        assert refusal.row is not None or "no row for" in refusal.problem
        assert not (folder / "fees").exists()


# --- The command ----------------------------------------------------------------------------------


def test_the_command_prints_what_was_loaded_and_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCM_FEES_DIR", str(tmp_path / "fees"))
    path = write_csv(tmp_path, *CY2024_MARCH)

    result = CliRunner().invoke(app, ["fees", "load", str(path)])

    assert result.exit_code == 0, result.output
    assert "PPRRVU24_APR.csv: 12 codes, conversion factor 33.2875" in result.output
    assert "2024-03-09 to 2024-12-31" in result.output
    assert "12 changes" in result.output
    assert cms_files.DESCRIPTOR not in result.output


def test_the_command_takes_days_floor_and_absent_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCM_FEES_DIR", str(tmp_path / "fees"))
    path = write_csv(tmp_path, "GPCI2026.csv", both_ways())
    days = ["--from", "2026-02-01", "--until", "2026-12-31"]

    result = CliRunner().invoke(
        app, ["fees", "load", str(path), *days, "--no-work-floor", "--without", "g0570"]
    )

    assert result.exit_code == 0, result.output
    assert "without 1.0 Floor), 2026-02-01 to 2026-12-31" in result.output


def test_the_command_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CCM_FEES_DIR", raising=False)

    result = CliRunner().invoke(app, ["fees", "load", str(write_csv(tmp_path, *GPCI_2026))])

    assert isinstance(result.exception, ConfigurationError)


def test_who_is_paid_less_is_what_the_rates_say() -> None:
    fees = load_rulebook().fees

    assert fees.paid_less(date(2026, 11, 30)) == {
        EligibleProfession.NP,
        EligibleProfession.PA,
        EligibleProfession.CNS,
    }
    assert fees.paid_less(date(2014, 12, 31)) == frozenset()
