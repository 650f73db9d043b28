"""Where the patient is seen, whose place of service stands on the claim; and saying otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.services.patient_location import PlacedAt
from ccm_fhir.services.patient_month import PatientMonthReview
from smart_app.views.formats import month_name
from smart_app.views.forms import Attempt, ChoiceView, attempted, key_of, messages

PLACE = "place"
PLACE_FIELDS = ("location_id",)
AS_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFormView:
    """The form that says where the patient is seen; ``is_open`` after it was refused."""

    form_key: str
    month: str
    choices: tuple[ChoiceView, ...]
    message: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLocationView:
    """Where the patient is seen, why, and the form; None where there is nothing to choose."""

    said: str
    why: str
    form: PlaceFormView | None


def patient_location(
    review: PatientMonthReview, page_key: str, attempt: Attempt | None
) -> PatientLocationView:
    """Return where the patient is seen in the month; of a signed month, as it was signed."""
    claim, placed = review.claim, review.placed
    if claim is not None and claim.place_of_service:
        said = f"Place of service on the claim: {claim.place_of_service}, {claim.location}."
        return PatientLocationView(said=said, why="", form=None)
    location = placed.location
    is_choosable = len(placed.offered) > 1 or placed.since is not None
    return PatientLocationView(
        said=f"Seen at {location.name}: place of service {location.place_of_service}.",
        why=_why(placed, is_choosable=is_choosable),
        form=_form(review, page_key, attempt) if is_choosable and review.may_place else None,
    )


def _why(placed: PlacedAt, *, is_choosable: bool) -> str:
    if placed.since is not None:
        return f"It was chosen for this patient from {month_name(placed.since)} on."
    if is_choosable:
        return "This is the practice’s default location: no other is chosen for this patient."
    return ""


def _form(review: PatientMonthReview, page_key: str, attempt: Attempt | None) -> PlaceFormView:
    mine, placed = attempted(PLACE, attempt), review.placed
    stands = AS_DEFAULT if placed.of_default else placed.location.id
    chosen = stands if mine is None else mine.typed.get("location_id", "")
    offered = {AS_DEFAULT: "The practice’s default location"}
    offered |= {one.id: f"{one.name} (place {one.place_of_service})" for one in placed.offered}
    return PlaceFormView(
        form_key=key_of(page_key, PLACE) if mine is None else mine.form_key,
        month=month_name(review.month),
        choices=tuple(
            ChoiceView(value=value, label=label, is_chosen=value == chosen)
            for value, label in offered.items()
        ),
        message=messages(mine, PLACE_FIELDS)["location_id"],
        is_open=mine is not None,
    )
