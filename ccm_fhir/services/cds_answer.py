"""Answers one call of the ``patient-view`` hook: the same decision as the page, on a card.

A patient whom we do not know is judged and forgotten; one whom we know is judged with our own
ledger. Nothing is written about a patient but that a card was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from uuid import uuid4

from sqlmodel import Session

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.decision import STANDARD_CHOICE
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.errors import HookError
from ccm_fhir.fhir.cds_hooks import cards
from ccm_fhir.fhir.cds_hooks.cards import NO_CARDS, Card, Coding, Service, SmartLink, Source
from ccm_fhir.fhir.cds_hooks.prefetch import encounters_since, templates
from ccm_fhir.fhir.cds_hooks.request import PatientView, read_patient_view
from ccm_fhir.services.app_context import AppContext, spell
from ccm_fhir.services.cds_chart import (
    Asking,
    CardChart,
    read_card_chart,
    with_all_encounters,
)
from ccm_fhir.services.cds_clients import SERVICE_ID, Caller
from ccm_fhir.services.cds_desk import Deadline
from ccm_fhir.services.cds_words import Signed, Situation, Words, words_for
from ccm_fhir.services.claim_record import read_claim
from ccm_fhir.services.gather import Gathered, gather
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.judge import Judgement, Material, try_judge
from ccm_fhir.storage import audit, cds_cards, patients, practices, users
from ccm_fhir.storage.audit import AuditEntry
from ccm_fhir.storage.cds_cards import IssuedCard
from ccm_fhir.storage.practices import Practice

LABEL = "Chronic care management"
OVERRIDE_REASONS = {
    "patient-declined": "The patient does not want it",
    "enrolled-elsewhere": "Enrolled with another practice",
    "not-appropriate": "Not appropriate for this patient now",
    "already-known": "Already known, no need to show it",
}
_PATIENTS_SIDE = ("Patient/", "RelatedPerson/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """A call by a proved caller; ``now`` is the moment by which days of service are told."""

    caller: Caller
    body: bytes = field(repr=False)
    now: datetime
    deadline: Deadline


def describe_services(now: datetime) -> bytes:
    """Return the answer of the discovery endpoint."""
    return cards.discovery(
        Service(
            id=SERVICE_ID,
            title=LABEL,
            description=(
                "Tells who is eligible for chronic care management and not enrolled, with what "
                "is missing; for those enrolled, where the month stands."
            ),
            prefetch=templates(now.date()),
        )
    )


def answer_in_time(world: Installation, call: HookCall) -> bytes:
    """Return the cards for the patient who was opened, or none once the call's time is over.

    Raises:
        HookError: as ``answer_patient_view``.
    """
    answer = world.cds.in_time(call.deadline, partial(answer_patient_view, world, call))
    return NO_CARDS if answer is None else answer


def answer_patient_view(world: Installation, call: HookCall) -> bytes:
    """Return the cards for the patient who was opened; there may be none.

    Raises:
        HookError: request_invalid, wrong_server or data_missing.
    """
    view = read_patient_view(call.body)
    ehr = call.caller.ehr
    if view.fhir_server.rstrip("/") not in {"", ehr.fhir_base.rstrip("/")}:
        raise HookError("wrong_server")
    if view.user.startswith(_PATIENTS_SIDE):
        return NO_CARDS  # what a practice may bill is none of a portal's business
    asking = Asking(ehr=ehr, view=view, now=call.now, deadline=call.deadline)
    try:
        case = _case(world, call, asking)
    except HookError:
        if call.deadline.is_over():
            return NO_CARDS
        raise
    words = None if case is None else words_for(case.situation)
    if case is None or words is None or call.deadline.is_over():
        return NO_CARDS
    return cards.response((_issued(world, call, case, words, view),))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    practice: Practice
    patient_id: str | None
    situation: Situation


def _case(world: Installation, call: HookCall, asking: Asking) -> _Case | None:
    practice_id = call.caller.client.practice_id
    with world.db.read(practice_id) as session:
        practice = practices.get(session, practice_id)
        today = call.now.astimezone(practice.zone).date()
        month = ServiceMonth.containing(today)
        known = _known(world, session, asking, month)
    stored = known.material.chart if known is not None and known.material is not None else None
    chart = read_card_chart(world, asking, stored, encounters_since(today))
    material = _material(practice, month, known, chart)
    judgement, _ = try_judge(world, material)
    if judgement is None:
        return None
    if _began_before(world, judgement, chart, today):
        chart = with_all_encounters(world, asking, chart)
        judgement, _ = try_judge(world, replace(material, chart=chart.facts))
    if judgement is None:
        return None
    situation = Situation(
        month=month,
        today=today,
        judgement=judgement,
        signed=_signed(known),
        kept=chart.kept,
    )
    return _Case(
        practice=practice,
        patient_id=known.patient.id if known else None,
        situation=situation,
    )


def _known(
    world: Installation, session: Session, asking: Asking, month: ServiceMonth
) -> Gathered | None:
    ehr = asking.ehr
    patient = patients.find_by_fhir_id(session, ehr.practice_id, ehr.id, asking.view.patient_id)
    if patient is None:
        return None
    return gather(world, session, ehr.practice_id, patient.id, month)


def _material(
    practice: Practice, month: ServiceMonth, known: Gathered | None, chart: CardChart
) -> Material:
    if known is not None and known.material is not None:
        return replace(known.material, chart=chart.facts)
    return Material(
        practice=practice,
        month=month,
        chart=chart.facts,
        entries=known.entries if known else (),
        attested=frozenset(),
        own_claims=frozenset(),
        choice=known.choice.choice if known else STANDARD_CHOICE,
        mdm=None,
        biller_id=None,
    )


def _began_before(world: Installation, judgement: Judgement, chart: CardChart, today: date) -> bool:
    """Whether the visit that is missed may lie before the encounters that were sent."""
    eligibility = judgement.eligibility
    given = eligibility.consent.given_on if eligibility.consent else None
    if chart.has_all_encounters or given is None:
        return False
    if eligibility.finding(Criterion.INITIATING_VISIT).answer is Answer.MET:
        return False
    rule = world.rulebook.eligibility_rule(judgement.decision.month.last_day)
    seen_days = (given.earliest - encounters_since(today)).days
    return seen_days < rule.initiating_visit_within_days


def _signed(known: Gathered | None) -> Signed | None:
    if known is None or known.sign_off is None or known.claim is None:
        return None
    lines = read_claim(known.claim).lines
    return Signed(
        codes=tuple((line.code, line.units) for line in lines),
        on=known.sign_off.signed_at.astimezone(known.practice.zone).date(),
    )


def _issued(
    world: Installation, call: HookCall, case: _Case, words: Words, view: PatientView
) -> Card:
    now, client = world.clock(), call.caller.client
    card = IssuedCard(
        id=str(uuid4()),
        client_id=client.id,
        patient_id=case.patient_id,
        kind=words.kind,
        month=str(case.situation.month),
        issued_at=now,
    )
    with world.db.write(client.practice_id) as session:
        people = users.list_all(session, client.practice_id)
        theirs = (u for u in people if (u.ehr_id, u.fhir_user) == (client.ehr_id, view.user))
        person = next(theirs, None)
        cds_cards.issue(session, client.practice_id, card)
        audit.append(
            session,
            world.audit_key,
            client.practice_id,
            AuditEntry(
                act="give_card",
                user_id=person.id if person else None,
                patient_id=case.patient_id,
            ),
            now,
        )
    return _card(world, card.id, words, case.situation.month)


def _card(world: Installation, card_id: str, words: Words, month: ServiceMonth) -> Card:
    system = f"{world.cds_services_url}/override-reasons"
    return Card(
        uuid=card_id,
        summary=words.summary,
        detail=words.detail,
        indicator=words.indicator,
        source=Source(label=LABEL, url=f"{world.base_url}/"),
        links=(
            SmartLink(
                label="Open chronic care management",
                url=world.launch_url,
                app_context=spell(AppContext(view=words.view, month=month)),
            ),
        ),
        override_reasons=tuple(
            Coding(code=code, system=system, display=display)
            for code, display in OVERRIDE_REASONS.items()
        ),
    )
