"""One patient's chart, asked for by the planned searches and read into facts.

Where the server takes batches, one request asks for everything; else the types are asked for
by themselves, several at a time. A type that may not or cannot be asked for is ``Unread`` with
the reason, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from ccm_fhir.domain.facts import ChartFacts, PatientFact, Skipped, Unread
from ccm_fhir.errors import (
    EhrFormatError,
    EhrHttpError,
    EhrUnreachableError,
    FhirError,
    ForbiddenOriginError,
)
from ccm_fhir.fhir.batches import READING, BatchAnswer
from ccm_fhir.fhir.bundles import Found, Resource, latest_of_each, read_resource
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.charting import chart_of, whose
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.extract import extract
from ccm_fhir.fhir.planning import NotAsked, Search, plan_searches, takes_batches
from ccm_fhir.fhir.scopes import spelled_scope

MAX_PARALLEL = 4
_READING = "reading Patient"
_PARTIAL = "the EHR says that it returned only a part"
_OPEN = BatchAnswer()
_NOTHING = Found(())


@dataclass(frozen=True, slots=True)
class _Answer:
    found: Found = _NOTHING
    unread: Unread | None = None


def read_chart(
    client: FhirClient,
    patient_id: str,
    *,
    scopes: frozenset[str],
    now: datetime,
    capability: Capability | None = None,
) -> ChartFacts:
    """Read everything that a decision about one patient rests on.

    Args:
        client: with a token that may read the patient.
        patient_id: the Patient's id.
        scopes: as granted; a type that none of them allows is not asked for.
        now: becomes ``read_at``; results are asked for back from its day.
        capability: what the server says it can do; None: unknown.

    Raises:
        EhrHttpError, EhrUnreachableError: the Patient itself cannot be read.
        EhrFormatError: the EHR answered with another patient, or one that cannot be read.
        ForbiddenOriginError: the base lies outside the pinned origins.
    """
    planned = plan_searches(capability, scopes, on=now.date())
    searches = tuple(each for each in planned if isinstance(each, Search))
    asking = _Asking(client, patient_id, scopes)
    first, *rest = asking.at_once(searches, wanted=takes_batches(capability))
    resource = asking.patient(first)
    patient = extract(resource.raw, client.base_url)
    if not isinstance(patient, PatientFact):
        why = patient.reason if isinstance(patient, Skipped) else "it is none"
        raise EhrFormatError(_READING, why)
    with ThreadPoolExecutor(MAX_PARALLEL, thread_name_prefix="chart") as pool:
        answers = tuple(pool.map(asking.ask, searches, rest))
    return chart_of(
        whose(patient, resource),
        latest_of_each(r for answer in answers for r in answer.found.resources),
        (
            *(_unread(each, each.reason) for each in planned if isinstance(each, NotAsked)),
            *(answer.unread for answer in answers if answer.unread),
        ),
        base_url=client.base_url,
        now=now,
    )


def patients(
    client: FhirClient, parameters: Mapping[str, str] | None = None
) -> Iterator[PatientFact | Skipped]:
    """Yield every patient that a token may see, each once.

    Args:
        client: with a token of our own (``system/Patient.rs``).
        parameters: a narrower search, for servers that demand one.

    Raises:
        as ``FhirClient.search``.
    """
    for resource in client.search("Patient", parameters or {"_count": "100"}):
        fact = extract(resource.raw, client.base_url)
        if isinstance(fact, PatientFact | Skipped):
            yield fact


@dataclass(frozen=True, slots=True)
class _Asking:
    """One patient being asked for, with one token."""

    client: FhirClient
    patient_id: str
    scopes: frozenset[str]

    @property
    def patient_address(self) -> str:
        return f"Patient/{quote(self.patient_id, safe='')}"

    def at_once(self, searches: Sequence[Search], *, wanted: bool) -> tuple[BatchAnswer, ...]:
        """Return the answers to the patient and the searches; open ones where not to be had.

        A server that refuses the batch, or does not understand it, is asked one by one.
        """
        addresses = (self.patient_address, *(each.query(self.patient_id) for each in searches))
        if wanted:
            with suppress(EhrHttpError, EhrFormatError, EhrUnreachableError):
                return self.client.batch(addresses)
        return (_OPEN,) * len(addresses)

    def patient(self, answer: BatchAnswer) -> Resource:
        if answer.is_ok:
            resource = read_resource(answer.body, "Patient")
            if (resource.type, resource.id) == ("Patient", self.patient_id):
                return resource
        return self.client.read("Patient", self.patient_id)

    def ask(self, search: Search, answer: BatchAnswer) -> _Answer:
        """Return what a search finds, beginning with what a batch has already answered."""
        try:
            if not answer.is_ok and not answer.is_open:
                raise EhrHttpError(READING, answer.status, outcome_code=answer.outcome_code)
            found = self._found(search, answer)
        except FhirError as problem:
            return _Answer(unread=_unread(search, self._because(problem, search)))
        return _Answer(found, _unread(search, _PARTIAL) if found.is_partial else None)

    def _found(self, search: Search, answer: BatchAnswer) -> Found:
        first = answer.body if answer.is_ok and not answer.is_open else None
        found = self.client.find(search.query(self.patient_id), first)
        if found.resources or not search.or_plain:
            return found
        with suppress(FhirError):
            plain = Search(resource_type=search.resource_type)
            return self.client.find(plain.query(self.patient_id))
        return found

    def _because(self, problem: FhirError, search: Search) -> str:
        match problem:
            case EhrUnreachableError():
                return "the EHR did not answer"
            case ForbiddenOriginError():
                return "its further pages lie on another server, which was not asked"
            case EhrFormatError(problem=what):
                return f"the EHR's answer cannot be read: {what}"
            case EhrHttpError() as refusal:
                return _refused(refusal, spelled_scope(self.scopes, search.resource_type))
            case _:
                return str(problem)


def _refused(refusal: EhrHttpError, scope: str) -> str:
    reasons = {
        401: "the EHR no longer accepts the token",
        403: f"the EHR refuses it; it may need scope {scope}",
        404: "the EHR does not offer it",
        405: "the EHR does not offer it",
        501: "the EHR does not offer it",
    }
    detail = f" ({refusal.outcome_code})" if refusal.outcome_code else ""
    return reasons.get(refusal.status, f"the EHR answered {refusal.status}{detail}")


def _unread(asked: Search | NotAsked, reason: str) -> Unread:
    part = f"{asked.part}: " if asked.part else ""
    return Unread(asked.resource_type, f"{part}{reason}")
