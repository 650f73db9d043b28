"""A population swept from an EHR over HTTP, with Backend Services; a sandbox exports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.sweeping import (
    GROUP,
    AskedFor,
    as_ndjson,
    exporting_site,
    population,
    sweep,
)

if TYPE_CHECKING:
    from pathlib import Path

PRACTICE = population()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return as_ndjson(tmp_path_factory.mktemp("ndjson"), PRACTICE)


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        (AskedFor(), "/fhir/Patient/$export"),
        (AskedFor(group=GROUP), f"/fhir/Group/{GROUP}/$export"),
    ],
)
def test_an_export_gives_what_a_folder_of_the_same_resources_gives(
    sqlite_url: str, tmp_path: Path, wanted: bytes, wish: AskedFor, path: str
) -> None:
    with exporting_site(sqlite_url, practice=PRACTICE) as site:
        made = sweep(site, tmp_path, wish)

        assert made.written == wanted
        assert made.account.is_clean
        (kick_off,) = [
            r for r in site.wire.requests if "export" in r.url.path and r.url.path == path
        ]
        assert kick_off.headers["Prefer"] == "respond-async"
