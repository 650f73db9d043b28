"""What holds of every stated month, whatever is in it."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from time import process_time

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.conformance.answers import answer_lines
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.rules import PROGRAMME_FAMILIES
from ccm_fhir.rulebook import load_rulebook
from tests.conformance.months import Json, answer, decision, law, month, units

CHOICES = ("standard", "practitioner", "complex_if_met", "highest_allowed")
ROLES = ("clinical_staff", "nonclinical_staff", "physician")
BOOK = load_rulebook()
CAPS = {rule.code: rule.cap for rule in BOOK.codes}
FAMILIES = {rule.code: rule.family for rule in BOOK.codes}


@st.composite
def timed_entries(draw: st.DrawFn) -> Json:
    start = draw(st.integers(0, 22 * 3600))
    end = start + draw(st.integers(1, 3600))
    return {
        "date": f"2026-03-{draw(st.integers(9, 31)):02d}",  # clocks change on the 8th
        "start": clock(start),
        "end": clock(end),
        "performer_role": draw(st.sampled_from(ROLES)),
        "personally": draw(st.booleans()),
        "part_of_billed_em": draw(st.booleans()),
        "mode": "non_face_to_face",
    }


@st.composite
def minute_entries(draw: st.DrawFn) -> Json:
    return {
        "date": f"2026-03-{draw(st.integers(1, 31)):02d}",
        "minutes": draw(st.integers(0, 90)),
        "performer_role": draw(st.sampled_from(ROLES)),
        "personally": draw(st.booleans()),
    }


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def numbered(entries: list[Json]) -> list[Json]:
    """Give each entry a performer of its own, so that none is another's duplicate."""
    return [entry | {"performer": f"p{n}"} for n, entry in enumerate(entries)]


ENTRIES = st.lists(timed_entries() | minute_entries(), max_size=8).map(numbered)
MONTHS = st.fixed_dictionaries(
    {
        "mdm_level": st.sampled_from([None, "low", "moderate", "high"]),
        "practice_choice": st.sampled_from(CHOICES).map(lambda family: {"family": family}),
        "patient__died": st.none() | st.integers(1, 31).map(lambda day: f"2026-03-{day:02d}"),
        "patient__inpatient_spans": st.just([]) | st.just([["2026-03-05", "2026-03-11"]]),
    }
)


@given(ENTRIES, MONTHS, st.randoms(use_true_random=False))
def test_the_order_of_entries_is_irrelevant(
    entries: list[Json], changes: Json, shuffle: Random
) -> None:
    shuffled = list(entries)
    shuffle.shuffle(shuffled)

    assert answer(*entries, **changes) == answer(*shuffled, **changes)


@given(st.integers(0, 20 * 3600), st.integers(2, 7200), st.data())
def test_splitting_an_entry_keeps_the_total(start: int, length: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, length - 1))
    whole = {"date": "2026-03-03", "performer_role": "clinical_staff"}

    split = answer(
        whole | {"start": clock(start), "end": clock(start + cut)},
        whole | {"start": clock(start + cut), "end": clock(start + length)},
    )

    assert split == answer(whole | {"start": clock(start), "end": clock(start + length)})


@given(ENTRIES, MONTHS, st.integers(1, 240), st.sampled_from(ROLES[::2]))
def test_more_counted_time_never_lowers_the_highest_allowed_amount(
    entries: list[Json], changes: Json, minutes: int, role: str
) -> None:
    changes = changes | {"practice_choice": {"family": "highest_allowed"}, "patient__died": None}
    more: Json = {
        "date": "2026-03-28",
        "minutes": minutes,
        "performer": "more",
        "performer_role": role,
        "personally": True,
    }

    def allowed(*worked: Json) -> Decimal:
        return answer(*worked, **changes).national_nonfacility_allowed_total or Decimal(0)

    assert allowed(*entries, more) >= allowed(*entries)


@given(ENTRIES, MONTHS)
def test_at_most_one_family_is_reported_and_never_past_its_caps(
    entries: list[Json], changes: Json
) -> None:
    reported = units(answer(*entries, **changes))

    assert len({FAMILIES[code] for code in reported}) <= 1
    assert all(0 < number <= CAPS[code] for code, number in reported.items())


@given(
    ENTRIES,
    st.sets(
        st.sampled_from(["consent", "care_plan", "practice_attestations", "initiating_visit"]),
        min_size=1,
    ),
)
def test_what_is_unknown_never_yields_a_line(entries: list[Json], unsaid: set[str]) -> None:
    stated = month(*entries)
    for name in unsaid:
        del stated[name]
    stated.pop("last_seen_by_billing_practitioner")

    ((text, _),) = answer_lines([msgspec.json.encode(stated)], law())
    given = json.loads(text)

    assert given["lines"] == []
    assert given["unknown"]
    assert "cannot_determine" in given["not_billable_reasons"]


@given(ENTRIES, MONTHS)
def test_the_same_month_gives_the_same_bytes(entries: list[Json], changes: Json) -> None:
    line = msgspec.json.encode(month(*entries, **changes))

    assert list(answer_lines([line], law())) == list(answer_lines([line, line], law()))[:1]


@given(
    st.dates(min_value=BOOK.codes[0].in_force_from.replace(year=2013), max_value=BOOK.loaded_until)
)
def test_a_month_before_a_code_existed_never_yields_it(day: object) -> None:
    service = ServiceMonth.containing(day)  # type: ignore[arg-type]  # hypothesis gives a date
    before = f"{service.year - 1}-12-01" if service.month > 1 else f"{service.year - 2}-12-01"
    changes: Json = {
        "service_month": str(service),
        "consent__date": before,
        "consent__mode": "written",
        "initiating_visit__date": before,
        "last_seen_by_billing_practitioner": before,
        "ccm_first_month": str(service),
        "care_plan__date": before,
        "care_plan__established_or_substantially_revised_this_month": True,
        "mdm_level": "high",
    }
    work: Json = {"date": f"{service}-02", "minutes": 200, "performer_role": "physician"}

    for family in CHOICES[:3]:
        reported = decision(
            work | {"personally": True}, **changes, practice_choice={"family": family}
        )
        for line in reported.lines:
            assert BOOK.code_rule(line.code, service.first_day) is not None
        assert bool(reported.lines) or reported.reasons


def test_exclusions_are_symmetric() -> None:
    said = {(e.group, e.other, e.scope, e.reason) for e in BOOK.exclusions}

    assert {(other, group, scope, reason) for group, other, scope, reason in said} == said
    assert {group for group, *_ in said} >= set(PROGRAMME_FAMILIES)


def test_decision_time_grows_linearly_with_entries() -> None:
    def seconds(count: int) -> float:
        entries = [
            {
                "date": f"2026-03-{1 + n % 28:02d}",
                "start": clock(n % 600 * 100),
                "end": clock(n % 600 * 100 + 30),
                "performer": f"p{n}",
                "performer_role": "clinical_staff",
            }
            for n in range(count)
        ]
        line = msgspec.json.encode(month(*entries))
        begun = process_time()
        list(answer_lines([line], law()))
        return process_time() - begun

    seconds(100)
    small = min(seconds(500) for _ in range(5))
    large = min(seconds(5000) for _ in range(3))
    assert large < small * 10 * 3  # ten times the entries; room for a noisy machine
