"""One resource as the EHR has it now, or why it cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.services.evidence import EvidenceProblem, EvidenceShown
from smart_app.views.patient_page import BannerView, banner

_PROBLEMS: dict[EvidenceProblem, tuple[str, str]] = {
    EvidenceProblem.NOT_KNOWN: (
        "This is not among what was last read of this patient’s chart.",
        "Go back to the patient; if the chart was read again since, use the link there.",
    ),
    EvidenceProblem.GONE: (
        "The EHR no longer has this resource.",
        "Read the chart again, so that the decision rests on what is there.",
    ),
    EvidenceProblem.REFUSED: (
        "The EHR does not let you read this resource.",
        "Open this app from the patient’s own chart, or ask the EHR’s administrator for access.",
    ),
    EvidenceProblem.REAUTHORISE: (
        "The EHR no longer accepts the permission it gave when this chart was opened.",
        "Open this app again from the patient’s chart in the EHR.",
    ),
    EvidenceProblem.UNREACHABLE: (
        "The EHR did not answer, or answered with an error.",
        "Wait a minute and try again. Nothing was lost.",
    ),
    EvidenceProblem.UNREADABLE: (
        "The EHR’s answer cannot be read.",
        "Look at the resource in the EHR itself.",
    ),
    EvidenceProblem.ANOTHER_PATIENT: (
        "What the EHR returned does not name this patient, so it is not shown.",
        "Read the chart again; if it is returned again, tell the EHR’s administrator.",
    ),
}
_STATUSES = {
    None: 200,
    EvidenceProblem.NOT_KNOWN: 404,
    EvidenceProblem.GONE: 404,
    EvidenceProblem.REFUSED: 403,
    EvidenceProblem.REAUTHORISE: 403,
}
_BAD_GATEWAY = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePageView:
    """Everything the page prints."""

    banner: BannerView
    title: str
    reference: str = field(repr=False)
    version: str
    changed: str
    facts: tuple[tuple[str, str], ...] = field(repr=False)
    source: str = field(repr=False)
    problem: str
    to_do: str
    practice: str


def evidence_page(shown: EvidenceShown, *, needs_banner: bool) -> EvidencePageView:
    """Return the page of a resource."""
    problem, to_do = ("", "") if shown.problem is None else _PROBLEMS[shown.problem]
    kind = shown.resource_type
    return EvidencePageView(
        banner=banner(shown.patient, is_slim=not needs_banner),
        title=f"{kind} in the EHR" if kind else "Evidence",
        reference=f"{kind}/{shown.resource_id}" if kind else "",
        version=shown.version_now,
        changed=_changed(shown),
        facts=shown.facts,
        source=shown.source,
        problem=problem,
        to_do=to_do,
        practice=shown.practice_name,
    )


def status_of(shown: EvidenceShown) -> int:
    """Return the HTTP status that the page is answered with."""
    return _STATUSES.get(shown.problem, _BAD_GATEWAY)


def _changed(shown: EvidenceShown) -> str:
    then, now = shown.version_read, shown.version_now
    if not then or not now or then == now:
        return ""
    return (
        f"The chart was read with version {then}; the EHR has version {now} now. Read the chart "
        "again, so that the decision rests on it."
    )
