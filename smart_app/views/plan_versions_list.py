"""Each version of a plan with where it stands in the EHR, in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.writeback import Disposition, RungName
from ccm_fhir.services.care_plan import PlanDesk, VersionRecord
from ccm_fhir.services.plan_standing import VersionStanding
from smart_app.views.deliveries import DeliveryView, delivery
from smart_app.views.formats import day
from smart_app.views.tones import Tone

_REFUSED = (
    "Not in the EHR",
    Tone.BAD,
    "A part of it was refused or is held; see why below, and settle it on “Needs a person”.",
)
_WORDS: dict[Disposition, tuple[str, Tone, str]] = {
    Disposition.PENDING: (
        "On its way",
        Tone.MOVING,
        "It is being sent to the EHR; nothing is left for you to do.",
    ),
    Disposition.SENT_UNKNOWN: (
        "Not known",
        Tone.OPEN,
        "An answer was lost; the EHR is asked before anything is sent again.",
    ),
    Disposition.ACCEPTED: ("In the EHR", Tone.GOOD, "It was read back and says the same there."),
    Disposition.ACCEPTED_LOSSY: (
        "In the EHR, not all of it",
        Tone.OPEN,
        "Somebody changed parts of it there, or the EHR did not keep them; see below.",
    ),
    Disposition.KEYED: ("Handed off", Tone.GOOD, "A person keyed it into the EHR."),
    Disposition.REJECTED: _REFUSED,
    Disposition.HELD: _REFUSED,
    Disposition.QUARANTINE: _REFUSED,
    Disposition.VOIDED: (
        "Superseded",
        Tone.PLAIN,
        "A later version took its place before this one was sent.",
    ),
}
_BY_HAND = (
    "To be keyed",
    Tone.OPEN,
    "The EHR takes it in no way: a person keys it from the hand-off sheet and marks it.",
)
_NEVER = (
    "Kept here",
    Tone.PLAIN,
    "It was adopted before this app sent plans; the next version goes to the EHR.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionView:
    """One version in the history, and what of it is in the EHR."""

    number: int
    text: str = field(repr=False)
    word: str
    tone: Tone
    said: str
    deliveries: tuple[DeliveryView, ...]


def version_views(desk: PlanDesk) -> tuple[VersionView, ...]:
    """Return the versions, the newest first."""
    return tuple(_version(desk, version) for version in reversed(desk.versions))


def standing_words(desk: PlanDesk) -> str:
    """Return where the version in force stands with the EHR, as a sentence."""
    if desk.standing is None:
        return ""
    word, _, said = _words(desk.standings[desk.standing.version.id])
    return f"{word}: {said[0].lower()}{said[1:]}"


def _version(desk: PlanDesk, version: VersionRecord) -> VersionView:
    standing = desk.standings[version.id]
    word, tone, said = _words(standing)
    who = desk.people.get(version.adopted_by, "")
    return VersionView(
        number=version.number,
        text=f"{day(version.adopted_on)}, by {who}",
        word=word,
        tone=tone,
        said=said,
        deliveries=tuple(delivery(one, desk.paths) for one in standing.deliveries),
    )


def _words(standing: VersionStanding) -> tuple[str, Tone, str]:
    if standing.disposition is None:
        return _NEVER
    is_by_hand = any(one.rung is RungName.HAND_OFF for one in standing.deliveries)
    if standing.disposition is Disposition.PENDING and is_by_hand:
        return _BY_HAND
    return _WORDS.get(standing.disposition, _NEVER)
