"""The chart behind a card: what came with the call, what could be asked for, what we have.

A resource that is not known to be this patient's is never used. A type that cannot be had is
UNKNOWN, or, for a patient whom we know, as it was when the chart was last read.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import TypeVar

import msgspec

from ccm_fhir.domain.facts import (
    CarePlanFact,
    ChartFacts,
    ConditionFact,
    ConsentFact,
    CoverageFact,
    EncounterFact,
    EvidenceRef,
    Fact,
    PatientFact,
    Unread,
)
from ccm_fhir.errors import EhrFormatError, EhrHttpError, FhirError, HookError
from ccm_fhir.fhir.bundles import Resource
from ccm_fhir.fhir.cds_hooks.prefetch import KEYS, SEARCHES, Found, read_prefetch, sort_out
from ccm_fhir.fhir.cds_hooks.request import FhirAuthorization, PatientView
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.planning import plan_searches
from ccm_fhir.fhir.retrying import Patience
from ccm_fhir.fhir.scopes import any_allows
from ccm_fhir.services.cds_desk import Deadline
from ccm_fhir.services.ehr_access import gate_of
from ccm_fhir.services.installation import Installation
from ccm_fhir.storage.ehrs import Ehr

_ESSENTIAL = ("Patient", "Condition")
_MOST_PAGES = 20
_LARGEST_ANSWER_BYTES = 8 * 1024 * 1024
_EVERYTHING = frozenset({"patient/*.rs"})
_Kind = TypeVar("_Kind", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call: which EHR asks about whom, and by when it must be answered."""

    ehr: Ehr = field(repr=False)
    view: PatientView
    now: datetime
    deadline: Deadline

    @property
    def patient(self) -> str:
        """The patient as ``Patient/id``."""
        return f"Patient/{self.view.patient_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChart:
    """A chart, with what is older or narrower in it than the page's own reading would be.

    ``kept`` names the types that are as last read; ``has_all_encounters`` is False where the
    EHR sent those since a day only.
    """

    facts: ChartFacts = field(repr=False)
    kept: tuple[str, ...] = ()
    was_fetched: bool = False
    has_all_encounters: bool = False


def read_card_chart(
    world: Installation, asking: Asking, stored: ChartFacts | None, since: date
) -> CardChart:
    """Return the patient's chart for a card.

    Args:
        world: the installation.
        asking: the call.
        stored: the chart as last read, where the patient is one of ours.
        since: the day from which on encounters were asked for beforehand.

    Raises:
        HookError: data_missing: not even the patient and the conditions can be had.
    """
    sent = read_prefetch(asking.view, asking.ehr.fhir_base)
    missing = tuple(kind for kind in KEYS.values() if kind not in sent)
    answers = _fetched(world, asking, missing)
    found = sent | {one.resource_type: one for one in answers if isinstance(one, Found)}
    gaps = tuple(one for one in answers if isinstance(one, Unread))
    if stored is None and any(gap.resource_type in _ESSENTIAL for gap in gaps):
        raise HookError("data_missing")
    return CardChart(
        facts=_composed(asking, found, gaps, stored, since),
        kept=tuple(gap.resource_type for gap in gaps) if stored else (),
        was_fetched=bool(missing) and len(gaps) < len(missing),
        has_all_encounters="Encounter" not in sent or stored is not None,
    )


def with_all_encounters(world: Installation, asking: Asking, chart: CardChart) -> CardChart:
    """Return a chart whose encounters do not begin with the last year; UNKNOWN where they must."""
    (answer,) = _fetched(world, asking, ("Encounter",))
    if isinstance(answer, Unread):
        reason = "the EHR sent those of the past year, and care management began before"
        gap = Unread("Encounter", reason)
        facts = msgspec.structs.replace(chart.facts, unread=(*chart.facts.unread, gap))
        return CardChart(facts=facts, kept=chart.kept, has_all_encounters=True)
    facts = msgspec.structs.replace(
        chart.facts,
        encounters=_of(EncounterFact, answer.facts),
        skipped=(
            *(s for s in chart.facts.skipped if s.resource_type != "Encounter"),
            *answer.skipped,
        ),
    )
    return CardChart(facts=facts, kept=chart.kept, was_fetched=True, has_all_encounters=True)


