"""The optional parts of the suite: what each needs, whether it is here, whether it must be.

A test says ``@pytest.mark.needs("browser")``. Where the part is absent the test is counted as
not run; where ``CCM_TEST_REQUIRE`` names the part, it fails instead.
"""

from __future__ import annotations

import importlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
VALIDATORS = ROOT / "tests" / "validators"
ENVIRONMENT: Mapping[str, str] = os.environ  # noqa: TID251  # the suite's one look at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An optional part; ``absence`` returns why it cannot run here, or nothing."""

    name: str
    absence: Callable[[], str]


def shared_data_folder() -> Path:
    """Return where the optional data folder is expected, there or not."""
    return Path(ENVIRONMENT.get("CCM_SHARED_DATA") or ROOT.parent / "shared" / "data")


def postgres_admin_url() -> str:
    """Return the URL of a server on which tests may create databases, or nothing."""
    return ENVIRONMENT.get("CCM_TEST_POSTGRES_URL", "")


def launcher_url() -> str:
    """Return the FHIR base of a SMART launcher to be tried, or nothing."""
    return ENVIRONMENT.get("SMART_LAUNCHER_URL", "")


def launcher_launch() -> str:
    """Return the launch parameter that the launcher gives an app, or nothing: standing alone."""
    return ENVIRONMENT.get("SMART_LAUNCHER_LAUNCH", "")


def chromium_path() -> str:
    """Return the path of the system's Chromium, or nothing."""
    return shutil.which("chromium") or ""


def required_parts(environment: Mapping[str, str] = ENVIRONMENT) -> frozenset[str]:
    """Return the parts whose absence is a failure; an unknown name raises ``ValueError``."""
    named = environment.get("CCM_TEST_REQUIRE", "").split(",")
    required = frozenset(name.strip() for name in named if name.strip())
    if unknown := sorted(required - PARTS.keys()):
        message = f"CCM_TEST_REQUIRE names {', '.join(unknown)}; it may name {', '.join(PARTS)}"
        raise ValueError(message)
    return required


def _postgres() -> str:
    return "" if postgres_admin_url() else "CCM_TEST_POSTGRES_URL is not set"


def _launcher() -> str:
    return "" if launcher_url() else "SMART_LAUNCHER_URL is not set"


def _browser() -> str:
    return "" if chromium_path() else "no chromium on PATH"


def _validators() -> str:
    if not shutil.which("node"):
        return "no node on PATH"
    if not (VALIDATORS / "node_modules" / "@medplum" / "core").is_dir():
        return "run: npm ci --prefix tests/validators"
    return ""


def _shared() -> str:
    return "" if shared_data_folder().is_dir() else "CCM_SHARED_DATA names no folder"


def _pdf() -> str:
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError):  # the package, or the system's Pango that it loads
        return "WeasyPrint finds no Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0)"
    return ""


PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Part(name="postgres", absence=_postgres),
        Part(name="browser", absence=_browser),
        Part(name="validators", absence=_validators),
        Part(name="shared", absence=_shared),
        Part(name="pdf", absence=_pdf),
        Part(name="launcher", absence=_launcher),
    )
}
