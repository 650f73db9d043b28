"""The sections of an audit packet, in the order in which a Medicare contractor asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ccm_fhir.domain.decision import Decision
from ccm_fhir.domain.facts import EvidenceRef
from ccm_fhir.domain.findings import Criterion, Finding
from ccm_fhir.domain.rules import Citation, Rulebook
from ccm_fhir.errors import RuleError
from ccm_fhir.printing import PrintedSection, PrintedTable
from ccm_fhir.services.packet_claim import answer_section, claim_section
from ccm_fhir.services.packet_facts import PacketFacts
from ccm_fhir.services.sources import Sources, sources_of
from ccm_fhir.storage.ledger import TimeEntryRecord
from ccm_fhir.storage.vocabulary import EntryChange

KEYS = (
    "identity",
    "eligibility",
    "consent",
    "initiating-visit",
    "care-plan",
    "time-log",
    "decision",
    "claim",
    "ehr-answer",
)
"""The sections' names, in the order of the checklist; their JSON files bear them too."""

_ELSEWHERE = frozenset({Criterion.CONSENT, Criterion.INITIATING_VISIT, Criterion.CARE_PLAN})
_SECONDS_A_MINUTE = 60
Wanted = Callable[[Finding], bool]


def sections(facts: PacketFacts, rulebook: Rulebook) -> tuple[PrintedSection, ...]:
    """Return the sections, as many as there are ``KEYS``."""
    sources = _sources(facts, rulebook)
    return (
        _identity(facts),
        _eligibility(facts),
        _consent(facts),
        _about(facts, Criterion.INITIATING_VISIT, "The initiating visit"),
        _care_plan(facts),
        _time_log(facts),
        _decision(facts, sources),
        claim_section(facts),
        answer_section(facts),
    )


def _identity(facts: PacketFacts) -> PrintedSection:
    patient, practice = facts.gathered.patient, facts.gathered.practice
    sign_off = facts.gathered.sign_off
    signer = None if sign_off is None else facts.gathered.people.get(sign_off.user_id)
    return PrintedSection(
        title="Who it is about",
        facts=(
            ("Patient", patient.name),
            ("Born", patient.birth_date_text),
            ("Sex", patient.gender),
            ("Medical record number", patient.mrn),
            ("Medicare number (MBI)", patient.mbi),
            ("In the EHR", patient.ref),
            ("Month", str(facts.gathered.month)),
            ("Programme", "Chronic care management (CCM)"),
            ("Practice", practice.name),
            ("Practice’s NPI", practice.npi),
            ("Place of service", facts.place_of_service),
            ("Billing practitioner", "" if signer is None else signer.name),
            ("Practitioner’s NPI", "" if signer is None else signer.npi),
            ("Signed", "" if sign_off is None else facts.local(sign_off.signed_at)),
        ),
    )


def _eligibility(facts: PacketFacts) -> PrintedSection:
    families = () if facts.eligibility is None else facts.eligibility.families
    return PrintedSection(
        title="Eligibility and its evidence",
        tables=(
            PrintedTable(
                title="Distinct chronic conditions",
                columns=("Disease", "ICD-10-CM", "Resources in the EHR"),
                rows=tuple((f.label, f.icd10cm, _refs(f.evidence)) for f in families),
            ),
            _findings(facts, lambda found: found.criterion not in _ELSEWHERE),
            PrintedTable(
                title="What a practitioner attested, word for word",
                columns=("Statement", "By", "When"),
                rows=tuple(
                    (one.statement, facts.person(one.user_id), facts.local(one.attested_at))
                    for one in facts.attestations
                ),
            ),
        ),
    )


