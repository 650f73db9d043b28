"""Matching: which claim of ours an answer speaks of; nothing is matched twice or guessed.

Every answer ends in exactly one list: matched, repeated (read before), not ours to match, or
somebody else's. What is not matched is listed with the reason, for a person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import claim_number_of_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ccm_fhir.domain.remittance.answers import AnsweredClaim, Remittance


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """A line of a claim that was sent."""

    code: str
    units: int
    charge_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledClaim:
    """A claim of ours that was sent, by all the names under which an answer may come.

    ``expected_usd`` is what the fee schedule says is allowed; None where no table says it.
    """

    identifier: str
    claim_number: str = field(repr=False)
    lines: tuple[BilledLine, ...]
    payer_control_number: str = field(default="", repr=False)
    claim_ref: str = ""
    expected_usd: Decimal | None = None

    @property
    def charge_usd(self) -> Decimal:
        """What was charged in all."""
        return sum((line.charge_usd for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What makes an answer the same one when it is read again.

    ``source`` is the payment's trace, or the hash of the file where it has none, so that a
    payment that comes in a second file is known too; equal answers in it are counted.
    """

    source: str
    claim: str = field(repr=False)
    status_code: str
    charge_usd: Decimal
    paid_usd: Decimal
    occurrence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One answer with where it came from."""

    key: AnswerKey
    answer: AnsweredClaim
    payee_npi: str = ""


class MatchedBy(StrEnum):
    """By which name an answer was matched."""

    CLAIM_NUMBER = "claim_number"
    LINE_NUMBER = "line_number"
    PAYER_CONTROL_NUMBER = "payer_control_number"
    RESOURCE = "resource"


class WhyNot(StrEnum):
    """Why an answer was not matched."""

    UNKNOWN_NUMBER = "unknown_number"
    SEVERAL_CLAIMS = "several_claims"
    OTHER_FIGURES = "other_figures"
    OTHER_PAYEE = "other_payee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An answer and the claim that it speaks of."""

    identifier: str
    by: MatchedBy
    incoming: Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """An answer that a person has to look at, and why."""

    why: WhyNot
    incoming: Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Every answer in exactly one of four lists, each in the order of reading."""

    matched: tuple[Match, ...] = ()
    repeated: tuple[Incoming, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    elsewhere: tuple[Incoming, ...] = ()


def incoming_of(remittances: Iterable[Remittance], file_hash: str) -> tuple[Incoming, ...]:
    """Return the answers of a file's payments, each with the key by which it is known again."""
    found: list[Incoming] = []
    for payment in remittances:
        source = f"{payment.payer}|{payment.trace}" if payment.trace else file_hash
        seen: Counter[AnswerKey] = Counter()
        for answer in payment.claims:
            first = key_of(answer, source)
            seen[first] += 1
            key = key_of(answer, source, seen[first])
            found.append(Incoming(key=key, answer=answer, payee_npi=payment.payee_npi))
    return tuple(found)


def key_of(answer: AnsweredClaim, source: str, occurrence: int = 1) -> AnswerKey:
    """Return the key of an answer that comes from a source, the first of its like or a later."""
    return AnswerKey(
        source,
        f"{answer.claim_number}|{answer.payer_control_number}|{answer.claim_ref}",
        answer.status_code,
        answer.charge_usd,
        answer.paid_usd,
        occurrence,
    )


def match(
    incoming: Iterable[Incoming],
    ours: Iterable[BilledClaim],
    *,
    seen: frozenset[AnswerKey],
    our_npis: frozenset[str],
) -> Matching:
    """Sort answers into the four lists.

    Args:
        incoming: in the order of reading.
        ours: every claim that was sent, whether or not it has been answered.
        seen: the keys of answers that were matched before.
        our_npis: the NPIs under which the practice is paid.
    """
    index = _Index(ours)
    known = set(seen)
    found: tuple[list[Match], list[Incoming], list[Unmatched], list[Incoming]] = ([], [], [], [])
    matched, repeated, unmatched, elsewhere = found
    for one in incoming:
        if one.key in known:
            repeated.append(one)
            continue
        known.add(one.key)
        answer = _decide(one, index, our_npis)
        if isinstance(answer, Match):
            matched.append(answer)
        elif answer is WhyNot.UNKNOWN_NUMBER and _is_paid_to_others(one, our_npis):
            elsewhere.append(one)
        else:
            unmatched.append(Unmatched(why=answer, incoming=one))
    return Matching(
        matched=tuple(matched),
        repeated=tuple(repeated),
        unmatched=tuple(unmatched),
        elsewhere=tuple(elsewhere),
    )


class _Index:
    """Our claims by each of their names; a name that two of them bear leads to both."""

    def __init__(self, ours: Iterable[BilledClaim]) -> None:
        claims = tuple(ours)
        self.by_number = _grouped((one.claim_number, one) for one in claims)
        self.by_payer = _grouped((one.payer_control_number, one) for one in claims)
        self.by_resource = _grouped((one.claim_ref, one) for one in claims)
        self.by_identifier = _grouped((one.identifier, one) for one in claims)

    def named_by(self, answer: AnsweredClaim) -> dict[MatchedBy, tuple[BilledClaim, ...]]:
        """Return what each name of an answer leads to, the surest name first."""
        lines = {claim_number_of_line(line.line_number) for line in answer.lines}
        values = {name.rpartition("|")[2] for name in answer.identifiers}
        named = {
            MatchedBy.CLAIM_NUMBER: self.by_number.get(answer.claim_number.strip(), ()),
            MatchedBy.RESOURCE: (
                *self.by_resource.get(answer.claim_ref, ()),
                *(one for value in sorted(values) for one in self.by_identifier.get(value, ())),
            ),
            MatchedBy.LINE_NUMBER: tuple(
                one for number in sorted(lines) for one in self.by_number.get(number, ())
            ),
        }
        if any(named.values()):
            return {by: claims for by, claims in named.items() if claims}
        payers = self.by_payer.get(answer.payer_control_number, ())
        return {MatchedBy.PAYER_CONTROL_NUMBER: payers} if payers else {}


def _decide(one: Incoming, index: _Index, our_npis: frozenset[str]) -> Match | WhyNot:
    named = index.named_by(one.answer)
    claims = {claim.identifier: claim for found in named.values() for claim in found}
    if not claims:
        return WhyNot.UNKNOWN_NUMBER
    if len(claims) > 1:
        return WhyNot.SEVERAL_CLAIMS
    (claim,) = claims.values()
    if not _may_speak_of(one.answer, claim):
        return WhyNot.OTHER_FIGURES
    if _is_paid_to_others(one, our_npis):
        return WhyNot.OTHER_PAYEE
    return Match(identifier=claim.identifier, by=next(iter(named)), incoming=one)


def _may_speak_of(answer: AnsweredClaim, claim: BilledClaim) -> bool:
    """Whether codes and charge are those of a claim, or of a part that the payer split off."""
    codes = {line.code for line in claim.lines}
    if not {line.code for line in answer.lines} <= codes:
        return False
    charged = abs(answer.charge_usd)
    return charged == claim.charge_usd or (bool(answer.lines) and charged < claim.charge_usd)


def _is_paid_to_others(one: Incoming, our_npis: frozenset[str]) -> bool:
    return bool(one.payee_npi) and one.payee_npi not in our_npis


def _grouped(
    pairs: Iterable[tuple[str, BilledClaim]],
) -> Mapping[str, tuple[BilledClaim, ...]]:
    found: dict[str, tuple[BilledClaim, ...]] = {}
    for name, claim in pairs:
        if name:
            found[name] = (*found.get(name, ()), claim)
    return found