def _composed(
    asking: Asking,
    found: dict[str, Found],
    gaps: tuple[Unread, ...],
    stored: ChartFacts | None,
    since: date,
) -> ChartFacts:
    base = stored or ChartFacts(
        patient=PatientFact(ref=EvidenceRef("Patient", asking.view.patient_id)),
        read_at=asking.now,
        unread=_not_asked(asking.now.date()),
    )
    facts = tuple(fact for one in found.values() for fact in one.facts)
    gone = () if stored else gaps

    def newest(kind: type[_Kind], resource_type: str, last: tuple[_Kind, ...]) -> tuple[_Kind, ...]:
        return _of(kind, facts) if resource_type in found else last

    return msgspec.structs.replace(
        base,
        patient=next(iter(_of(PatientFact, facts)), base.patient),
        read_at=asking.now,
        conditions=newest(ConditionFact, "Condition", base.conditions),
        coverages=newest(CoverageFact, "Coverage", base.coverages),
        consents=_consents(newest(ConsentFact, "Consent", base.consents), base.consents),
        encounters=_encounters(
            newest(EncounterFact, "Encounter", base.encounters), base.encounters, since
        ),
        care_plans=newest(CarePlanFact, "CarePlan", base.care_plans),
        skipped=(
            *(s for s in base.skipped if s.resource_type not in found),
            *(skipped for one in found.values() for skipped in one.skipped),
        ),
        unread=(*(u for u in base.unread if u.resource_type not in found), *gone),
    )


def _not_asked(today: date) -> tuple[Unread, ...]:
    """Return what the page would read and a card does not ask for: it is not known to be absent."""
    planned = plan_searches(None, _EVERYTHING, on=today)
    kinds = dict.fromkeys(each.resource_type for each in planned)
    return tuple(
        Unread(kind, "a card does not ask for it") for kind in kinds if kind not in KEYS.values()
    )


def _consents(
    newest: tuple[ConsentFact, ...], last: tuple[ConsentFact, ...]
) -> tuple[ConsentFact, ...]:
    """Keep consents that were recorded here, or read from another kind of resource."""
    ours = (c for c in last if c.recorded_here or c.ref.resource_type != "Consent")
    return (*newest, *(c for c in ours if c not in newest))


def _encounters(
    newest: tuple[EncounterFact, ...], last: tuple[EncounterFact, ...], since: date
) -> tuple[EncounterFact, ...]:
    """Keep encounters of before the day from which on they were sent."""
    known = {e.ref.resource_id for e in newest}
    older = (
        e
        for e in last
        if e.ref.resource_id not in known
        and e.starts_on is not None
        and e.starts_on.is_on_or_before(since) is True
    )
    return (*newest, *older)


def _fetched(
    world: Installation, asking: Asking, kinds: tuple[str, ...]
) -> tuple[Found | Unread, ...]:
    token = _usable(asking)
    if not kinds:
        return ()
    if token is None:
        return tuple(Unread(kind, "the EHR did not send it with its call") for kind in kinds)
    seconds = asking.deadline.seconds_left
    gate = gate_of(world, asking.ehr).within(
        seconds, asking.deadline.is_over, max_bytes=_LARGEST_ANSWER_BYTES
    )
    client = FhirClient(
        gate=gate,
        base_url=asking.ehr.fhir_base,
        access_token=token.access_token,
        patience=Patience(tries=1),
        most_pages=_MOST_PAGES,
    )
    with ThreadPoolExecutor(len(kinds), thread_name_prefix="cds-chart") as pool:
        return tuple(pool.map(partial(_ask, client, asking, token), kinds))


def _usable(asking: Asking) -> FhirAuthorization | None:
    """Return the lent token where it is still good and meant for this patient."""
    token = asking.view.authorization
    if token is None or token.expires_in <= 0:
        return None
    meant_for = (token.patient or asking.patient).removeprefix("Patient/")
    return token if meant_for == asking.view.patient_id else None


def _ask(client: FhirClient, asking: Asking, token: FhirAuthorization, kind: str) -> Found | Unread:
    need = "r" if kind == "Patient" else "s"
    if not any_allows(token.scopes, kind, need):
        return Unread(kind, f"needs scope patient/{kind}.rs")
    try:
        resources = _resources(client, asking.view.patient_id, kind)
    except EhrHttpError as refusal:
        return Unread(kind, f"the EHR answered {refusal.status}")
    except EhrFormatError as broken:
        return Unread(kind, f"the EHR's answer cannot be read: {broken.problem}")
    except FhirError:
        return Unread(kind, "the EHR did not answer")
    found = sort_out((r.raw for r in resources), kind, asking.patient, client.base_url)
    if kind == "Patient" and not found.facts:
        return Unread(kind, "the EHR's answer cannot be read")
    return found


def _resources(client: FhirClient, patient_id: str, kind: str) -> tuple[Resource, ...]:
    if kind == "Patient":
        return (client.read(kind, patient_id),)
    return client.search(kind, {"patient": patient_id, **SEARCHES[kind]})


def _of(kind: type[_Kind], facts: Iterable[Fact]) -> tuple[_Kind, ...]:
    return tuple(fact for fact in facts if isinstance(fact, kind))
