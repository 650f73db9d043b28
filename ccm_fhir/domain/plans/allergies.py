"""What a chart says of allergies, with its four silences kept apart.

A record that says "none known" is somebody's finding. An empty list is not, and a list that was not
read is less still: none of them may be shown as another.
"""

from __future__ import annotations

from ccm_fhir.domain.codes import SNOMED, Word
from ccm_fhir.domain.facts import AllergyFact, ChartFacts, Fact

_TYPE = "AllergyIntolerance"
_NO_KNOWN_ALLERGY = "716186003"  # SNOMED CT, as US Core's AllergyIntolerance has it
_PAST = frozenset({"inactive", "resolved"})
_NOT_SO = frozenset({"refuted", "entered-in-error"})
_NEVER_ASKED = "the chart was not read for them yet"
_UNNAMED = "An allergy that the chart does not name"


class AllergyAnswer(Word):
    """What the chart lets one say."""

    LISTED = "listed"
    NONE_KNOWN = "none_known"
    NONE_ON_RECORD = "none_on_record"
    NOT_READ = "not_read"


class Allergies(Fact, frozen=True, kw_only=True):
    """The answer with what stands in the list.

    ``reason`` says why it was not read, or why there may be more. ``is_contradicted``: somebody
    recorded that none is known beside allergies that are.
    """

    answer: AllergyAnswer
    listed: tuple[AllergyFact, ...] = ()
    reason: str = ""
    is_contradicted: bool = False


def allergies_of(chart: ChartFacts | None) -> Allergies:
    """Return what a chart says of allergies; of what is past or was refuted, nothing."""
    if chart is None or chart.allergies is None:
        return Allergies(answer=AllergyAnswer.NOT_READ, reason=_NEVER_ASKED)
    live = tuple(one for one in chart.allergies if _is_live(one))
    listed = tuple(sorted((one for one in live if not _says_none(one)), key=_order))
    gap = _gap(chart)
    if listed:
        contradicted = len(listed) < len(live)
        return Allergies(
            answer=AllergyAnswer.LISTED, listed=listed, reason=gap, is_contradicted=contradicted
        )
    if gap:
        return Allergies(answer=AllergyAnswer.NOT_READ, reason=gap)
    return Allergies(answer=AllergyAnswer.NONE_KNOWN if live else AllergyAnswer.NONE_ON_RECORD)


def name_of(allergy: AllergyFact) -> str:
    """Return what it is against, in the chart's words."""
    named = (coding.display for coding in allergy.codings if coding.display)
    return allergy.text or next(named, _UNNAMED)


def _is_live(allergy: AllergyFact) -> bool:
    """Whether it holds; a status that is not said, or not known to us, does not end it."""
    return allergy.clinical_status not in _PAST and allergy.verification_status not in _NOT_SO


def _says_none(allergy: AllergyFact) -> bool:
    return any(c.system == SNOMED and c.code == _NO_KNOWN_ALLERGY for c in allergy.codings)


def _gap(chart: ChartFacts) -> str:
    reasons = [unread.reason for unread in chart.unread if unread.resource_type == _TYPE]
    reasons += [skipped.reason for skipped in chart.skipped if skipped.resource_type == _TYPE]
    return "; ".join(dict.fromkeys(reasons))


def _order(allergy: AllergyFact) -> tuple[bool, str]:
    return allergy.criticality != "high", name_of(allergy)
