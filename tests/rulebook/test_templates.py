"""The care-plan templates: strict files, both languages, plain words, and what is built of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.domain.conditions import ChronicFamily
from ccm_fhir.domain.facts import CareTeamFact, CareTeamMemberFact, EvidenceRef
from ccm_fhir.domain.findings import Answer
from ccm_fhir.domain.plans.building import Material, months_on, proposals
from ccm_fhir.domain.plans.drafting import Draft, merged, with_included
from ccm_fhir.domain.plans.judging import completeness, is_complete
from ccm_fhir.domain.plans.parts import Goal, Origin, Plan, Wording
from ccm_fhir.domain.plans.reading import english_level, spanish_level
from ccm_fhir.domain.plans.serving import served
from ccm_fhir.domain.plans.templates import PartKind
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.errors import RuleDataError
from ccm_fhir.rulebook import load_rulebook
from ccm_fhir.rulebook.templates import load_templates, read_templates
from ccm_fhir.terminology import load_chronic_table
from tests.builders import NOVEMBER, chart, goal, medication
from tests.domain.plan_parts import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from ccm_fhir.domain.plans.templates import PlanTemplate

TEMPLATES = load_templates()
PROMISED = {
    "diabetes",
    "hypertension",
    "heart_failure",
    "copd",
    "asthma",
    "chronic_kidney_disease",
    "ischemic_heart_disease",
    "atrial_fibrillation",
    "depression",
    "dementia",
    "arthritis",
    "osteoporosis",
    "cancer",
    "stroke",
}
OF_DISEASES = [t for t in TEMPLATES.templates if t.families]


def family(name: str = "diabetes") -> ChronicFamily:
    refs = (EvidenceRef("Condition", f"c-{name}"),)
    return ChronicFamily(family=name, label=name.title(), icd10cm="E11.9", evidence=refs)


def proposed(*names: str, **facts: object) -> Plan:
    return proposals(
        Material(
            chart=chart(**facts),
            families=tuple(family(name) for name in names),
            templates=TEMPLATES,
            today=TODAY,
        )
    )


class TestFiles:
    def test_every_promised_condition_has_a_template(self) -> None:
        assert {t.key for t in OF_DISEASES} == PROMISED

    @pytest.mark.parametrize("template", OF_DISEASES, ids=lambda t: t.key)
    def test_each_has_goals_work_symptoms_self_care_and_a_guideline(
        self, template: PlanTemplate
    ) -> None:
        kinds = [part.kind for part in template.parts]
        assert kinds.count(PartKind.GOAL) >= 2
        assert kinds.count(PartKind.INTERVENTION) >= 3
        urgencies = {p.urgency.value for p in template.parts if p.urgency is not None}
        assert urgencies == {"call", "emergency"}
        assert any(p.element is PlanElement.EXPECTED_OUTCOME for p in template.parts)
        assert template.citations
        performers = {p.performer.value for p in template.parts if p.performer is not None}
        assert performers & {"patient", "caregiver"}

    @pytest.mark.parametrize("template", TEMPLATES.templates, ids=lambda t: t.key)
    def test_every_wording_is_there_in_both_languages_and_differs(
        self, template: PlanTemplate
    ) -> None:
        wordings = [p.patient for p in template.parts]
        wordings += [p.goal.measure.label for p in template.parts if p.goal is not None]
        for wording in wordings:
            assert wording.english
            assert wording.spanish
            same_word = {"A1c", "Diabetes"}
            assert wording.english != wording.spanish or wording.english in same_word

    def test_every_family_is_one_that_the_tables_know(self) -> None:
        known = set(load_chronic_table().families)
        assert {name for t in OF_DISEASES for name in t.families} <= known

    @pytest.mark.parametrize("template", OF_DISEASES, ids=lambda t: t.key)
    def test_every_goal_is_measurable_or_left_to_the_clinician(
        self, template: PlanTemplate
    ) -> None:
        for part in template.parts:
            if part.goal is not None:
                assert (part.goal.value is None) == part.goal.is_individual
                assert part.goal.due_in_months > 0


BROKEN = {
    "no Spanish": ('es = "No tener que ir al hospital por azúcar alta o baja."\n', ""),
    "no value": ('value = "0"\n', ""),
    "uncited": ('cited = ["OWN"]\ntext = "No emergency', 'text = "No emergency'),
    "unknown source": (
        'cited = ["OWN"]\ntext = "No emergency',
        'cited = ["X"]\ntext = "No emergency',
    ),
    "a goal that is not there": (
        'goals = ["a1c"]\n\n[[parts]]\nkind = "statement"',
        'goals = ["x"]\n\n[[parts]]\nkind = "statement"',
    ),
    "an unknown key": ('version = "2026-11-1"', 'version = "2026-11-1"\nsecret = 1'),
    "nobody who does it": ('performer = "patient"\n', ""),
    "a float": ('value = "0"', "value = 0.5"),
    "another name": ('key = "diabetes"', 'key = "sugar"'),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("ccm_fhir.rulebook") / "data") as shipped:
        copied = tmp_path / "data"
        shutil.copytree(shipped, copied)
    return copied


class TestLoader:
    @pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
    def test_a_careless_template_is_refused_by_name(
        self, folder: Path, change: tuple[str, str]
    ) -> None:
        file = folder / "care_plan_templates" / "diabetes.toml"
        before = file.read_text()
        assert change[0] in before
        file.write_text(before.replace(change[0], change[1], 1))

        with pytest.raises(RuleDataError, match=r"diabetes\.toml"):
            read_templates(folder)

    def test_two_templates_for_one_disease_are_refused(self, folder: Path) -> None:
        file = folder / "care_plan_templates" / "stroke.toml"
        file.write_text(file.read_text().replace('"cerebrovascular_disease"', '"diabetes"'))

        with pytest.raises(RuleDataError, match="diabetes"):
            read_templates(folder)


class TestBuilder:
    def test_each_part_says_where_it_is_from(self) -> None:
        plan = proposed("diabetes", goals=(goal(),), medications=(medication(text="Metformin"),))

        for part in plan.parts:
            assert part.source.origin is not Origin.PERSON
            assert part.source.refs or part.source.template
            if part.source.origin is Origin.TEMPLATE:
                assert part.source.citations

    def test_problems_goals_and_medicines_come_from_the_chart(self) -> None:
        plan = proposed("diabetes", goals=(goal(),), medications=(medication(text="Metformin"),))

        assert [p.key for p in plan.problems] == ["problem:diabetes"]
        of_chart = next(g for g in plan.goals if g.key == "goal:Goal/g1")
        assert of_chart.is_measurable
        assert [m.text for m in plan.medicines] == ["Metformin"]

    def test_a_goal_that_was_given_up_or_an_order_that_ended_is_not_proposed(self) -> None:
        plan = proposed(
            "diabetes",
            goals=(goal(lifecycle_status="cancelled"),),
            medications=(medication(status="stopped"),),
        )

        assert not any(g.key.startswith("goal:Goal/") for g in plan.goals)
        assert plan.medicines == ()

    def test_a_disease_without_a_template_gets_the_one_for_any(self) -> None:
        plan = proposed("gout")

        assert [g.text for g in plan.goals] == [
            "No emergency visit or unplanned hospital stay for: Gout"
        ]

    def test_two_diseases_of_one_template_have_parts_of_their_own(self) -> None:
        plan = proposed("osteoarthritis", "rheumatoid_arthritis")

        keys = [part.key for part in plan.parts]
        assert len(keys) == len(set(keys))
        assert {g.family for g in plan.goals} == {"osteoarthritis", "rheumatoid_arthritis"}

    def test_what_serves_a_goal_names_it_by_its_key(self) -> None:
        plan = proposed("hypertension")

        keys = {g.key for g in plan.goals}
        assert all(keys.issuperset(i.goals) for i in plan.interventions)
        assert any(i.goals for i in plan.interventions)

    def test_an_individual_target_is_left_empty(self) -> None:
        unset = next(g for g in proposed("diabetes").goals if g.key == "goal:diabetes:a1c")

        assert isinstance(unset, Goal)
        assert unset.target.value is None
        assert unset.is_individual
        assert not unset.is_measurable

    def test_the_team_is_the_charts_without_the_patient(self) -> None:
        members = (
            CareTeamMemberFact(member="Patient/p1", text="Rosa"),
            CareTeamMemberFact(member="Practitioner/n1", text="Nora Carewell, RN"),
        )
        team = CareTeamFact(ref=EvidenceRef("CareTeam", "t"), status="active", members=members)

        assert [m.name for m in proposed("gout", care_teams=(team,)).team] == ["Nora Carewell, RN"]

    @pytest.mark.parametrize(
        "names", [[*sorted(t.families)[:1], "hypertension"] for t in OF_DISEASES], ids=str
    )
    def test_taking_in_all_that_is_ready_makes_a_complete_plan(self, names: list[str]) -> None:
        rule = load_rulebook().of_month(NOVEMBER).care_plan
        assert rule is not None
        draft = merged(Draft(), proposed(*dict.fromkeys(names)))

        plan = with_included(draft, [each.part.key for each in draft.parts]).plan

        assert is_complete(completeness(plan, rule))
        assert {s.answer for s in served(plan, TEMPLATES)} == {Answer.MET}

    def test_an_empty_plan_serves_no_element_of_the_model(self) -> None:
        found = served(Plan(), TEMPLATES)

        assert len(found) == 6
        assert {s.answer for s in found} == {Answer.NOT_MET}

    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            ("2026-11-30", 3, "2027-02-28"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-11-20", 6, "2027-05-20"),
        ],
    )
    def test_months_later_is_the_same_day_or_the_months_last(
        self, day: str, months: int, expected: str
    ) -> None:
        assert months_on(_day(day), months) == _day(expected)


def _day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize("template", TEMPLATES.templates, ids=lambda t: t.key)
def test_the_patients_words_are_of_grade_eight_or_below_in_both_languages(
    template: PlanTemplate,
) -> None:
    assert english_level(part.patient.english for part in template.parts).is_plain
    assert spanish_level(part.patient.spanish for part in template.parts).is_plain


def test_every_disease_has_a_name_that_patients_use_in_both_languages() -> None:
    ours = (name for name in load_chronic_table().families if ":" not in name)
    for family_name in ours:
        name = TEMPLATES.name_of(family_name)
        assert name.english, family_name
        assert name.spanish, family_name


class TestFinding:
    def test_a_template_is_found_by_its_key_and_nothing_by_another(self) -> None:
        found = TEMPLATES.find("asthma")

        assert found is not None
        assert found.key == "asthma"
        assert TEMPLATES.find("scurvy") is None

    def test_a_source_of_a_template_is_found_by_its_key_and_nothing_by_another(self) -> None:
        (asthma,) = (t for t in TEMPLATES.templates if t.key == "asthma")

        found = asthma.citation("GINA")

        assert found is not None
        assert found.id == "GINA"
        assert asthma.citation("ADA") is None

    def test_a_disease_of_no_template_takes_the_one_for_any_other_where_there_is_one(self) -> None:
        without = replace(
            TEMPLATES, templates=tuple(t for t in TEMPLATES.templates if not t.is_for_any_other)
        )

        found = TEMPLATES.for_family("gout")

        assert found is not None
        assert found.is_for_any_other
        assert without.for_family("gout") is None

    def test_without_one_for_any_other_such_a_disease_is_a_problem_and_nothing_more(self) -> None:
        without = replace(
            TEMPLATES, templates=tuple(t for t in TEMPLATES.templates if not t.is_for_any_other)
        )
        material = Material(
            chart=chart(), families=(family("gout"),), templates=without, today=TODAY
        )

        made = proposals(material)

        nobody = proposals(replace(material, families=()))
        assert [part.key for part in made.parts if part not in nobody.parts] == ["problem:gout"]

    def test_a_disease_is_called_by_its_template_until_somebody_names_it(self) -> None:
        unnamed = replace(TEMPLATES, names={})
        own = Wording(english="Breathing trouble", spanish="Problemas para respirar")

        assert unnamed.name_of("asthma") == Wording(english="Asthma", spanish="Asma")
        assert unnamed.name_of("scurvy") == Wording()
        assert replace(TEMPLATES, names={"asthma": own}).name_of("asthma") == own

    def test_templates_for_everybody_belong_to_no_disease(self) -> None:
        assert [t.key for t in TEMPLATES.for_everybody] == ["general"]

    def test_whatever_a_diseases_template_asks_for_is_of_that_disease(self) -> None:
        (general,) = TEMPLATES.for_everybody
        asked = {each.kind: each for each in general.parts if each.kind is not PartKind.GOAL}
        asthma = TEMPLATES.find("asthma")
        assert asthma is not None
        only = replace(TEMPLATES, templates=(replace(asthma, parts=tuple(asked.values())),))

        made = proposals(
            Material(chart=chart(), families=(family("asthma"),), templates=only, today=TODAY)
        )

        of_template = [part for part in made.parts if part.source.origin is Origin.TEMPLATE]
        assert {part.family for part in of_template} == {"asthma"}
        assert {part.key.partition(":")[0] for part in of_template} == {
            "assessment", "intervention", "review", "statement",
        }  # fmt: skip
