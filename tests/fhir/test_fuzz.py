"""Resources damaged in every way that a chart has shown: nothing raises, nothing counts by luck.

``make test`` tries some hundred; ``pytest tests/fhir/test_fuzz.py --hypothesis-profile=fuzz``,
as .ci/run does, tries 20,000 in all: 4,000 for each property.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import ICD10CM, CoverageKind, canonical_system
from ccm_fhir.domain.conditions import Chronic, classify, normalise
from ccm_fhir.domain.facts import (
    ConditionFact,
    ConsentFact,
    CoverageFact,
    Fact,
    PatientFact,
    Skipped,
)
from ccm_fhir.fhir.bundles import latest_of_each, read_page
from ccm_fhir.fhir.charting import chart_of, whose
from ccm_fhir.fhir.extract import Irrelevant, extract, extract_for
from ccm_fhir.fhir.readers import READERS
from ccm_fhir.terminology.load import load_chronic_table
from tests.fhir.charts import CHART, CLINICAL, VERIFICATION, concept, resource
from tests.fhir.far_side import BASE, bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AS_OF = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TABLE = load_chronic_table()
DEEP = 50


def nested(inner: object, wrap: Callable[[object], object], depth: int = DEEP) -> object:
    """Return a value wrapped so many times."""
    for _ in range(depth):
        inner = wrap(inner)
    return inner


NASTY: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    10**40,
    1e308,
    7.25,
    "",
    " ",
    "x" * 100_000,
    "canary",
    "2026-13-45",
    "0000-00-00",
    "2026-03-31T24:61:00Z",
    "99999-01-01",
    "NaN",
    "\x00",
    "\ud800",  # half a surrogate pair, as JSON may write it
    "Ⅷ٣𝟗",  # digits that are none of ours
    "\u202esecret\u202c",
    "é" * 500,
    "Patient/p2",
    "https://evil.example/fhir/Patient/p1",
    "#",
    "#r1",
    "urn:uuid:0",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"coding": "canary"},
    {"coding": [{"code": "E11.9"}]},
    {"coding": [{"system": "urn:x", "code": "E11.9"}]},
    {"text": "Type 2 diabetes"},
    {"reference": 7},
    {"reference": "#"},
    {"value": "high"},
    {"value": 1, "comparator": "<"},
    nested("canary", lambda inner: [inner]),
    nested({}, lambda inner: {"item": [inner]}),
    nested({}, lambda inner: {"linkId": "x", "answer": [{"valueBoolean": True, "item": [inner]}]}),
    nested({}, lambda inner: {"provision": [inner]}),
    nested({}, lambda inner: {"extension": [inner], "contained": [inner]}, 5),
    nested({}, lambda inner: {"a": inner}, 200),
)
KINDS = tuple(whole["resourceType"] for whole in CHART)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where in a resource something stands."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


PLACES = {whole["resourceType"]: tuple(places(whole)) for whole in CHART}
Cut = tuple[int, int, int]
CUTS = st.lists(
    st.tuples(st.integers(0, 2**16), st.sampled_from(range(4)), st.sampled_from(range(len(NASTY)))),
    min_size=1,
    max_size=4,
)


def damaged(whole: dict[str, Any], cuts: list[Cut]) -> dict[str, Any]:
    """Return a resource in which something is dropped, replaced, doubled or moved."""
    copy = json.loads(json.dumps(whole))
    where = PLACES[whole["resourceType"]]
    for place, act, value in cuts:
        _cut(copy, where[place % len(where)], act, value, where)
    return dict(copy)


def _cut(
    copy: dict[str, Any], path: tuple[Any, ...], act: int, value: int, where: tuple[Any, ...]
) -> None:
    *above, last = path
    holder: Any = copy
    try:
        for key in above:
            holder = holder[key]
        if act == 0:
            del holder[last]
        elif act == 1 and isinstance(holder, list):
            holder.extend([holder[last]] * (value + 1))
        elif act == 2:
            other: Any = copy
            for key in where[value % len(where)]:
                other = other[key]
            holder[last] = json.loads(json.dumps(other))
        else:
            holder[last] = json.loads(json.dumps(NASTY[value]))
    except (KeyError, IndexError, TypeError):
        return  # an earlier cut took it away


def as_line(whole: object) -> bytes:
    return json.dumps(whole).encode()


@given(st.sampled_from(CHART), CUTS)
def test_a_damaged_resource_is_a_fact_or_skipped_with_a_reason(
    whole: dict[str, Any], cuts: list[Cut]
) -> None:
    line = as_line(damaged(whole, cuts))

    extracted = extract_for(line, BASE)

    assert isinstance(extracted.fact, Fact | Skipped | Irrelevant)
    assert all(isinstance(fact, Fact) for fact in extracted.also)
    if isinstance(extracted.fact, Skipped):
        assert extracted.fact.reason
        assert extracted.also == ()
        assert "canary" not in extracted.fact.reason
    assert "canary" not in repr(extracted)


@given(st.lists(st.tuples(st.sampled_from(CHART[1:]), CUTS), min_size=1, max_size=3))
def test_every_resource_of_a_damaged_chart_is_accounted_for(
    chart: list[tuple[dict[str, Any], list[Cut]]],
) -> None:
    wholes = [damaged(whole, cuts) | {"id": f"r{n}"} for n, (whole, cuts) in enumerate(chart)]
    raws = [
        raw
        for (whole, _), made in zip(chart, wholes, strict=True)
        for raw in read_page(as_line(bundle(made)), whole["resourceType"]).resources
    ]
    described = read_page(as_line(bundle(CHART[0])), "Patient").resources[0]
    patient = extract(described.raw)
    assert isinstance(patient, PatientFact)

    facts = chart_of(whose(patient, described), latest_of_each(raws), (), base_url=BASE, now=NOW)

    first = {
        (fact.ref.resource_type, fact.ref.resource_id)
        for group in (
            facts.conditions, facts.coverages, facts.consents, facts.encounters, facts.care_plans,
            facts.procedures, facts.claims, facts.goals, facts.care_teams, facts.observations,
            facts.medications, facts.service_requests, facts.responses, facts.documents,
            facts.allergies or (),
        )
        for fact in group
        if "#" not in fact.ref.resource_id
    }  # fmt: skip
    assert len(first) + len(facts.skipped) == len(raws)


# --- what may count ---------------------------------------------------------------------------

DIABETES = resource(
    "Condition",
    clinicalStatus=concept(CLINICAL, "active"),
    verificationStatus=concept(VERIFICATION, "confirmed"),
    code={"coding": [{"system": ICD10CM, "code": "E11.9"}], "text": "diabetes"},
)
PART_B = resource(
    "Coverage", status="active", type={"text": "Medicare Part B"}, payor=[{"display": "CMS"}]
)
FORM = resource(
    "QuestionnaireResponse",
    status="completed",
    questionnaire="https://forms.example/Questionnaire/ccm-consent",
    authored="2026-01-05",
    item=[
        {"linkId": "consent", "answer": [{"valueBoolean": True}]},
        {"linkId": "cost-sharing", "answer": [{"valueBoolean": True}]},
    ],
)
for _whole in (DIABETES, PART_B, FORM):
    PLACES[_whole["resourceType"]] += tuple(places(_whole))


def said(concept_like: object) -> Iterator[tuple[str | None, str]]:
    """Yield the codings that a damaged concept still has, read without the product."""
    codings = concept_like.get("coding") if isinstance(concept_like, dict) else None
    for coding in codings if isinstance(codings, list) else ():
        if isinstance(coding, dict) and isinstance(coding.get("code"), str):
            system = coding.get("system")
            yield (system if isinstance(system, str) else None), coding["code"]


def may_count(condition: dict[str, Any]) -> bool:
    """Whether a damaged Condition still says, to anybody, that it is a chronic disease."""
    statuses = {code for _, code in said(condition.get("clinicalStatus"))}
    verified = {code for _, code in said(condition.get("verificationStatus"))}
    coded = [
        normalise(code)
        for system, code in said(condition.get("code"))
        if canonical_system(system) == ICD10CM
    ]
    return (
        "E119" in coded
        and (statuses == {"active"} or condition.get("clinicalStatus") is None)
        and (verified == {"confirmed"} or condition.get("verificationStatus") is None)
        and not condition.get("modifierExtension")
    )


@given(CUTS)
def test_a_damaged_condition_counts_only_if_it_still_says_so(cuts: list[Cut]) -> None:
    whole = damaged(DIABETES, cuts)

    fact = extract(as_line(whole), BASE)

    if isinstance(fact, ConditionFact) and classify(fact, TABLE, AS_OF).chronic is Chronic.CHRONIC:
        assert may_count(whole)


@given(CUTS)
def test_a_damaged_coverage_is_part_b_only_if_it_still_says_so(cuts: list[Cut]) -> None:
    whole = damaged(PART_B, cuts)

    fact = extract(as_line(whole), BASE)

    if isinstance(fact, CoverageFact) and fact.kind is CoverageKind.MEDICARE_PART_B:
        said_in = json.dumps([whole.get(name) for name in ("type", "class", "payor")])
        assert "Part B" in said_in


@given(CUTS)
def test_a_damaged_form_is_a_consent_given_only_if_it_is_still_answered(cuts: list[Cut]) -> None:
    whole = damaged(FORM, cuts)

    given_by = [
        fact
        for fact in extract_for(as_line(whole), BASE).also
        if isinstance(fact, ConsentFact) and fact.given_on is not None
    ]

    for fact in given_by:
        answers = [a for item in whole["item"] for a in answers_of(item, "consent")]
        assert True in answers
        assert False not in answers
        assert "ccm" in whole["questionnaire"].lower()
        assert not fact.is_refused


def answers_of(item: object, link_id: str) -> Iterator[object]:
    """Yield what an item, or one within it, is answered with."""
    if not isinstance(item, dict):
        return
    for answer in item.get("answer") or ():
        if item.get("linkId") == link_id:
            yield answer.get("valueBoolean")
        for inner in answer.get("item") or ():
            yield from answers_of(inner, link_id)
    for inner in item.get("item") or ():
        yield from answers_of(inner, link_id)


def test_there_is_a_whole_example_of_every_type_that_is_read() -> None:
    assert set(KINDS) == set(READERS)
