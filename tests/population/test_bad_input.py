"""What exports get wrong: counted, reported, and never a wrong answer."""

from __future__ import annotations

import gzip
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ccm_fhir.errors import InputError
from ccm_fhir.population import Asking, plan_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.lines import LONGEST_LINE_BYTES
from ccm_fhir.population.mapping import map_range
from tests.population.exports import (
    AS_OF,
    ASKING,
    HL7,
    Json,
    by_file,
    candidate,
    concept,
    condition,
    line,
    part_b,
    patient,
    swept,
    written,
)


def test_a_patient_with_two_diseases_and_part_b_is_a_candidate(tmp_path: Path) -> None:
    result = swept(tmp_path, by_file(candidate())).results["Patient/p1"]
    assert result.outcome == "candidate"
    assert result.families == ("diabetes", "hypertension")
    assert result.evidence == ["Condition/p1-c1", "Condition/p1-c2", "Coverage/p1-v"]
    assert result.missing == (
        "duration_and_risk",
        "consent",
        "initiating_visit",
        "care_plan",
        "not_billed_elsewhere",
        "not_away_all_month",
    )


def test_a_truncated_last_line_is_counted_and_makes_its_patient_s_answer_unknown(
    tmp_path: Path,
) -> None:
    files = by_file([patient(), condition("I10", 1), part_b()])
    whole = line({"subject": {"reference": "Patient/p1"}, **condition("E11.9", 2)})
    cut = whole[: whole.index(b"E11.9")]
    made = swept(tmp_path, files | {"Condition.ndjson": files["Condition.ndjson"] + cut})
    assert made.account.skipped == {"Condition: it is not JSON that can be read": 1}
    assert made.results["Patient/p1"].outcome == "review"


def test_a_last_line_without_its_end_is_read(tmp_path: Path) -> None:
    files = by_file(candidate())
    files["Condition.ndjson"] = files["Condition.ndjson"].rstrip(b"\n")
    assert swept(tmp_path, files).outcomes() == {"Patient/p1": "candidate"}


def test_a_line_of_two_hundred_megabytes_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    export = written(tmp_path, by_file(candidate()))
    with (export / "Condition.ndjson").open("ab") as file:
        file.write(b'{"resourceType":"Condition","id":"x","note":[{"text":"')
        for _ in range(200):
            file.write(b"x" * 1024 * 1024)
        file.write(b'"}]}\n')
        file.write(line(condition("J44.9", 3)))
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.population.exports import swept_folder\n"
        "made = swept_folder(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(made.account.skipped, made.results['Patient/p1'].families)\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.split('VmHWM:')[1].split()[0])\n"
    )
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(export), str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )
    said, kilobytes = ran.stdout.splitlines()
    assert f"it is longer than {LONGEST_LINE_BYTES} bytes': 1" in said
    assert "('copd', 'diabetes', 'hypertension')" in said
    assert int(kilobytes) < 200_000


def test_a_long_line_that_begins_in_one_range_is_no_other_range_s(tmp_path: Path) -> None:
    files = by_file(candidate())
    long = b'{"resourceType":"Condition","note":"' + b"x" * (LONGEST_LINE_BYTES + 5000) + b'"}\n'
    files["Condition.ndjson"] = long + files["Condition.ndjson"]
    made = swept(tmp_path, files, range_bytes=1000)
    assert made.account.resources_read == 5
    assert sum(made.account.skipped.values()) == 1
    assert made.outcomes() == {"Patient/p1": "candidate"}


@pytest.mark.parametrize("where", [b"Essential", b"p1-c9"])
def test_invalid_utf_8_skips_its_line_and_no_other(tmp_path: Path, where: bytes) -> None:
    files = by_file(candidate())
    odd = condition("J44.9", 9, code=concept("x", "y") | {"text": "Essential"})
    files["Condition.ndjson"] += line(odd).replace(where, b"\xff\xfe")
    made = swept(tmp_path, files)
    assert made.account.skipped == {"Condition: it is not JSON that can be read": 1}
    assert made.outcomes() == {"Patient/p1": "candidate"}


def test_a_file_of_another_type_than_its_name_is_read_as_what_it_holds(tmp_path: Path) -> None:
    everything = b"".join(map(line, candidate()))
    for name in ("Observation.ndjson", "Encounter.ndjson", "export-0001.ndjson"):
        made = swept(tmp_path / name, {name: everything})
        assert made.outcomes() == {"Patient/p1": "candidate"}
        assert made.account.used == 4


def test_of_two_versions_the_newest_wins_in_whatever_order(tmp_path: Path) -> None:
    resolved = concept(f"{HL7}/condition-clinical", "resolved")
    old = condition("E11.9", 2, meta={"versionId": "1"})
    new = condition("E11.9", 2, clinicalStatus=resolved, meta={"versionId": "2"})
    for number, order in enumerate(([old, new], [new, old])):
        chart = [patient(), condition("I10", 1), part_b(), *order]
        made = swept(tmp_path / str(number), by_file(chart))
        assert made.outcomes() == {"Patient/p1": "not_eligible"}
        assert list(made.account.skipped.values()) == [1]


