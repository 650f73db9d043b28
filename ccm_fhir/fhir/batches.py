"""Many reads in one request: a batch Bundle of GETs, and what became of each.

FHIR R4 §3.1.0.11 (batch/transaction). Such a batch changes nothing, so that it may be sent
again like any read. The answers come in the order of the questions; servers that leave some out
at the end leave those questions open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ccm_fhir.errors import EhrFormatError
from ccm_fhir.fhir.json import to_bytes
from ccm_fhir.fhir.outcomes import outcome_codes
from ccm_fhir.fhir.retrying import TRY_AGAIN

READING = "reading several resources at once"
_STATUS = re.compile(r"\s*(\d{3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnswer:
    """The answer to one question of a batch; ``status`` is 0 where there was none."""

    status: int = 0
    outcome_code: str | None = None
    body: bytes = field(default=b"", repr=False)

    @property
    def is_open(self) -> bool:
        """Whether to ask once more, alone: no answer, or a plea to come back."""
        return self.status == 0 or self.status in TRY_AGAIN or (self.is_ok and not self.body)

    @property
    def is_ok(self) -> bool:
        """Whether it has what was asked for."""
        return self.status == 200  # noqa: PLR2004  # HTTP's OK


class _Response(msgspec.Struct, frozen=True):
    status: str | None = None
    outcome: msgspec.Raw = msgspec.Raw()


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw()
    response: _Response | None = None


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str = ""
    type: str = ""
    entry: list[_Entry] | None = None


def batch_of(addresses: Sequence[str]) -> bytes:
    """Return the batch that reads addresses relative to the base."""
    entries = [{"request": {"method": "GET", "url": address}} for address in addresses]
    return to_bytes({"resourceType": "Bundle", "type": "batch", "entry": entries})


def read_batch(body: bytes, asked: int) -> tuple[BatchAnswer, ...]:
    """Return as many answers as were asked for; the missing ones have status 0.

    Raises:
        EhrFormatError: not a batch-response, or one with more answers than questions.
    """
    try:
        bundle = msgspec.json.decode(body, type=_Bundle)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EhrFormatError(READING, "it is not a FHIR Bundle in JSON") from None
    entries = bundle.entry or []
    if (bundle.resource_type, bundle.type) != ("Bundle", "batch-response") or len(entries) > asked:
        raise EhrFormatError(READING, "it is not the answer to a batch")
    answers = tuple(_answer(entry) for entry in entries)
    return answers + (BatchAnswer(),) * (asked - len(answers))


def _answer(entry: _Entry) -> BatchAnswer:
    response = entry.response or _Response()
    match = _STATUS.match(response.status or "")
    outcome = bytes(response.outcome) or bytes(entry.resource)
    return BatchAnswer(
        status=int(match[1]) if match else 0,
        outcome_code=next(iter(outcome_codes(outcome)), None),
        body=bytes(entry.resource),
    )
