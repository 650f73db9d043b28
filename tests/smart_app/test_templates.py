from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.consents import ConsentDecision
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.consents import ConsentHistory
from ccm_fhir.services.evidence import EvidenceProblem, EvidenceShown
from ccm_fhir.services.patient_month import MonthState, PatientMonthReview
from smart_app.views import page as frames
from smart_app.views.choice_page import choice_page
from smart_app.views.consent_form import TEXT_FIELDS
from smart_app.views.consent_page import ConsentPrinting, consent_page
from smart_app.views.evidence_page import evidence_page
from smart_app.views.forms import Attempt, wrong
from smart_app.views.month_page import month_page
from smart_app.views.patient_page import Printing, patient_page
from smart_app.views.problem_page import problem_text
from smart_app.views.problems import LAUNCHES, cookie_blocked
from smart_app.views.rendering import render
from tests.smart_app import builders
from tests.smart_app.front import Page

BUSY = replace(
    builders.review(minutes=42),
    entries=(
        replace(
            builders.entry("e2", 9, 23, note="Two calls."),
            left_out=(builders.overlap("e2", 3),),
            counted_seconds=1200,
            deliveries=(
                builders.delivered("Encounter", DeliveryState.SENDING),
                builders.delivered("Procedure", DeliveryState.REJECTED, "The EHR refused it."),
            ),
            may_void=True,
        ),
        builders.entry("e1", 3, 22),
    ),
)
REVIEWS: dict[str, PatientMonthReview] = {
    "ready": builders.review(),
    "to_be_signed": builders.to_be_signed(),
    "signed": builders.signed(),
    "claim_refused": builders.signed(DeliveryState.REJECTED, "The EHR refused it."),
    "never_read": builders.never_read(),
    "with_gaps": builders.with_gaps(),
    "busy": BUSY,
    "no_time": builders.review(minutes=0),
    "for_a_doctor": builders.for_a_doctor(),
    "asked_for_mdm": replace(builders.asked_for_mdm(), may_sign=True),
    "answered_mdm": replace(builders.asked_for_mdm(answered=True), may_sign=True),
    "waits_for_mdm": builders.asked_for_mdm(attests=False),
}
REFUSED = Attempt(
    form="time",
    form_key="key",
    typed={"minutes": '"><script>alert(1)</script>'},
    wrong=(wrong("time", "minutes", "give whole minutes"), wrong("time", "", "it clashes")),
)


def patient(
    review: PatientMonthReview, attempt: Attempt | None = None, *, needs_banner: bool = True
) -> str:
    role = Role.PRACTITIONER if review.may_sign else Role.CARE_MANAGER
    printing = Printing(
        actor=builders.actor(role),
        needs_banner=needs_banner,
        page_key=builders.PAGE_KEY,
        attempt=attempt,
    )
    around = frames.frame(
        builders.visit(role), review.month, frames.PATIENT, frames.Around(is_demo=True)
    )
    return render("patient.html", page=around, view=patient_page(review, printing))


def month(state: MonthState | None = None) -> str:
    overview = builders.overview(state)
    around = frames.frame(
        builders.visit(), overview.month, frames.MONTH, frames.Around(is_demo=True)
    )
    return render("month.html", page=around, view=month_page(overview))


def consent(history: ConsentHistory, attempt: Attempt | None = None, *, correct: str = "") -> str:
    printing = ConsentPrinting(
        needs_banner=True, page_key=builders.PAGE_KEY, attempt=attempt, correct=correct
    )
    around = frames.frame(
        builders.visit(), history.month, frames.CONSENT, frames.Around(is_demo=True)
    )
    return render("consent.html", page=around, view=consent_page(history, printing))


def evidence(shown: EvidenceShown) -> str:
    around = frames.frame(
        builders.visit(), builders.NOVEMBER, frames.EVIDENCE, frames.Around(is_demo=True)
    )
    view = evidence_page(shown, needs_banner=True)
    return render("evidence.html", page=around, view=view)


RECORDS = builders.consent_history(
    builders.consent_entry("r3", ConsentDecision.REVOKED, note="Moving away."),
    builders.consent_entry("r2"),
    builders.consent_entry("r1", ConsentDecision.DECLINED, stands=False),
)
REFUSED_CONSENT = Attempt(
    form="consent",
    form_key="key",
    typed={"note": '"><script>alert(1)</script>', "decision": "given"},
    wrong=tuple(
        wrong("consent", name, "say more")
        for name in (*RECORDS.required, *TEXT_FIELDS, "told", "")
        if name not in {"corrects_id", "change_reason"}
    ),
    ticked=frozenset(RECORDS.required),
)
REFUSED_REVOCATION = Attempt(
    form="revoke",
    form_key="key",
    typed={},
    wrong=tuple(
        wrong("revoke", name, "say more")
        for name in (
            *("decided_on", "mode", "given_by", "note"),
            *("representative_name", "representative_relation"),
        )
    ),
)
REFUSED_BACK = Attempt(
    form="back-r2", form_key="key", typed={}, wrong=(wrong("back-r2", "reason", "say why"),)
)
REFUSED_JUDGEMENT = Attempt(
    form="condition-key-c3",
    form_key="key",
    typed={"answer": "chronic", "family": "copd"},
    wrong=tuple(
        wrong("condition-key-c3", name, "say more") for name in ("answer", "family", "reason", "")
    ),
)

REFUSED_CHOICE = Attempt(
    form="choice",
    form_key="key",
    typed={"family": "practitioner", "reason": '"><b>'},
    wrong=(wrong("choice", "dos_policy", "choose the day"), wrong("choice", "", "it clashes")),
)


