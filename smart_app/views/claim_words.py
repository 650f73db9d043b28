"""The words for claims' revisions: what each is, how far it came, and what may be said of one."""

from __future__ import annotations

from collections.abc import Mapping

from ccm_fhir.domain.claims import Frequency, Standing
from ccm_fhir.domain.corrections import ClaimSaid
from ccm_fhir.domain.remittance import Outcome
from smart_app.views.tones import Tone

KINDS: Mapping[Frequency, str] = {
    Frequency.ORIGINAL: "New claim, frequency 1",
    Frequency.REPLACEMENT: "Replacement, frequency 7",
    Frequency.VOID: "Void, frequency 8",
}
STANDINGS: Mapping[Standing, tuple[str, Tone]] = {
    Standing.PLANNED: ("On its way", Tone.MOVING),
    Standing.UNCERTAIN: ("Not known whether it arrived", Tone.OPEN),
    Standing.REJECTED: ("Refused, never decided", Tone.BAD),
    Standing.SENT: ("Taken, no answer of the payer yet", Tone.GOOD),
    Standing.ADJUDICATED: ("Decided by the payer", Tone.GOOD),
}
OUTCOMES: Mapping[Outcome, tuple[str, Tone]] = {
    Outcome.DENIED: ("Denied", Tone.BAD),
    Outcome.UNPROCESSABLE: ("Never decided", Tone.BAD),
    Outcome.SHORT: ("Paid short", Tone.OPEN),
    Outcome.UNCLEAR: ("Unclear", Tone.OPEN),
    Outcome.REVERSED: ("Taken back", Tone.PLAIN),
    Outcome.AWAITED: ("No answer yet", Tone.MOVING),
    Outcome.PAID: ("Paid", Tone.GOOD),
}
"""What a claim came to, what a person has to look at first."""

TITLES: Mapping[ClaimSaid, str] = {
    ClaimSaid.REPLACE: "Send a corrected claim in its place",
    ClaimSaid.VOID: "Take the claim back",
    ClaimSaid.NEW: "Send a new claim",
    ClaimSaid.REFUSED: "It was refused before it was decided",
    ClaimSaid.VOID_TAKEN: "The payer has taken the claim back",
    ClaimSaid.KEPT: "Give the correction up",
}
BUTTONS: Mapping[ClaimSaid, str] = {
    ClaimSaid.REPLACE: "Open the month for a replacement",
    ClaimSaid.VOID: "Sign and send the void",
    ClaimSaid.NEW: "Open the month for a new claim",
    ClaimSaid.REFUSED: "Record that it was refused",
    ClaimSaid.VOID_TAKEN: "Record the payer’s answer",
    ClaimSaid.KEPT: "Give it up; nothing is sent",
}
WHY: Mapping[ClaimSaid, str] = {
    ClaimSaid.REPLACE: (
        "A claim of this month was taken, so what follows replaces the whole of it. The "
        "month opens: time and evidence can be put right, and a billing practitioner signs anew, "
        "with the same statements as the first time. Until then the claim stands as it was sent."
    ),
    ClaimSaid.VOID: (
        "A claim of this month was taken, and none of it should have been billed. A void "
        "says the same claim again and takes the whole of it back, never a line alone."
    ),
    ClaimSaid.NEW: (
        "No claim of this month stands with the payer: there is nothing to replace or take back, "
        "so what follows is a new claim. The month opens, and a billing practitioner signs anew."
    ),
    ClaimSaid.REFUSED: (
        "For what this app cannot read by itself: the payer, the clearing house or the EHR’s "
        "billing returned the claim without deciding it. Medicare marks such a claim MA130, as "
        "unprocessable. A denied claim was decided, and is not refused."
    ),
    ClaimSaid.VOID_TAKEN: (
        "For what this app cannot read by itself: the payer has confirmed the void. Then a new "
        "claim may follow."
    ),
    ClaimSaid.KEPT: "The month closes again as it was signed, and its claim stands.",
}
DID: Mapping[ClaimSaid, str] = {
    ClaimSaid.REPLACE: "Opened for a replacement",
    ClaimSaid.VOID: "Taken back",
    ClaimSaid.NEW: "Opened for a new claim",
    ClaimSaid.REFUSED: "Said to be refused undecided",
    ClaimSaid.VOID_TAKEN: "Void said to be taken by the payer",
    ClaimSaid.KEPT: "Correction given up",
}