def _consent(facts: PacketFacts) -> PrintedSection:
    in_chart = () if facts.chart is None else facts.chart.facts.consents
    return PrintedSection(
        title="The patient’s consent",
        tables=(
            _findings(facts, lambda found: found.criterion is Criterion.CONSENT),
            PrintedTable(
                title="Recorded here (corrections are rows of their own)",
                columns=("Decision", "Day", "How", "Told", "Recorded by", "When", "Correction"),
                rows=tuple(
                    (
                        one.decision.value,
                        one.decided_on.isoformat(),
                        "" if one.mode is None else one.mode.value,
                        ", ".join(one.statements),
                        facts.person(one.recorded_by),
                        facts.local(one.recorded_at),
                        one.change_reason,
                    )
                    for one in facts.consents
                ),
            ),
            PrintedTable(
                title="In the EHR",
                columns=("Resource", "Status", "Day", "Told"),
                rows=tuple(
                    (
                        _ref(one.ref),
                        one.status,
                        "" if one.given_on is None else str(one.given_on),
                        ", ".join(one.statements),
                    )
                    for one in in_chart
                    if one.is_for_ccm
                ),
            ),
        ),
    )


def _about(facts: PacketFacts, criterion: Criterion, title: str) -> PrintedSection:
    return PrintedSection(
        title=title,
        tables=(_findings(facts, lambda found: found.criterion is criterion),),
    )


def _care_plan(facts: PacketFacts) -> PrintedSection:
    chart = None if facts.chart is None else facts.chart.facts
    read = "" if chart is None else facts.local(chart.read_at)
    plans = () if chart is None else chart.care_plans
    goals = () if chart is None else chart.goals
    return PrintedSection(
        title="The care plan as of this month",
        sentences=(f"As the EHR had it when the chart was read, {read}.",) if read else (),
        tables=(
            _findings(facts, lambda found: found.criterion is Criterion.CARE_PLAN),
            PrintedTable(
                title="Care plans",
                columns=("Resource", "Status", "Established", "Interventions"),
                rows=tuple(
                    (
                        _ref(plan.ref),
                        plan.status,
                        "" if plan.established_on is None else str(plan.established_on),
                        "; ".join(one.text for one in plan.planned if one.text)
                        or str(plan.activities),
                    )
                    for plan in plans
                ),
            ),
            PrintedTable(
                title="Goals",
                columns=("Resource", "Goal", "Status", "Progress"),
                rows=tuple(
                    (_ref(goal.ref), goal.text, goal.lifecycle_status, goal.achievement_status)
                    for goal in goals
                ),
            ),
        ),
    )


def _time_log(facts: PacketFacts) -> PrintedSection:
    tally = None if facts.decision is None else facts.decision.tally
    total = 0 if tally is None else tally.counted_seconds
    numbers = {entry.id: str(place) for place, entry in enumerate(facts.entries, start=1)}
    return PrintedSection(
        title="The time log",
        sentences=(
            f"Counted in this month: {_minutes(total)}. Seconds are summed and never rounded.",
            (
                "Entries are never changed: a correction or a voiding is a row of its own, and "
                "both stand here."
            ),
        ),
        tables=(
            PrintedTable(
                title="Every entry, in the order of recording",
                columns=("No.", "Work", "Counted", "Who", "What", "Recorded", "Change"),
                rows=tuple(_entry(facts, entry, numbers) for entry in facts.entries),
            ),
            PrintedTable(
                title="What was left out, and why",
                columns=("No.", "Seconds", "Why"),
                rows=()
                if tally is None
                else tuple(
                    (
                        numbers.get(part.entry_id, part.entry_id),
                        str(part.seconds),
                        part.reason.value.replace("_", " "),
                    )
                    for part in tally.left_out
                ),
            ),
        ),
    )


def _entry(facts: PacketFacts, entry: TimeEntryRecord, numbers: dict[str, str]) -> tuple[str, ...]:
    counted = 0
    if facts.decision is not None:
        counted = sum(
            part.seconds for part in facts.decision.tally.counted if part.entry_id == entry.id
        )
    what = entry.activity.value.replace("_", " ")
    contact = "" if entry.contact_mode is None else f", {entry.contact_mode.value}"
    note = f": {entry.note}" if entry.note else ""
    change = "" if entry.change is EntryChange.ENTRY else entry.change.value
    took = _minutes(int((entry.ended_at - entry.started_at).total_seconds()))
    return (
        numbers[entry.id],
        f"{facts.local(entry.started_at)} to {facts.local(entry.ended_at)}, {took}",
        _minutes(counted) if counted else "none",
        f"{facts.person(entry.user_id)} ({entry.performer.value.replace('_', ' ')})",
        f"{what}{contact}{note}",
        f"{facts.local(entry.recorded_at)} by {facts.person(entry.recorded_by or entry.user_id)}",
        f"{change} of no. {numbers.get(entry.supersedes_id or '', '?')}: {entry.change_reason}"
        if change
        else "",
    )


