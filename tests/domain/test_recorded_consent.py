"""Consent recorded here: what it becomes, what outranks it, and by which law it is judged."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.consent_script import QUESTIONS, SENTENCES
from ccm_fhir.domain.consents import (
    ConsentDecision,
    ConsentMode,
    RecordedConsent,
    consent_facts,
    effective_end,
    standing,
)
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.domain.eligibility import assess
from ccm_fhir.domain.facts import ConsentFact, EvidenceRef, Unread
from ccm_fhir.domain.findings import Answer, Criterion, Finding
from ccm_fhir.domain.reasons import Caution
from ccm_fhir.rulebook import load_rulebook
from tests.builders import ALL_TOLD, NOVEMBER, ORGANIZATION, chart, consent, on, question

OCTOBER, DECEMBER = NOVEMBER.previous(), NOVEMBER.next()
GIVEN, DECLINED, REVOKED = list(ConsentDecision)[:3]
PAUSED, RESUMED, ELSEWHERE = list(ConsentDecision)[3:6]
DAYS = st.dates(date(2026, 9, 1), date(2026, 12, 31))
MONTHS = st.sampled_from([ServiceMonth(2026, month) for month in (9, 10, 11, 12)])


def recorded(
    decision: ConsentDecision = GIVEN, day: str = "2026-11-02", **changes: object
) -> RecordedConsent:
    """Return a record of a day; a whole verbal consent unless told otherwise."""
    one = RecordedConsent(
        id=f"{decision.value}-{day}",
        decision=decision,
        decided_on=date.fromisoformat(day),
        statements=ALL_TOLD if decision is GIVEN else (),
        mode=ConsentMode.VERBAL,
        language="es",
    )
    return msgspec.structs.replace(one, **changes)


def found(
    *records: RecordedConsent, ehr: tuple[ConsentFact, ...] = (), month: ServiceMonth = NOVEMBER
) -> Finding:
    """Judge consent in a chart of the EHR's consents and what was recorded here."""
    facts = chart(consents=(*ehr, *consent_facts(records, ORGANIZATION)))
    return assess(question(facts, month)).finding(Criterion.CONSENT)


def test_a_whole_consent_recorded_here_is_met_and_says_that_it_is_kept_here() -> None:
    answer = found(recorded())

    assert answer.answer is Answer.MET
    assert answer.evidence == (EvidenceRef("RecordedConsent", "given-2026-11-02"),)
    assert "verbal, recorded here" in answer.reason


def test_a_record_keeps_how_and_in_what_language_as_a_fact() -> None:
    (fact,) = consent_facts([recorded()], ORGANIZATION)

    assert (fact.recorded_here, fact.mode, fact.language) == (True, "verbal", "es")
    assert fact.statements == ALL_TOLD
    assert fact.organization == ORGANIZATION


@pytest.mark.parametrize(
    ("decision", "status", "is_refused", "statements"),
    [
        (GIVEN, "active", False, ALL_TOLD),
        (DECLINED, "rejected", True, ()),
        (REVOKED, "inactive", False, ()),
    ],
)
def test_only_consent_keeps_what_was_told_and_only_declining_is_a_refusal(
    decision: ConsentDecision, status: str, is_refused: object, statements: tuple[str, ...]
) -> None:
    record = recorded(decision, statements=ALL_TOLD, mode=None)

    (fact,) = consent_facts([record], ORGANIZATION)

    assert (fact.status, fact.is_refused, fact.statements) == (status, is_refused, statements)
    assert (fact.mode, fact.organization, fact.is_for_ccm) == ("", ORGANIZATION, True)


def test_time_counts_from_the_day_of_the_consent_recorded_here() -> None:
    facts = chart(consents=consent_facts([recorded()], ORGANIZATION))

    assert assess(question(facts)).consent == facts.consents[0]


def test_asking_again_does_not_unsay_the_consent_that_holds() -> None:
    facts = chart(consents=(consent(), *consent_facts([recorded()], ORGANIZATION)))

    best = assess(question(facts)).consent

    assert best is not None
    assert best.given_on == on("2026-08-03")


def test_declining_alone_is_not_met_and_no_consent_to_count_from() -> None:
    facts = chart(consents=consent_facts([recorded(DECLINED)], ORGANIZATION))
    assessed = assess(question(facts))

    assert assessed.finding(Criterion.CONSENT).code == "consent_missing"
    assert "declined on 2026-11-02" in assessed.finding(Criterion.CONSENT).reason
    assert assessed.consent is None


