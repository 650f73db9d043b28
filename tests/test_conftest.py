"""The suite's own machinery: absent parts are counted, required ones fail, sockets stay home."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import create_engine, inspect

from tests.parts import ROOT, required_parts

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

ABSENT_SHARED = {"CCM_SHARED_DATA": "/nowhere"}
NEEDS_SHARED = """
    import pytest

    @pytest.mark.needs("shared")
    def test_reads_the_folder(shared_data):
        assert shared_data.is_dir()
    """


def run_suite(folder: Path, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one file under the real conftest, as a person would."""
    (folder / "test_inner.py").write_text(textwrap.dedent(source), encoding="utf-8")
    outer = {k: v for k, v in os.environ.items() if not k.startswith("CCM_TEST_")}  # noqa: TID251  # a child's
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    return subprocess.run(  # noqa: S603  # our own interpreter
        [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        env=outer | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_an_absent_part_is_counted_as_not_run(tmp_path: Path) -> None:
    run = run_suite(tmp_path, NEEDS_SHARED, **ABSENT_SHARED)

    assert run.returncode == 0, run.stdout
    assert "not run here: shared 1 test (CCM_SHARED_DATA names no folder)" in run.stdout
    assert "1 skipped" in run.stdout


def test_an_absent_part_that_is_required_fails(tmp_path: Path) -> None:
    run = run_suite(tmp_path, NEEDS_SHARED, CCM_TEST_REQUIRE="shared", **ABSENT_SHARED)

    assert run.returncode == 1, run.stdout
    assert "shared is required by CCM_TEST_REQUIRE" in run.stdout


def test_a_part_used_without_saying_so_fails(tmp_path: Path) -> None:
    silent = NEEDS_SHARED.replace('@pytest.mark.needs("shared")', "")

    run = run_suite(tmp_path, silent, **ABSENT_SHARED)

    assert run.returncode == 1, run.stdout
    assert 'this test needs @pytest.mark.needs("shared")' in run.stdout


def test_an_unknown_required_part_is_wrong_usage(tmp_path: Path) -> None:
    run = run_suite(tmp_path, NEEDS_SHARED, CCM_TEST_REQUIRE="shared,fax")

    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "CCM_TEST_REQUIRE names fax; it may name" in run.stderr


def test_required_parts_are_read_from_a_list_with_commas() -> None:
    assert required_parts({"CCM_TEST_REQUIRE": " browser, shared,"}) == {"browser", "shared"}
    assert required_parts({}) == frozenset()


def test_a_socket_beyond_loopback_is_refused(tmp_path: Path) -> None:
    source = """
        import socket

        def test_calls_out():
            socket.create_connection(("192.0.2.1", 9), timeout=1)
        """

    run = run_suite(tmp_path, source)

    assert run.returncode == 1, run.stdout
    assert 'socket.socket.connect() with host "192.0.2.1"' in run.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_loopback_socket_is_allowed(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with socket.create_connection((host, port), timeout=5) as client:
            assert client.getpeername()[1] == port


def test_every_database_url_leads_to_an_empty_database(database_url: str) -> None:
    engine = create_engine(database_url)

    names = inspect(engine).get_table_names()

    engine.dispose()
    assert names == []


@pytest.mark.needs("postgres")
def test_the_session_has_a_postgres_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT current_database()").fetchone()

    assert row is not None
    assert row[0].startswith("ccm_test_")


@pytest.mark.needs("browser")
def test_the_browser_renders_a_page(browser: Browser) -> None:
    page = browser.new_page()

    page.set_content("<title>Synthetic practice</title>")

    assert page.title() == "Synthetic practice"
    page.close()