def _decision(facts: PacketFacts, sources: Sources) -> PrintedSection:
    decision, sign_off = facts.decision, facts.gathered.sign_off
    if decision is None:
        return PrintedSection(title="The decision", sentences=(facts.judged_again,))
    return PrintedSection(
        title="The decision, with the rules it rests on",
        sentences=(facts.judged_again,),
        facts=(
            ("SHA-256 of what was signed", "" if sign_off is None else sign_off.decision_hash),
            ("Counted", _minutes(decision.counted_seconds)),
            ("Chosen by the practice", decision.choice.family.value.replace("_", " ")),
            ("Rule versions", ", ".join(decision.rule_versions)),
        ),
        tables=(
            PrintedTable(
                title="Lines",
                columns=("Code", "Units", "Reached on", "Rule"),
                rows=tuple(
                    (
                        line.code,
                        str(line.units),
                        line.reached_on.isoformat(),
                        line.rule_version,
                    )
                    for line in decision.lines
                ),
            ),
            PrintedTable(
                title="Decision making, as attested",
                columns=("Answer", "Rationale", "By", "When"),
                rows=tuple(
                    (
                        one.answer.value,
                        one.rationale,
                        facts.person(one.user_id),
                        facts.local(one.attested_at),
                    )
                    for one in facts.gathered.mdm
                ),
            ),
            PrintedTable(
                title="Which rule was read where",
                columns=("Rule", "Sources"),
                rows=_rules(decision),
            ),
            PrintedTable(
                title="Sources",
                columns=("Id", "Title", "Where", "Confidence"),
                rows=tuple(_citation(one) for _, one in sorted(sources.citations.items())),
            ),
        ),
    )


def _rules(decision: Decision) -> tuple[tuple[str, str], ...]:
    named: dict[str, dict[str, None]] = {}
    for line in decision.lines:
        named.setdefault(line.rule_version, {}).update(dict.fromkeys(line.citations))
    for one in decision.findings:
        named.setdefault(one.rule_version, {}).update(dict.fromkeys(one.citations))
    return tuple((rule, ", ".join(sources)) for rule, sources in named.items() if rule)


def _citation(one: Citation) -> tuple[str, ...]:
    where = f"{one.where} {one.url}".strip()
    return one.id, one.title, where, one.confidence.value


def _findings(facts: PacketFacts, wanted: Wanted) -> PrintedTable:
    found = () if facts.decision is None else facts.decision.findings
    return PrintedTable(
        title="What was found",
        columns=("Criterion", "Answer", "Reason", "Resources", "Rule"),
        rows=tuple(
            (
                one.criterion.value.replace("_", " "),
                one.answer.value.replace("_", " "),
                one.reason,
                _refs(one.evidence),
                one.rule_version,
            )
            for one in found
            if wanted(one)
        ),
    )


def _sources(facts: PacketFacts, rulebook: Rulebook) -> Sources:
    if facts.decision is None:
        return Sources()
    try:
        found = sources_of(rulebook, facts.gathered.month, facts.decision)
    except RuleError:
        return Sources()
    named = _named(facts.decision)
    kept = {key: one for key, one in found.citations.items() if key in named}
    return Sources(citations=kept, statements=found.statements)


def _named(decision: Decision) -> set[str]:
    of_lines = {citation for line in decision.lines for citation in line.citations}
    return of_lines | {citation for one in decision.findings for citation in one.citations}


def _refs(evidence: Iterable[EvidenceRef]) -> str:
    return ", ".join(_ref(one) for one in evidence)


def _ref(one: EvidenceRef) -> str:
    return f"{one}, version {one.version_id}" if one.version_id else str(one)


def _minutes(seconds: int) -> str:
    whole, rest = divmod(seconds, _SECONDS_A_MINUTE)
    return f"{whole} min {rest} s" if rest else f"{whole} min"
