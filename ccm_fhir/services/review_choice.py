"""The choice and the decision making of one patient-month, as the patient page shows them."""

from __future__ import annotations

from dataclasses import replace

from ccm_fhir.domain.codes import Role
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.attest_mdm import asks_plan_revision, is_asked
from ccm_fhir.services.choice_shapes import ChoiceShown, MdmSaid, MdmShown
from ccm_fhir.services.coding_choice import CHOOSERS
from ccm_fhir.services.gather import Gathered
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement
from ccm_fhir.services.practice_choice import shown
from ccm_fhir.storage.mdm_attestations import MdmAttestationRecord


def choice_shown(gathered: Gathered, actor: Actor) -> ChoiceShown:
    """Return which choice holds for the month, who made it, and whether this person may except."""
    names = {user_id: person.name for user_id, person in gathered.people.items()}
    held = shown(gathered.choice, names, gathered.practice.zone)
    return replace(held, may_except=actor.may(*CHOOSERS) and gathered.sign_off is None)


def mdm_shown(
    world: Installation, gathered: Gathered, judgement: Judgement, actor: Actor
) -> MdmShown | None:
    """Return the question and its answers; None where it neither arises nor was answered."""
    asked = is_asked(judgement.decision)
    if not asked and not gathered.mdm:
        return None
    is_open = gathered.sign_off is None
    attests = asked and is_open and actor.may(Role.PRACTITIONER)
    return MdmShown(
        is_awaited=is_open and judgement.decision.is_mdm_awaited,
        asks_plan_revision=asks_plan_revision(world.rulebook, gathered.month),
        answers=tuple(_said(gathered, record) for record in gathered.mdm),
        may_attest=attests,
        is_anothers=attests and bool(gathered.mdm) and gathered.mdm[-1].user_id != actor.user_id,
    )


def _said(gathered: Gathered, record: MdmAttestationRecord) -> MdmSaid:
    person = gathered.people.get(record.user_id)
    return MdmSaid(
        answer=record.answer,
        is_plan_revised=record.is_plan_revised,
        rationale=record.rationale,
        by=person.name if person else "",
        at=record.attested_at.astimezone(gathered.practice.zone),
    )
