"""Sources a click away: what was read where, what it says, and how surely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ccm_fhir.domain.rules import Citation, Cited, Confidence
from ccm_fhir.services.sources import Sources
from smart_app.views import wording
from smart_app.views.formats import listed, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One source; ``href`` is empty where it has no address, ``of`` where it is for the whole."""

    title: str
    where: str
    href: str
    of: str
    confidence: str
    is_unconfirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One version of one rule, and its sources."""

    version: str
    sources: tuple[SourceView, ...]


def rule_views(versions: Iterable[str], sources: Sources) -> tuple[RuleView, ...]:
    """Return rule versions with everything they cite; one that is not known has no sources."""
    return tuple(
        RuleView(version=version, sources=sources_views(sources.statements.get(version, ())))
        for version in dict.fromkeys(versions)
    )


def sources_views(statements: Iterable[Cited]) -> tuple[SourceView, ...]:
    """Return each source once for each degree of certainty, with what it is the source of."""
    said: dict[tuple[str, Confidence], list[str]] = {}
    citations: dict[str, Citation] = {}
    for cited in statements:
        for citation in cited.citations:
            citations[citation.id] = citation
            said.setdefault((citation.id, cited.confidence), []).append(_words(cited.what))
    return tuple(
        _source(citations[key], confidence, listed(tuple(dict.fromkeys(of))))
        for (key, confidence), of in said.items()
    )


def by_id(ids: Iterable[str], sources: Sources) -> tuple[SourceView, ...]:
    """Return sources by their ids; one that is not known is told by its id."""
    return tuple(
        SourceView(title=i, where="", href="", of="", confidence="", is_unconfirmed=False)
        if (citation := sources.citations.get(i)) is None
        else _source(citation, citation.confidence, "")
        for i in ids
    )


def _source(citation: Citation, confidence: Confidence, of: str) -> SourceView:
    doubtful = Confidence.UNCONFIRMED
    told = doubtful if doubtful in {citation.confidence, confidence} else confidence
    return SourceView(
        title=citation.title,
        where=sentence(citation.where),
        href=citation.url if citation.url.startswith("https://") else "",
        of=of,
        confidence=wording.CONFIDENCES[told],
        is_unconfirmed=told is doubtful,
    )


def _words(what: str) -> str:
    return what.replace("_", " ").replace("mue", "MUE").replace("mdm", "MDM")
