"""Conditions that cannot change any answer, told apart before a fact is made of them.

A Condition that is resolved or refuted, or whose only code is no chronic disease, is judged
NOT_CHRONIC whatever else it says, and no finding asks for such a one. Most Conditions of an export
are of that kind. A test holds that leaving them out changes no result.
"""

from __future__ import annotations

from datetime import date

from ccm_fhir.domain.conditions import Chronic, ChronicTable, classify
from ccm_fhir.domain.facts import ConditionFact, EvidenceRef
from ccm_fhir.fhir.extract import FHIR_ID
from ccm_fhir.fhir.extract_condition import CLINICAL, VERIFICATION, ConditionShape
from ccm_fhir.fhir.shapes import CodingShape, Concept, codings

_OVER = (CLINICAL, frozenset({"resolved"}))
_DENIED = (VERIFICATION, frozenset({"refuted", "entered-in-error"}))
_MOST_KEPT = 50_000
_ANY_DAY = date(2000, 1, 1)  # no status and no end: the day does not matter
_NOBODY = EvidenceRef("Condition", "")


class IdleConditions:
    """Tells idle Conditions by their codes and statuses; what codes mean is kept."""

    def __init__(self, table: ChronicTable) -> None:
        self._table = table
        self._idle: dict[tuple[str | None, str | None], bool] = {}

    def holds(self, shape: ConditionShape) -> bool:
        """Whether a Condition cannot change any answer; it has a usable id."""
        if not (shape.id and FHIR_ID.match(shape.id)):
            return False
        coding = _only(shape.code)
        if coding is not None and self._is_idle(coding):
            return True
        return _is(shape.clinical_status, _OVER) or _is(shape.verification_status, _DENIED)

    def _is_idle(self, coding: CodingShape) -> bool:
        key = (coding.system, coding.code)
        known = self._idle.get(key)
        if known is None:
            if len(self._idle) >= _MOST_KEPT:
                self._idle.clear()
            known = self._idle[key] = self._judged(coding)
        return known

    def _judged(self, coding: CodingShape) -> bool:
        """Ask the one judgement of a Condition that says nothing but this code."""
        fact = ConditionFact(ref=_NOBODY, codings=codings(Concept(coding=[coding])))
        return classify(fact, self._table, _ANY_DAY).chronic is Chronic.NOT_CHRONIC


def _only(concept: Concept | None) -> CodingShape | None:
    found = concept.coding if concept is not None else None
    return found[0] if found is not None and len(found) == 1 else None


def _is(status: Concept | None, meant: tuple[str, frozenset[str]]) -> bool:
    """Whether a status is one coding, in HL7's own system as HL7 spells it, of these."""
    coding = _only(status)
    return coding is not None and coding.system == meant[0] and coding.code in meant[1]