def test_declining_after_the_month_says_nothing_of_the_month() -> None:
    assert "No consent" in found(recorded(DECLINED, "2026-12-01")).reason


@pytest.mark.parametrize("day", ["2026-08-03", "2026-08-04", "2026-11-30"])
def test_declining_outranks_a_consent_in_the_ehr_that_is_not_later(day: str) -> None:
    answer = found(recorded(DECLINED, day), ehr=(consent(),))

    assert (answer.answer, answer.code) == (Answer.NOT_MET, "consent_missing")
    assert "outranks the consent of 2026-08-03 (in the EHR)" in answer.reason
    assert len(answer.evidence) == 2


def test_a_consent_in_the_ehr_after_declining_holds_and_the_conflict_is_said() -> None:
    answer = found(recorded(DECLINED, "2026-08-02"), ehr=(consent(),))

    assert answer.answer is Answer.MET
    assert "outranks the refusal of 2026-08-02 (recorded here)" in answer.reason


def test_a_refusal_in_the_ehr_outranks_an_earlier_consent_recorded_here() -> None:
    refused = consent(is_refused=True, given_on=on("2026-11-03"))

    assert found(recorded(), ehr=(refused,)).answer is Answer.NOT_MET
    assert found(recorded(day="2026-11-04"), ehr=(refused,)).answer is Answer.MET


@pytest.mark.parametrize("status", ["draft", "proposed", "entered-in-error", "inactive"])
def test_a_refusal_that_says_nothing_outranks_nothing(status: str) -> None:
    refused = consent(
        ref=EvidenceRef("Consent", "no"), is_refused=True, status=status, given_on=on("2026-11-03")
    )

    assert found(recorded(), ehr=(refused,)).answer is Answer.MET


def test_refusing_another_practice_refuses_us_nothing() -> None:
    elsewhere = consent(is_refused=True, organization="Organization/other")

    assert found(recorded(), ehr=(elsewhere,)).answer is Answer.MET


@pytest.mark.parametrize("given_on", [None, on("2026-11"), on("2026")])
def test_a_refusal_whose_day_cannot_be_ordered_is_unknown(given_on: object) -> None:
    refused = consent(ref=EvidenceRef("Consent", "no"), is_refused=True, given_on=given_on)

    answer = found(recorded(), ehr=(refused,))

    assert (answer.answer, answer.code) == (Answer.UNKNOWN, "cannot_determine")
    assert "before or after" in answer.reason


def test_a_definite_refusal_is_told_before_one_that_cannot_be_ordered() -> None:
    unclear = consent(ref=EvidenceRef("Consent", "no"), is_refused=True, given_on=None)

    assert found(recorded(), recorded(DECLINED), ehr=(unclear,)).answer is Answer.NOT_MET


class TestRevocation:
    def test_it_takes_effect_with_the_end_of_its_month(self) -> None:
        assert effective_end(date(2026, 2, 1)) == date(2026, 2, 28)
        records = (recorded(day="2026-10-05"), recorded(REVOKED, "2026-11-10"))

        assert found(*records, month=OCTOBER).answer is Answer.MET
        assert found(*records, month=NOVEMBER).answer is Answer.MET
        assert found(*records, month=DECEMBER).code == "consent_revoked"

    def test_the_month_in_which_it_ends_says_so(self) -> None:
        records = (recorded(day="2026-10-05"), recorded(REVOKED, "2026-11-10"))
        ending, before = found(*records), found(*records, month=OCTOBER)

        assert ending.cautions == (Caution.CONSENT_REVOKED_MONTH_END,)
        assert "revoked on 2026-11-10 and ends with that month" in ending.reason
        assert before.cautions == ()

    def test_it_ends_a_consent_of_the_ehr_too(self) -> None:
        answer = found(recorded(REVOKED, "2026-10-10"), ehr=(consent(),))

        assert (answer.answer, answer.code) == (Answer.NOT_MET, "consent_revoked")
        assert "outranks the consent of 2026-08-03 (in the EHR)" in answer.reason

    def test_a_later_consent_begins_anew(self) -> None:
        records = (
            recorded(day="2026-09-01"),
            recorded(REVOKED, "2026-09-10"),
            recorded(day="2026-11-02"),
        )

        assert found(*records, month=OCTOBER).answer is Answer.NOT_MET
        assert found(*records).answer is Answer.MET
        assert found(*records).cautions == ()

    def test_a_consent_after_it_in_the_same_month_does_not_end_with_the_month(self) -> None:
        answer = found(recorded(REVOKED, "2026-11-10"), recorded(day="2026-11-20"))

        assert (answer.answer, answer.cautions) == (Answer.MET, ())
        assert "ends with that month" not in answer.reason

    def test_a_consent_without_a_day_cannot_be_ordered_against_it(self) -> None:
        undated = consent(given_on=None)

        answer = found(recorded(REVOKED, "2026-10-10"), ehr=(undated,))

        assert (answer.answer, answer.code) == (Answer.UNKNOWN, "cannot_determine")

    def test_alone_it_is_told(self) -> None:
        assert found(recorded(REVOKED, "2026-11-02")).code == "consent_revoked"
        assert found(recorded(REVOKED, "2026-12-02")).code == "consent_missing"


