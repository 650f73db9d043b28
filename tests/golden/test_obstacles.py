"""Everything that keeps a claim back, who mends it and how, as a text that a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import (
    Chain,
    DraftRequest,
    Obstacle,
    draft_claim,
    electronic_obstacles,
    scrub,
)
from ccm_fhir.errors import InputError
from tests.claims import known
from tests.golden import chain_cases, draft_cases, file_cases, scrub_cases
from tests.golden.told import page, part, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Golden = Callable[[str, str], None]


def test_what_keeps_a_month_from_becoming_a_claim_is_as_it_was_approved(
    matches_golden_text: Golden,
) -> None:
    parts = [part(name, _drafted(request)) for name, request in draft_cases.REQUESTS.items()]

    about = "A signed month on its way to a claim: the claim's evidence, or what is in its way."
    matches_golden_text("obstacles/drafting", page(about, parts))


def _drafted(request: DraftRequest) -> Iterator[str]:
    made = draft_claim(request)
    if isinstance(made, tuple):
        yield from _obstacles(made)
        return
    yield f"  on {made.coverage_ref} ({made.coverage_kind.value}), {told(made.diagnoses)}"
    for one in made.lines:
        yield (
            f"  {one.code} × {one.units} at {one.unit_charge_usd} USD on {one.serviced_on}, "
            f"pointing at {told(one.pointers)}"
        )
    yield f"  {made.programme.value} {made.month}, revision {made.revision}, {made.frequency.name}"
    yield f"  counted: {made.counted_seconds} s, total {made.total_usd} USD"
    yield f"  consent: {made.consent_ref or made.consent_words}"
    yield f"  plan: {made.care_plan_ref or made.care_plan_words}"
    if made.related is not None:
        yield f"  follows: {made.related.identifier}"


def test_what_the_scrubber_says_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    parts = [
        part(name, _obstacles(scrub(made, facts or known())))
        for name, (made, facts) in scrub_cases.SCRUBBED.items()
    ]

    about = "What keeps a claim from being sent. Each case is a clean claim but for its title."
    matches_golden_text("obstacles/sending", page(about, parts))


def test_what_a_claim_file_lacks_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    parts = [
        part(name, _obstacles(electronic_obstacles(made)))
        for name, made in file_cases.FILED.items()
    ]

    about = "What an 837P file lacks. Each case is a whole claim but for its title."
    matches_golden_text("obstacles/filing", page(about, parts))


def test_what_may_follow_a_claim_is_as_it_was_read_and_approved(
    matches_golden_text: Golden,
) -> None:
    parts = [part(name, _following(chain)) for name, chain in chain_cases.CHAINS.items()]
    parts += [part(name, [_refused(case)]) for name, case in chain_cases.BROKEN_CHAINS.items()]

    about = "What may follow the claims of one patient and month."
    matches_golden_text("obstacles/following", page(about, parts))


def _following(chain: Chain) -> Iterator[str]:
    yield f"  live: {told(tuple(one.identifier for one in chain.live))}"
    for asked, correction in chain_cases.CORRECTIONS.items():
        answer = chain.next(correction)
        yield f"  asked for {asked}:"
        if isinstance(answer, tuple):
            yield from _obstacles(answer, "    ")
            continue
        related = answer.related
        follows = "" if related is None else f", of {related.identifier} {related.claim_ref}"
        number = "" if related is None else f" {related.payer_control_number}"
        yield f"    revision {answer.revision}, {answer.frequency.name}{follows}{number}".rstrip()


def _refused(case: Iterable[object]) -> str:
    try:
        Chain(tuple(case))  # type: ignore[arg-type]  # the cases are revisions
    except InputError as error:
        return f"  refused: {error}"
    return "  accepted"


def _obstacles(found: tuple[Obstacle, ...], indent: str = "  ") -> Iterator[str]:
    for one in found:
        yield f"{indent}{one.code}, for the {one.owner.replace('_', ' ')}:"
        yield f"{indent}  {one.fix}"
        if one.evidence:
            yield f"{indent}  look at: {told(one.evidence)}"
