"""The closed vocabularies of what is stored, beside those of the domain."""

from __future__ import annotations

from enum import StrEnum

from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.writeback import DeliveryState

__all__ = [
    "AnswerKind",
    "ApprovalStep",
    "ArtefactKind",
    "AttemptRefusal",
    "CardKind",
    "CardOutcome",
    "ChartSource",
    "ClaimSaid",
    "ClaimsLeaveBy",
    "ClientAuth",
    "CopyGivenBy",
    "CopyLanguage",
    "DeliveryState",
    "EntryChange",
    "EntrySource",
    "FilingVerdict",
    "GrantKind",
    "GrantStatus",
    "LockAct",
    "OutreachOutcome",
    "ProofWord",
    "Purpose",
    "TimerOutcome",
]


class ClientAuth(StrEnum):
    """How we prove who we are at an EHR's token endpoint."""

    PUBLIC = "public"
    SECRET = "secret"  # noqa: S105  # the name of a method, not a secret
    PRIVATE_KEY = "private_key"


class GrantKind(StrEnum):
    """Whose tokens these are: a person's launch, or the practice's backend service."""

    USER = "user"
    SYSTEM = "system"


class GrantStatus(StrEnum):
    """Whether a grant can still be used."""

    ACTIVE = "active"
    REAUTHORISE = "reauthorise"
    ENDED = "ended"


class AttemptRefusal(StrEnum):
    """Why a launch attempt cannot be completed."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"


class ChartSource(StrEnum):
    """What made us read a chart."""

    LAUNCH = "launch"
    PANEL = "panel"


class EntrySource(StrEnum):
    """Whether time was typed in afterwards or taken by the running timer.

    UNWATCHED is a timer's, too, but no page gave signs of it (a browser without scripts).
    """

    TYPED = "typed"
    LIVE = "live"
    UNWATCHED = "unwatched"


class EntryChange(StrEnum):
    """What a row of the time ledger does to the one it supersedes."""

    ENTRY = "entry"
    CORRECTION = "correction"
    VOID = "void"


class ArtefactKind(StrEnum):
    """What of ours a delivered resource tells about."""

    TIME_ENTRY = "time_entry"
    CLAIM = "claim"
    CONSENT = "consent"
    CARE_PLAN = "care_plan"
    PLAN_TASK = "plan_task"


class Purpose(StrEnum):
    """What a delivery is for.

    ARTEFACT carries the thing itself, and REVISION changes what an earlier one wrote. WORDS
    carries what the EHR dropped of another delivery, NOTICE tells a work queue of one, AMENDMENT
    takes one back, and ANCHOR is what charges hang on where there is nothing else of ours.
    """

    ARTEFACT = "artefact"
    WORDS = "words"
    NOTICE = "notice"
    AMENDMENT = "amendment"
    REVISION = "revision"
    ANCHOR = "anchor"


class ProofWord(StrEnum):
    """What was proved about an act, or that a person has withdrawn it."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not_supported"
    WITHDRAWN = "withdrawn"


class ApprovalStep(StrEnum):
    """A step in approving typed time."""

    ASKED = "asked"
    ANSWERED = "answered"


class TimerOutcome(StrEnum):
    """What became of a timer's work."""

    SAVED = "saved"
    DISCARDED = "discarded"


class CardKind(StrEnum):
    """What a CDS Hooks card tells."""

    ELIGIBLE = "eligible"
    MAY_QUALIFY = "may_qualify"
    TIME = "time"
    REACHED = "reached"
    SIGNED = "signed"


class CardOutcome(StrEnum):
    """What a person did with a card."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


class LockAct(StrEnum):
    """What somebody did to a month."""

    LOCK = "lock"
    UNLOCK = "unlock"


class CopyGivenBy(StrEnum):
    """How a copy of the plan reached the patient."""

    IN_PERSON = "in_person"
    MAIL = "mail"
    PORTAL = "portal"
    READ_ALOUD = "read_aloud"


class CopyLanguage(StrEnum):
    """The languages of the patient's copy, as their tags."""

    ENGLISH = "en"
    SPANISH = "es"


class OutreachOutcome(StrEnum):
    """What came of an attempt to reach the patient."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    LEFT_MESSAGE = "left_message"
    WRONG_NUMBER = "wrong_number"
    CALL_BACK = "call_back"


class TaskOutcome(StrEnum):
    """What became of a task of the care plan."""

    DONE = "done"
    DROPPED = "dropped"


class ClaimsLeaveBy(StrEnum):
    """Which way a practice's claims reach the payer, as a person said: one way, never two."""

    FILE = "file"
    EHR = "ehr"


class AnswerKind(StrEnum):
    """What kind of answer to a claim file was read."""

    SYNTAX = "999"
    CLAIMS = "277CA"


class FilingVerdict(StrEnum):
    """What an answer says of a claim: taken, refused, or nothing that we can read as either."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNKNOWN = "unknown"
