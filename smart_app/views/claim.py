"""The month's claim: what it would say, what stands in its way, who signs, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ccm_fhir.domain.claims import Obstacle
from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.decision import (
    BELOW_TIME_THRESHOLD,
    CANNOT_DETERMINE,
    PRACTITIONER_FAMILY,
    DecidedLine,
    Decision,
)
from ccm_fhir.domain.findings import Answer, Criterion
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.domain.stated.sentences import CAUTIONS, said
from ccm_fhir.services.actor import Actor
from ccm_fhir.services.patient_month import ClaimInHand, PatientMonthReview, SignedMonth
from ccm_fhir.services.sign import STATEMENTS
from ccm_fhir.services.sources import Sources
from smart_app.views import wording
from smart_app.views.alternatives import AlternativeView, alternatives
from smart_app.views.choice import ChosenView, chosen
from smart_app.views.decision_making import MdmView, decision_making
from smart_app.views.deliveries import SentView, sent_of_claim
from smart_app.views.evidence import EvidenceView, evidence
from smart_app.views.formats import day, listed, minutes, moment, money, month_name, sentence
from smart_app.views.forms import Attempt, key_of
from smart_app.views.risk import RiskView, risk
from smart_app.views.sources import RuleView, SourceView, rule_views, sources_views

_FINGERPRINT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One service line."""

    code: str
    units: int
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesView:
    """Service lines with their day and sum; ``amount_label`` says whose amounts they are."""

    lines: tuple[LineView, ...]
    serviced_on: str
    total: str
    amount_label: str


