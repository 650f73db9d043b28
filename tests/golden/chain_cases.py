"""The claims of one patient and month, however far they came, and chains that cannot be."""

from __future__ import annotations

from dataclasses import replace

from ccm_fhir.domain.claims import (
    Chain,
    ClaimRevision,
    Correction,
    Frequency,
    Standing,
)

CORRECTIONS = {
    "a new claim": None,
    "a replacement": Correction.REPLACE,
    "a void": Correction.VOID,
}


def revision(number: int, standing: Standing, **changes: object) -> ClaimRevision:
    """Return one claim of a chain."""
    made = ClaimRevision(identifier=f"c{number}", revision=number, standing=standing)
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


_TAKEN = revision(1, Standing.ADJUDICATED, claim_ref="Claim/9", payer_control_number="P1")
_REPLACED = {"prior": "c1", "frequency": Frequency.REPLACEMENT}
_VOIDED = {"prior": "c1", "frequency": Frequency.VOID}
CHAINS: dict[str, Chain] = {
    "no claim": Chain(),
    **{f"one claim, {each.value}": Chain((revision(1, each),)) for each in Standing},
    "a claim that the payer decided, with its numbers": Chain((_TAKEN,)),
    **{
        f"a replacement, {each.value}": Chain((_TAKEN, revision(2, each, **_REPLACED)))
        for each in Standing
    },
    **{f"a void, {each.value}": Chain((_TAKEN, revision(2, each, **_VOIDED))) for each in Standing},
    "a replacement after one that was refused": Chain(
        (
            _TAKEN,
            revision(2, Standing.REJECTED, **_REPLACED),
            revision(3, Standing.SENT, **_REPLACED),
        )
    ),
    "a replacement refused, of a claim not known": Chain(
        (_TAKEN, revision(2, Standing.REJECTED, prior="gone"))
    ),
}
_SENT = revision(1, Standing.SENT)
BROKEN_CHAINS: dict[str, tuple[ClaimRevision, ...]] = {
    "a chain that begins with the second": (revision(2, Standing.SENT),),
    "two claims of one identifier": (
        revision(1, Standing.REJECTED),
        revision(2, Standing.SENT, identifier="c1"),
    ),
    "a replacement of a claim not known": (_SENT, revision(2, Standing.SENT, prior="c9")),
    "a claim that is replaced twice": (
        _SENT,
        revision(2, Standing.SENT, **_REPLACED),
        revision(3, Standing.SENT, **_REPLACED),
    ),
    "two claims that stand": (_SENT, revision(2, Standing.SENT)),
}
