"""``ccm-fhir classify``: lines in, answers out; every line is accounted for."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from carebundle import generate_bundle
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ccm_fhir.cli import app
from ccm_fhir.services.classify_conditions import (
    DEEPEST,
    LONGEST_LINE_BYTES,
    bounded_lines,
    classify_lines,
    classify_patients,
)
from ccm_fhir.terminology import load_chronic_table

TABLE = load_chronic_table()
AS_OF = date(2026, 11, 30)
HL7 = "http://terminology.hl7.org/CodeSystem"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
Json = dict[str, Any]


def condition(icd10cm: str, number: int = 1, patient: str = "p1", /, **changes: object) -> Json:
    """Return an active, confirmed Condition."""
    return {
        "resourceType": "Condition",
        "id": f"c{number}",
        "clinicalStatus": {"coding": [{"system": f"{HL7}/condition-clinical", "code": "active"}]},
        "verificationStatus": {
            "coding": [{"system": f"{HL7}/condition-ver-status", "code": "confirmed"}]
        },
        "code": {"coding": [{"system": ICD10CM, "code": icd10cm}]},
        "subject": {"reference": f"Patient/{patient}"},
    } | changes


def line(resource: object) -> bytes:
    return json.dumps(resource).encode() + b"\n"


def answers(*lines: bytes) -> list[Json]:
    return [json.loads(answer) for answer, _ in classify_lines(lines, TABLE, AS_OF)]


def patients(*lines: bytes) -> list[Json]:
    return [json.loads(answer) for answer, _ in classify_patients(lines, TABLE, AS_OF)]


def nested(depth: int) -> Json:
    inner: Json = {"url": "http://example.org/x", "valueString": '[{\\"['}
    for _ in range(depth):
        inner = {"url": "http://example.org/x", "extension": [inner]}
    return inner


def test_a_condition_is_answered_with_its_family_tier_and_why() -> None:
    assert answers(line(condition("E11.9"))) == [
        {
            "id": "c1",
            "chronic": True,
            "family": "diabetes",
            "tier": "cms_named",
            "why": "ICD-10-CM E11.9 is chronic: Diabetes mellitus, which CMS names among its "
            "examples.",
        }
    ]


def test_not_chronic_and_review_have_their_own_answers() -> None:
    said = answers(line(condition("J06.9", 1)), line(condition("F32", 2)))

    assert [(a["chronic"], a["family"]) for a in said] == [(False, None), ("review", "depression")]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"not json\n", "not JSON"),
        (b'{"resourceType": "Condition", \n', "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[]\n", "not a JSON object"),
        (b"{}\n", "no resourceType"),
        (line({"resourceType": "Patient", "id": "p1"}), "it is not a Condition"),
        (line({"resourceType": "Basic", "id": "b1"}), "another type"),
        (line({"resourceType": "Condition"}), "no usable id"),
        (line(condition("E11.9", id="not an id!")), "no usable id"),
        (line(condition("E11.9", code="E11.9")), "its code is not of the type"),
        (line(condition("E11.9", extension=[nested(50)])), f"more than {DEEPEST} deep"),
        (b"[" * 50 + b"]" * 50 + b"\n", "deep"),
        (b"[" * 100_000 + b"\n", "deep"),
        (b'{"a": "' + b"x" * LONGEST_LINE_BYTES + b'"}\n', "longer than"),
    ],
)
def test_a_bad_line_gives_an_error_in_its_place_that_names_the_line(bad: bytes, says: str) -> None:
    good = line(condition("E11.9"))

    first, refused, last = answers(good, bad, good)

    assert (first["chronic"], last["chronic"]) == (True, True)
    assert refused["line"] == 2
    assert says in refused["error"]


def test_brackets_in_a_text_do_not_make_it_deep() -> None:
    texts = condition("E11.9", note=[{"text": '[{"\\' * 200}])

    assert answers(line(texts))[0]["chronic"] is True


def test_what_real_resources_nest_is_not_too_deep() -> None:
    assert answers(line(condition("E11.9", extension=[nested(12)])))[0]["chronic"] is True


def test_a_blank_line_has_no_answer_and_counts_as_a_line() -> None:
    said = answers(line(condition("E11.9")), b"\n", b"nonsense\n")

    assert [a.get("line") for a in said] == [None, 3]


def test_a_refusal_quotes_nothing() -> None:
    canary = "Canary Quillfeather"
    lines = (f'{{"name": "{canary}"'.encode(), line(condition(canary, code={"coding": canary})))

    assert all(canary not in json.dumps(answer) for answer in answers(*lines))


def test_a_line_that_is_too_long_is_never_held_whole() -> None:
    long = b"x" * (3 * LONGEST_LINE_BYTES) + b"\n"
    good = line(condition("E11.9"))

    read = list(bounded_lines(io.BytesIO(good + long + good)))

    assert (read[0], read[-1], len(read)) == (good, good, 3)
    assert len(read[1]) == LONGEST_LINE_BYTES + 1


@given(st.lists(st.binary(max_size=60).filter(lambda b: b"\n" not in b), max_size=8))
def test_lines_are_read_as_they_stand(parts: list[bytes]) -> None:
    text = b"\n".join(parts)

    assert list(bounded_lines(io.BytesIO(text))) == list(io.BytesIO(text))


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(stated: bytes) -> None:
    said = answers(stated)

    assert len(said) == (0 if stated.isspace() else 1)


def test_patients_are_answered_in_the_order_in_which_they_first_appear() -> None:
    said = patients(
        line(condition("E11.9", 1, "p2")),
        line(condition("J06.9", 2, "p1")),
        line(condition("I10", 3, "p2")),
    )

    assert [(a["patient"], a["families"], a["two_or_more"]) for a in said] == [
        ("Patient/p2", ["diabetes", "hypertension"], True),
        ("Patient/p1", [], False),
    ]


def test_a_condition_that_names_no_patient_is_refused() -> None:
    said = patients(line(condition("E11.9", subject=None)), line(condition("I10", 2)))

    assert ("no patient" in said[0]["error"], said[1]["patient"]) == (True, "Patient/p1")


def test_a_condition_that_cannot_be_read_leaves_its_patient_in_doubt() -> None:
    said = patients(line(condition("E11.9", 1)), line(condition("I10", 2, code="I10")))

    assert (said[0]["line"], said[1]["two_or_more"]) == (2, "review")


def test_another_resource_of_a_patient_leaves_no_doubt() -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "subject": {"reference": "Patient/p1"},
    }

    said = patients(line(condition("E11.9", 1)), line(encounter))

    assert (said[0]["line"], said[1]["two_or_more"]) == (2, False)


# --- The command ---------------------------------------------------------------------------------


def ran(*arguments: str, given: bytes | None = None) -> tuple[int, list[Json]]:
    done = CliRunner().invoke(app, ["classify", *arguments], input=given)
    return done.exit_code, [json.loads(text) for text in done.stdout.splitlines()]


def test_the_command_reads_a_file_and_standard_input_alike(tmp_path: Path) -> None:
    lines = line(condition("E11.9")) + line(condition("I10", 2))
    file = tmp_path / "conditions.ndjson"
    file.write_bytes(lines)

    assert ran(str(file)) == ran("-", given=lines)
    assert ran(str(file))[0] == 0


def test_the_command_exits_1_when_a_line_was_refused(tmp_path: Path) -> None:
    file = tmp_path / "conditions.ndjson"
    file.write_bytes(line(condition("E11.9")) + b"nonsense\n")

    code, said = ran(str(file))

    assert (code, len(said)) == (1, 2)
    assert ran("--patients", str(file))[0] == 1


@pytest.mark.parametrize("name", ["nowhere.ndjson", "."])
def test_the_command_exits_2_when_the_file_cannot_be_read(tmp_path: Path, name: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", "ccm_fhir", "classify", str(tmp_path / name)],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"FILE: ")


def test_the_day_asked_about_decides_whether_a_disease_has_ended(tmp_path: Path) -> None:
    ending = condition("J45.909", abatementDateTime="2026-06-01")
    ending.pop("clinicalStatus")
    file = tmp_path / "conditions.ndjson"
    file.write_bytes(line(ending))

    assert [
        ran(str(file), "--as-of", day)[1][0]["chronic"] for day in ("2026-05-01", "2026-07-01")
    ] == [True, False]


def test_whos_icd10_counts_only_where_the_site_says_so(tmp_path: Path) -> None:
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]}
    file = tmp_path / "conditions.ndjson"
    file.write_bytes(line(condition("I10", code=coded)))

    assert ran(str(file))[1][0]["chronic"] == "review"
    assert ran(str(file), "--assume-icd10-is-cm")[1][0]["chronic"] is True


# --- Charts that nobody here wrote ----------------------------------------------------------------


def counted(lines: list[bytes]) -> Counter[object]:
    return Counter(answer.get("chronic", "refused") for answer in answers(*lines))


@pytest.mark.needs("shared")
def test_every_condition_of_a_snomed_population_is_accounted_for(shared_data: Path) -> None:
    packed = (shared_data / "synthea100" / "Condition.ndjson.gz").read_bytes()
    lines = gzip.decompress(packed).splitlines(keepends=True)

    assert counted(lines) == {True: 131, False: 397, "review": 111}
    assert Counter(p["two_or_more"] for p in patients(*lines)) == {
        True: 24,
        False: 38,
        "review": 36,
    }


def test_every_condition_of_an_icd10cm_population_is_accounted_for() -> None:
    profiles = ("anaemia", "ckd_stage3", "hypertension", "type2_diabetes")
    bundles = [generate_bundle(profile=p, seed=seed) for p in profiles for seed in range(5)]
    resources = [
        entry["resource"]
        for bundle in bundles
        for entry in json.loads(bundle.model_dump_json(by_alias=True, exclude_none=True))["entry"]
    ]
    lines = [
        line(resource | {"id": f"c{number}"})
        for number, resource in enumerate(resources)
        if resource["resourceType"] == "Condition"
    ]

    found = counted(lines)

    assert len(lines) >= len(bundles)
    assert found[True] + found[False] + found["review"] == len(lines)
    assert found[True] > 0