_MENDED_AT = {"charge": "charges", "practice_npi": "details", "practitioner_npi": "people"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObstacleView:
    """What stands in the way, and who can move it.

    ``mended_at`` is where on the practice's page; only an administrator is shown the way.
    ``evidence`` are the resources to look at.
    """

    what: str
    why: str
    fix: str
    owner: str
    sources: tuple[SourceView, ...] = ()
    mended_at: str = ""
    evidence: tuple[EvidenceView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """One statement to be attested; never ticked before a person ticks it.

    ``risk`` is what the chart shows of it, where it is about risk.
    """

    value: str
    text: str
    is_ticked: bool
    problem: str
    risk: RiskView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignFormView:
    """What a billing practitioner signs: the sentence, the statements, the exact decision."""

    form_key: str
    decision_hash: str
    fingerprint: str
    correction_id: str
    sentence: str
    statements: tuple[StatementView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentClaimView:
    """A claim that exists: its identifier and its way into the EHR."""

    identifier: str
    lines: LinesView
    way: SentView


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """The section; at most one of ``sign_form`` and ``who_signs`` is filled.

    ``cautions`` are sentences about what to look at; ``alternatives`` and ``rules`` argue the
    decision: the other families of codes beside it, and where its rules were read.
    """

    proposed: LinesView | None
    is_proposed_only: bool
    obstacles: tuple[ObstacleView, ...]
    sign_form: SignFormView | None
    who_signs: str
    signed: str = field(repr=False)
    corrected: str = field(repr=False)
    offers_correction: bool
    sent: SentClaimView | None
    cautions: tuple[str, ...]
    missing: str
    alternatives: tuple[AlternativeView, ...]
    rules: tuple[RuleView, ...]
    chosen: ChosenView | None = None
    decision_making: MdmView | None = None


def claim(
    review: PatientMonthReview, signer: Actor, page_key: str, attempt: Attempt | None
) -> ClaimView:
    """Return the section of a review's claim."""
    is_open = review.signed is None
    can_sign = is_open and review.may_sign and not review.sign_obstacles
    signs = signer.may(Role.PRACTITIONER)
    obstacles = _obstacles(review, signs=signs) if is_open else ()
    if not signer.may(Role.ADMIN):
        obstacles = tuple(replace(one, mended_at="") for one in obstacles)
    decision = review.decision
    return ClaimView(
        proposed=_proposed(review) if is_open else None,
        is_proposed_only=review.decision is not None and not review.decision.lines,
        obstacles=obstacles,
        sign_form=_sign_form(review, signer.name, page_key, attempt) if can_sign else None,
        who_signs=_who_signs(review) if is_open and not obstacles and not can_sign else "",
        signed="" if review.signed is None else _signed(review.signed),
        corrected=_opened(review),
        offers_correction=review.claim is not None,
        sent=None if review.claim is None else _sent(review.claim, review.ehr_links),
        cautions=_cautions(review),
        missing="" if decision is None else _missing(decision),
        alternatives=() if decision is None else alternatives(decision),
        rules=() if decision is None else rule_views(decision.rule_versions, review.sources),
        chosen=chosen(review.choice, page_key, attempt),
        decision_making=decision_making(review.mdm, decision, page_key, attempt),
    )


def _cautions(review: PatientMonthReview) -> tuple[str, ...]:
    """Return what to look at, but for what the section on decision making says itself."""
    found = () if review.decision is None else review.decision.cautions
    told = {Caution.COMPLEX_TIME_WITHOUT_MDM} if review.mdm is not None else set()
    return tuple(CAUTIONS[one] for one in found if one not in told)


def _missing(decision: Decision) -> str:
    names = listed(tuple(name.replace("_", " ") for name in decision.missing))
    return f"Not stated yet: {names}." if names else ""


def _proposed(review: PatientMonthReview) -> LinesView | None:
    decision = review.decision
    if decision is None or not decision.reached:
        return None
    lines = decision.lines or decision.reached
    amounts = [line.allowed_usd for line in lines]
    known = [amount for amount in amounts if amount is not None]
    return LinesView(
        lines=tuple(_line(line) for line in lines),
        serviced_on=day(
            review.serviced_on or decision.date_of_service or max(x.reached_on for x in lines)
        ),
        total=money(sum(known, Decimal(0)) if len(known) == len(amounts) else None),
        amount_label="Medicare allows (national)",
    )


def _line(line: DecidedLine) -> LineView:
    return LineView(code=line.code, units=line.units, amount=money(line.allowed_usd))


def _obstacles(review: PatientMonthReview, *, signs: bool) -> tuple[ObstacleView, ...]:
    attestable = frozenset(review.to_attest)
    from_findings = tuple(
        ObstacleView(
            what=f"{wording.CRITERIA[f.criterion]}: {wording.ANSWERS[f.answer].lower()}",
            why=sentence(f.reason),
            fix=sentence(f.remedy),
            owner="" if f.owner is None else wording.ROLES[f.owner],
            mended_at="attestation" if f.owner is Role.ADMIN else "",
        )
        for f in review.findings
        if f.answer is Answer.NOT_MET
        or (f.answer is Answer.UNKNOWN and f.criterion not in attestable)
    )
    from_reasons = () if review.decision is None else _reasons(review, review.decision)
    return (*from_findings, *from_reasons, *_draft_obstacles(review, signs=signs))


def _reasons(review: PatientMonthReview, decision: Decision) -> tuple[ObstacleView, ...]:
    """Return what the findings do not say already: time, codes, and the rules' own refusals."""
    told = {f.code for f in decision.findings if f.answer is Answer.NOT_MET}
    if decision.unknown:
        told.add(CANNOT_DETERMINE)
    return tuple(
        _reason(text, decision, review.sources) for text in decision.reasons if text not in told
    )


def _reason(text: str, decision: Decision, sources: Sources) -> ObstacleView:
    words, what = said(text), wording.reason(text)
    goal = decision.next_threshold_seconds
    if text == BELOW_TIME_THRESHOLD and goal is not None:
        what = f"{what}: {minutes(goal - decision.counted_seconds)} short"
    cited = sources.reasons.get(text)
    return ObstacleView(
        what=what,
        why=words.sentence,
        fix=words.remedy,
        owner="" if words.owner is None else wording.ROLES[words.owner],
        sources=() if cited is None else sources_views((cited,)),
    )


def _draft_obstacles(review: PatientMonthReview, *, signs: bool) -> tuple[ObstacleView, ...]:
    told_elsewhere = {"nothing_to_report"} | (set() if signs else {"practitioner_npi_missing"})
    return tuple(
        _draft_obstacle(o, review.ehr_links)
        for o in review.sign_obstacles
        if o.code not in told_elsewhere
    )


def _draft_obstacle(obstacle: Obstacle, links: Mapping[str, str]) -> ObstacleView:
    return ObstacleView(
        what=wording.obstacle(obstacle.code),
        why="",
        fix=sentence(obstacle.fix),
        owner=wording.owner(obstacle.owner),
        mended_at=_MENDED_AT.get(obstacle.code.partition("_missing")[0], ""),
        evidence=tuple(evidence(ref, links) for ref in obstacle.evidence),
    )


def _sign_form(
    review: PatientMonthReview, signer: str, page_key: str, attempt: Attempt | None
) -> SignFormView:
    mine = attempt if attempt is not None and attempt.form == "sign" else None
    ticked = frozenset() if mine is None else mine.ticked
    problems = {} if mine is None else {w.field: w.message for w in mine.wrong}
    return SignFormView(
        form_key=key_of(page_key, "sign") if mine is None else mine.form_key,
        decision_hash=review.decision_hash,
        fingerprint=review.decision_hash[:_FINGERPRINT],
        correction_id=review.correction.statement_id if review.correction else "",
        sentence=(
            f"I, {signer}, {_did(review)} in {month_name(review.month)}, have looked through the "
            "time and the evidence on this page, and ask that the services above be reported "
            f"under my name.{_in_place_of(review)}"
        ),
        statements=tuple(
            StatementView(
                value=criterion.value,
                text=STATEMENTS[criterion],
                is_ticked=criterion.value in ticked,
                problem=problems.get(criterion.value, ""),
                risk=risk(review) if criterion is Criterion.DURATION_AND_RISK else None,
            )
            for criterion in review.to_attest
        ),
    )


def _in_place_of(review: PatientMonthReview) -> str:
    """Return what the signer says of the claim before, should there be one."""
    coming = review.correction.coming if review.correction else None
    if coming is None:
        return ""
    if coming.related is None:
        return " No claim of this month stands with the payer; this one is new (frequency 1)."
    return " The claim that was sent before is to be replaced by this one (frequency 7)."


def _opened(review: PatientMonthReview) -> str:
    """Return that the month is open for a correction, by whom and why; empty where it is not."""
    opened = review.correction
    if opened is None:
        return ""
    when = f"{opened.opened_by} on {moment(opened.opened_at)}"
    return f"Opened for a correction by {when}: {sentence(opened.reason)}"


def _did(review: PatientMonthReview) -> str:
    """Return what the signer says they did: the practitioner's codes are for their own work."""
    decision = review.decision
    if decision is not None and decision.family == PRACTITIONER_FAMILY:
        return "gave this patient’s care management that is counted above in person"
    return "supervised this patient’s care management"


def _who_signs(review: PatientMonthReview) -> str:
    if review.decision is None or not review.decision.reached:
        return ""
    return (
        "A billing practitioner signs the month: they open this patient from the EHR and find "
        "the form here."
    )


def _signed(signed: SignedMonth) -> str:
    again = f" (revision {signed.revision})" if signed.revision > 1 else ""
    if signed.is_void:
        return f"Taken back by {signed.signed_by} on {moment(signed.signed_at)}{again}."
    return f"Signed by {signed.signed_by} on {moment(signed.signed_at)}{again}."


def _sent(held: ClaimInHand, links: dict[str, str]) -> SentClaimView:
    return SentClaimView(
        identifier=held.identifier,
        lines=LinesView(
            lines=tuple(
                LineView(code=code, units=units, amount=money(charge))
                for code, units, charge in held.lines
            ),
            serviced_on=day(held.serviced_on),
            total=money(held.total_usd),
            amount_label="Charge",
        ),
        way=sent_of_claim(held, links),
    )
