"""Forms as they are shown: what was typed, what is wrong with it, and what may be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self
from uuid import UUID, uuid5

from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.errors import ConflictError, InputError
from smart_app.views.consent_words import STATEMENTS
from smart_app.views.formats import sentence
from smart_app.views.wording import ACTIVITIES, CONTACTS, CRITERIA

TIME_FIELDS = (
    "started_on",
    "start_time",
    "minutes",
    "activity",
    "contact_mode",
    "note",
    "overlap_seen",
)
CORRECTION_FIELDS = (*TIME_FIELDS, "seconds", "reason")
_UNPROCESSABLE = 422
_CONFLICT = 409
_LABELS = (
    {criterion.value: title for criterion, title in CRITERIA.items()}
    | {
        "started_on": "Date",
        "start_time": "Start time",
        "minutes": "Minutes",
        "activity": "Activity",
        "contact_mode": "Contact with the patient",
        "note": "Note",
        "seconds": "Seconds",
        "overlap_seen": "Work at the same time",
        "late_after_days": "Days after the work",
        "longest_minutes": "Longest entry",
        "after_month_end": "A month that is over",
        "reason": "Reason",
        "answer": "Judgement",
        "family": "Disease",
        "decision": "Decision",
        "told": "Statements",
        "decided_on": "Date",
        "mode": "How",
        "language": "Language",
        "other_language": "Another language",
        "given_by": "By whom",
        "representative_name": "Representative’s name",
        "representative_relation": "Relation to the patient",
        "change_reason": "Reason of the correction",
        "rationale": "Rationale",
        "dos_policy": "Date of service",
        "from_month": "From",
        "name": "Name",
        "npi": "NPI",
        "place_of_service": "Place of service",
        "locality": "Fee schedule locality",
        "time_zone": "Time zone",
        "location_id": "Location",
        "access_24_7": "Access at any hour",
        "certified_ehr": "Certified EHR",
        "designated_team_member": "Designated team member",
        "attested_on": "Stated on",
        "code": "Code",
        "amount": "Amount",
        "in_force_from": "From",
        "care_manager": "Care managers",
        "practitioner": "Billing practitioners",
        "role": "Role",
        "taxonomy": "Taxonomy",
        "url": "FHIR base URL",
        "client_auth": "Kind of client",
        "client_id": "Client id",
        "client_secret": "Secret",
        "sure": "Confirmation",
        "ehr_number": "The EHR’s number",
        "file": "The file",
        "text": "Text",
        "element": "Where it belongs",
        "target": "Target",
        "due_on": "Due by",
        "performer": "Who does it",
        "next_on": "Next",
        "outcome": "Outcome",
        "given_on": "Given on",
        "given_to": "Given to",
        "way": "How",
        "message": "Message",
    }
    | STATEMENTS
)
_LABELS_OF_FORMS = {("mdm", "answer"): "Level", ("choice", "family"): "What is reported"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One thing wrong with a form; ``target`` is the id of the field to go to, if it has one.

    ``message`` stands beside the field; ``summary``, far from it, names the field too.
    """

    field: str
    target: str
    message: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A form that was sent and could not be taken: which, what it held, what was wrong."""

    form: str
    form_key: str
    typed: Mapping[str, str] = field(repr=False)
    wrong: tuple[Wrong, ...]
    status: int = _UNPROCESSABLE
    ticked: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, form: str, form_key: str, typed: Mapping[str, str], problem: InputError | ConflictError
    ) -> Self:
        """Return a form that a use case refused."""
        if isinstance(problem, ConflictError):
            wrongs, status = (wrong(form, "", problem.problem),), _CONFLICT
        else:
            wrongs, status = (wrong(form, problem.field, problem.problem),), _UNPROCESSABLE
        return cls(form=form, form_key=form_key, typed=typed, wrong=wrongs, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceView:
    """One thing that may be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormView:
    """The form for typed time; ``values`` and ``messages`` hold every field's name.

    ``asks_overlap``: somebody else worked for the patient then, and the person is asked.
    """

    id: str
    has_seconds: bool
    asks_overlap: bool
    form_key: str
    values: dict[str, str] = field(repr=False)
    messages: dict[str, str]
    earliest: str
    latest: str
    activities: tuple[ChoiceView, ...]
    contacts: tuple[ChoiceView, ...]


def wrong(form: str, name: str, problem: str) -> Wrong:
    """Return a field's problem, with the id of the field it is about."""
    known = name in _LABELS
    label = _LABELS_OF_FORMS.get((form, name)) or _LABELS.get(name, "")
    message = sentence(problem)
    return Wrong(
        field=name if known else "",
        target=f"{form}-{name}" if known else "",
        message=message,
        summary=f"{label}: {message}" if known else message,
    )


def attempted(form: str, attempt: Attempt | None) -> Attempt | None:
    """Return what was refused of one form; None where another was, or none."""
    return attempt if attempt is not None and attempt.form == form else None


def key_of(page_key: str, form: str) -> str:
    """Return one form's key on one printing of a page: the same form sent twice says so."""
    return str(uuid5(UUID(page_key), form))


def time_form(
    month: ServiceMonth, today: date, page_key: str, attempt: Attempt | None
) -> TimeFormView:
    """Return the form for typed time, as it was left if it has just been refused."""
    default = today.isoformat() if ServiceMonth.containing(today) == month else ""
    blank = dict.fromkeys(TIME_FIELDS, "") | {"started_on": default}
    span = month.first_day.isoformat(), min(month.last_day, today).isoformat()
    return _time_form("time", blank, span, page_key, attempt)


def correction_form(
    holds: Mapping[str, str], today: date, page_key: str, attempt: Attempt | None
) -> TimeFormView:
    """Return the form that corrects an entry, filled with what holds now."""
    blank = dict.fromkeys(CORRECTION_FIELDS, "") | dict(holds)
    return _time_form("correct", blank, ("", today.isoformat()), page_key, attempt)


def _time_form(
    form: str,
    blank: dict[str, str],
    span: tuple[str, str],
    page_key: str,
    attempt: Attempt | None,
) -> TimeFormView:
    mine = attempted(form, attempt)
    values = blank if mine is None else blank | {name: mine.typed.get(name, "") for name in blank}
    found = messages(mine, tuple(blank))
    return TimeFormView(
        id=form,
        has_seconds="seconds" in blank,
        asks_overlap=bool(found["overlap_seen"] or values["overlap_seen"]),
        form_key=key_of(page_key, form) if mine is None else mine.form_key,
        values=values,
        messages=found,
        earliest=span[0],
        latest=span[1],
        activities=tuple(
            ChoiceView(value=a.value, label=label, is_chosen=values["activity"] == a.value)
            for a, label in ACTIVITIES.items()
        ),
        contacts=tuple(
            ChoiceView(
                value=mode.value,
                label=label[0].upper() + label[1:],
                is_chosen=values["contact_mode"] == mode.value,
            )
            for mode, label in CONTACTS.items()
        ),
    )


def messages(attempt: Attempt | None, names: tuple[str, ...]) -> dict[str, str]:
    """Return what is wrong with each named field of a form; empty where nothing is."""
    found = {} if attempt is None else {w.field: w.message for w in attempt.wrong}
    return {name: found.get(name, "") for name in names}
