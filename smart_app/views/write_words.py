"""What the EHR has proved of its writes and what was signed, as the connection page lists it."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.writeback import Override, Proof, Verdict
from ccm_fhir.services.overrides import WriteWords
from smart_app.views.tones import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class WordView:
    """One proof or one signature, in a sentence."""

    what: str
    tone: Tone
    state: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsView:
    """Both lists, and what may be signed for."""

    proofs: tuple[WordView, ...]
    overrides: tuple[WordView, ...]
    acts: tuple[str, ...]
    provable: tuple[str, ...]
    problem: str


def words_page(words: WriteWords, problem: str) -> WordsView:
    """Return the lists; a proof goes before every signature of the same write."""
    return WordsView(
        proofs=tuple(_proof(proof) for proof in words.proofs),
        overrides=tuple(_override(signed) for signed in words.overrides),
        acts=words.acts,
        provable=tuple(str(proof.act) for proof in words.proofs),
        problem=problem,
    )


def _proof(proof: Proof) -> WordView:
    is_taken = proof.verdict is Verdict.SUPPORTED
    return WordView(
        what=str(proof.act),
        tone=Tone.GOOD if is_taken else Tone.OPEN,
        state="Taken" if is_taken else "Not offered",
        sentence=f"Answered {proof.status} on {proof.proved_at:%Y-%m-%d %H:%M} UTC.",
    )


def _override(signed: Override) -> WordView:
    return WordView(
        what=str(signed.act),
        tone=Tone.PLAIN,
        state="Signed: takes it" if signed.is_supported else "Signed: does not take it",
        sentence=f"{signed.signed_by}, {signed.signed_at:%Y-%m-%d}: {signed.reason}",
    )
