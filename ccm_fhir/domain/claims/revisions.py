"""Chains of claims: which revision may follow which, so that at most one is ever live.

A sent claim is never edited. What may follow it depends on how far it came:

* an uncertain one: nothing, until it is known whether it arrived;
* one that the payer never took into adjudication (Medicare calls it unprocessable, remark code
  MA130): a *new* claim, frequency 1, for there is nothing to replace;
* an adjudicated one: a person decides, since Medicare Part B mends most errors by a reopening
  and commonly refuses frequency 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ccm_fhir.domain.claims.obstacles import Obstacle
from ccm_fhir.errors import InputError


class Frequency(StrEnum):
    """Claim frequency (837P CLM05-3): a new claim, a replacement, or a void of the whole."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


class Standing(StrEnum):
    """How far one revision came.

    REJECTED: refused before adjudication (by the EHR, the clearing house or as unprocessable).
    SENT: taken, no answer of a payer yet. UNCERTAIN: nobody knows whether it arrived.
    """

    PLANNED = "planned"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"
    SENT = "sent"
    ADJUDICATED = "adjudicated"


class Correction(StrEnum):
    """What a person decided about a claim that was taken."""

    REPLACE = "replace"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedClaim:
    """The earlier claim that a revision refers to.

    ``claim_ref`` is the FHIR Claim where the EHR has one; ``payer_control_number`` is the
    payer's own number of it (837P REF*F8), empty while the payer has not told one.
    """

    identifier: str
    claim_ref: str = ""
    payer_control_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRevision:
    """One revision of a chain; ``prior`` is the identifier of the one that it supersedes."""

    identifier: str
    revision: int
    standing: Standing
    frequency: Frequency = Frequency.ORIGINAL
    prior: str = ""
    claim_ref: str = ""
    payer_control_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRevision:
    """What the next claim of a chain is to be."""

    revision: int
    frequency: Frequency
    related: RelatedClaim | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Every revision for one patient, month and programme, the oldest first."""

    revisions: tuple[ClaimRevision, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a chain with a gap, a doubled identifier or a fork; it would bill twice."""
        numbers = [one.revision for one in self.revisions]
        names = {one.identifier for one in self.revisions}
        priors = [one.prior for one in self.revisions if one.prior and not _is_refused(one)]
        if numbers != list(range(1, len(numbers) + 1)) or len(names) < len(numbers):
            raise InputError("claim_chain", "revisions are missing or doubled")
        if len(set(priors)) < len(priors) or not set(priors) <= names:
            raise InputError("claim_chain", "a claim is superseded twice, or by nothing known")
        if len(self.live) > 1:
            raise InputError("claim_chain", "more than one claim stands")

    @property
    def live(self) -> tuple[ClaimRevision, ...]:
        """Return the claims that stand: not refused, not superseded, and no void; at most one."""
        superseded = {one.prior for one in self.revisions if not _is_refused(one)}
        return tuple(
            one
            for one in self.revisions
            if not _is_refused(one)
            and one.identifier not in superseded
            and one.frequency is not Frequency.VOID
        )

    def next(self, correction: Correction | None = None) -> NextRevision | tuple[Obstacle, ...]:
        """Return what the next revision is to be, or why there may be none."""
        if open_ones := [one for one in self.revisions if one.standing in _OPEN]:
            return (_UNSETTLED[open_ones[0].standing],)
        if self._void_awaited:
            return (_VOID_AWAITED,)
        number = len(self.revisions) + 1
        if not self.live:
            if correction is not None:
                return (_NOTHING_TO_CORRECT,)
            return NextRevision(revision=number, frequency=Frequency.ORIGINAL, related=None)
        if correction is None:
            return (_PERSON_DECIDES[self.live[0].standing],)
        return NextRevision(
            revision=number, frequency=_FREQUENCY[correction], related=_related(self.live[0])
        )

    @property
    def _void_awaited(self) -> bool:
        """Whether the last claim that was taken is a void that no payer has answered."""
        taken = [one for one in self.revisions if not _is_refused(one)]
        return (
            bool(taken)
            and taken[-1].frequency is Frequency.VOID
            and taken[-1].standing is Standing.SENT
        )


_OPEN = frozenset({Standing.PLANNED, Standing.UNCERTAIN})
_FREQUENCY = {Correction.REPLACE: Frequency.REPLACEMENT, Correction.VOID: Frequency.VOID}
_UNSETTLED = {
    Standing.PLANNED: Obstacle(
        code="earlier_claim_not_sent",
        owner="biller",
        fix="The month's claim is still on its way; wait until it was taken or refused.",
    ),
    Standing.UNCERTAIN: Obstacle(
        code="earlier_claim_uncertain",
        owner="biller",
        fix="Nobody knows yet whether the month's claim arrived; settle that first, since a "
        "second one could be paid twice.",
    ),
}
_PERSON_DECIDES = {
    Standing.SENT: Obstacle(
        code="claim_live",
        owner="biller",
        fix="The month has a claim that was taken and that no payer has answered; replace or void "
        "it, or wait for the answer.",
    ),
    Standing.ADJUDICATED: Obstacle(
        code="correction_needs_a_person",
        owner="biller",
        fix="The payer has decided the month's claim. Ask for a reopening, or replace or void it "
        "where the payer takes that; Medicare Part B commonly does not.",
    ),
}
_VOID_AWAITED = Obstacle(
    code="void_not_answered",
    owner="biller",
    fix="The month's claim is being voided; wait for the payer's answer before a new one.",
)
_NOTHING_TO_CORRECT = Obstacle(
    code="nothing_to_correct",
    owner="biller",
    fix="No claim of this month stands, so there is none to replace or void; send a new one.",
)


def _is_refused(one: ClaimRevision) -> bool:
    return one.standing is Standing.REJECTED


def _related(live: ClaimRevision) -> RelatedClaim:
    return RelatedClaim(
        identifier=live.identifier,
        claim_ref=live.claim_ref,
        payer_control_number=live.payer_control_number,
    )
