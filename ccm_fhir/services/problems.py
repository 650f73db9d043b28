"""What went wrong with a delivery, in a sentence with what follows from it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ccm_fhir.services.deliver_pacing import MOST_TRIES, paused_until
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import Purpose

_SENTENCES = {
    "unreachable": "The EHR does not answer; it is tried again by itself.",
    "unauthorized": "The EHR refused our token; it is tried again with a new one.",
    "no_answer": "The answer was lost; the EHR is searched before anything is sent again.",
    "server_error": "The EHR reported an error; the EHR is searched before anything is sent again.",
    "statement_unread": (
        "The EHR's CapabilityStatement was never read, and could not be read now, so that it is "
        "not known what the EHR takes; it is read again by itself, and nothing is sent or given "
        "to a person before. An administrator may sign what the EHR takes."
    ),
    "disconnected": "The EHR is not connected now; it is sent once an administrator connects it.",
    "no_id": (
        "The EHR said yes and named nothing, or two things; it is searched before anything is "
        "sent again."
    ),
    "outcome_says_error": (
        "The EHR said yes and reported an error; it is searched before anything is sent again."
    ),
    "unreadable_answer": (
        "The EHR's answer could not be read; it is searched before anything is sent again."
    ),
    "conflict": "The EHR reported a conflict; it is searched before anything is sent again.",
    "throttled": "The EHR asked us to wait; it is searched before anything is sent again.",
    "not_offered": "The EHR does not offer this, and there is no other way; a person must look.",
    "taken_back": "It was taken back before it was in the EHR; nothing is sent.",
    "nothing_to_take_back": "What it would take back never was in the EHR; nothing is sent.",
    "changed_meanwhile": "Somebody changed it in the EHR; it is read again before another try.",
    "no_version": "The EHR shows no version to amend safely; a correction is sent instead.",
    "bundle_refused": "The EHR did not take both at once; each is sent by itself.",
    "hand_off": "Nothing carries this into the EHR by itself; a person keys it and marks it.",
    "claim_file": "It leaves by the practice's claim file, and nothing of it goes to the EHR.",
    "superseded": "A later version of the plan took its place; nothing of this one is sent.",
    "not_granted": "The EHR's administrator does not let this app change it; it goes another way.",
    "fell": "It goes another way now; see the line that took over.",
    "waiting": "Waits for the resource it refers to.",
    "dependency_refused": "The resource it refers to was refused; a person must look.",
    "partly_there": (
        "The EHR takes no more charges, and some of this claim is charged there already; the "
        "rest is keyed in by hand and marked, since another way would bill all of it again."
    ),
    "no_context": (
        "A charge of this EHR hangs on an Encounter, and the month's went another way; the charges "
        "go another way, too, once a person says so."
    ),
    "unfit": (
        "It was scrubbed again before it left, since days lie between its signature and now, and "
        "it would be denied as it is; nothing of it was sent. What mends it stands under Needs a "
        "person."
    ),
    "duplicate": "The EHR holds it more than once; a person must look.",
    "foreign_match": "The EHR found another resource under our identifier; a person must look.",
    "vanished": "The EHR took it and no longer has it; a person must look.",
    "too_many_tries": (
        f"It was tried {MOST_TRIES} times in vain and rests; once a person lets it go on, it is "
        "searched for and tried as often again."
    ),
    "cannot_be_sure": (
        "It may or may not have arrived and this EHR gives no way to be sure; a person must look."
    ),
    "not_configured": "This installation has no key or token for the EHR; an administrator acts.",
}


def sentence_for(record: DeliveryRecord, zone: ZoneInfo) -> str:
    """Return the sentence for a delivery's last problem; empty where there is none.

    ``zone`` is the practice's, for the moments that the sentence names.
    """
    code = record.last_problem or ""
    if not code:
        return _lossy(record)
    until = paused_until(code)
    if until is not None:
        return (
            f"The EHR is left alone until {until.astimezone(zone):%H:%M on %Y-%m-%d}, since it "
            "asked for that or gave no answer; nothing was sent, and it goes on by itself then."
        )
    if code.startswith("refused_"):
        return f"The EHR refused it ({code.removeprefix('refused_').replace('_', ' ')})."
    return _SENTENCES.get(code, f"It was not delivered ({code}).")


def _lossy(record: DeliveryRecord) -> str:
    if not record.lossy:
        return ""
    names = ", ".join(record.lossy)
    if record.purpose is Purpose.REVISION:
        return f"Changed by others in the EHR, or not kept there, and left as it stands: {names}."
    return f"The EHR did not keep: {names}."
