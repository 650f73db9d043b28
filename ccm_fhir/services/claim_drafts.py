"""From a signed claim to the draft that a file is written from.

What was signed stays as it was signed: codes, units, charges, diagnoses, dates, NPIs. What says
who the practice, the practitioner and the patient are to the payer is read as it stands now, so
that what a person mends there is in the next file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from sqlmodel import Session

from ccm_fhir.domain.claims import (
    Address,
    BillingDetails,
    ClaimDraft,
    Frequency,
    Obstacle,
    PersonName,
    RelatedClaim,
    Subscriber,
)
from ccm_fhir.domain.codes import Setting
from ccm_fhir.domain.facts import PatientFact
from ccm_fhir.domain.mbi import plain_mbi
from ccm_fhir.services.claim_ahead import own_names_of
from ccm_fhir.services.claim_chains import payer_numbers
from ccm_fhir.services.claim_record import draft_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.leaving_claim import scrubbed
from ccm_fhir.services.plan_claim import may_be_there
from ccm_fhir.storage import charts, claims, keyed, sign_offs
from ccm_fhir.storage.claims import ClaimRecord
from ccm_fhir.storage.deliveries import DeliveryRecord, of_artefacts
from ccm_fhir.storage.users import AppUser
from ccm_fhir.storage.vocabulary import ArtefactKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Billers:
    """Who bills: the practice's details, its people by our ids, and their names in parts.

    ``asked_for`` are claims whose filing a person asked for with a reason, though an earlier one
    may have gone another way.
    """

    practice_id: str
    details: BillingDetails
    setting: Setting
    people: Mapping[str, AppUser]
    names: Mapping[str, PersonName]
    keyed_deliveries: frozenset[str]
    asked_for: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A signed claim on its way into a file; without a draft its obstacles say why."""

    claim: ClaimRecord
    draft: ClaimDraft | None = field(repr=False)
    obstacles: tuple[Obstacle, ...]


_NOT_KEPT = Obstacle(
    code="signed_before_claim_files",
    owner="biller",
    fix="The month was signed with an earlier release, which did not keep the whole claim; key it "
    "in from the superbill.",
)
_KEYED = Obstacle(
    code="claim_keyed_by_hand",
    owner="biller",
    fix="Somebody has marked this claim as keyed in by hand; in a file it would be billed twice. "
    "Look at the mark on the page of claims on their way, and leave it out of files.",
)
_WENT_TO_EHR = Obstacle(
    code="claim_went_to_ehr_before",
    owner="biller",
    fix="The claim was signed before the practice said that claims leave by file, and the EHR was "
    "told of it: it may have been billed there. See whether it was; if not, file it with --again "
    "and the reason.",
)
_NO_CHART = Obstacle(
    code="subscriber_missing",
    owner="biller",
    fix="A claim file says who the patient is, and the chart was never read; open the patient from "
    "the EHR.",
)


def keyed_by_hand(session: Session, practice_id: str) -> frozenset[str]:
    """Return the deliveries that somebody marked as keyed in by hand."""
    return frozenset(keyed.of_practice(session, practice_id))


def candidate(
    world: Installation, session: Session, billers: Billers, claim: ClaimRecord, filed_on: date
) -> Candidate:
    """Return a claim's draft as a file would take it, and what keeps it back before that."""
    signed = draft_of(claim)
    chart = charts.latest(session, billers.practice_id, claim.patient_id)
    if signed is None or chart is None:
        why = _NOT_KEPT if signed is None else _NO_CHART
        return Candidate(claim=claim, draft=None, obstacles=(why,))
    signed = replace(signed, related=_numbered(session, claim, signed))
    signer = _signer(session, billers, claim, signed)
    draft = _whole(signed, billers, signer, chart.facts.patient)
    month = _of_the_month(session, claim)
    ways = of_artefacts(session, claim.practice_id, ArtefactKind.CLAIM, [one.id for one in month])
    sent = tuple(one for one in ways if one.artefact_id == claim.id)
    is_keyed = any(one.id in billers.keyed_deliveries for one in sent)
    obstacles = (
        *((_KEYED,) if is_keyed else ()),
        *((_WENT_TO_EHR,) if _may_be_billed_there(billers, claim, sent) else ()),
        *scrubbed(world, own_names_of(world, month, ways), draft, chart.facts, filed_on),
    )
    return Candidate(claim=claim, draft=draft, obstacles=obstacles)


def _of_the_month(session: Session, claim: ClaimRecord) -> tuple[ClaimRecord, ...]:
    """Return the revisions of a claim's patient-month; of a first one, that alone."""
    if claim.revision == 1:
        return (claim,)
    return claims.of_month(session, claim.practice_id, claim.month, [claim.patient_id])


def _numbered(session: Session, claim: ClaimRecord, signed: ClaimDraft) -> RelatedClaim | None:
    """Return the earlier claim with the payer's number of it, should it have come meanwhile."""
    related = signed.related
    if related is None or related.payer_control_number:
        return related
    earlier = claims.find_by_identifier(session, claim.practice_id, related.identifier)
    if earlier is None:
        return related
    told = payer_numbers(session, claim.practice_id, [earlier.id])
    return replace(related, payer_control_number=told.get(earlier.id, ""))


def _signer(session: Session, billers: Billers, claim: ClaimRecord, signed: ClaimDraft) -> str:
    """Return who renders: whoever signed; of a void, whoever signed what it takes back."""
    if signed.frequency is Frequency.VOID:
        renders = signed.parties.practitioner_ref
        found = [one.id for one in billers.people.values() if one.fhir_user == renders]
        if found:
            return found[0]
    return sign_offs.get(session, billers.practice_id, claim.sign_off_id).user_id


def _may_be_billed_there(
    billers: Billers, claim: ClaimRecord, sent: tuple[DeliveryRecord, ...]
) -> bool:
    is_asked_for = claim.identifier in billers.asked_for
    return not is_asked_for and any(may_be_there(one) for one in sent)


def _whole(signed: ClaimDraft, billers: Billers, signer: str, patient: PatientFact) -> ClaimDraft:
    person = billers.people.get(signer)
    taxonomy = signed.parties.practitioner_taxonomy or (person.taxonomy if person else "")
    is_clinic = billers.setting is Setting.RHC_FQHC  # what the claim itself says is kept otherwise
    parties = replace(
        signed.parties,
        setting=billers.setting if is_clinic else signed.parties.setting,
        billing=billers.details,
        practitioner_name=billers.names.get(signer),
        practitioner_taxonomy=taxonomy,
        subscriber=_subscriber(patient),
    )
    return replace(signed, parties=parties)


def _subscriber(patient: PatientFact) -> Subscriber:
    name, born, place = patient.legal_name, patient.birth_date, patient.address
    given = name.given if name else ()
    return Subscriber(
        mbi=plain_mbi(patient.mbi),
        name=PersonName(
            family=name.family if name else "",
            given=given[0] if given else "",
            middle=" ".join(given[1:]),
            suffix=name.suffix if name else "",
        ),
        birth_date=born.earliest if born is not None and born.is_exact else None,
        gender=patient.gender,
        address=None
        if place is None
        else Address(
            line=place.lines[0] if place.lines else "",
            line2=" ".join(place.lines[1:]),
            city=place.city,
            state=place.state.strip().upper(),
            postal_code=place.postal_code,
        ),
    )