def choice(attempt: Attempt | None = None, *, may_choose: bool = True) -> str:
    held = builders.practice_choice(may_choose=may_choose)
    around = frames.frame(builders.visit(), held.month, frames.CHOICE, frames.Around(is_demo=True))
    return render("choice.html", page=around, view=choice_page(held, builders.PAGE_KEY, attempt))


PAGES = {
    **{name: patient(review) for name, review in REVIEWS.items()},
    "refused": patient(builders.review(), REFUSED),
    "slim": patient(builders.review(), needs_banner=False),
    "refused_judgement": patient(builders.for_a_doctor(), REFUSED_JUDGEMENT),
    "consent": consent(RECORDS),
    "consent_of_nobody": consent(builders.consent_history(may_record=False)),
    "consent_corrected": consent(RECORDS, correct="r2"),
    "consent_refused": consent(RECORDS, REFUSED_CONSENT),
    "correction_refused": consent(
        RECORDS, replace(REFUSED_CONSENT, typed={"corrects_id": "r2", "change_reason": "x"})
    ),
    "revocation_refused": consent(RECORDS, REFUSED_REVOCATION),
    "back_refused": consent(RECORDS, REFUSED_BACK),
    "evidence": evidence(builders.evidence_shown()),
    **{
        f"evidence_{problem.value}": evidence(builders.evidence_shown(problem))
        for problem in EvidenceProblem
    },
    "month": month(),
    "month_of_one_state": month(MonthState.READY),
    "choice": choice(),
    "choice_refused": choice(REFUSED_CHOICE),
    "choice_of_others": choice(may_choose=False),
    "cookie_blocked": problem_text(cookie_blocked("/launch?iss=x"), is_demo=False),
    **{reason: problem_text(view, is_demo=False) for reason, view in LAUNCHES.items()},
}


@pytest.mark.proves("S9")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_no_inline_style_script_or_handler(name: str) -> None:
    tags = Page(PAGES[name]).tags

    assert not any(tag == "style" for tag, _ in tags)
    assert all("src" in attributes for tag, attributes in tags if tag == "script")
    assert not any(
        attribute == "style" or attribute.startswith("on")
        for _, attributes in tags
        for attribute in attributes
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_built(name: str) -> None:
    page = Page(PAGES[name])
    headings = [tag for tag, _ in page.tags if tag == "h1"]
    labelled = {a["for"] for tag, a in page.tags if tag == "label"}
    fields = [
        a["id"]
        for tag, a in page.tags
        if tag in {"input", "select", "textarea"} and a.get("type") != "hidden"
    ]

    assert headings == ["h1"]
    assert [i for i, number in Counter(page.ids).items() if number > 1] == []
    assert set(fields) <= labelled
    assert ("html", {"lang": "en"}) in page.tags
    assert "main" in page.ids


@pytest.mark.parametrize("name", PAGES)
def test_references_between_elements_lead_somewhere(name: str) -> None:
    page = Page(PAGES[name])
    wanted = {
        target
        for _, a in page.tags
        for attribute in ("aria-describedby", "aria-labelledby", "for")
        for target in a.get(attribute, "").split()
    } | {a["href"][1:] for tag, a in page.tags if tag == "a" and a["href"].startswith("#")}

    assert wanted <= set(page.ids)


@pytest.mark.proves("S8")
@pytest.mark.parametrize(
    "name", [name for name in PAGES if name in REVIEWS or "consent" in name or "refused" in name]
)
def test_every_form_that_writes_carries_its_token_and_key(name: str) -> None:
    page = Page(PAGES[name])
    posts = [a["action"] for tag, a in page.tags if tag == "form" and a["method"] == "post"]

    for action in posts:
        assert page.forms[action]["csrf"] == "csrf-token"
        assert "form_key" in page.forms[action] or action.endswith(
            ("/sign-out", "/open", "/packet")
        )


@pytest.mark.proves("S18")
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_a_chart_says_is_escaped(text: str) -> None:
    review = replace(
        builders.review(),
        patient=builders.patient(name=text),
        entries=(builders.entry(note=text),),
    )

    html = patient(review)

    assert text not in html
    assert "&lt;" in html


@pytest.mark.proves("S18")
@pytest.mark.parametrize("name", ["refused", "consent_refused"])
def test_what_was_typed_is_escaped_when_a_form_comes_back(name: str) -> None:
    assert "<script>alert" not in PAGES[name]
    assert "&lt;script&gt;alert" in PAGES[name]


def test_what_a_resource_says_is_escaped() -> None:
    html = evidence(builders.evidence_shown(said="<script>alert(1)</script>"))

    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert") == 2


def test_a_corrected_record_keeps_the_forms_reason_field_alone_open() -> None:
    assert 'name="corrects_id" value="r2"' in PAGES["consent_corrected"]
    assert "corrects_id" not in PAGES["consent"]


def test_why_a_chart_could_not_be_read_stands_on_the_page() -> None:
    said = "The chart could not be read: the EHR answered 403 while reading Patient."

    assert said in PAGES["never_read"]
    assert "could not be read" not in PAGES["ready"]


def test_a_title_names_no_patient() -> None:
    for name, review in REVIEWS.items():
        title = PAGES[name].split("<title>")[1].split("</title>")[0]
        assert review.patient.name not in title


def test_a_refused_page_says_so_in_its_title() -> None:
    assert "<title>Error: " in PAGES["refused"]


def test_an_answer_is_told_in_a_word_beside_its_icon() -> None:
    for word in ("Not met", "Unknown", "Met"):
        assert f"<span>{word}</span>" in PAGES["with_gaps"]


def test_a_page_without_moving_records_does_not_look_again() -> None:
    assert "hx-get" not in PAGES["ready"]
    assert 'hx-trigger="every 3s"' in PAGES["busy"]
