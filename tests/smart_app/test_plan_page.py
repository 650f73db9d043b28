"""The care-plan page without a browser: drafts, adopting, reviewing, copies, and who may."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec
import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from ccm_fhir.domain.codes import SNOMED, Role
from ccm_fhir.domain.facts import AllergyFact, Coding, EvidenceRef
from ccm_fhir.domain.writeback import ResourceKind
from ccm_fhir.services import plan_contact
from ccm_fhir.storage import charts, deliveries, plan_contacts, plans, sending
from ccm_fhir.storage.charts import NewChart
from ccm_fhir.storage.plan_records import VersionRecord
from ccm_fhir.storage.sending import Intent, Receipt
from ccm_fhir.storage.vocabulary import ChartSource
from smart_app.views.pdf import can_make_pdf
from smart_app.views.plan_copy import WORDS
from smart_app.views.plan_words import ELEMENTS_OF, Tab
from tests.builders import care_plan, chart, medication, observed, on, planned
from tests.builders import goal as goal_fact
from tests.smart_app.front import CANARY, NOW, Page, open_front

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

    from ccm_fhir.domain.facts import GoalFact
    from ccm_fhir.storage.deliveries import DeliveryRecord
    from tests.smart_app.front import Browser, Front

FORMS = [tab.value for tab in ELEMENTS_OF]


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    facts = chart(
        care_plans=(),
        medications=(medication(text="Metformin 500 mg"),),
        observations=(
            observed("8480-6", "150", unit="mm[Hg]", taken_on=on("2026-09-02")),
            observed(
                "8480-6",
                "128",
                unit="mm[Hg]",
                taken_on=on("2026-11-02"),
                ref=EvidenceRef("Observation", "o2"),
            ),
        ),
    )
    opened = open_front(tmp_path, facts)
    yield opened
    opened.world.db.close()


@pytest.fixture
def nurse(front: Front) -> Browser:
    return front.sign_in(Role.CARE_MANAGER)


def look(browser: Browser, tab: str = "goals") -> str:
    return unescape(browser.get(f"{browser.path}/plan?tab={tab}").text)


def form_of(browser: Browser, tab: str, action: str) -> dict[str, str]:
    return Page(browser.get(f"{browser.path}/plan?tab={tab}").text).forms[
        f"{browser.path}/plan/{action}"
    ]


def part_keys(browser: Browser, tab: str) -> list[str]:
    page = Page(browser.get(f"{browser.path}/plan?tab={tab}").text)
    return [a["value"] for tag, a in page.tags if tag == "input" and a.get("name") == "part"]


def save(browser: Browser, tab: str, changes: dict[str, object], **headers: str) -> httpx2.Response:
    fields: dict[str, object] = {
        **form_of(browser, tab, "draft"),
        "part": part_keys(browser, tab),
        **changes,
    }
    fields.pop("in", None) if "in" not in changes else None
    return browser.post(f"{browser.path}/plan/draft", fields, **headers)  # type: ignore[arg-type]  # lists are sent as repeated fields


def adopted(browser: Browser) -> Browser:
    for tab in FORMS:
        answer = save(browser, tab, {"include": "all"})
        assert answer.status_code == 303, answer.text
    answer = browser.post(f"{browser.path}/plan/adopt", form_of(browser, "adopt", "adopt"))
    assert answer.headers["location"].endswith("done=plan-adopted")
    return browser


def versions(front: Front) -> tuple[VersionRecord, ...]:
    with front.world.db.read(front.practice_id) as session:
        return plans.versions_of(session, front.practice_id, front.patient_id)


class TestDraft:
    def test_nothing_is_ticked_before_a_person_does_it(self, nurse: Browser) -> None:
        for tab in FORMS:
            page = Page(nurse.get(f"{nurse.path}/plan?tab={tab}").text)
            boxes = [a for tag, a in page.tags if tag == "input" and a.get("name") == "in"]
            assert boxes
            assert not any("checked" in box for box in boxes)

    def test_each_proposal_says_where_it_is_from(self, nurse: Browser) -> None:
        html = look(nurse)

        assert "From the chart for Diabetes mellitus" in html
        assert "Standards of Care in Diabetes" in html
        assert "source not confirmed" in html
        assert "a clinician reviews them before use" in html

    def test_who_does_something_is_told_without_opening_it(self, nurse: Browser) -> None:
        html = look(nurse, "doing")

        assert "Done by: Care manager" in html
        assert "Done by: Patient" in html

    def test_taking_a_section_in_leaves_out_what_the_clinician_must_set(
        self, nurse: Browser
    ) -> None:
        save(nurse, "goals", {"include": "all"})

        html = look(nurse)
        assert "Set its target first" in html
        page = Page(html)
        a1c = next(a for _, a in page.tags if a.get("value") == "goal:diabetes:a1c" and "id" in a)
        assert "checked" not in a1c

    def test_a_target_that_is_typed_makes_the_goal_one_that_can_be_taken_in(
        self, nurse: Browser
    ) -> None:
        key = "goal:diabetes:a1c"
        answer = save(nurse, "goals", {f"target|{key}": "8", "in": [key]})

        assert answer.status_code == 303
        page = Page(look(nurse))
        box = next(a for _, a in page.tags if a.get("value") == key and a.get("name") == "in")
        assert "checked" in box

    def test_a_bad_field_is_told_beside_it_and_everything_else_is_kept(
        self, nurse: Browser
    ) -> None:
        key = "goal:diabetes:a1c"
        changes: dict[str, object] = {f"target|{key}": "eight", "in": ["problem:diabetes"]}

        answer = save(nurse, "goals", changes)

        assert answer.status_code == 422
        html = unescape(answer.text)
        assert "Write a number, such as 8 or 7.5." in html
        assert 'value="eight"' in html
        again = Page(look(nurse))
        box = next(
            a
            for _, a in again.tags
            if a.get("value") == "problem:diabetes" and a.get("name") == "in"
        )
        assert "checked" in box

    def test_an_autosave_answers_with_a_line_and_never_a_page(self, nurse: Browser) -> None:
        answer = save(nurse, "goals", {"in": ["problem:diabetes"]}, **{"hx-request": "true"})

        assert answer.status_code == 200
        assert "Draft saved at" in answer.text
        assert "<html" not in answer.text

    def test_a_draft_is_ones_own(self, front: Front, nurse: Browser) -> None:
        save(nurse, "goals", {"in": ["problem:diabetes"]})

        html = look(front.sign_in(Role.PRACTITIONER))

        assert "checked" not in html

    def test_a_part_of_ones_own_is_added_once_and_thrown_away(self, nurse: Browser) -> None:
        fields = form_of(nurse, "goals", "own") | {
            "element": "measurable_goals",
            "text": "Visits her sister",
            "target": "every Sunday",
            "due_on": "2027-01-31",
        }
        for _ in range(2):
            nurse.post(f"{nurse.path}/plan/own", fields)

        own = [key for key in part_keys(nurse, "goals") if key.startswith("own:")]
        assert len(own) == 1
        save(nurse, "goals", {"remove": own[0]})
        assert "Visits her sister" not in look(nurse)

    def test_an_empty_part_of_ones_own_is_refused_in_words(self, nurse: Browser) -> None:
        fields = form_of(nurse, "goals", "own") | {"element": "coordination", "text": " "}

        answer = nurse.post(f"{nurse.path}/plan/own", fields)

        assert answer.status_code == 422
        assert "Write what the plan should say." in answer.text


class TestAdopting:
    def test_an_empty_draft_cannot_be_adopted(self, nurse: Browser) -> None:
        fields = form_of(nurse, "goals", "own")

        answer = nurse.post(f"{nurse.path}/plan/adopt", fields)

        assert answer.status_code == 422
        assert "Take something into the plan first." in answer.text

    def test_an_adopted_plan_turns_the_criterion_met(self, front: Front, nurse: Browser) -> None:
        before = unescape(nurse.get(nurse.path).text)
        assert "No active comprehensive care plan is on record." in before

        adopted(nurse)

        html = unescape(nurse.get(nurse.path).text)
        assert "Care plan of 2026-11-23 with" in html
        assert "Written in the plan that was adopted here." in html
        (version,) = versions(front)
        assert version.plan.team[-1].name == "A care manager"

    def test_a_complete_plan_says_what_is_only_planned(self, nurse: Browser) -> None:
        adopted(nurse)

        html = look(nurse, "adopt")

        assert "Not met" not in html
        assert "It is planned; its result is not written down yet." in html
        assert "The draft is the same as the version in force." in html
        assert html.count("Served by") == 6

    def test_the_same_form_twice_adopts_once(self, front: Front, nurse: Browser) -> None:
        save(nurse, "goals", {"in": ["problem:diabetes"]})
        fields = form_of(nurse, "adopt", "adopt")
        for _ in range(2):
            nurse.post(f"{nurse.path}/plan/adopt", fields)

        assert [v.number for v in versions(front)] == [1]

    def test_what_somebody_else_adopted_meanwhile_is_not_written_over(
        self, front: Front, nurse: Browser
    ) -> None:
        doctor = front.sign_in(Role.PRACTITIONER)
        save(doctor, "goals", {"in": ["problem:hypertension"]})
        adopted(nurse)

        form = form_of(doctor, "adopt", "adopt")
        answer = doctor.post(f"{doctor.path}/plan/adopt", form)

        assert answer.status_code == 409
        assert "another version was adopted meanwhile" in answer.text.lower()
        assert len(versions(front)) == 1

    def test_versions_are_compared_field_by_field(self, nurse: Browser) -> None:
        adopted(nurse)
        key = "goal:hypertension:systolic"
        save(nurse, "goals", {f"target|{key}": "140", "in": part_keys(nurse, "goals")})

        html = unescape(nurse.get(f"{nurse.path}/plan/versions?older=1&newer=0").text)

        assert "<del>below 130</del>" in html
        assert "<ins>below 140</ins>" in html
        assert nurse.get(f"{nurse.path}/plan/versions?older=1&newer=9").status_code == 404

    def test_a_draft_can_be_thrown_away(self, nurse: Browser) -> None:
        save(nurse, "goals", {"in": ["problem:diabetes"]})

        nurse.post(f"{nurse.path}/plan/restart", form_of(nurse, "adopt", "restart"))

        assert "Nothing of a draft is saved yet." in look(nurse)


class TestReview:
    def test_goals_are_drawn_and_stand_in_a_table(self, nurse: Browser) -> None:
        adopted(nurse)

        html = look(nurse, "month")

        assert '<polyline points="8,' in html
        assert "<td>128 mm Hg</td>" in html
        assert "reaches the target" in html

    def test_ending_the_review_dates_the_plan_and_moves_its_next_day(
        self, front: Front, nurse: Browser
    ) -> None:
        adopted(nurse)
        fields = form_of(nurse, "month", "review") | {"next_on": "2027-01-15", "note": "All well."}

        for _ in range(2):
            nurse.post(f"{nurse.path}/plan/review", fields)

        html = look(nurse, "month")
        assert html.count("All well.") == 1
        assert "the next review is due by 2027-01-15" in html
        assert [v.number for v in versions(front)] == [1, 2]

    def test_a_next_review_that_does_not_lie_ahead_is_refused(self, nurse: Browser) -> None:
        adopted(nurse)
        fields = form_of(nurse, "month", "review") | {"next_on": "2026-11-23"}

        answer = nurse.post(f"{nurse.path}/plan/review", fields)

        assert answer.status_code == 422
        assert "The next review lies after today." in answer.text

    def test_a_call_is_recorded_and_counts_no_time(self, nurse: Browser) -> None:
        fields = form_of(nurse, "month", "call") | {"outcome": "no_answer", "next_on": "2026-11-25"}

        nurse.post(f"{nurse.path}/plan/call", fields)

        assert "No answer, Nov 23, 2026" in look(nurse, "month")
        assert "No answer" not in nurse.get(nurse.path).text


class TestWhatTheEhrHas:
    def test_each_version_says_where_it_stands(self, nurse: Browser) -> None:
        adopted(nurse)

        html = look(nurse, "adopt")

        assert "On its way" in html
        assert "What of version 1 goes to the EHR" in html


class TestAllergies:
    def test_a_chart_that_was_not_asked_says_so_and_not_that_there_are_none(
        self, nurse: Browser
    ) -> None:
        html = look(nurse)

        assert "Not read" in html
        assert "No known allergies" not in html
        adopted(nurse)
        assert "Ask us for your list" in look_at_copy(nurse, "en")

    def test_an_allergy_is_on_the_page_and_in_both_copies(self, tmp_path: Path) -> None:
        penicillin = AllergyFact(
            ref=EvidenceRef("AllergyIntolerance", "a1"),
            clinical_status="active",
            criticality="high",
            text="Penicillin",
            reactions=("Hives",),
        )
        facts = msgspec.structs.replace(chart(care_plans=()), allergies=(penicillin,))
        front = open_front(tmp_path, facts)
        nurse = front.sign_in(Role.CARE_MANAGER)

        assert "Penicillin</strong> (high risk): Hives" in look(nurse)
        adopted(nurse)
        assert "Penicillin" in look_at_copy(nurse, "en")
        assert "Mis alergias" in look_at_copy(nurse, "es")
        front.world.db.close()

    @pytest.mark.parametrize("codes", [(), ("716186003",)])
    def test_an_empty_list_and_none_known_are_different_sentences(
        self, tmp_path: Path, codes: tuple[str, ...]
    ) -> None:
        found = tuple(
            AllergyFact(
                ref=EvidenceRef("AllergyIntolerance", code),
                codings=(Coding(system=SNOMED, code=code),),
            )
            for code in codes
        )
        facts = msgspec.structs.replace(chart(care_plans=()), allergies=found)
        front = open_front(tmp_path, facts)
        nurse = front.sign_in(Role.CARE_MANAGER)

        html = look(nurse)
        front.world.db.close()

        assert ("No known allergies" in html) == bool(codes)
        assert ("None on record" in html) == (not codes)


def look_at_copy(browser: Browser, language: str) -> str:
    return unescape(browser.get(f"{browser.path}/plan/copy?language={language}").text)


class TestCopy:
    @pytest.mark.parametrize("language", ["en", "es"])
    def test_the_copy_holds_every_part_in_its_language(
        self, front: Front, nurse: Browser, language: str
    ) -> None:
        adopted(nurse)

        html = unescape(nurse.get(f"{nurse.path}/plan/copy?language={language}").text)

        for part in versions(front)[0].plan.parts:
            words = part.patient.english if language == "en" else part.patient.spanish
            assert words in html

    def test_no_english_is_left_in_the_spanish_copy(self, front: Front, nurse: Browser) -> None:
        adopted(nurse)
        spanish = unescape(nurse.get(f"{nurse.path}/plan/copy?language=es").text)
        printed = spanish.partition("<main>")[2]

        assert 'lang="en"' not in printed
        assert "en inglés" not in printed
        names = {"Diabetes", "Metformin 500 mg", "A1c"}
        for part in versions(front)[0].plan.parts:
            if part.patient.english not in names:
                assert part.patient.english not in printed
        assert WORDS[plan_contact.CopyLanguage.SPANISH]["yours"] in printed
        for english in set(WORDS[plan_contact.CopyLanguage.ENGLISH].values()) - {"For"}:
            assert f">{english}<" not in printed

    def test_both_languages_have_the_same_words_and_none_is_left_in_the_other(self) -> None:
        english, spanish = WORDS.values()

        assert english.keys() == spanish.keys()
        assert not [key for key, text in english.items() if spanish[key] == text]

    def test_a_part_without_spanish_is_told_and_marked(self, nurse: Browser) -> None:
        fields = form_of(nurse, "home", "own") | {
            "element": "community_services",
            "text": "Meals on Tuesdays",
        }
        nurse.post(f"{nurse.path}/plan/own", fields)
        adopted(nurse)

        assert "Meals on Tuesdays" in look(nurse, "copy")
        html = unescape(nurse.get(f"{nurse.path}/plan/copy?language=es").text)
        assert '<span lang="en">Meals on Tuesdays</span> (en inglés)' in html

    def test_that_a_copy_was_given_is_kept_with_its_message(
        self, front: Front, nurse: Browser
    ) -> None:
        adopted(nurse)
        fields = form_of(nurse, "copy", "copy") | {
            "language": "es",
            "way": "mail",
            "given_to": "the patient",
            "message": "Llame si tiene preguntas.",
        }

        nurse.post(f"{nurse.path}/plan/copy", fields)

        html = look(nurse, "copy")
        assert "Version 1 in Spanish, by mail, to the patient on Nov 23, 2026." in html
        with front.world.db.read(front.practice_id) as session:
            (copy,) = plan_contacts.copies_of(session, front.practice_id, front.patient_id)
        again = nurse.get(f"{nurse.path}/plan/copy?record_id={copy.id}").text
        assert "Llame si tiene preguntas." in again
        assert len(copy.text_sha256) == 64

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("way", "", "Choose how it was given."),
            ("given_to", "", "Say who received it"),
            ("given_on", "2026-12-24", "The day cannot lie in the future."),
            ("given_on", "2026-11-22", "This version was adopted after that day."),
        ],
    )
    def test_a_record_that_says_too_little_is_refused(
        self, nurse: Browser, field: str, value: str, said: str
    ) -> None:
        adopted(nurse)
        whole = {"language": "en", "way": "mail", "given_to": "the patient"}
        fields = form_of(nurse, "copy", "copy") | whole | {field: value}

        answer = nurse.post(f"{nurse.path}/plan/copy", fields)

        assert answer.status_code == 422
        assert said in unescape(answer.text)

    @pytest.mark.skipif(not can_make_pdf(), reason="until the extra pdf is installed")
    def test_the_pdf_is_tagged_and_says_what_the_page_says(self, nurse: Browser) -> None:
        adopted(nurse)

        answer = nurse.get(f"{nurse.path}/plan/copy/pdf?language=es")

        assert answer.headers["content-type"] == "application/pdf"
        read = PdfReader(BytesIO(answer.content))
        assert str(read.root_object["/Lang"]) == "es"
        assert "/StructTreeRoot" in read.root_object
        metadata = read.root_object["/Metadata"].get_object()
        assert isinstance(metadata, StreamObject)
        assert b"pdfuaid" in metadata.get_data()
        assert "Mi plan de cuidado" in read.pages[0].extract_text()

    def test_without_a_plan_there_is_no_copy(self, nurse: Browser) -> None:
        assert nurse.get(f"{nurse.path}/plan/copy").status_code == 404


class TestTime:
    """Time on the plan is captured by the timer, on every tab, and saved as work on the plan."""

    def test_a_timer_can_be_started_on_the_plan_and_runs_through_all_its_tabs(
        self, front: Front, nurse: Browser
    ) -> None:
        start = f"{nurse.path}/timer/start"
        fields = Page(nurse.get(f"{nurse.path}/plan?tab=home").text).forms[start]
        answer = nurse.post(start, {**fields, "on_call": "no"})
        assert answer.headers["location"].startswith(f"{nurse.path}/plan?")
        assert "tab=home" in answer.headers["location"]
        assert "Timing this patient" in nurse.get(answer.headers["location"]).text

        for number, tab in enumerate(Tab, start=1):
            front.work_clock.advance(minutes=1)
            html = look(nurse, tab.value)
            assert f"{number:02}:00" in html
            assert "No timer runs for this patient" not in html
        save(nurse, "goals", {"include": "all"})

        page = Page(nurse.get(f"{nurse.path}/plan?tab=goals").text)
        target = next(one for one in page.forms if one.endswith("/save"))
        saved = nurse.post(target, {**page.forms[target], "activity": "care_plan", "note": ""})

        assert saved.status_code == 303
        log = nurse.get(nurse.path).text
        assert "Writing or revising the care plan" in log
        assert f"{len(Tab)} min" in log

    def test_who_keeps_no_time_is_offered_no_timer(self, front: Front) -> None:
        assert "Start the timer" not in look(front.sign_in(Role.BILLER))


class TestTasks:
    def test_a_task_is_added_shown_and_ended(self, nurse: Browser) -> None:
        adopted(nurse)
        fields = form_of(nurse, "month", "task") | {
            "text": "Call the pharmacy",
            "performer": "care_manager",
            "due_on": "2026-11-30",
            "part_key": "goal:hypertension:systolic",
        }
        answer = nurse.post(f"{nurse.path}/plan/task", fields)
        assert answer.headers["location"].endswith("done=plan-task")

        html = look(nurse, "month")
        assert "Call the pharmacy" in html
        assert "Care manager, by Nov 30, 2026." in html
        page = Page(nurse.get(f"{nurse.path}/plan?tab=month").text)
        end = next(one for one in page.forms if one.endswith("/end"))
        sent = {**page.forms[end], "outcome": "done", "note": "Refill is ready"}
        assert nurse.post(end, sent).headers["location"].endswith("done=plan-task-ended")

        html = look(nurse, "month")
        assert "No task is open." in html
        assert "Done: Call the pharmacy." in html
        assert "Refill is ready" in html

    def test_a_task_whose_day_has_passed_is_late(self, front: Front, nurse: Browser) -> None:
        fields = form_of(nurse, "month", "task") | {
            "text": "Send the form",
            "performer": "care_manager",
            "due_on": "2026-11-23",
        }
        nurse.post(f"{nurse.path}/plan/task", fields)
        assert "Late" not in look(nurse, "month")

        front.work_clock.moment += timedelta(days=1)

        assert "Late" in look(nurse, "month")

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("text", " ", "Write what is to be done."),
            ("performer", "", "Choose who does it."),
            ("due_on", "2026-11-01", "The day has passed"),
            ("due_on", "soon", "Give the day as year, month and day."),
        ],
    )
    def test_a_task_that_cannot_be_taken_comes_back_as_it_was_sent(
        self, nurse: Browser, field: str, value: str, said: str
    ) -> None:
        whole = {"text": "Send the form", "performer": "patient", "due_on": ""}
        fields = form_of(nurse, "month", "task") | whole | {field: value}

        answer = nurse.post(f"{nurse.path}/plan/task", fields)

        assert answer.status_code == 422
        assert said in unescape(answer.text)
        if field != "text":
            assert "Send the form" in answer.text


def sent(front: Front) -> list[DeliveryRecord]:
    """Let everything planned be in the EHR; return it as it is there."""
    with front.world.db.write(front.practice_id) as session:
        for one in deliveries.of_patient(session, front.practice_id, front.patient_id):
            sending.claim_for_sending(session, front.practice_id, one.id, NOW)
            sending.mark_intent(
                session, front.practice_id, Intent(delivery_id=one.id, tries=0), NOW
            )
            receipt = Receipt(delivery_id=one.id, remote_id=f"r{one.id}", remote_version="1")
            sending.mark_sent(session, front.practice_id, receipt, NOW)
        return list(deliveries.of_patient(session, front.practice_id, front.patient_id))


def read_again(front: Front, *goals: GoalFact, **plan: object) -> None:
    """Let the chart be read an hour later, with our plan as others left it."""
    (ours,) = (one for one in sent(front) if one.resource_type is ResourceKind.CARE_PLAN)
    fact = care_plan(ref=EvidenceRef("CarePlan", ours.remote_id), **plan)
    with front.world.db.write(front.practice_id) as session:
        before = charts.latest(session, front.practice_id, front.patient_id)
        assert before is not None
        facts = msgspec.structs.replace(
            before.facts,
            care_plans=(fact,),
            goals=goals,
            read_at=before.facts.read_at + timedelta(hours=1),
        )
        snapshot = NewChart(patient_id=front.patient_id, facts=facts, source=ChartSource.LAUNCH)
        charts.record(session, front.practice_id, snapshot, NOW + timedelta(hours=1))


class TestAddedByOthers:
    """What others write into our plan in the EHR is shown, and taken in by a click alone."""

    THEIRS = goal_fact(
        9,
        text="Weigh less than 80 kg",
        due_on=on("2027-03-01"),
        target="Body weight: < 80 kg",
        stated_by="Dr. Kidney",
    )

    def test_a_goal_is_shown_taken_in_and_adopted_by_clicks(
        self, front: Front, nurse: Browser
    ) -> None:
        adopted(nurse)
        assert "Changed by others in the EHR" not in look(nurse, "month")
        read_again(front, self.THEIRS, goal_refs=(str(self.THEIRS.ref),), planned=())

        assert "Others changed this plan in the EHR." in look(nurse)
        assert "Added in the EHR by Dr. Kidney" in look(nurse)
        html = look(nurse, "month")
        assert "Goal added in the EHR</strong> by Dr. Kidney" in html
        assert versions(front)[-1].plan.part(f"goal:{self.THEIRS.ref}") is None

        answer = nurse.post(f"{nurse.path}/plan/added", form_of(nurse, "month", "added"))
        assert answer.headers["location"].endswith("done=plan-added")
        assert "It is in your draft." in look(nurse, "month")
        nurse.post(f"{nurse.path}/plan/adopt", form_of(nurse, "adopt", "adopt"))

        part = versions(front)[-1].plan.part(f"goal:{self.THEIRS.ref}")
        assert part is not None
        assert "Changed by others in the EHR" not in look(nurse, "month")
        copy = unescape(nurse.get(f"{nurse.path}/plan/copy?language=en").text)
        assert "Target: Body weight: < 80 kg. By Mar 1, 2027." in copy

    def test_what_lacks_something_says_so_and_is_not_taken_in(
        self, front: Front, nurse: Browser
    ) -> None:
        adopted(nurse)
        read_again(front, planned=(planned("See the dietitian", performers=()),))

        answer = nurse.post(f"{nurse.path}/plan/added", form_of(nurse, "month", "added"))

        assert answer.status_code == 422
        assert "See the dietitian: Say first who does it." in unescape(answer.text)
        assert "Added in the EHR by somebody whom the EHR does not name" in look(nurse, "doing")

    def test_who_only_reads_is_offered_no_click(self, front: Front, nurse: Browser) -> None:
        adopted(nurse)
        read_again(front, self.THEIRS, goal_refs=(str(self.THEIRS.ref),), planned=())

        html = look(front.sign_in(Role.BILLER), "month")

        assert "Goal added in the EHR" in html
        assert "Take it into my draft" not in html


class TestReadingLevel:
    def test_the_copys_tab_tells_how_hard_each_language_is_to_read(self, nurse: Browser) -> None:
        adopted(nurse)

        html = look(nurse, "copy")

        assert html.count("School grade") == 2
        assert "Flesch–Kincaid" in html
        assert "Fernández Huerta" in html
        assert "Too hard" not in html

    def test_hard_words_are_told_with_their_line(self, nurse: Browser) -> None:
        key = "goal:hypertension:systolic"
        hard = (
            "Comprehensive pharmacological reconciliation necessitates interdisciplinary "
            "communication between participating organizations."
        )
        save(nurse, "goals", {f"english|{key}": hard, "in": [key]})
        nurse.post(f"{nurse.path}/plan/adopt", form_of(nurse, "adopt", "adopt"))

        html = look(nurse, "copy")

        assert "Too hard" in html
        assert f"<li>{hard}</li>" in html


class TestRoles:
    @pytest.mark.parametrize("role", [Role.BILLER, Role.ANALYST, Role.ADMIN])
    def test_others_read_and_do_not_write(self, front: Front, role: Role) -> None:
        reader = front.sign_in(role)

        html = look(reader)
        fields = reader.fields("/refresh") | {"part": "problem:diabetes", "in": "problem:diabetes"}
        answer = reader.post(f"{reader.path}/plan/draft", fields)

        assert "Care managers and billing practitioners write care plans" in html
        assert answer.status_code == 403

    def test_no_title_names_the_patient(self, nurse: Browser) -> None:
        html = look(nurse, Tab.MONTH.value)

        assert "<title>Care plan" in html
        assert CANARY not in html.partition("</title>")[0]
