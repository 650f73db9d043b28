"""Reads the rule files into one ``Rulebook``; anything doubtful about a file is an error."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ccm_fhir.domain.rules import Rulebook
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook import convert, convert_chart
from ccm_fhir.rulebook.fees import read_all, read_payment
from ccm_fhir.rulebook.fees_rules import fee_rules, price_rules
from ccm_fhir.rulebook.schema import (
    ClaimFile,
    ClinicFile,
    CodeFile,
    CountingFile,
    EligibilityFile,
    ServicesFile,
    SourcesFile,
)
from ccm_fhir.rulebook.schema_chart import CarePlanFile, ChartFile, RiskFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_NOT_CODES = frozenset(
    {
        "care_plan.toml",
        "chart.toml",
        "chronic_care_model.toml",
        "claim.toml",
        "clinic.toml",
        "counting.toml",
        "disease_names.toml",
        "eligibility.toml",
        "risk.toml",
        "services.toml",
        "sources.toml",
    }
)
_File = TypeVar("_File", bound=BaseModel)


@cache
def load_rulebook(fees_folder: Path | None = None) -> Rulebook:
    """Return the shipped rulebook, read once in a process.

    ``fees_folder`` holds the fee tables that a user loaded; they are laid over the shipped ones.

    Raises:
        RuleDataError: a file breaks its schema or cites a source that is not listed.
    """
    return read_rulebook(files("ccm_fhir.rulebook") / "data", fees_folder)


def read_rulebook(folder: Traversable, fees_folder: Path | None = None) -> Rulebook:
    """Read a folder of rule files; the shipped one, or a test's."""
    listed = _read(folder / "sources.toml", SourcesFile)
    sources = convert.Sources(listed)
    codes = _code_files(folder)
    services = _read(folder / "services.toml", ServicesFile).groups
    fees = read_all(folder / "fees", fees_folder)
    return Rulebook(
        loaded_until=listed.loaded_until,
        codes=tuple(convert.code_rule(c, v, sources) for c in codes for v in c.versions),
        eligibility=tuple(
            convert.eligibility_rule(version, sources)
            for version in _read(folder / "eligibility.toml", EligibilityFile).versions
        ),
        prices=price_rules(fees),
        fees=fee_rules(fees, read_payment(folder / "fees")),
        groups=tuple(convert.service_group(n, entry, sources) for n, entry in services.items()),
        exclusions=(
            *(
                exclusion
                for c in codes
                for exclusion in convert.exclusions(c.family, c.excludes, sources, f"{c.code}.toml")
            ),
            *(
                exclusion
                for name, entry in services.items()
                for exclusion in convert.exclusions(name, entry.excludes, sources, "services.toml")
            ),
        ),
        counting=tuple(
            convert.counting_rule(entry, sources)
            for entry in _read(folder / "counting.toml", CountingFile).rules
        ),
        claims=tuple(
            convert.claim_rule(version, sources)
            for version in _read(folder / "claim.toml", ClaimFile).versions
        ),
        clinics=tuple(
            convert.clinic_rule(version, sources)
            for version in _read(folder / "clinic.toml", ClinicFile).versions
        ),
        care_plans=tuple(
            convert_chart.care_plan_rule(version, sources)
            for version in _read(folder / "care_plan.toml", CarePlanFile).versions
        ),
        charts=tuple(
            convert_chart.chart_rule(version, sources)
            for version in _read(folder / "chart.toml", ChartFile).versions
        ),
        risks=tuple(
            convert_chart.risk_rule(version, sources)
            for version in _read(folder / "risk.toml", RiskFile).versions
        ),
    )


def _code_files(folder: Traversable) -> tuple[CodeFile, ...]:
    found = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".toml") and f.name not in _NOT_CODES),
        key=lambda f: f.name,
    )
    return tuple(_code_file(file) for file in found)


def _code_file(file: Traversable) -> CodeFile:
    code = _read(file, CodeFile)
    if file.name != f"{code.code}.toml":
        raise RuleDataError(file.name, f"holds code {code.code}")
    return code


def _read(file: Traversable, model: type[_File]) -> _File:
    try:
        return model.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise RuleDataError(file.name, str(error)) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleDataError(file.name, f"{where}: {first['msg']}") from None
