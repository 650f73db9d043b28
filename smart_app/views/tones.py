"""Tones: which icon and colour an answer is shown with; the word always stands beside it."""

from __future__ import annotations

from enum import StrEnum

from ccm_fhir.domain.conditions import Chronic
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.choice_shapes import ChoiceStanding
from ccm_fhir.services.patient_month import MonthState


class Tone(StrEnum):
    """Good, bad, open, under way or plain."""

    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    MOVING = "moving"
    PLAIN = "plain"


ANSWERS: dict[Answer, Tone] = {
    Answer.MET: Tone.GOOD,
    Answer.NOT_MET: Tone.BAD,
    Answer.UNKNOWN: Tone.OPEN,
}

VERDICTS: dict[Chronic, Tone] = {
    Chronic.CHRONIC: Tone.GOOD,
    Chronic.NOT_CHRONIC: Tone.PLAIN,
    Chronic.REVIEW: Tone.OPEN,
}

DELIVERIES: dict[DeliveryState, Tone] = {
    DeliveryState.PLANNED: Tone.MOVING,
    DeliveryState.SENDING: Tone.MOVING,
    DeliveryState.SENT: Tone.GOOD,
    DeliveryState.UNCERTAIN: Tone.MOVING,
    DeliveryState.REJECTED: Tone.BAD,
    DeliveryState.QUARANTINE: Tone.BAD,
    DeliveryState.HELD: Tone.OPEN,
}

MONTH_STATES: dict[MonthState, Tone] = {
    MonthState.SENT: Tone.GOOD,
    MonthState.SIGNED: Tone.MOVING,
    MonthState.READY: Tone.GOOD,
    MonthState.SHORT_OF_TIME: Tone.OPEN,
    MonthState.NEEDS_FIX: Tone.OPEN,
    MonthState.NOT_ELIGIBLE: Tone.BAD,
    MonthState.PROBLEM: Tone.BAD,
    MonthState.CHART_NOT_READ: Tone.PLAIN,
    MonthState.HELD: Tone.OPEN,
    MonthState.BEING_JUDGED: Tone.MOVING,
    MonthState.CORRECTING: Tone.OPEN,
    MonthState.VOIDED: Tone.PLAIN,
}

CHOICE_STANDINGS: dict[ChoiceStanding, Tone] = {
    ChoiceStanding.IN_FORCE: Tone.GOOD,
    ChoiceStanding.AHEAD: Tone.MOVING,
    ChoiceStanding.ENDED: Tone.PLAIN,
    ChoiceStanding.REPLACED: Tone.PLAIN,
}
