"""A call of the ``patient-view`` hook and feedback on its cards, read strictly.

CDS Hooks 2.0, "Calling a CDS Service" and "Feedback". A broken member is named by its path;
nothing that was sent is repeated. Optional members may be null: real clients write them so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import msgspec

from ccm_fhir.errors import HookError
from ccm_fhir.fhir.shapes import Shape

PATIENT_VIEW = "patient-view"
MOST_FEEDBACK = 100
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
_USER = re.compile(
    r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}\Z"
)
_VISIBLE = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_AT = re.compile(r" - at `\$\.(?P<path>[A-Za-z_.]+)")
_LONGEST_CODE = 200
_T = TypeVar("_T")


class FhirAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """A token lent for this one call; it is used and forgotten."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that it was granted."""
        return frozenset(self.scope.split())


class PatientView(Shape, frozen=True, kw_only=True):
    """One call of the hook, checked; prints nothing of it.

    ``user`` is ``Type/id``; ``fhir_server`` is empty where none was sent. ``prefetch`` holds the
    raw JSON of what was sent under each key, ``null`` among it.
    """

    hook_instance: str
    user: str
    patient_id: str
    encounter_id: str = ""
    fhir_server: str = ""
    authorization: FhirAuthorization | None = None
    prefetch: Mapping[str, msgspec.Raw]


class Feedback(Shape, frozen=True, kw_only=True):
    """What became of one card; ``reason_code`` is empty where none was chosen.

    A comment that came with it is not kept: it may speak of the patient.
    """

    card: str
    is_accepted: bool
    happened_at: datetime
    reason_code: str = ""


class _Context(Shape, frozen=True, kw_only=True):
    user_id: str | None = None
    patient_id: str | None = None
    encounter_id: str | None = None


class _Request(Shape, frozen=True, kw_only=True):
    hook: str
    hook_instance: str
    context: _Context
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, msgspec.Raw] | None = None


class _Coding(Shape, frozen=True, kw_only=True):
    code: str


class _OverrideReason(Shape, frozen=True, kw_only=True):
    reason: _Coding | None = None
    user_comment: str | None = None


class _AcceptedSuggestion(Shape, frozen=True, kw_only=True):
    id: str


class _Outcome(Shape, frozen=True, kw_only=True):
    card: str
    outcome: str
    outcome_timestamp: str
    accepted_suggestions: list[_AcceptedSuggestion] | None = None
    override_reason: _OverrideReason | None = None


class _FeedbackBody(Shape, frozen=True, kw_only=True):
    feedback: list[_Outcome]


_decode_request = msgspec.json.Decoder(_Request).decode
_decode_feedback = msgspec.json.Decoder(_FeedbackBody).decode


def read_patient_view(body: bytes) -> PatientView:
    """Return a call of the hook.

    Raises:
        HookError: request_invalid, with the member that is missing or broken.
    """
    sent = _decoded(_decode_request, body)
    if sent.hook != PATIENT_VIEW:
        _refuse("hook")
    authorization = sent.fhir_authorization
    if authorization is not None:
        _check_authorization(authorization)
        if not sent.fhir_server:
            _refuse("fhirServer")
    return PatientView(
        hook_instance=_matching(_UUID, sent.hook_instance, "hookInstance").lower(),
        user=_matching(_USER, sent.context.user_id, "context.userId"),
        patient_id=_matching(_ID, sent.context.patient_id, "context.patientId"),
        encounter_id=_matching(_ID, sent.context.encounter_id, "context.encounterId")
        if sent.context.encounter_id is not None
        else "",
        fhir_server=sent.fhir_server or "",
        authorization=authorization,
        prefetch=sent.prefetch or {},
    )


def read_feedback(body: bytes) -> tuple[Feedback, ...]:
    """Return what a client says became of our cards, in its order.

    Raises:
        HookError: request_invalid, with the member that is missing or broken.
    """
    sent = _decoded(_decode_feedback, body).feedback
    if not 0 < len(sent) <= MOST_FEEDBACK:
        _refuse("feedback")
    return tuple(_feedback(each) for each in sent)


def _feedback(sent: _Outcome) -> Feedback:
    if sent.outcome not in {"accepted", "overridden"}:
        _refuse("feedback.outcome")
    chosen = sent.override_reason.reason if sent.override_reason else None
    if chosen is not None and not 0 < len(chosen.code) <= _LONGEST_CODE:
        _refuse("feedback.overrideReason.reason.code")
    return Feedback(
        card=_matching(_UUID, sent.card, "feedback.card").lower(),
        is_accepted=sent.outcome == "accepted",
        happened_at=_instant(sent.outcome_timestamp),
        reason_code=chosen.code if chosen else "",
    )


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else _refuse("feedback.outcomeTimestamp")
    except (ValueError, OverflowError):
        _refuse("feedback.outcomeTimestamp")


def _check_authorization(sent: FhirAuthorization) -> None:
    if not _VISIBLE.match(sent.access_token):
        _refuse("fhirAuthorization.access_token")
    if sent.token_type.lower() != "bearer":
        _refuse("fhirAuthorization.token_type")
    if not sent.subject.strip():
        _refuse("fhirAuthorization.subject")


def _decoded(decode: Callable[[bytes], _T], body: bytes) -> _T:
    try:
        return decode(body)
    except msgspec.ValidationError as broken:
        # "Object missing required field `x`" names members of ours; `$.a.b` is a path of ours.
        missing = re.search(r"required field `(\w+)`", str(broken))
        found = _AT.search(str(broken))
        path = ".".join(part for part in (found and found["path"], missing and missing[1]) if part)
        _refuse(path or "body")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse("body")


def _matching(pattern: re.Pattern[str], value: str | None, name: str) -> str:
    if value is None or not pattern.match(value):
        _refuse(name)
    return value


def _refuse(member: str) -> NoReturn:
    raise HookError("request_invalid", member)
