"""What a server remarks beside its answer: that a page is gone, that there is more than it shows.

Checked 2026-11: Epic adds to nearly every search the remark 4119 ("suppressed": a user may not
see all of a record). That is no sign of a gap, and would make one of every chart.
"""

from __future__ import annotations

import httpx2
import msgspec

from ccm_fhir.fhir.shapes import Concept

_PARTIAL = frozenset({"too-costly", "incomplete"})
_EPIC_CAPPED = frozenset({"4127", "59133"})  # more matches than a search may return
_EPIC_EXPIRED = "4113"  # the session that a page belongs to has ended
_GONE = frozenset({404, 410})


class _Issue(msgspec.Struct, frozen=True):
    code: str | None = None
    details: Concept | None = None


class _Outcome(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    issue: list[_Issue] = []


def says_partial(outcome: bytes) -> bool:
    """Whether an OperationOutcome says that a search did not return everything."""
    return any(issue.code in _PARTIAL or _codes(issue) & _EPIC_CAPPED for issue in _issues(outcome))


def is_expired_page(answer: httpx2.Response) -> bool:
    """Whether a further page of a search is no longer there, so that it must start again."""
    if not httpx2.codes.is_client_error(answer.status_code):
        return False
    issues = _issues(answer.content)
    return answer.status_code in _GONE or any(_EPIC_EXPIRED in _codes(each) for each in issues)


def _issues(body: bytes) -> list[_Issue]:
    try:
        outcome = msgspec.json.decode(body, type=_Outcome)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return outcome.issue if outcome.resource_type == "OperationOutcome" else []


def _codes(issue: _Issue) -> frozenset[str]:
    codings = (issue.details.coding if issue.details else None) or ()
    return frozenset(coding.code for coding in codings if coding.code)
