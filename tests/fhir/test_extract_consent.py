from __future__ import annotations

from typing import Any

import pytest

from ccm_fhir.domain.facts import (
    AnsweredFact,
    Coding,
    ConsentFact,
    DocumentFact,
    EvidenceRef,
    QuestionnaireResponseFact,
    Skipped,
)
from tests.fhir.charts import concept, day, everything, read

CCM_FORM = "https://forms.example/Questionnaire/ccm-consent|1.0"
LOINC = "http://loinc.org"
Items = list[dict[str, Any]]


def answered(link_id: str, text: str = "", **value: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    return {"linkId": link_id, "text": text, "answer": [value or {"valueBoolean": True}]}


def consent(form: str, *items: dict[str, Any], **members: Any) -> ConsentFact | None:  # noqa: ANN401
    """Return the consent in a form, if there is one."""
    whole = {"status": "completed", "authored": "2026-01-05T10:00:00-06:00", **members}
    extracted = everything("QuestionnaireResponse", questionnaire=form, item=list(items), **whole)
    assert isinstance(extracted.fact, QuestionnaireResponseFact)
    (found,) = extracted.also or (None,)
    assert found is None or isinstance(found, ConsentFact)
    return found


# --- forms ----------------------------------------------------------------------------------


def test_a_form_has_its_answers_laid_flat() -> None:
    fact = read(
        "QuestionnaireResponse",
        status="completed",
        questionnaire=CCM_FORM,
        authored="2026-01-05",
        item=[
            {
                "linkId": "1",
                "item": [
                    {
                        "linkId": "1.1",
                        "text": "Weight",
                        "answer": [
                            {
                                "valueQuantity": {"value": 80.50, "unit": "kg"},
                                "item": [answered("1.1.1", valueString="at home")],
                            }
                        ],
                    }
                ],
            },
            {
                "linkId": "2",
                "answer": [
                    {"valueCoding": {"code": "a", "display": "Both"}},
                    {"valueDate": "2026"},
                ],
            },
            answered("3", valueDecimal=7.5),
            answered("4", valueInteger=3),
            answered("5", valueUri="urn:x"),
            answered("6", valueReference={"reference": "Patient/p1"}),
        ],
    )

    assert fact == QuestionnaireResponseFact(
        ref=EvidenceRef("QuestionnaireResponse", "r1", "3"),
        status="completed",
        questionnaire=CCM_FORM,
        authored_on=day("2026-01-05"),
        items=(
            AnsweredFact(link_id="1.1", question="Weight", answer="80.5 kg"),
            AnsweredFact(link_id="1.1.1", answer="at home"),
            AnsweredFact(link_id="2", codes=("a",), answer="Both; 2026"),
            AnsweredFact(link_id="3", answer="7.5"),
            AnsweredFact(link_id="4", answer="3"),
            AnsweredFact(link_id="5", answer="urn:x"),
            AnsweredFact(link_id="6"),
        ),
    )


@pytest.mark.parametrize(("levels", "is_read"), [(32, True), (33, False), (50, False)])
def test_a_form_nested_too_deeply_is_skipped_and_says_so(
    levels: int,
    is_read: bool,  # noqa: FBT001
) -> None:
    items: Items = [answered("deepest")]
    for _ in range(levels - 1):
        items = [{"linkId": "group", "item": items}]

    fact = read("QuestionnaireResponse", item=items)

    if is_read:
        assert [item.link_id for item in fact.items] == ["deepest"]
    else:
        assert isinstance(fact, Skipped)
        assert "nested" in fact.reason


def test_a_consent_form_answered_with_yes_is_a_consent_with_what_was_told() -> None:
    found = consent(
        CCM_FORM,
        answered("consent", "Does the patient consent?"),
        answered("availability"),
        answered("copayment", valueCoding={"system": LOINC, "code": "LA33-6", "display": "Yes"}),
        answered("right_to_stop", valueBoolean=False),
        answered("told", valueCoding={"code": "one-practitioner"}),
        answered("consent-mode", valueString="Verbal, by telephone"),
        answered("consent-language", valueString="Spanish"),
    )

    assert found == ConsentFact(
        ref=EvidenceRef("QuestionnaireResponse", "r1", "3"),
        status="active",
        is_for_ccm=True,
        given_on=day("2026-01-05"),
        statements=("availability", "cost-sharing", "one-practitioner"),
        mode="verbal",
        language="Spanish",
    )


def test_a_consent_form_may_say_its_own_day() -> None:
    found = consent(CCM_FORM, answered("consent"), answered("consent-date", valueDate="2025-12-30"))

    assert found is not None
    assert found.given_on == day("2025-12-30")


@pytest.mark.parametrize(
    "item",
    [
        answered("consent", valueBoolean=False),
        answered("consent", valueCoding={"code": "N"}),
        answered("q1", "Do you agree to take part?", valueString="No"),
    ],
)
def test_a_consent_form_answered_with_no_is_a_refusal(item: dict[str, Any]) -> None:
    found = consent(CCM_FORM, item)

    assert found is not None
    assert found.is_refused
    assert found.given_on is None


@pytest.mark.parametrize(
    "items",
    [
        [],
        [answered("consent", valueString="see note")],
        [answered("consent"), answered("ccm-consent", valueBoolean=False)],
        [answered("right-to-stop", "You may withdraw your consent at any time")],
        [answered("q9", "I understand that I may revoke this consent")],
        [answered("consent-mode", "How was consent given?", valueBoolean=True)],
    ],
)
def test_a_consent_form_without_a_plain_answer_is_undecided(items: Items) -> None:
    found = consent(CCM_FORM, *items)

    assert found is not None
    assert (found.given_on, found.is_refused) == (None, False)


@pytest.mark.parametrize(
    ("form", "items", "is_consent"),
    [
        ("https://x.example/Questionnaire/ChronicCareManagementConsent", [], True),
        ("https://x.example/Questionnaire/CCMConsent", [], True),
        ("https://x.example/Questionnaire/ccm-monthly-assessment", [], False),
        ("https://x.example/Questionnaire/telehealth-consent", [answered("consent")], False),
        ("urn:x", [answered("7", "Do you consent to chronic care management?")], True),
        ("urn:x", [answered("ccm_consent")], True),
        ("urn:x", [answered("7", "May we stop your CCM consent?")], False),
        ("", [answered("7", "Do you consent to surgery?")], False),
    ],
)
def test_a_form_is_a_consent_to_ccm_by_name_alone(
    form: str,
    items: Items,
    is_consent: bool,  # noqa: FBT001
) -> None:
    assert (consent(form, *items) is not None) is is_consent


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        ("completed", "active"),
        ("amended", "active"),
        ("in-progress", "draft"),
        ("stopped", "draft"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_a_form_that_is_not_finished_is_a_draft(status: str, read_as: str) -> None:
    found = consent(CCM_FORM, answered("consent"), status=status)

    assert found is not None
    assert found.status == read_as


# --- documents ------------------------------------------------------------------------------


def test_a_document_is_of_a_kind_and_a_day() -> None:
    fact = read(
        "DocumentReference",
        status="current",
        type={"text": "Progress note", "coding": [{"system": LOINC, "code": "11506-3"}]},
        category=[concept("urn:c", "clinical-note")],
        date="2026-01-09T10:00:00Z",
        content=[{"attachment": {"title": "Visit"}}],
        context={"period": {"start": "2026-01-05"}},
    )

    assert fact == DocumentFact(
        ref=EvidenceRef("DocumentReference", "r1", "3"),
        status="current",
        types=(Coding(system=LOINC, code="11506-3"),),
        categories=("clinical-note",),
        text="Visit",
        dated_on=day("2026-01-05"),
    )


@pytest.mark.parametrize(
    ("members", "is_consent"),
    [
        ({"description": "CCM consent, signed"}, True),
        ({"type": concept(LOINC, "59284-0"), "description": "Chronic care management"}, True),
        ({"type": {"text": "Chronic Care Management Agreement"}}, True),
        ({"content": [{"attachment": {"title": "CCM Consent.pdf"}}]}, True),
        ({"type": concept(LOINC, "59284-0")}, False),
        ({"description": "CCM care plan"}, False),
        ({"description": "Consent to surgery"}, False),
    ],
)
def test_a_document_is_a_consent_to_ccm_by_name_alone(
    members: dict[str, Any],
    is_consent: bool,  # noqa: FBT001
) -> None:
    assert bool(everything("DocumentReference", **members).also) is is_consent


def test_a_consent_document_tells_no_statement() -> None:
    (found,) = everything(
        "DocumentReference",
        status="current",
        description="CCM consent (signed)",
        date="2026-01-09",
        content=[{"attachment": {"language": "es"}}],
    ).also

    assert found == ConsentFact(
        ref=EvidenceRef("DocumentReference", "r1", "3"),
        status="active",
        is_for_ccm=True,
        given_on=day("2026-01-09"),
        mode="written",
        language="es",
    )


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"status": "current", "docStatus": "preliminary"}, "draft"),
        ({"status": "superseded"}, "inactive"),
        ({"status": "entered-in-error"}, "entered-in-error"),
    ],
)
def test_a_consent_document_has_the_standing_of_its_document(
    members: dict[str, Any], status: str
) -> None:
    (found,) = everything("DocumentReference", description="CCM consent", **members).also

    assert isinstance(found, ConsentFact)
    assert found.status == status


# --- Consent resources ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "mode"),
    [
        ({"policyRule": {"text": "Verbal consent"}}, "verbal"),
        ({"category": [concept("urn:x", "written")]}, "written"),
        ({"sourceAttachment": {"title": "Signed form"}}, "written"),
        ({"policyRule": {"text": "verbal or written"}}, ""),
        ({}, ""),
    ],
)
def test_a_consents_mode_is_read_where_it_is_said(members: dict[str, Any], mode: str) -> None:
    assert read("Consent", **members).mode == mode


def test_a_consent_names_its_statements_in_one_spelling() -> None:
    fact = read(
        "Consent", provision={"code": [concept("urn:x", "Cost_Sharing"), concept("u", "z")]}
    )

    assert fact.statements == ("cost-sharing", "z")
