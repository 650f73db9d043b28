"""Patients as the launcher, the picker and the chart's banner print them."""

from dataclasses import dataclass, field
from typing import Any

from fhir_fixtures.sandbox.box import Box
from fhir_fixtures.sandbox.gateway.interaction import is_fhir_id
from fhir_fixtures.sandbox.upstream import UpstreamRequest

MAX_PATIENTS = "1000"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientView:
    """One patient; `shows` and `expect` are empty for those outside the cast."""

    id: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    gender: str = field(repr=False)
    record_number: str = field(repr=False)
    shows: str = ""
    expect: str = ""

    def matches(self, sought: str) -> bool:
        """Whether every word sought occurs somewhere in what is shown."""
        shown = f"{self.name} {self.birth_date} {self.record_number} {self.shows}".casefold()
        return all(word in shown for word in sought.casefold().split())


async def read_patients(box: Box) -> tuple[PatientView, ...]:
    """All patients: the cast first and in its order, then the others by name."""
    response = await box.upstream.send(
        UpstreamRequest(
            method="GET", path="Patient", params=(("_count", MAX_PATIENTS),), headers={}
        )
    )
    entries = response.json().get("entry", []) if response.is_success else []
    patients = [
        view_patient(each["resource"], box)
        for each in entries
        if each.get("resource", {}).get("resourceType") == "Patient"
    ]
    place = {each.patient_id: number for number, each in enumerate(box.practice.cast)}
    return tuple(sorted(patients, key=lambda each: (place.get(each.id, len(place)), each.name)))


async def read_patient(box: Box, patient_id: str) -> PatientView | None:
    """The patient of that id, if there is one."""
    if not is_fhir_id(patient_id):
        return None
    response = await box.upstream.send(
        UpstreamRequest(method="GET", path=f"Patient/{patient_id}", headers={})
    )
    return view_patient(response.json(), box) if response.is_success else None


def view_patient(patient: dict[str, Any], box: Box) -> PatientView:
    """A Patient resource as it is printed."""
    member = next((each for each in box.practice.cast if each.patient_id == patient["id"]), None)
    return PatientView(
        id=patient["id"],
        name=_name(patient),
        birth_date=patient.get("birthDate", "unknown"),
        gender=patient.get("gender", "unknown"),
        record_number=_record_number(patient),
        shows=member.shows if member else "",
        expect=member.expect if member else "",
    )


def _name(patient: dict[str, Any]) -> str:
    names = patient.get("name", [])
    name = next((each for each in names if each.get("use") == "official"), (names or [{}])[0])
    given = " ".join(name.get("given", []))
    return name.get("text") or f"{given} {name.get('family', '')}".strip() or "(no name)"


def _record_number(patient: dict[str, Any]) -> str:
    identifiers = patient.get("identifier", [])
    for each in identifiers:
        if any(coding.get("code") == "MR" for coding in each.get("type", {}).get("coding", [])):
            return str(each.get("value", ""))
    return str(identifiers[0].get("value", "")) if identifiers else patient["id"]
