"""The house around the code: what README, Makefile and the wheel owe to whoever comes new."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperGroup

from ccm_fhir.cli import app
from ccm_fhir.settings import Settings
from tests.parts import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKE_TARGETS = {
    "bench",
    "check",
    "clean",
    "conformance",
    "coverage",
    "demo",
    "faults",
    "golden",
    "help",
    "install",
    "lock",
    "mutate",
    "sbom",
    "screenshots",
    "test",
    "vulnerabilities",
}
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+)\)|<img[^>]*\bsrc=\"(?P<src>[^\"]+)\"")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:|#|mailto:)(?P<path>[^)#\s]+)")


def commands(group: TyperGroup, name: str = "ccm-fhir") -> Iterator[str]:
    """Yield the full name of every command a user can type."""
    for part, child in group.commands.items():
        if isinstance(child, TyperGroup):
            yield from commands(child, f"{name} {part}")
        elif not child.hidden:
            yield f"{name} {part}"


def setting_names() -> list[str]:
    """Return the environment variables that the settings read."""
    prefix = Settings.model_config.get("env_prefix", "")
    return sorted(f"{prefix}{name}".upper() for name in Settings.model_fields)


def test_readme_names_every_command() -> None:
    every = list(commands(typer.main.get_group(app)))

    assert every
    assert [name for name in every if name not in README] == []


def test_readme_names_every_setting() -> None:
    every = setting_names()

    assert every
    assert [name for name in every if not re.search(rf"\b{name}\b", README)] == []


def test_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"\bCCM_[A-Z_]*[A-Z]\b", README))

    unknown = {name for name in named if not name.startswith(("CCM_TEST_", "CCM_SHARED_"))}
    assert unknown - set(setting_names()) == set()


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_every_picture_and_link_in_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    pictures = [found["path"] or found["src"] for found in IMAGE.finditer(text)]
    links = [found["path"] for found in LINK.finditer(text)]

    missing = [path for path in (*pictures, *links) if not (ROOT / path).exists()]
    assert missing == []


def test_readme_shows_the_product_and_describes_each_picture() -> None:
    pictures = list(IMAGE.finditer(README))

    assert pictures
    assert all(found["alt"] or 'alt="' in found[0] for found in pictures)


def test_every_screenshot_in_docs_is_shown_in_a_document() -> None:
    documents = "".join(
        path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
    )

    unseen = [path.name for path in ROOT.glob("docs/**/*.png") if path.name not in documents]
    assert unseen == []


def make(target: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # a fixed word
        ["make", "--no-print-directory", "-C", str(ROOT), target],  # noqa: S607  # found on PATH
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_has_every_promised_target_and_lists_it() -> None:
    run = make("help")

    assert {line.split()[0] for line in run.stdout.splitlines()} == MAKE_TARGETS


def test_ci_asks_for_every_optional_part() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert "CCM_TEST_REQUIRE=postgres,browser,validators,shared,pdf\n" in script


def test_every_decision_record_has_the_same_five_headings() -> None:
    records = re.split(
        r"^## ", (ROOT / "DECISIONS.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )

    for record in records[1:]:
        headings = re.findall(r"^\*\*([A-Z][a-z/ A-Z]+)\.\*\*", record, flags=re.MULTILINE)
        assert headings == [
            "Context",
            "Decision",
            "Alternatives",
            "Consequences",
            "Source/Measured",
        ], record.splitlines()[0]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names in a wheel built from this tree, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_htmx_and_the_tables_and_the_licences(wheel_names: set[str]) -> None:
    assert "smart_app/static/vendor/htmx.min.js" in wheel_names
    assert any(re.fullmatch(r"ccm_fhir/rulebook/data/99490\.toml", name) for name in wheel_names)
    assert any(name.startswith("ccm_fhir/terminology/data/") for name in wheel_names)
    assert "fhir_fixtures/sandbox/profiles/epic.toml" in wheel_names
    assert any(re.fullmatch(r"smart_app/templates/.*\.html", name) for name in wheel_names)
    assert {"LICENSE", "NOTICE"} <= {
        name.rsplit("/", 1)[-1] for name in wheel_names if ".dist-info/licenses/" in name
    }


def test_the_wheel_carries_no_tests_and_no_rubbish(wheel_names: set[str]) -> None:
    assert not any(
        name.startswith(("tests/", "docker/", "requirements/")) or "__pycache__" in name
        for name in wheel_names
    )
