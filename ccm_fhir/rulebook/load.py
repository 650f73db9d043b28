"""Reads the rule files into one ``Rulebook``; anything doubtful about a file is an error."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from ccm_fhir.domain.rules import Citation, CodeRule, EligibilityRule, PriceRule, Rulebook
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook.schema import CodeFile, EligibilityFile, PricesFile, SourcesFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from ccm_fhir.rulebook.schema import CodeVersion, EligibilityVersion, PriceEntry

_SECONDS_A_MINUTE = 60
_NOT_CODES = frozenset({"sources.toml", "eligibility.toml", "prices.toml"})
_File = TypeVar("_File", bound=BaseModel)


@cache
def load_rulebook() -> Rulebook:
    """Return the shipped rulebook; read once in a process.

    Raises:
        RuleDataError: a file breaks its schema or cites a source that is not listed.
    """
    return read_rulebook(files("ccm_fhir.rulebook") / "data")


def read_rulebook(folder: Traversable) -> Rulebook:
    """Read a folder of rule files; the shipped one, or a test's."""
    sources = _read(folder / "sources.toml", SourcesFile)
    citations = {
        key: Citation(
            id=key,
            title=entry.title,
            where=entry.where,
            confidence=entry.confidence,
            url=entry.url,
        )
        for key, entry in sources.sources.items()
    }
    code_files = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".toml") and f.name not in _NOT_CODES),
        key=lambda f: f.name,
    )
    return Rulebook(
        codes=tuple(rule for f in code_files for rule in _code_rules(f, citations)),
        eligibility=tuple(
            _eligibility_rule(version, citations)
            for version in _read(folder / "eligibility.toml", EligibilityFile).versions
        ),
        prices=tuple(
            _price_rule(entry) for entry in _read(folder / "prices.toml", PricesFile).prices
        ),
        loaded_until=sources.loaded_until,
    )


def _read(file: Traversable, model: type[_File]) -> _File:
    try:
        return model.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, FileNotFoundError) as error:
        raise RuleDataError(file.name, str(error)) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleDataError(file.name, f"{where}: {first['msg']}") from None


def _cited(
    keys: tuple[str, ...], citations: dict[str, Citation], file: str
) -> tuple[Citation, ...]:
    for key in keys:
        if key not in citations:
            raise RuleDataError(file, f"cites {key}, which sources.toml does not list")
    return tuple(citations[key] for key in keys)


def _code_rules(file: Traversable, citations: dict[str, Citation]) -> tuple[CodeRule, ...]:
    code = _read(file, CodeFile)
    if file.name != f"{code.code}.toml":
        raise RuleDataError(file.name, f"holds code {code.code}")
    return tuple(_code_rule(code, version, citations) for version in code.versions)


def _code_rule(code: CodeFile, version: CodeVersion, citations: dict[str, Citation]) -> CodeRule:
    return CodeRule(
        code=code.code,
        family=code.family,
        summary=code.summary,
        add_on_to=code.add_on_to,
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        performers=frozenset(version.performers),
        threshold_seconds=version.threshold_minutes * _SECONDS_A_MINUTE,
        increment_seconds=version.increment_minutes * _SECONDS_A_MINUTE,
        max_units=version.max_units,
        citations=_cited(version.citations, citations, f"{code.code}.toml"),
        not_modelled=version.not_modelled,
    )


def _eligibility_rule(
    version: EligibilityVersion, citations: dict[str, Citation]
) -> EligibilityRule:
    return EligibilityRule(
        version=version.version,
        in_force_from=version.in_force_from,
        in_force_until=version.in_force_until,
        minimum_condition_families=version.minimum_condition_families,
        initiating_visit_codes=frozenset(version.initiating_visit_codes),
        initiating_visit_within_days=version.initiating_visit_within_days,
        consent_must_be_written=version.consent_must_be_written,
        required_consent_statements=version.required_consent_statements,
        coverage_kinds=frozenset(version.coverage_kinds),
        professions=frozenset(version.professions),
        excluding_codes=frozenset(version.excluding_codes),
        citations=_cited(version.citations, citations, "eligibility.toml"),
        not_modelled=version.not_modelled,
    )


def _price_rule(entry: PriceEntry) -> PriceRule:
    return PriceRule(**entry.model_dump())