class TestEndedInTheEhr:
    @pytest.mark.parametrize(
        ("ends_on", "answer"),
        [
            ("2026-10-01", Answer.MET),
            ("2026-10-02", Answer.UNKNOWN),
            ("2026-10-14", Answer.UNKNOWN),
            ("2026-10", Answer.UNKNOWN),
            ("2026-12-14", Answer.MET),
        ],
    )
    def test_an_end_in_the_ehr_may_be_of_the_earlier_consent_recorded_here(
        self, ends_on: str, answer: Answer
    ) -> None:
        ended = consent(status="inactive", ends_on=on(ends_on))

        assert found(recorded(day="2026-10-02"), ehr=(ended,)).answer is answer

    def test_an_end_without_a_day_is_unknown(self) -> None:
        answer = found(recorded(day="2026-10-02"), ehr=(consent(status="inactive"),))

        assert answer.code == "cannot_determine"
        assert len(answer.evidence) == 2

    def test_an_end_at_another_practice_says_nothing(self) -> None:
        elsewhere = consent(status="inactive", organization="Organization/other")

        assert found(recorded(), ehr=(elsewhere,)).answer is Answer.MET


class TestUnreadEhr:
    GAP = (Unread("Consent", "needs scope patient/Consent.rs"),)

    def judged(self, *records: RecordedConsent) -> Finding:
        facts = chart(consents=consent_facts(records, ORGANIZATION), unread=self.GAP)
        return assess(question(facts)).finding(Criterion.CONSENT)

    def test_what_is_recorded_here_suffices_where_the_ehr_shows_no_consents(self) -> None:
        assert self.judged(recorded()).answer is Answer.MET

    def test_a_no_recorded_here_stands_as_well(self) -> None:
        assert self.judged(recorded(DECLINED)).answer is Answer.NOT_MET
        assert self.judged(recorded(REVOKED)).answer is Answer.NOT_MET

    @pytest.mark.parametrize("status", ["active", "rejected", "inactive"])
    def test_one_consent_shown_beside_others_that_are_not_settles_nothing(
        self, status: str
    ) -> None:
        facts = chart(consents=(consent(status=status),), unread=self.GAP)

        answer = assess(question(facts)).finding(Criterion.CONSENT)

        assert answer.answer is Answer.UNKNOWN
        assert "patient/Consent.rs" in f"{answer.reason} {answer.remedy}"

    def test_nothing_recorded_here_leaves_it_unknown(self) -> None:
        assert self.judged().answer is Answer.UNKNOWN

    def test_a_consent_recorded_for_later_leaves_the_month_unknown(self) -> None:
        assert self.judged(recorded(day="2026-12-02")).answer is Answer.UNKNOWN


