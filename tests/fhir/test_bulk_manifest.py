"""A manifest is read leniently, and what is odd about it is told; what is none is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.errors import EhrFormatError
from ccm_fhir.fhir.bulk_manifest import Manifest, read_manifest
from ccm_fhir.fhir.bulk_told import is_serious, read_deleted, read_outcomes

URL = "https://ehr.example/fhir/status/1"
TIME = "2026-11-23T08:00:00.123+02:00"


def read(headers: dict[str, str] | None = None, **members: Any) -> Manifest:  # noqa: ANN401
    whole = {"transactionTime": TIME, "requiresAccessToken": True, "output": []}
    return read_manifest(json.dumps(whole | members).encode(), URL, headers or {})


@pytest.mark.proves("BULK3")
def test_the_servers_instant_is_kept_as_it_wrote_it() -> None:
    assert read().transaction_time == TIME
    assert read().output == ()
    assert not read().remarks


@pytest.mark.parametrize("odd", ["yesterday", "2026-11-23T08:00:00", 7, None])
def test_an_instant_that_is_none_is_told_and_not_used(odd: object) -> None:
    found = read(transactionTime=odd)
    assert found.transaction_time == ""
    assert "transactionTime" in found.remarks[0]


@pytest.mark.parametrize(
    ("said", "needs"),
    [(True, True), (False, False), ("true", True), ("false", False), (None, True), ([], True)],
)
def test_files_need_a_token_unless_the_server_says_that_they_do_not(
    said: object, *, needs: bool
) -> None:
    found = read(requiresAccessToken=said)
    assert found.requires_token is needs
    assert bool(found.remarks) is (said is None or said == [])


def test_error_and_outcome_both_hold_problems_and_addresses_may_be_relative() -> None:
    found = read(error=[{"url": "../f/1"}], outcome=[{"url": "https://x.example/2"}])
    assert [f.url for f in found.problems] == [
        "https://ehr.example/fhir/f/1",
        "https://x.example/2",
    ]


def test_a_type_or_count_that_is_none_is_left_open() -> None:
    files = [{"type": "wombat 1", "url": "1", "count": -1}, {"url": "2", "count": "many"}]
    found = read(output=files)
    assert [(f.type, f.count) for f in found.output] == [("", None), ("", None)]
    assert "without a type" in found.remarks[0]


def test_parts_of_a_manifest_are_put_together() -> None:
    one = read(output=[{"type": "Patient", "url": "1"}], link=[{"relation": "next", "url": "?p=2"}])
    other = read(output=[{"type": "Claim", "url": "2"}])
    assert one.next_link == URL + "?p=2"
    assert [f.type for f in (one + other).output] == ["Patient", "Claim"]
    assert not (one + other).next_link


@pytest.mark.proves("BULK3")
def test_expires_is_read_where_it_is_a_date() -> None:
    assert read({"expires": "Tue, 24 Nov 2026 10:00:00 GMT"}).expires_at is not None
    assert read({"expires": "0"}).expires_at is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"output": [{}]}', b'{"output": 1}', b"\xff"]
)
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(EhrFormatError):
        read_manifest(body, URL, {})


@pytest.mark.proves("S16")
def test_a_manifest_of_too_many_files_is_refused() -> None:
    files = json.dumps({"output": [{"url": "1"}] * 100_001}).encode()
    with pytest.raises(EhrFormatError, match="more than"):
        read_manifest(files, URL, {})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["transactionTime", "output", "url", "type", "count", "link", "error"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_json_a_server_sends_is_a_manifest_or_refused(document: object) -> None:
    try:
        found = read_manifest(json.dumps(document).encode(), URL, {})
    except EhrFormatError:
        return
    assert all(file.url for file in found.output)


@pytest.mark.proves("BULK6")
def test_outcomes_are_counted_by_severity_and_code_and_their_words_are_not_kept() -> None:
    issue = {"severity": "error", "code": "exception", "diagnostics": "Canary Person"}
    odd = {"severity": "Canary", "code": "Canary Person"}
    lines = [json.dumps({"resourceType": "OperationOutcome", "issue": [issue, odd]}).encode(), b"x"]
    found = read_outcomes([*lines, b"\n"])
    assert found == {
        "error (exception)": 1,
        "error (unknown)": 1,
        "an outcome that cannot be read": 1,
    }
    assert all(map(is_serious, found))
    assert not is_serious("warning (not-supported)")


@pytest.mark.proves("BULK6")
def test_deletions_are_read_from_bundles_with_local_or_absolute_addresses() -> None:
    entries = [
        {"request": {"method": "DELETE", "url": "Condition/1"}},
        {"request": {"method": "DELETE", "url": "https://ehr.example/fhir/Patient/2"}},
        {"request": {"method": "PUT", "url": "Patient/3"}},
    ]
    bundle = json.dumps({"resourceType": "Bundle", "entry": entries}).encode()
    assert read_deleted([bundle, b"\n", b"{"]) == ({("Condition", "1"), ("Patient", "2")}, 2)
