"""What may stand in the repository: names pytest can see, nothing large, secret or foreign.

The pre-commit hook runs this file by itself, so it imports nothing of the product.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from tests.parts import ROOT

MAX_BYTES = 1_000_000
MAX_SCRIPT_LINE = 400
# Written in halves: this file is in the repository too.
FOREIGN_PATHS = re.compile(r"(?<![\w.~-])/(?:" + "root|" + r"work|home/\w+)/")
REGISTRIES = re.compile("pypi" + r"\.org|" + "files.python" + "hosted|registry." + "npmjs")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*" + "PRIVATE KEY-----")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file that is committed, or would be by ``git add --all``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607  # found on PATH
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


def texts() -> list[tuple[Path, str]]:
    """Return the files that read as UTF-8, with what they say."""
    found = []
    for path in tracked_files():
        try:
            found.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def offenders(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in texts()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


TOP_LEVEL = {
    ".ci",
    ".dockerignore",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CONTRIBUTING.md",
    "DECISIONS.md",
    "LICENSE",
    "Makefile",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "build_hook.py",
    "ccm_fhir",
    "docker",
    "docs",
    "fhir_fixtures",
    "pyproject.toml",
    "requirements",
    "smart_app",
    "tests",
}


def test_nothing_stands_at_the_top_that_was_not_meant_to() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked_files()} <= TOP_LEVEL


def test_no_file_names_a_path_of_one_machine() -> None:
    assert offenders(FOREIGN_PATHS) == []


def test_no_file_names_a_package_registry_host() -> None:
    assert offenders(REGISTRIES) == []


def test_no_file_holds_a_private_key() -> None:
    assert offenders(PRIVATE_KEY) == []


def test_no_file_is_large() -> None:
    large = [str(path) for path in tracked_files() if path.stat().st_size > MAX_BYTES]

    assert large == []


def test_no_script_is_minified_or_someone_elses() -> None:
    minified = [
        str(path)
        for path, text in texts()
        if path.suffix in {".js", ".mjs", ".css"}
        and (
            ".min." in path.name
            or "vendor" in path.parts
            or any(len(line) > MAX_SCRIPT_LINE for line in text.splitlines())
        )
    ]

    assert minified == []


def test_no_environment_or_node_folder_is_committed() -> None:
    places = {part for path in tracked_files() for part in path.relative_to(ROOT).parts}

    assert places.isdisjoint({".venv", "node_modules", "__pycache__", "secrets"})


def test_pytest_sees_every_file_that_holds_tests() -> None:
    unseen = [
        str(path)
        for path, text in texts()
        if path.suffix == ".py"
        and not path.name.startswith("test_")
        and re.search(r"^(?:async )?def test_|^class Test", text, re.MULTILINE)
    ]

    assert unseen == []


def test_every_test_file_stands_under_tests() -> None:
    astray = [
        str(path)
        for path, _ in texts()
        if re.fullmatch(r"test_.*\.py", path.name) and path.parts[0] != "tests"
    ]

    assert astray == []