class TestMode:
    MARCH_2016 = ServiceMonth(2016, 3)

    def in_2016(self, mode: str, month: ServiceMonth = MARCH_2016) -> Finding:
        facts = chart(consents=(consent(given_on=on("2016-02-01"), mode=mode),))
        return assess(question(facts, month)).finding(Criterion.CONSENT)

    def test_verbal_consent_was_not_enough_in_2016(self) -> None:
        answer = self.in_2016("verbal")

        assert (answer.answer, answer.code) == (Answer.NOT_MET, "consent_invalid")
        assert "written" in answer.reason

    def test_verbal_consent_of_2016_is_unknown_later(self) -> None:
        answer = self.in_2016("verbal", NOVEMBER)

        assert (answer.answer, answer.code) == (Answer.UNKNOWN, "cannot_determine")
        assert "written consent of that time, or ask" in answer.remedy
        assert answer.evidence == (EvidenceRef("Consent", "consent"),)

    def test_written_consent_of_2016_holds_then_and_later(self) -> None:
        assert self.in_2016("written").answer is Answer.MET
        assert self.in_2016("written", NOVEMBER).answer is Answer.MET

    def test_a_mode_that_is_not_told_keeps_its_answer_and_is_mentioned(self) -> None:
        answer = self.in_2016("")

        assert answer.answer is Answer.MET
        assert "does not tell whether it was written" in answer.reason

    @pytest.mark.parametrize("mode", ["verbal", "written", ""])
    def test_from_2017_on_either_way_suffices_and_nothing_is_mentioned(self, mode: str) -> None:
        facts = chart(consents=(consent(given_on=on("2017-01-01"), mode=mode),))
        answer = assess(question(facts)).finding(Criterion.CONSENT)

        assert answer.answer is Answer.MET
        assert "does not tell" not in answer.reason

    def test_the_last_day_of_the_old_law_is_judged_by_it(self) -> None:
        facts = chart(consents=(consent(given_on=on("2016-12-31"), mode="verbal"),))

        assert assess(question(facts)).finding(Criterion.CONSENT).answer is Answer.UNKNOWN

    def test_a_consent_of_before_the_first_law_is_judged_by_the_first(self) -> None:
        facts = chart(consents=(consent(given_on=on("2014-12-01"), mode="verbal"),))

        answer = assess(question(facts, self.MARCH_2016)).finding(Criterion.CONSENT)
        assert answer.code == "consent_invalid"


class TestBesideConsent:
    """A pause leaves the consent and the months before it; another practice ends our months."""

    def test_the_month_of_a_pause_is_met_and_says_so(self) -> None:
        answer = found(recorded(day="2026-10-02"), recorded(PAUSED, "2026-11-10"))

        assert answer.answer is Answer.MET
        assert "paused care management on 2026-11-10" in answer.reason

    def test_a_month_after_the_pause_began_is_unknown(self) -> None:
        answer = found(recorded(day="2026-09-02"), recorded(PAUSED, "2026-10-31"))

        assert answer.answer is Answer.UNKNOWN
        assert "has not taken it up again" in answer.reason
        assert {ref.resource_id for ref in answer.evidence} == {
            "given-2026-09-02",
            "paused-2026-10-31",
        }

    def test_a_month_in_which_the_pause_ends_is_met(self) -> None:
        records = (
            recorded(day="2026-09-02"),
            recorded(PAUSED, "2026-10-05"),
            recorded(RESUMED, "2026-11-30"),
        )

        assert found(*records).answer is Answer.MET
        assert found(*records, month=DECEMBER).answer is Answer.MET

    def test_the_end_of_a_pause_does_not_reach_back(self) -> None:
        records = (
            recorded(day="2026-09-02"),
            recorded(PAUSED, "2026-09-05"),
            recorded(RESUMED, "2026-11-01"),
        )

        assert found(*records, month=OCTOBER).answer is Answer.UNKNOWN

    def test_a_new_consent_ends_a_pause_too(self) -> None:
        records = (
            recorded(day="2026-09-02"),
            recorded(PAUSED, "2026-09-05"),
            recorded(day="2026-11-02", id="again"),
        )

        assert found(*records).answer is Answer.MET

    def test_the_month_in_which_another_practice_begins_is_unknown(self) -> None:
        answer = found(recorded(day="2026-09-02"), recorded(ELSEWHERE, "2026-11-10"))

        assert answer.answer is Answer.UNKNOWN
        assert "only one practitioner is paid" in answer.reason

    def test_later_months_of_another_practice_are_not_met(self) -> None:
        answer = found(recorded(day="2026-09-02"), recorded(ELSEWHERE, "2026-10-10"))

        assert (answer.answer, answer.code) == (
            Answer.NOT_MET,
            "consent_not_for_billing_practitioner",
        )

    def test_only_a_new_consent_brings_the_patient_back(self) -> None:
        away = (recorded(day="2026-09-02"), recorded(ELSEWHERE, "2026-09-10"))

        resumed = found(*away, recorded(RESUMED, "2026-10-10"))
        again = found(*away, recorded(day="2026-10-10", id="again"))

        assert (resumed.answer, again.answer) == (Answer.NOT_MET, Answer.MET)

    def test_neither_is_a_consent_by_itself(self) -> None:
        for decision in (PAUSED, RESUMED, ELSEWHERE):
            assert found(recorded(decision)).code == "consent_missing"

    @given(DAYS, MONTHS, st.sampled_from([PAUSED, ELSEWHERE]))
    def test_neither_ever_helps(
        self, day: date, month: ServiceMonth, decision: ConsentDecision
    ) -> None:
        consented = recorded(day="2026-09-01")
        held = found(consented, recorded(decision, day.isoformat()), month=month)

        if held.answer is Answer.MET:
            assert found(consented, month=month).answer is Answer.MET
        if day < month.first_day:
            assert held.answer is not Answer.MET


