"""Where a patient is seen in a month: where a person said, else the practice's default.

It decides the place of service on the claim: where the practitioner would ordinarily see the
patient face to face (CMS-FAQ-2016). Days and months begin by the practice's clock all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.auditing import audited
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.month_locks import refuse_locked
from ccm_fhir.services.signed_months import is_signed
from ccm_fhir.storage import locations, patient_locations, practices, sign_offs
from ccm_fhir.storage.locations import Location
from ccm_fhir.storage.patient_locations import NewPatientLocation, PatientLocation

PLACERS = (Role.CARE_MANAGER, Role.PRACTITIONER, Role.BILLER, Role.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationOffered:
    """A location that may be chosen for a patient."""

    id: str
    name: str
    place_of_service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAt:
    """Where a patient-month is; ``since`` is the month from which a person said so, or None.

    ``of_default`` says that it is the practice's default, whoever said so.
    """

    location: Location
    since: ServiceMonth | None
    of_default: bool
    offered: tuple[LocationOffered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the patients of a practice are seen in a month."""

    locations: tuple[Location, ...]
    said: Mapping[str, PatientLocation]

    def of(self, patient_id: str) -> PlacedAt:
        """Return where a patient is seen: as said, else (or once taken back) the default."""
        default, said = self.locations[0], self.said.get(patient_id)
        wanted = None if said is None else said.location_id
        found = next((one for one in self.locations if one.id == wanted), default)
        return PlacedAt(
            location=found,
            since=None if said is None or wanted is None else said.month,
            of_default=wanted is None,
            offered=tuple(
                LocationOffered(id=one.id, name=one.name, place_of_service=one.place_of_service)
                for one in self.locations
                if one.is_active
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePatient:
    """Where a patient is seen from a month on; ``location_id`` None is the default again."""

    patient_id: str
    month: ServiceMonth
    location_id: str | None
    form_key: str


def places_in(
    session: Session, practice_id: str, month: ServiceMonth, patient_id: str | None = None
) -> Places:
    """Return where patients are seen in a month: one of them, or all."""
    return Places(
        locations=locations.of_practice(session, practice_id),
        said=patient_locations.in_force(session, practice_id, month, patient_id),
    )


def place_patient(world: Installation, actor: Actor, request: PlacePatient, now: datetime) -> None:
    """Record where a patient is seen from a month on; the same form twice records once.

    Raises:
        NotAllowedError: an analyst.
        NotFoundError: no such patient or location in this practice.
        InputError: the location is closed.
        ConflictError: a month of the patient from then on is signed, or the month is locked.
    """
    actor.must_be("saying where a patient is seen", *PLACERS)
    new = NewPatientLocation(
        patient_id=request.patient_id,
        month=request.month,
        location_id=request.location_id,
        user_id=actor.user_id,
        form_key=request.form_key,
    )
    with world.db.write(actor.practice_id) as session:
        audited(world, session, actor, f"place_patient {request.month}", request.patient_id)
        if patient_locations.find_by_form(session, actor.practice_id, new.form_key) is None:
            _refuse_impossible(session, actor.practice_id, request)
        patient_locations.record(session, actor.practice_id, new, now)


def _refuse_impossible(session: Session, practice_id: str, request: PlacePatient) -> None:
    if request.location_id is not None:
        location = locations.get(session, practice_id, request.location_id)
        if not location.is_active:
            raise InputError("location_id", "This location is closed; choose one that is open.")
    signed = [
        month
        for month in sign_offs.signed_months(session, practice_id, request.patient_id)
        if is_signed(session, practice_id, request.patient_id, month)
    ]
    if signed and signed[-1] >= request.month:
        raise ConflictError(
            f"The patient's months are signed up to {signed[-1]}, with the place that held then. "
            f"Choose the location from {signed[-1].next()} on."
        )
    practice = practices.get(session, practice_id)
    refuse_locked(session, practice, request.patient_id, request.month)
