"""The contract of the decide command: shape, order, vocabulary, refusals, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ccm_fhir import conformance
from ccm_fhir.conformance.answers import answer_lines
from ccm_fhir.conformance.explain import explain_line
from ccm_fhir.domain.pricing import national_nonfacility_amount
from ccm_fhir.domain.reasons import Caution, Reason
from ccm_fhir.domain.stated.sentences import SENTENCES
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.rulebook.fees_days import Wishes
from ccm_fhir.rulebook.fees_load import load_cms_file
from tests.conformance.months import Json, answer, law, month, own, refusal, staff, timed
from tests.rulebook import cms_files
from tests.rulebook.cms_files import write_csv

SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "data" / "patient_month.schema.json").read_text()
)
KEYS = list(SCHEMA["$defs"]["Expected"]["properties"])


def encoded(*stated: Json) -> list[bytes]:
    return [msgspec.json.encode(one) for one in stated]


def decide(*arguments: str, lines: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", "ccm_fhir", "decide", *arguments],
        input=lines,
        capture_output=True,
        check=False,
    )


def test_the_vocabulary_is_the_schemas() -> None:
    assert [reason.value for reason in Reason] == SCHEMA["$defs"]["Reason"]["enum"]
    assert sorted(caution.value for caution in Caution) == sorted(
        SCHEMA["$defs"]["Warning"]["enum"]
    )


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


def test_an_answer_holds_every_key_of_the_contract() -> None:
    ((text, is_answer),) = answer_lines(encoded(month(staff(20))), law())

    assert is_answer
    assert set(json.loads(text)) == set(KEYS)


def test_lines_reasons_and_warnings_are_sorted() -> None:
    given = answer(staff(45), own(30), patient__qmb=True, payer="medicare_advantage")

    assert [line.code for line in given.lines] == ["99439", "99490"]
    assert list(given.warnings) == sorted(given.warnings)
    refused = answer(staff(5), consent=None, care_plan=None)
    assert refused.not_billable_reasons == (
        "below_time_threshold",
        "care_plan_missing",
        "consent_missing",
    )


def test_the_same_line_gives_the_same_bytes() -> None:
    lines = encoded(month(staff(45), own(30)))

    assert list(answer_lines(lines, law())) == list(answer_lines(lines, law()))


def test_a_bad_line_is_answered_in_its_place_and_the_rest_go_on() -> None:
    lines = [*encoded(month(staff(20))), b"{", b"\n", *encoded(month(staff(20)))]

    answers = [json.loads(text) for text, _ in answer_lines(lines, law())]

    assert [a["line"] for a in answers] == [1, 2, 4]
    assert answers[1] == {"line": 2, "id": None, "error": "line: not a JSON object"}


def test_strict_ends_at_the_first_refusal() -> None:
    lines = [b"{", *encoded(month(staff(20)))]

    assert len(list(answer_lines(lines, law(), strict=True))) == 1


BAD = [
    ({"service_month": "2026-13"}, "service_month: not a month"),
    ({"service_month": "2027-01"}, "CY2027"),
    ({"consent__date": "2026-02-30"}, "consent.date: not a date that exists"),
    ({"consent__revoked": "2024-01-01"}, "consent.revoked: before the day"),
    ({"ccm_first_month": "March"}, "ccm_first_month: not a month"),
    ({"time_zone": "Mars/Olympus"}, "time_zone: not an IANA time zone"),
    ({"payer": "medicaid"}, "payer: not one of the allowed values"),
    ({"setting": "moon"}, "setting: not one of"),
    ({"practice_choice": {}}, "practice_choice.family: missing"),
    ({"conditions": ["I10", "ZZZ99"]}, "conditions[1]: not an ICD-10-CM code"),
    ({"other_services": [{"code": "99999"}]}, "other_services[0].code: not a code that"),
    ({"other_services": [{"code": "9"}]}, "other_services[0].code: not a code of five"),
    ({"patient__inpatient_spans": [["2026-03-09", "2026-03-01"]]}, "inpatient_spans[0]: ends"),
    ({"patient__inpatient_spans": [["2026-03-09"]]}, "patient.inpatient_spans[0]: not a pair"),
    ({"patient__enrolled_part_b": "yes"}, "patient.enrolled_part_b: expected `bool`, got `str`"),
]
BAD_ENTRIES = [
    (staff(-1), "time_entries[0].minutes: negative"),
    ({**staff(1), "minutes": 1.5}, "time_entries[0].minutes: expected `int`, got `float`"),
    (staff(1500), "time_entries[0].minutes: the day would have more than 24 hours"),
    (staff(1, performer_role="wizard"), "time_entries[0].performer_role: not one of"),
    (staff(1, day="2026-02-30"), "time_entries[0].date: not a date that exists"),
    (staff(1, also_counted_to="99999"), "time_entries[0].also_counted_to: not a code that"),
    (timed("2026-03-03", "10:00:00", "09:00:00"), "time_entries[0].end: not after the start"),
    (timed("2026-03-03", "10:00:00", "10:00:00"), "time_entries[0].end: not after the start"),
    (timed("2026-03-08", "02:30:00", "03:30:00"), "time_entries[0].start: this local time"),
    (timed("2026-03-08", "04:30:00", "03:30:00"), "time_entries[0].end: not after the start"),
    (timed("2026-03-03", "25:00:00", "26:00:00"), "time_entries[0].start: not a time"),
    (timed("2026-03-03", "10:00:00Z", "11:00:00"), "time_entries[0].start: a local time"),
    (timed("2026-03-03", "10:00:00", "10:20:00", minutes=21), "time_entries[0].minutes: contra"),
    ({"date": "2026-03-03", "performer_role": "np"}, "time_entries[0].minutes: missing"),
    ({**staff(1), "minutes": None}, "time_entries[0].minutes: expected"),
    ({"date": "2026-03-03", "performer_role": "np", "start": "10:00:00"}, "[0].end: missing"),
    ({"date": "2026-03-03", "performer_role": "np", "end": "10:00:00"}, "[0].start: missing"),
    ({"date": "2026-03-03", "minutes": 3}, "time_entries[0].performer_role: missing"),
]


@pytest.mark.parametrize(("changes", "says"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_field_is_named_and_nothing_is_decided(changes: Json, says: str) -> None:
    assert says in refusal(staff(20), **changes)


@pytest.mark.parametrize(("entry", "says"), BAD_ENTRIES, ids=lambda value: str(value)[-50:])
def test_a_bad_entry_is_named_by_its_place(entry: Json, says: str) -> None:
    assert says in refusal(entry)


def test_an_entry_that_is_there_twice_is_refused_by_its_place() -> None:
    assert refusal(staff(10), staff(9), staff(10)) == (
        "time_entries[2]: the same entry as an earlier one"
    )


def test_minutes_of_one_day_may_not_pass_its_24_hours_together() -> None:
    entries = [staff(240, kind=f"nurse {n}") for n in range(7)]

    assert "time_entries[6].minutes" in refusal(*entries)


@pytest.mark.parametrize("stated", [b"[" * 5000, b'{"id": "a", "x": \xff}', b"[]", b"7", b'"x"'])
def test_what_is_no_month_at_all_is_refused(stated: bytes) -> None:
    ((text, is_answer),) = answer_lines([stated], law())

    assert not is_answer
    assert json.loads(text)["error"].startswith("line: ")


def test_a_refusal_names_no_value_that_was_stated() -> None:
    canary = "Quetzalcoatl"
    spoilt: list[Json] = [
        month(staff(20), payer=canary),
        month(staff(20), conditions=[canary]),
        month(staff(20), consent__date=canary),
        month({**staff(20), "minutes": canary}),
        month(staff(20), practice_choice={"family": canary}),
    ]

    for text, is_answer in answer_lines(encoded(*spoilt), law()):
        assert not is_answer
        assert canary not in text.decode()


def test_a_date_at_the_end_of_time_is_refused_or_clipped_and_never_a_crash() -> None:
    stay = [["2026-03-20", "9999-12-31"]]

    assert answer(staff(20), patient__inpatient_spans=stay).lines
    assert "usable range" in refusal(staff(20), ccm_first_month="0001-01")


def test_highest_allowed_names_the_table_that_two_families_need() -> None:
    changes = {
        "service_month": "2019-03",
        "consent__date": "2018-11-05",
        "initiating_visit__date": "2018-11-05",
        "care_plan__date": "2018-11-05",
        "ccm_first_month": "2018-12",
        "practice_choice": {"family": "highest_allowed"},
    }

    assert "CY2019" in refusal(own(30, "2019-03-04"), **changes)
    assert answer(own(30, "2019-03-04"), **(changes | {"care_plan": None})).lines == ()


def test_the_command_answers_a_file_and_standard_input_alike(tmp_path: Path) -> None:
    lines = b"\n".join(encoded(month(staff(20)), month(staff(5)))) + b"\n"
    file = tmp_path / "months.jsonl"
    file.write_bytes(lines)

    from_file, from_input = decide(str(file)), decide("-", lines=lines)

    assert from_file.returncode == 0
    assert from_file.stdout == from_input.stdout
    assert len(from_file.stdout.splitlines()) == 2


def test_the_command_prices_with_the_tables_that_the_server_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = write_csv(tmp_path, "PPRRVU24_APR.csv", cms_files.values(2024, "33.2875"))
    load_cms_file(sheet, tmp_path / "fees", Wishes())
    before = "2023-11-05"
    stated = month(
        staff(20, "2024-04-03"),
        service_month="2024-04",
        consent__date=before,
        initiating_visit__date=before,
        last_seen_by_billing_practitioner=before,
        ccm_first_month="2023-12",
        care_plan__date=before,
    )

    def total() -> object:
        answer = json.loads(decide("-", lines=encoded(stated)[0]).stdout)
        assert answer["lines"] == [{"code": "99490", "units": 1}]
        return answer["national_nonfacility_allowed_total"]

    monkeypatch.delenv("CCM_FEES_DIR", raising=False)
    assert total() is None
    monkeypatch.setenv("CCM_FEES_DIR", str(tmp_path / "fees"))
    price = load_rulebook(tmp_path / "fees").price_rule("99490", date(2024, 4, 3))
    assert price is not None
    assert total() == float(national_nonfacility_amount(price))


def test_the_command_exits_1_when_a_line_was_refused_and_2_when_the_file_is_not_there() -> None:
    lines = b"{\n" + b"\n".join(encoded(month(staff(20))))

    assert decide("-", lines=lines).returncode == 1
    strict = decide("--strict", "-", lines=lines)
    assert (strict.returncode, len(strict.stdout.splitlines())) == (1, 1)
    assert decide("no such file").returncode == 2


def test_an_explanation_argues_what_was_left_out_why_and_what_would_change_it() -> None:
    stated = month(staff(15), staff(9, "2026-03-05", part_of_billed_em=True), conditions=["I10"])

    text, is_decided = explain_line(1, encoded(stated)[0], law())

    assert is_decided
    assert "Not counted: 9 min 0 s" in text
    assert "What would change it:" in text
    assert "fewer_than_two_chronic_conditions" in text
    assert "confirmed_twice" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"other_services": [{"code": "G0181", "by": "billing_practitioner"}]},
        {"today": "2028-01-01"},
        {"service_month": "2014-09"},
        {"consent": None},
        {"conditions_meet_risk_and_12mo": False},
        {"practice_attestations": {}},
        {"practice_attestations__access_24_7": False},
        {"mdm_level": "high", "practice_choice": {"family": "complex_if_met"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_kind_of_answer_can_be_explained(changes: Json) -> None:
    text, is_decided = explain_line(1, encoded(month(staff(80), own(31), **changes))[0], law())

    assert is_decided
    assert "Family" in text


def test_an_explanation_of_a_bad_line_is_its_error() -> None:
    assert explain_line(3, b"{", law()) == ("line 3 (no id): line: not a JSON object\n", False)
    done = decide("--explain", "-", lines=b"{\n")
    assert (done.returncode, done.stdout) == (1, b"line 1 (no id): line: not a JSON object\n\n")
