"""The write-back plan: every rung of an artefact's ladder, whether it holds, and which one is live.

Pure, so that a person sees the plan before the first write. Exactly one rung is live. What is
live already stays: while a try is uncertain, or a copy stands in the EHR, or a hand-off was
made, neither a better nor a worse rung may take over, or one charge could be made twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.writeback.judging import Judged, Recovery, judge, recovery_of
from ccm_fhir.domain.writeback.rungs import LADDERS, Artefact, Means, RungKind, RungName
from ccm_fhir.errors import InputError

if TYPE_CHECKING:
    from ccm_fhir.domain.writeback.facts import Act, Tenant


class StandingState(StrEnum):
    """Why an artefact may not change its rung."""

    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    HANDED_OFF = "handed_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rung on which an artefact already is. One that was voided there stands nowhere."""

    rung: RungName
    state: StandingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rung: what is done, why it is possible or not, and whether it is the live one.

    ``is_unknown``: whether it is possible, the CapabilityStatement would say, once it was read.
    ``sentence`` gives the fact, its reason and, where it is not possible, what would change it.
    ``recovery`` is how a lost answer is cleared up, ``notice`` what tells a work queue.
    """

    number: int
    name: RungName
    means: Means
    brings: str
    acts: tuple[Act, ...]
    notice: Act | None
    is_possible: bool
    is_live: bool
    sentence: str
    recovery: Recovery
    is_unknown: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is possible, or nothing says that it is not."""
        return self.is_possible or self.is_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """An artefact's rungs in order, with the reason why the live one is live."""

    artefact: Artefact
    rungs: tuple[Rung, ...]
    sentence: str

    @property
    def live(self) -> Rung:
        """The one rung on which the artefact goes to the EHR, or waits to know whether it may."""
        (live,) = (rung for rung in self.rungs if rung.is_live)
        return live


_HELD = {
    StandingState.UNCERTAIN: (
        "an earlier try is uncertain, and moving now could make it twice; "
        "it may change when the EHR was searched and the try is settled"
    ),
    StandingState.ACCEPTED: (
        "the EHR holds it there; it may change when that copy is voided or credited"
    ),
    StandingState.HANDED_OFF: (
        "a person was handed it and may have keyed it; it does not go back to another rung"
    ),
}
_NOT_INSTALLED = {
    Means.FHIR: "This installation has no writer for it; a version that has one opens this rung.",
    Means.ADAPTER: "No vendor adapter is set up for this practice; setting one up opens this rung.",
    Means.FILE: "No 837P drop is set up for this practice; setting one up opens this rung.",
}
_SET_UP = "It is set up for this practice."
_BY_HAND = "Always possible: it asks nothing of the EHR."


def plan(artefact: Artefact, tenant: Tenant, standing: Standing | None = None) -> WritePlan:
    """Return the rungs of an artefact's ladder, exactly one of them live.

    Args:
        artefact: what is to reach the EHR.
        tenant: what is declared, granted, signed and proved.
        standing: the rung it is on already, if it is on one.

    Raises:
        InputError: ``standing`` names a rung that this ladder does not have.
    """
    kinds = LADDERS[artefact]
    judged = [_judged(kind, tenant) for kind in kinds]
    live = _standing_at(kinds, standing)
    if live is None:
        live = next(at for at, one in enumerate(judged) if one.is_possible or one.is_unknown)
    rungs = tuple(
        Rung(
            number=at + 1,
            name=kind.name,
            means=kind.means,
            brings=kind.brings,
            acts=kind.acts,
            notice=_notice(kind, tenant),
            is_possible=one.is_possible,
            is_live=at == live,
            sentence=one.sentence,
            recovery=recovery_of(kind, tenant),
            is_unknown=one.is_unknown,
        )
        for at, (kind, one) in enumerate(zip(kinds, judged, strict=True))
    )
    return WritePlan(artefact=artefact, rungs=rungs, sentence=_why(rungs[live], standing))


def _judged(kind: RungKind, tenant: Tenant) -> Judged:
    if kind.means is Means.PERSON:
        return Judged(is_possible=True, sentence=_BY_HAND)
    acts = [judge(act, tenant) for act in kind.acts]
    refused = [act for act in acts if not act.is_possible]
    told = " ".join(dict.fromkeys(act.sentence for act in refused or acts))
    if kind.name not in tenant.installed:
        return Judged(is_possible=False, sentence=f"{_NOT_INSTALLED[kind.means]} {told}".rstrip())
    is_unknown = bool(refused) and all(act.is_unknown for act in refused)
    if kind.name in tenant.lacks and (is_unknown or not refused):
        return Judged(is_possible=False, sentence=f"{tenant.lacks[kind.name]} {told}")
    return Judged(is_possible=not refused, sentence=told or _SET_UP, is_unknown=is_unknown)


def _notice(kind: RungKind, tenant: Tenant) -> Act | None:
    return next((act for act in kind.notice if judge(act, tenant).is_possible), None)


def _standing_at(kinds: tuple[RungKind, ...], standing: Standing | None) -> int | None:
    if standing is None:
        return None
    for at, kind in enumerate(kinds):
        if kind.name is standing.rung:
            return at
    raise InputError("standing", f"this artefact has no rung {standing.rung}")


def _why(live: Rung, standing: Standing | None) -> str:
    if standing is not None:
        return f"It stays on rung {live.number}: {_HELD[standing.state]}."
    if live.is_unknown:
        return (
            f"It waits on rung {live.number}: whether the EHR takes it there is not known before "
            "its CapabilityStatement was read."
        )
    if live.number == 1:
        return "It goes on rung 1, the best there is."
    return f"It goes on rung {live.number}: no rung above it is possible here."
