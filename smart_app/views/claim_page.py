"""The page of a month's claims: every revision, what may follow, and why nothing else may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ccm_fhir.domain.claims import ClaimDraft, Obstacle, RelatedClaim, Standing
from ccm_fhir.domain.corrections import OPENS_THE_MONTH, ClaimSaid
from ccm_fhir.domain.remittance import Outcome
from ccm_fhir.services.claim_history import ClaimHistory, MayFollow, RevisionShown, SaidShown
from ccm_fhir.services.claim_record import StoredClaim
from smart_app.views import wording
from smart_app.views.claim import LinesView, LineView
from smart_app.views.claim_words import BUTTONS, DID, KINDS, OUTCOMES, STANDINGS, TITLES, WHY
from smart_app.views.deliveries import DeliveryView, delivery
from smart_app.views.formats import day, listed, moment, money, month_name, sentence
from smart_app.views.forms import Attempt, Wrong, attempted, key_of, messages
from smart_app.views.tones import Tone

CLAIM_FIELDS = ("reason",)
_CLAIMS = (ClaimSaid.REPLACE, ClaimSaid.VOID, ClaimSaid.NEW)
_DECIDED = (
    "The payer has decided this claim. Medicare Part B mends most errors by a reopening, and "
    "commonly refuses replacements and voids: ask for a reopening first, unless this payer takes "
    "them."
)
_NO_NUMBER = (
    "A claim file names the payer’s own number of the claim that it corrects, which nobody has "
    "told yet. It waits until the 277CA or the remittance that tells it is read."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """One claim of the month."""

    title: str
    kind: str
    standing: str
    tone: Tone
    is_live: bool
    signed: str
    lines: LinesView
    way: DeliveryView | None
    outcome: str
    outcome_tone: Tone
    money: str
    numbers: tuple[tuple[str, str], ...]
    said: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SayFormView:
    """What may be said now: the claim that would follow, exactly, and the form that says it."""

    name: str
    form_key: str
    said: str
    title: str
    why: str
    button: str
    is_main: bool
    cautions: tuple[str, ...]
    lines: LinesView | None
    facts: tuple[tuple[str, str], ...]
    lacks: tuple[str, ...]
    reason: str = field(repr=False)
    messages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPageView:
    """Everything the page prints."""

    patient: str = field(repr=False)
    month: str
    month_value: str
    practice: str
    claim_id: str
    revisions: tuple[RevisionView, ...]
    opened: str = field(repr=False)
    forms: tuple[SayFormView, ...]
    not_now: tuple[tuple[str, str], ...]
    may_correct: bool
    wrong: tuple[Wrong, ...]


def claim_page(found: ClaimHistory, page_key: str, attempt: Attempt | None) -> ClaimPageView:
    """Return the page; forms only for whom may correct."""
    name = month_name(found.month)
    return ClaimPageView(
        patient=found.patient.name,
        month=name,
        month_value=str(found.month),
        practice=found.practice_name,
        claim_id=found.revisions[-1].claim_id if found.revisions else "",
        revisions=tuple(_revision(one) for one in reversed(found.revisions)),
        opened="" if found.opened is None else _opened(found.opened),
        forms=tuple(_forms(found, page_key, attempt)) if found.may_correct else (),
        not_now=_not_now(found.may_follow),
        may_correct=found.may_correct,
        wrong=() if attempt is None else attempt.wrong,
    )


def _revision(one: RevisionShown) -> RevisionView:
    standing, tone = STANDINGS[one.standing]
    outcome, outcome_tone = OUTCOMES[one.settlement.outcome]
    was_told = one.settlement.outcome is not Outcome.AWAITED
    return RevisionView(
        title=f"Claim {one.revision}",
        kind=KINDS[one.frequency],
        standing=standing,
        tone=tone,
        is_live=one.is_live,
        signed=f"Signed by {one.signed_by} on {moment(one.signed_at)}.",
        lines=_stored_lines(one.kept),
        way=None if one.way is None else delivery(one.way, {}),
        outcome=outcome if was_told else "",
        outcome_tone=outcome_tone,
        money=_money(one) if was_told else "",
        numbers=tuple(
            (label, value)
            for label, value in (
                ("Our identifier", one.identifier),
                ("Payer’s number", one.payer_control_number),
            )
            if value
        ),
        said=tuple(_said(said) for said in one.said),
    )


def _money(one: RevisionShown) -> str:
    came = one.settlement
    return (
        f"Paid {money(came.paid_usd)} of {money(came.allowed_usd)} allowed; coinsurance "
        f"{money(came.coinsurance_usd)}, deductible {money(came.deductible_usd)}."
    )


def _said(one: SaidShown) -> tuple[str, str]:
    return f"{DID[one.said]} by {one.by} on {moment(one.at)}", sentence(one.reason)


def _opened(one: SaidShown) -> str:
    what, why = _said(one)
    return f"{what}: {why}"


def _forms(found: ClaimHistory, page_key: str, attempt: Attempt | None) -> Iterable[SayFormView]:
    if found.opened is not None:
        kept = MayFollow(said=ClaimSaid.KEPT, coming=None, draft=None)
        yield _form(found, kept, page_key, attempt)
    for one in found.may_follow:
        if not one.obstacles:
            yield _form(found, one, page_key, attempt)


def _form(
    found: ClaimHistory, one: MayFollow, page_key: str, attempt: Attempt | None
) -> SayFormView:
    name = f"say-{one.said.value}"
    mine = attempted(name, attempt)
    return SayFormView(
        name=name,
        form_key=key_of(page_key, name) if mine is None else mine.form_key,
        said=one.said.value,
        title=TITLES[one.said],
        why=WHY[one.said],
        button=BUTTONS[one.said],
        is_main=one.said in _CLAIMS,
        cautions=tuple(_cautions(found, one)),
        lines=None if one.draft is None else _draft_lines(one.draft),
        facts=tuple(_facts(found, one)),
        lacks=tuple(_lack(obstacle) for obstacle in one.lacks),
        reason="" if mine is None else mine.typed.get("reason", ""),
        messages=messages(mine, CLAIM_FIELDS),
    )


def _cautions(found: ClaimHistory, one: MayFollow) -> Iterable[str]:
    related = one.coming.related if one.coming else None
    if related is None:
        return
    standing = {rev.identifier: rev.standing for rev in found.revisions}
    if standing.get(related.identifier) is Standing.ADJUDICATED:
        yield _DECIDED
    if found.by_file and not related.payer_control_number:
        yield _NO_NUMBER


def _facts(found: ClaimHistory, one: MayFollow) -> Iterable[tuple[str, str]]:
    """Yield what would be sent beside the lines."""
    if one.coming is None:
        return
    yield "Kind", KINDS[one.coming.frequency]
    if one.coming.related is not None:
        yield "Corrects", _named(one.coming.related)
    yield "Goes by", "claim file (837P)" if found.by_file else "the EHR"
    if one.draft is not None:
        yield "Diagnoses", listed(one.draft.diagnoses)
        yield "Coverage", one.draft.coverage_ref
    if one.said in OPENS_THE_MONTH:
        yield "As of", "the month as it is now; what is put right before the signature is in it"


def _named(related: RelatedClaim) -> str:
    names = (related.identifier, related.claim_ref, related.payer_control_number)
    labels = ("our identifier", "in the EHR", "payer’s number")
    return "; ".join(f"{label} {name}" for label, name in zip(labels, names, strict=True) if name)


def _lack(one: Obstacle) -> str:
    return f"{wording.obstacle(one.code)}: {sentence(one.fix)}"


def _not_now(every: tuple[MayFollow, ...]) -> tuple[tuple[str, str], ...]:
    """Return what may not follow now, with why and what would change it; each reason once."""
    found: dict[str, list[str]] = {}
    for one in every:
        if one.said in _CLAIMS and one.obstacles:
            why = " ".join(sentence(obstacle.fix) for obstacle in one.obstacles)
            found.setdefault(why, []).append(TITLES[one.said])
    return tuple((listed(tuple(titles)), why) for why, titles in found.items())


def _stored_lines(kept: StoredClaim) -> LinesView:
    lines = tuple(
        LineView(code=one.code, units=one.units, amount=money(one.charge_usd)) for one in kept.lines
    )
    total = sum((one.charge_usd for one in kept.lines), start=kept.lines[0].charge_usd * 0)
    return LinesView(
        lines=lines, serviced_on=day(kept.serviced_on), total=money(total), amount_label="Charge"
    )


def _draft_lines(draft: ClaimDraft) -> LinesView:
    lines = tuple(
        LineView(code=one.code, units=one.units, amount=money(one.charge_usd))
        for one in draft.lines
    )
    return LinesView(
        lines=lines,
        serviced_on=day(draft.serviced_on),
        total=money(draft.total_usd),
        amount_label="Charge",
    )