def test_every_statement_of_every_rule_has_its_sentence_in_both_languages() -> None:
    required = {
        statement
        for rule in load_rulebook().eligibility
        for statement in rule.required_consent_statements
    }

    for sentences in SENTENCES.values():
        assert set(sentences) == required
    assert set(SENTENCES) == set(QUESTIONS) == {"en", "es"}


def test_a_correction_stands_for_the_record_it_names() -> None:
    wrong = recorded(day="2026-11-02", id="a")
    right = recorded(day="2026-11-20", id="b", supersedes_id="a")

    assert standing([right, wrong]) == (right,)


def test_a_record_entered_in_error_is_gone_with_what_it_names() -> None:
    wrong = recorded(id="a")
    error = recorded(ConsentDecision.ENTERED_IN_ERROR, id="b", supersedes_id="a")

    assert standing([wrong, error]) == ()
    assert found(wrong, error).code == "consent_missing"


RECORDS = st.lists(
    st.builds(
        lambda decision, day, told: (decision, day, told),
        st.sampled_from([GIVEN, DECLINED, REVOKED]),
        DAYS,
        st.sets(st.sampled_from(ALL_TOLD)),
    ),
    max_size=4,
).map(
    lambda drawn: [
        recorded(decision, day.isoformat(), id=f"r{place}", statements=tuple(sorted(told)))
        for place, (decision, day, told) in enumerate(drawn)
    ]
)


@given(RECORDS, MONTHS)
def test_consent_without_every_statement_never_is_met(
    records: list[RecordedConsent], month: ServiceMonth
) -> None:
    if found(*records, month=month).answer is Answer.MET:
        assert any(
            one.decision is GIVEN
            and set(one.statements) == set(ALL_TOLD)
            and one.decided_on <= month.last_day
            for one in records
        )


@given(RECORDS, MONTHS, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(
    records: list[RecordedConsent], month: ServiceMonth, random: object
) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis's own Random

    assert found(*shuffled, month=month) == found(*records, month=month)


@given(RECORDS, MONTHS, DAYS)
def test_one_more_refusal_never_helps(
    records: list[RecordedConsent], month: ServiceMonth, day: date
) -> None:
    before = found(*records, month=month).answer
    after = found(*records, recorded(DECLINED, day.isoformat(), id="no"), month=month).answer

    if before is not Answer.MET:
        assert after is not Answer.MET


@given(RECORDS, MONTHS)
def test_taking_every_record_back_leaves_nothing(
    records: list[RecordedConsent], month: ServiceMonth
) -> None:
    errors = [
        recorded(ConsentDecision.ENTERED_IN_ERROR, id=f"e{one.id}", supersedes_id=one.id)
        for one in records
    ]

    assert found(*records, *errors, month=month).code == "consent_missing"


@given(st.dates(date(2026, 8, 1), date(2026, 11, 30)))
def test_a_revocation_never_ends_a_month_early(day: date) -> None:
    records = (recorded(day="2026-08-01"), recorded(REVOKED, day.isoformat()))
    month = ServiceMonth.containing(day)

    assert found(*records, month=month).answer is Answer.MET
    assert found(*records, month=month.next()).answer is Answer.NOT_MET
    assert effective_end(day) + timedelta(days=1) == month.next().first_day
