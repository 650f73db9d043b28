"""The time ledger for whoever watches over it: is every practice's chain whole."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.errors import InputError
from ccm_fhir.services.anchors import Anchor, ChainName, anchors_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage import ledger_chain, practices
from ccm_fhir.storage.ledger_chain import Flaw, LedgerCheck

_PROBLEMS = {
    Flaw.GAP: "link {at} does not follow the one before: one is gone, or they were reordered",
    Flaw.MISSING: "the row of link {at} was deleted",
    Flaw.ALTERED: "the row of link {at}, or the link itself, was altered",
    Flaw.UNSEALED: "after link {before} a row stands in the ledger that this app did not write",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What was found of one practice's ledger; no problem is an empty text."""

    practice_id: str
    entries: int
    head: str
    problem: str = ""


def verified(
    world: Installation, anchors: tuple[Anchor, ...] = (), practice: str = ""
) -> tuple[LedgerReport, ...]:
    """Walk the ledgers, and hold them against heads kept elsewhere; of one practice, or of all.

    Raises:
        InputError: no practice has this name or id.
    """
    with world.db.read() as session:
        every = practices.list_all(session)
    wanted = [one.id for one in every if practice in {"", one.id, one.name}]
    if practice and not wanted:
        raise InputError("practice", "none has this name or id")
    return tuple(_verified(world, one, anchors) for one in wanted)


def anchored(world: Installation) -> tuple[Anchor, ...]:
    """Return where every whole ledger stands now."""
    now = world.clock()
    return tuple(
        Anchor(
            practice_id=one.practice_id,
            entries=one.entries,
            head=one.head,
            at=now,
            chain=ChainName.TIME,
        )
        for one in verified(world)
        if not one.problem
    )


def _verified(world: Installation, practice_id: str, anchors: tuple[Anchor, ...]) -> LedgerReport:
    with world.db.read(practice_id) as session:
        check = ledger_chain.verify(session, world.audit_key, practice_id)
        own = anchors_of(anchors, ChainName.TIME, practice_id)
        cut = [
            anchor
            for anchor in own
            if ledger_chain.head_at(session, practice_id, anchor.entries) != anchor.head
        ]
    problem = _problem(check)
    if not problem and cut:
        problem = (
            f"it is not the ledger that stood at {cut[0].entries} rows on {cut[0].at:%Y-%m-%d}: "
            "its end was cut, or it was written anew"
        )
    return LedgerReport(
        practice_id=practice_id, entries=check.entries, head=check.head, problem=problem
    )


def _problem(check: LedgerCheck) -> str:
    if check.flaw is None or check.broken_at is None:
        return ""
    return _PROBLEMS[check.flaw].format(at=check.broken_at, before=check.broken_at - 1)
