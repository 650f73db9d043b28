"""What every test may use: optional parts, databases, a browser, golden files.

Sockets may reach loopback only. Python's own are guarded here by pytest-socket; the browser and
Node are started without anything outside to ask for.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import sync_playwright

from tests.conformance_register import marks
from tests.databases import fresh_postgres_database
from tests.parts import (
    ENVIRONMENT,
    PARTS,
    chromium_path,
    postgres_admin_url,
    required_parts,
    shared_data_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

LOOPBACK = "127.0.0.0/8,localhost,::1"
NOT_RUN = pytest.StashKey[Counter[tuple[str, str]]]()
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

hypothesis_settings.register_profile("desk", deadline=None)
hypothesis_settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.register_profile(  # what make mutate runs, thousands of times
    "mutants",
    hypothesis_settings.get_profile("ci"),
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),  # a killed mutant needs no smallest example
    database=None,
    print_blob=False,
)
hypothesis_settings.register_profile(  # what .ci/run runs on tests/fhir/test_fuzz.py
    "fuzz", hypothesis_settings.get_profile("ci"), max_examples=4_000
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="Write golden files from what the code says now (make golden).",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"needs(part): runs only where the part is: {', '.join(PARTS)}"
    )
    config.pluginmanager.register(marks)
    config.stash[NOT_RUN] = Counter()
    if not config.option.disable_socket:
        config.option.allow_hosts = config.option.allow_hosts or LOOPBACK
    config.option.allow_unix_socket = True
    hypothesis_settings.load_profile("ci" if ENVIRONMENT.get("CI") else "desk")
    try:
        required_parts()
    except ValueError as wrong:
        raise pytest.UsageError(str(wrong)) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            _insist_on(name, item)


def _insist_on(name: str, item: pytest.Item) -> None:
    if name not in PARTS:
        pytest.fail(f"no such part: {name}; there are {', '.join(PARTS)}", pytrace=False)
    absence = PARTS[name].absence()
    if not absence:
        return
    if name in required_parts():
        pytest.fail(f"{name} is required by CCM_TEST_REQUIRE, but {absence}", pytrace=False)
    item.config.stash[NOT_RUN][name, absence] += 1
    pytest.skip(f"needs {name}: {absence}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for (name, absence), count in sorted(config.stash[NOT_RUN].items()):
        noun = "test" if count == 1 else "tests"
        terminalreporter.write_line(f"not run here: {name} {count} {noun} ({absence})")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the optional data folder; the test says ``needs("shared")``."""
    _assert_present("shared")
    return shared_data_folder()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the URL of one PostgreSQL database that the whole session shares."""
    _assert_present("postgres")
    with fresh_postgres_database(postgres_admin_url()) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an empty database of this test's own, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ccm.sqlite'}"
        return
    with fresh_postgres_database(postgres_admin_url()) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium; the test says ``needs("browser")``."""
    _assert_present("browser")
    return chromium_path()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Yield a headless Chromium; a module's own, since its event loop holds the thread."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=list(CHROMIUM_FLAGS)
        )
        yield launched
        launched.close()


@pytest.fixture
def matches_golden(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Return a check of a value against ``tests/golden/<name>.json``, keys sorted."""
    rewrites = request.config.getoption("--rewrite-golden")

    def check(name: str, value: object) -> None:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        if rewrites:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden file {path.name}: make golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return check


def _assert_present(name: str) -> None:
    if absence := PARTS[name].absence():
        pytest.fail(f'this test needs @pytest.mark.needs("{name}"): {absence}', pytrace=False)
