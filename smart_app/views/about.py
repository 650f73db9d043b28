"""Which tables say what is chronic: their edition, and where each part of them comes from."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.conditions import ChronicTable


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One source of the tables, with the terms under which it is carried."""

    name: str
    version: str
    used_for: str
    terms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutView:
    """The tables as loaded; ``notes`` are this site's own settings, in sentences."""

    edition: str
    counts: tuple[tuple[str, str], ...]
    sources: tuple[SourceView, ...]
    notes: tuple[str, ...]


def about(table: ChronicTable, *, asks_site: bool) -> AboutView:
    """Return what the page shows; ``asks_site``: the site has a terminology server of its own."""
    notes = []
    if table.assume_icd10_is_cm:
        notes.append("This site takes codes under WHO’s ICD-10 address for ICD-10-CM.")
    if asks_site:
        notes.append(
            "This site’s own terminology server is asked for SNOMED CT codes outside the map; "
            "a condition that it placed says so."
        )
    return AboutView(
        edition=table.version,
        counts=(
            ("ICD-10-CM codes", f"{len(table.icd10cm):,}"),
            ("ICD-9-CM codes", f"{len(table.icd9cm):,}"),
            ("SNOMED CT concepts", f"{len(table.snomed):,}"),
            ("Families of diseases", f"{len(table.families):,}"),
        ),
        sources=tuple(
            SourceView(name=s.name, version=s.version, used_for=s.used_for, terms=s.terms)
            for s in table.sources
        ),
        notes=tuple(notes),
    )
