from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.writeback import DeliveryState
from ccm_fhir.services.patient_month import MonthState, PatientMonthReview
from smart_app.views import page as frames
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


PAGES = {
    **{name: patient(review) for name, review in REVIEWS.items()},
    "refused": patient(builders.review(), REFUSED),
    "slim": patient(builders.review(), needs_banner=False),
    "month": month(),
    "month_of_one_state": month(MonthState.READY),
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
@pytest.mark.parametrize("name", [name for name in PAGES if name in REVIEWS])
def test_every_form_that_writes_carries_its_token_and_key(name: str) -> None:
    page = Page(PAGES[name])
    posts = [a["action"] for tag, a in page.tags if tag == "form" and a["method"] == "post"]

    for action in posts:
        assert page.forms[action]["csrf"] == "csrf-token"
        assert "form_key" in page.forms[action] or action.endswith(("/sign-out", "/open"))


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
def test_what_was_typed_is_escaped_when_a_form_comes_back() -> None:
    assert "<script>alert" not in PAGES["refused"]
    assert "&lt;script&gt;alert" in PAGES["refused"]


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
