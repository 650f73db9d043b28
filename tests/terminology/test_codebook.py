"""The file of codes: what was packed is found again, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.conditions import Chronic, CodeMeaning
from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import load_chronic_table, own
from ccm_fhir.terminology.build.write import answer_of, read_icd9_rows, read_rows
from ccm_fhir.terminology.codebook import MAGIC, Answer, Codebook, packed

CODES = st.from_regex(r"\A[A-C][0-9]{2}[0-9A-Z]{0,4}\Z")
ANSWERS = st.builds(
    Answer,
    chronic=st.sampled_from(["0", "1", "review"]),
    family=st.sampled_from(["", "diabetes", "gout"]),
    ccw30=st.sampled_from(["", "diabetes"]),
    is_billable=st.booleans(),
)


def plain(answer: Answer) -> CodeMeaning:
    return CodeMeaning(Chronic.REVIEW, f"{answer.chronic}|{answer.family}|{answer.is_billable}")


def opened(folder: Path, answers: dict[str, Answer]) -> Codebook:
    path = folder / "some.codes"
    path.write_bytes(packed(answers))
    return Codebook(path, plain)


@given(st.dictionaries(CODES, ANSWERS, min_size=1), CODES)
def test_what_was_packed_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[str, Answer], other: str
) -> None:
    book = opened(tmp_path_factory.mktemp("codes"), answers)

    assert {code: book[code] for code in book} == {c: plain(a) for c, a in answers.items()}
    assert len(book) == len(answers)
    assert list(book) == sorted(answers)
    assert (book.get(other) is None) is (other not in answers)


@pytest.mark.parametrize("code", ["", "E", "E1", "E11 ", "E119999999", "E1é", "e119", "E11\x00"])
def test_what_is_no_code_is_not_found(code: str) -> None:
    table = load_chronic_table()

    assert code not in table.icd10cm
    with pytest.raises(KeyError):
        table.icd10cm[code]


def test_the_file_of_codes_says_what_the_table_beside_it_says() -> None:
    table = load_chronic_table()
    meaning = own.meaning_of(own.families(), own.ccw_names())
    rows, icd9 = read_rows(own.DATA), read_icd9_rows(own.DATA)

    assert dict(table.icd10cm) == {code: meaning(answer_of(row)) for code, row in rows.items()}
    assert dict(table.icd9cm) == {
        code: meaning(Answer(row.chronic, row.family)) for code, row in icd9.items()
    }


@pytest.mark.parametrize("content", [b"something else\n{}\n", MAGIC, MAGIC + b"no end"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.codes"
    path.write_bytes(content)

    with pytest.raises(TerminologyFileError, match="format"):
        Codebook(path, plain)


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.codes"
    path.write_bytes(packed({"E119": Answer("1", "diabetes")})[:-1])

    with pytest.raises(TerminologyFileError, match="cut short"):
        Codebook(path, plain)


@pytest.mark.parametrize("code", ["E1", "E1199999", "É11"])
def test_a_code_that_does_not_fit_is_not_packed(code: str) -> None:
    with pytest.raises(ValueError, match=code):
        packed({code: Answer("1", "diabetes")})