def test_a_newer_version_that_is_no_chronic_disease_ends_the_older_one(tmp_path: Path) -> None:
    old = condition("E11.9", 2, meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    new = condition("J06.9", 2, meta={"lastUpdated": "2026-02-01T00:00:00Z"})
    for number, order in enumerate(([old, new], [new, old])):
        made = swept(
            tmp_path / str(number),
            by_file([patient(), condition("I10", 1), part_b(), *order]),
        )
        assert made.outcomes() == {"Patient/p1": "not_eligible"}


def test_a_newest_version_that_cannot_be_read_does_not_bring_the_older_one_back(
    tmp_path: Path,
) -> None:
    old = condition("E11.9", 2, meta={"versionId": "1"})
    new = condition("E11.9", 2, meta={"versionId": "2"}, code="E11.9")
    made = swept(tmp_path, by_file([patient(), condition("I10", 1), part_b(), old, new]))
    assert made.outcomes() == {"Patient/p1": "review"}


@pytest.mark.parametrize("code", ["E11.9", "J06.9"])
def test_a_resource_moved_to_another_patient_is_no_longer_the_first_one_s(
    tmp_path: Path, code: str
) -> None:
    old = condition("E11.9", 2, "p1", meta={"versionId": "1"})
    new = condition(code, 2, "p1", meta={"versionId": "2"}, subject={"reference": "Patient/p2"})
    others = [condition("I10", 1, "p2"), part_b("p2"), patient("p2")]
    for number, order in enumerate(([old, new], [new, old])):
        chart = [patient(), condition("I10", 1), part_b(), *others, *order]
        made = swept(tmp_path / str(number), by_file(chart))
        assert made.outcomes() == {
            "Patient/p1": "not_eligible",
            "Patient/p2": "candidate" if code == "E11.9" else "not_eligible",
        }
        assert sum(made.account.skipped.values()) == 1


def test_patients_who_are_only_referred_to_are_counted_and_have_no_line(tmp_path: Path) -> None:
    strangers = [condition("I10", 1, "gone"), condition("J06.9", 2, "gone"), part_b("lost")]
    made = swept(tmp_path, by_file([*candidate(), *strangers]))
    assert set(made.results) == {"Patient/p1"}
    assert made.account.absent_patients == 2
    assert made.account.skipped == {
        "Condition: its patient is not in the export": 2,
        "Coverage: its patient is not in the export": 1,
    }


def test_absolute_references_are_local_under_the_base_that_is_named(tmp_path: Path) -> None:
    base = "https://ehr.example/fhir"
    whose = {"reference": f"{base}/Patient/p1"}
    chart = [
        patient(),
        condition("I10", 1, subject=whose),
        condition("E11.9", 2, subject=whose),
        part_b(beneficiary=whose),
    ]
    with_base = Asking(as_of=AS_OF, base_url=base)
    assert swept(tmp_path / "a", by_file(chart), with_base).outcomes() == {
        "Patient/p1": "candidate"
    }
    without = swept(tmp_path / "b", by_file(chart))
    assert sum(without.account.skipped.values()) == 3
    assert without.outcomes() == {"Patient/p1": "review"}


def test_a_resource_that_names_no_patient_of_ours_is_counted(tmp_path: Path) -> None:
    odd = [
        condition("J44.9", 3, subject={"reference": "urn:uuid:p2"}),
        condition("J44.9", 4, subject={}),
        condition("J44.9", 5, subject={"reference": "Group/1"}),
        condition("J44.9", 6, subject={"identifier": {"system": "urn:x", "value": "1"}}),
    ]
    made = swept(tmp_path, by_file([*candidate(), *odd]))
    assert sum(made.account.skipped.values()) == 4
    assert made.account.skipped["Condition: it names no patient"] == 1
    assert made.results["Patient/p1"].families == ("diabetes", "hypertension")


def test_a_urn_that_may_mean_a_patient_of_ours_makes_the_answer_unknown(tmp_path: Path) -> None:
    odd = condition("E11.9", 2, subject={"reference": "urn:uuid:p1"})
    chart = [patient(), condition("I10", 1), part_b(), odd]
    assert swept(tmp_path, by_file(chart)).outcomes() == {"Patient/p1": "review"}


def test_a_patient_whose_line_is_broken_fails_and_says_why(tmp_path: Path) -> None:
    files = by_file(candidate())
    for number, broken in enumerate(
        (
            b'{"id":"p1","resourceType":"Patient","name":[{"id":"x","fam\n',
            line(patient(birthDate=7)),
        )
    ):
        made = swept(tmp_path / str(number), files | {"Patient.ndjson": broken})
        assert made.outcomes() == {"Patient/p1": "failed"}
        assert made.account.failed == 1
        assert "could not be read" in made.results["Patient/p1"].findings[0].reason


def test_garbage_is_no_patient_s_and_is_counted(tmp_path: Path) -> None:
    files = by_file(candidate())
    files["Condition.ndjson"] += b"<html>503</html>\n[1,2]\nnull\n{}\n"
    made = swept(tmp_path, files)
    assert sum(made.account.skipped.values()) == 4
    assert made.outcomes() == {"Patient/p1": "candidate"}


def test_blank_lines_carriage_returns_and_a_byte_order_mark_are_no_mistakes(tmp_path: Path) -> None:
    files = by_file(candidate())
    files["Condition.ndjson"] = (
        b"\xef\xbb\xbf" + files["Condition.ndjson"].replace(b"\n", b"\r\n\r\n") + b"   \n"
    )
    made = swept(tmp_path, files)
    assert made.account.is_clean
    assert made.account.blank_lines == 3
    assert made.outcomes() == {"Patient/p1": "candidate"}


def test_an_empty_export_is_an_answer_and_a_folder_without_one_is_a_mistake(tmp_path: Path) -> None:
    made = swept(tmp_path / "a", {"Patient.ndjson": b"", "Condition.ndjson.gz": gzip.compress(b"")})
    assert made.account.patients == 0
    assert made.written == b""
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        plan_sweep(tmp_path / "b", ASKING, ())
    with pytest.raises(InputError, match="is not a folder"):
        plan_sweep(tmp_path / "c", ASKING, ())


def test_gzip_files_are_read_and_one_that_breaks_off_is_told(tmp_path: Path) -> None:
    files = {f"{name}.gz": gzip.compress(body) for name, body in by_file(candidate()).items()}
    assert swept(tmp_path / "a", files).outcomes() == {"Patient/p1": "candidate"}
    noise = random.Random(1).randbytes(3000).hex()  # noqa: S311
    body = b"".join(map(line, [condition("I10", 1), condition("E11.9", 2, note=[{"text": noise}])]))
    for number, broken in enumerate((gzip.compress(body)[:-900], b"no gzip at all")):
        made = swept(tmp_path / f"b{number}", files | {"Condition.ndjson.gz": broken})
        assert made.account.broken_files == 1
        assert not made.account.is_clean


def test_thousands_of_files_and_one_give_the_same_results(tmp_path: Path) -> None:
    people = [each for number in range(300) for each in candidate(f"p{number}")]
    one = swept(tmp_path / "one", {"all.ndjson": b"".join(map(line, people))})
    many = swept(
        tmp_path / "many",
        {f"{n % 7}/Part-{n}.ndjson": line(each) for n, each in enumerate(people)},
    )
    assert one.written == many.written
    assert one.account == many.account


def test_ranges_cut_anywhere_give_the_same_results(tmp_path: Path) -> None:
    files = by_file(each for number in range(10) for each in candidate(f"p{number}"))
    whole = swept(tmp_path / "whole", files)
    for step in (1, 7, 100, 333, 1000):
        cut = swept(tmp_path / str(step), files, range_bytes=step)
        assert (cut.written, cut.account) == (whole.written, whole.account)


def test_one_line_in_twenty_broken_changes_no_other_patient(tmp_path: Path) -> None:
    people = {f"p{number:03d}": candidate(f"p{number:03d}") for number in range(400)}
    chance = random.Random(5)  # noqa: S311
    lines: list[bytes] = []
    hurt: set[str] = set()
    for name, chart in people.items():
        for each in chart:
            as_is = line(each)
            if chance.random() < 0.05:
                as_is = as_is[: chance.randrange(1, len(as_is) - 2)] + b"\n"
                hurt.add(name)
            lines.append(as_is)
    made = swept(tmp_path, {"all.ndjson": b"".join(lines)})
    well = set(people) - hurt
    assert {made.results[f"Patient/{name}"].outcome for name in well} == {"candidate"}
    assert made.account.resources_read == 1600
    assert sum(made.account.skipped.values()) >= len(hurt) > 40
    for name in hurt & {n.removeprefix("Patient/") for n in made.results}:
        assert made.results[f"Patient/{name}"].outcome != "excluded"


def test_types_that_say_nothing_of_the_question_are_counted_as_such(tmp_path: Path) -> None:
    others: list[Json] = [
        {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p1"}},
        {"resourceType": "Device", "id": "d"},
        {"resourceType": "Observation", "id": "odd", "subject": 7},
    ]
    made = swept(tmp_path, by_file([*candidate(), *others]))
    assert made.account.irrelevant == {"Device": 1, "Observation": 2}
    assert made.account.is_clean


def test_no_name_of_a_patient_is_kept_on_the_way(tmp_path: Path) -> None:
    named = patient(name=[{"family": "Canaryfamily"}], birthDate="1931-07-19")
    export = written(tmp_path, by_file([named]))
    (stretch,) = plan_sweep(export, ASKING, ()).ranges()
    map_range(stretch, tmp_path / "spill", partitions=1, base_url="", table=judge_for(ASKING).table)
    kept = (tmp_path / "spill").read_bytes()
    assert re.search(rb"p1", kept)
    assert b"Canary" not in kept
    assert b"1931" not in kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "spill"]
