"""Which lines of a claim are charged in the EHR, where each line is a charge of its own."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import cast

from ccm_fhir.domain.writeback import CHARGES, DeliveryState
from ccm_fhir.fhir.json import Json
from ccm_fhir.fhir.write_charge import charged
from ccm_fhir.storage.deliveries import DeliveryRecord
from ccm_fhir.storage.vocabulary import Purpose

_IS = {
    DeliveryState.SENT: "is charged in the EHR",
    DeliveryState.SENDING: "is being sent",
    DeliveryState.UNCERTAIN: "may be in the EHR",
    DeliveryState.QUARANTINE: "may be in the EHR twice",
    DeliveryState.REJECTED: "was refused and is not there",
}
PARTLY_THERE = "partly_there"
_WAS_TRIED, _WAS_NOT = "may be in the EHR", "was not sent"


def code_of(record: DeliveryRecord) -> str:
    """Return the code that a charge bills; empty for what is no charge."""
    if record.rung not in CHARGES:
        return ""
    code = cast("Json", charged(json.loads(record.body_json))["code"])
    (coding,) = cast("list[Json]", code["coding"])
    return str(coding["code"])


def parts_of_claim(found: Iterable[DeliveryRecord], claim_id: str) -> tuple[DeliveryRecord, ...]:
    """Return the deliveries that tell of a claim now, line by line: not notices, not what fell."""
    return _line_by_line(
        one
        for one in found
        if one.artefact_id == claim_id and one.purpose is Purpose.ARTEFACT and not one.has_fallen
    )


def lines_told(parts: Iterable[DeliveryRecord], by_hand: Container[str] = frozenset()) -> str:
    """Return where each line of a claim is, in a sentence; empty where it is no set of charges.

    Args:
        parts: the deliveries of one claim.
        by_hand: ids of those that a person has keyed in.
    """
    charges = [one for one in parts if one.rung in CHARGES]
    told = (
        f"line {place} ({code_of(one)}) {_where(one, by_hand)}"
        for place, one in enumerate(charges, start=1)
    )
    sentence = "; ".join(told)
    return f"{sentence[:1].upper()}{sentence[1:]}." if len(charges) > 1 else ""


def _line_by_line(found: Iterable[DeliveryRecord]) -> tuple[DeliveryRecord, ...]:
    """Return deliveries so that each stands after the one that it waits for."""
    left = {one.id: one for one in found}
    ordered: list[DeliveryRecord] = []
    while left:
        ready = [one for one in left.values() if left.keys().isdisjoint(one.depends_on)]
        ordered += ready
        left = {one.id: one for one in left.values() if one not in ready}
    return tuple(ordered)


def _where(one: DeliveryRecord, by_hand: Container[str]) -> str:
    if one.id in by_hand and one.state is not DeliveryState.SENT:
        return "was keyed in by hand"
    if one.last_problem == PARTLY_THERE:
        return _IS[DeliveryState.REJECTED]
    return _IS.get(one.state) or (_WAS_TRIED if one.intent_at is not None else _WAS_NOT)
