"""A person's signed word on what an EHR takes, and the withdrawal of what it once proved.

Either is an administrator's act on a page, or the operator's by command; both are lines of the
audit trail, and neither is ever changed: a later word stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ccm_fhir.domain.writeback import CREATE, UPDATE, Act, Override, Proof, acts_of_ladders
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.storage import ehrs, write_facts
from ccm_fhir.storage.write_facts import NewOverride, Withdrawal

LONGEST_REASON = 500
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOverride:
    """What somebody signs: an act such as ``Encounter`` or ``Procedure/update``, and why."""

    ehr_id: str
    act: str
    is_supported: bool
    signed_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnProof:
    """That what was proved of an act no longer holds, after an upgrade of the EHR, say."""

    ehr_id: str
    act: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteWords:
    """What holds of an EHR's writes beside its declaration: proofs, and every signed word."""

    proofs: tuple[Proof, ...]
    overrides: tuple[Override, ...]
    acts: tuple[str, ...]


def words_of(world: Installation, hand: SetupHand, ehr_id: str) -> WriteWords:
    """Return what an EHR has proved and what was signed of it, newest signature first.

    Raises:
        NotFoundError: no such EHR in this practice.
    """
    with world.db.read(hand.practice_id) as session:
        ehrs.get(session, hand.practice_id, ehr_id)
        return WriteWords(
            proofs=write_facts.proofs(session, hand.practice_id, ehr_id),
            overrides=write_facts.overrides(session, hand.practice_id, ehr_id)[::-1],
            acts=known_acts(),
        )


def known_acts() -> tuple[str, ...]:
    """Return every act that may be signed for, as it is spelt."""
    creates = acts_of_ladders()
    updates = {
        Act(resource_type=act.resource_type, code=UPDATE) for act in creates if act.code == CREATE
    }
    return tuple(sorted(str(act) for act in {*creates, *updates}))


def sign_override(
    world: Installation, hand: SetupHand, signed: SignedOverride, now: datetime
) -> None:
    """Keep a signed override; from now on the planner follows it, where nothing was proved.

    Raises:
        InputError: no such act, no name or no reason, or one that is too long.
        NotFoundError: no such EHR in this practice.
    """
    override = Override(
        act=_act(signed.act),
        is_supported=signed.is_supported,
        signed_by=_line("signed_by", signed.signed_by, LONGEST_NAME),
        signed_at=now,
        reason=_line("reason", signed.reason, LONGEST_REASON),
    )
    with world.db.write(hand.practice_id) as session:
        said = "takes" if signed.is_supported else "does_not_take"
        audit_act(world, session, hand, f"sign_override {override.act} {said}")
        ehrs.get(session, hand.practice_id, signed.ehr_id)
        new = NewOverride(ehr_id=signed.ehr_id, user_id=hand.user_id, override=override)
        write_facts.record_override(session, hand.practice_id, new)


def withdraw(
    world: Installation, hand: SetupHand, withdrawn: WithdrawnProof, now: datetime
) -> None:
    """Withdraw what an EHR has proved of an act; declaration and overrides then decide again.

    Raises:
        InputError: no such act, no name or no reason.
        ConflictError: nothing was proved of it.
    """
    withdrawal = Withdrawal(
        ehr_id=withdrawn.ehr_id,
        act=_act(withdrawn.act),
        person=_line("signed_by", withdrawn.person, LONGEST_NAME),
        reason=_line("reason", withdrawn.reason, LONGEST_REASON),
    )
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"withdraw_proof {withdrawal.act}")
        ehrs.get(session, hand.practice_id, withdrawn.ehr_id)
        if not write_facts.withdraw_proof(session, hand.practice_id, withdrawal, now):
            raise ConflictError("Nothing that still holds was proved of it.")


def _act(text: str) -> Act:
    found = {spelt: spelt for spelt in known_acts()}.get(text.strip())
    if found is None:
        raise InputError("act", f"Choose one of: {', '.join(known_acts())}.")
    resource_type, _, code = found.partition("/")
    return Act(resource_type=resource_type, code=code or CREATE)


def _line(name: str, text: str, longest: int) -> str:
    line = " ".join(text.split())
    if not line:
        raise InputError(name, "This is needed, and stays on record.")
    if len(line) > longest:
        raise InputError(name, f"Keep it under {longest} characters.")
    return line
