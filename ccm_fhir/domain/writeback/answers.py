"""What an EHR's answer to a write proves about what it supports: often nothing.

A rung is given up only on proof. A server that is broken, busy, in conflict or displeased with
this one resource says nothing about the next; taking that for "not supported" would move a
practice's charges down the ladder because of one bad night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback.facts import Proof, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from ccm_fhir.domain.writeback.facts import Act

NOT_SUPPORTED = "not-supported"
_WRITTEN = frozenset({200, 201})
_NOT_OFFERED = frozenset({404, 405, 501})
# What these refuse is the caller, the moment or the content. Oracle Health says "not-supported"
# of an element under 422 (R4 overview, 2026-08), so that the issue code alone proves nothing.
_ABOUT_SOMETHING_ELSE = frozenset({401, 403, 406, 408, 409, 410, 412, 413, 415, 422, 425, 428, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to a write: its status, and the issue codes of its OperationOutcome."""

    status: int
    issue_codes: frozenset[str] = frozenset()


def proof_of(act: Act, answer: Answer, at: datetime) -> Proof | None:
    """Return what an answer proves about an act; None for nothing.

    Supported: 200 and 201. Not supported: 404, 405 and 501, and a 4xx whose OperationOutcome
    says ``not-supported``, except where the status itself is about something else.
    """
    verdict = _verdict(answer)
    if verdict is None:
        return None
    return Proof(act=act, verdict=verdict, proved_at=at, status=answer.status)


def _verdict(answer: Answer) -> Verdict | None:
    if answer.status in _WRITTEN:
        return Verdict.SUPPORTED
    if answer.status in _NOT_OFFERED:
        return Verdict.NOT_SUPPORTED
    if answer.status in _ABOUT_SOMETHING_ELSE or not _is_client_error(answer.status):
        return None
    return Verdict.NOT_SUPPORTED if NOT_SUPPORTED in answer.issue_codes else None


def _is_client_error(status: int) -> bool:
    return 400 <= status < 500  # noqa: PLR2004  # the class of statuses, RFC 9110 §15.5
