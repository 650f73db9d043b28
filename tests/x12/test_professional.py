"""837P files: read back element by element, and by a validator that nobody here wrote."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import pyx12.params
import pyx12.x12n_document
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.claims import (
    GENDERS,
    Frequency,
    RelatedClaim,
    claim_number,
    line_number,
)
from ccm_fhir.domain.codes import CoverageKind, Setting
from ccm_fhir.domain.npi import is_valid_npi
from ccm_fhir.x12.filing import ClaimFile, FiledClaim, Unfit
from ccm_fhir.x12.professional import write_claims
from ccm_fhir.x12.segments import read_sets
from tests.claims import BILLING, PARTIES, STREET, SUBSCRIBER, draft, line
from tests.x12.filings import ENVELOPE, filed, filing, generated, read_claims, text_of

if TYPE_CHECKING:
    from ccm_fhir.x12.filing import Filing
    from tests.x12.filings import ReadClaim

MANY = 1000


def read(made: Filing) -> dict[str, ReadClaim]:
    found = [claim for each in read_sets(text_of(made)) for claim in read_claims(each)]
    assert len({claim.number for claim in found}) == len(found)
    return {claim.number: claim for claim in found}


def codes(made: Filing) -> list[str]:
    refused = write_claims(made)
    assert isinstance(refused, tuple)
    return [obstacle.code for unfit in refused for obstacle in unfit.obstacles]


def objections(text: str) -> list[object]:
    """Return what pyx12 finds wrong with a file, at any level of its answer."""
    answer = io.StringIO()
    is_good = pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(),
        src_file=io.StringIO(text),
        fd_997=None,
        fd_html=None,
        fd_json=answer,
    )
    found = list(_errors(json.loads(answer.getvalue())))
    return found or ([] if is_good else ["refused"])


def _errors(told: object) -> list[object]:
    if isinstance(told, list):
        return [error for each in told for error in _errors(each)]
    if not isinstance(told, dict):
        return []
    mine = told.get("errors") or []
    segments = told.get("segments") or []
    inner = [each for key, each in told.items() if key not in {"errors", "segments"}]
    return [*mine, *segments, *_errors(inner)]


# --- pyx12 --------------------------------------------------------------------------------------


def test_an_independent_validator_finds_no_error_in_a_thousand_claims() -> None:
    claims = generated(MANY)
    text = text_of(filing(*claims))

    assert objections(text) == []
    assert text.count("~CLM*") == MANY


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("~DMG*D8*19480309*F", ""),
        ("*UN*1", "*XX*1"),
        ("CLM*", "CLM**"),
        ("HI*ABK:E119", "HI*ABX:E119"),
        ("~SBR*P*18*******MB", ""),
        ("~NM1*IL*1*SYNTHETIC", "~NM1*IL*1*"),
    ],
)
def test_the_validator_does_catch_mistakes(right: str, wrong: str) -> None:
    text = text_of(filing())

    assert right in text
    assert objections(text.replace(right, wrong, 1)) != []


# --- what pyx12 does not see --------------------------------------------------------------------


def test_every_claim_reads_back_as_it_was_drafted() -> None:
    claims = generated(200)
    found = read(filing(*claims))

    for claim in claims:
        made, parties = claim.draft, claim.draft.parties
        back = found.pop(claim_number(claim.identifier))
        assert back.total == made.total_usd == sum(one.charge for one in back.lines)
        assert back.frequency == made.frequency.value
        assert back.original == (made.related.payer_control_number if made.related else "")
        assert back.diagnoses == tuple(code.replace(".", "") for code in made.diagnoses)
        assert (back.billing_npi, back.rendering_npi) == (
            parties.practice_npi,
            parties.practitioner_npi,
        )
        assert is_valid_npi(back.billing_npi)
        assert is_valid_npi(back.rendering_npi)
        assert back.place == parties.place_of_service
        subscriber = parties.subscriber
        assert subscriber is not None
        assert subscriber.birth_date is not None
        assert (back.mbi, back.family, back.born, back.gender) == (
            subscriber.mbi,
            subscriber.name.family.upper(),
            f"{subscriber.birth_date:%Y%m%d}",
            GENDERS[subscriber.gender],
        )
        assert back.payer == "13282"
        assert [
            (b.code, b.modifiers, b.units, b.charge, b.pointers, b.serviced_on) for b in back.lines
        ] == [
            (m.code, m.modifiers, m.units, m.charge_usd, m.pointers, m.serviced_on)
            for m in made.lines
        ]
        assert [b.control for b in back.lines] == [
            line_number(claim.identifier, place) for place in range(1, len(back.lines) + 1)
        ]
        assert all(1 <= p <= len(back.diagnoses) for b in back.lines for p in b.pointers)
    assert found == {}


@given(st.permutations(range(12)))
def test_the_order_in_which_claims_are_given_changes_no_byte(order: list[int]) -> None:
    claims = generated(12)

    assert text_of(filing(*(claims[n] for n in order))) == text_of(filing(*claims))


@given(st.decimals("0.01", "99999.99", places=2), st.integers(1, 10))
def test_money_is_written_exactly(charge: Decimal, units: int) -> None:
    made = draft(lines=(line("99490", units, unit_charge_usd=charge),))
    (back,) = read(filing(FiledClaim(identifier="x", draft=made))).values()

    assert back.total == charge * units
    assert back.lines[0].charge == charge * units


def test_one_file_counts_its_claims_and_money() -> None:
    claims = generated(30)
    made = write_claims(filing(*claims))

    assert isinstance(made, ClaimFile)
    assert made.claims == 30
    assert made.total_usd == sum(claim.draft.total_usd for claim in claims)
    assert made.last_set_control == 1
    assert "SYNTHETIC" not in repr(made)


def test_one_billing_practice_and_one_patient_are_told_once() -> None:
    october = draft()
    text = text_of(filing(filed(), FiledClaim(identifier="other", draft=october)))

    assert (text.count("~HL*"), text.count("*22*0~"), text.count("~CLM*")) == (2, 1, 2)


def test_a_practitioner_who_bills_alone_is_the_billing_provider() -> None:
    alone = replace(PARTIES, practice_npi=PARTIES.practitioner_npi)
    text = text_of(filing(filed(parties=alone)))

    assert "~NM1*85*1*INVENTED*ADA****XX*1234567893~" in text
    assert "~NM1*82*" not in text
    assert objections(text) == []


def test_a_replacement_names_the_payers_number() -> None:
    related = RelatedClaim(identifier="x", payer_control_number="1126329000123")
    text = text_of(filing(filed(frequency=Frequency.REPLACEMENT, related=related)))

    assert "***11:B:7*Y*A*Y*Y~REF*F8*1126329000123~HI*" in text
    assert objections(text) == []


@pytest.mark.parametrize(("is_production", "flag"), [(True, "P"), (False, "T")])
def test_a_test_file_says_so(is_production: bool, flag: str) -> None:  # noqa: FBT001
    envelope = replace(ENVELOPE, is_production=is_production)
    text = text_of(filing(envelope=envelope))

    assert text[102] == flag
    assert len(text.split("~")[0]) == 105
    assert [each.is_production for each in read_sets(text)] == [is_production]


def test_more_claims_than_one_transaction_takes_go_into_several() -> None:
    claims = generated(5003, seed=2)
    text = text_of(filing(*claims))

    first, second = read_sets(text)
    assert (len(read_claims(first)), len(read_claims(second))) == (5000, 3)
    assert (first.control, second.control) == ("000000001", "000000002")


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"practice_npi": "1999999019"}, "practice_npi_missing"),
        ({"practitioner_npi": ""}, "practitioner_npi_missing"),
        ({"subscriber": None}, "subscriber_missing"),
        ({"billing": None}, "billing_details_missing"),
        ({"setting": Setting.RHC_FQHC}, "institutional_claim_needed"),
        (
            {"subscriber": replace(SUBSCRIBER, name=replace(SUBSCRIBER.name, family="Muñoz"))},
            "characters_patient_family_name",
        ),
        (
            {"subscriber": replace(SUBSCRIBER, name=replace(SUBSCRIBER.name, given="A~B"))},
            "characters_patient_given_name",
        ),
        (
            {"subscriber": replace(SUBSCRIBER, name=replace(SUBSCRIBER.name, given="x" * 36))},
            "length_patient_given_name",
        ),
        (
            {"billing": replace(BILLING, name="Family*Medicine")},
            "characters_practice_name",
        ),
        (
            {"billing": replace(BILLING, address=replace(STREET, line="1" * 56))},
            "length_practice_street",
        ),
    ],
)
def test_an_incomplete_claim_is_refused_with_what_it_lacks(
    changes: dict[str, object], code: str
) -> None:
    parties = replace(PARTIES, **changes)  # type: ignore[arg-type]

    assert codes(filing(filed(parties=parties))) == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"diagnoses": ()}, "too_few_diagnoses"),
        ({"lines": ()}, "no_lines"),
        ({"lines": (line(pointers=(5,)),)}, "pointer_leads_nowhere"),
        ({"coverage_kind": CoverageKind.MEDICARE_ADVANTAGE}, "payer_not_part_b"),
        ({"frequency": Frequency.VOID}, "payer_control_number_missing"),
    ],
)
def test_an_impossible_claim_is_refused(changes: dict[str, object], code: str) -> None:
    assert code in codes(filing(filed(**changes)))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (replace(filing(), claims=()), "no_claims"),
        (filing(filed(), filed()), "claim_twice"),
        (
            filing(envelope=replace(ENVELOPE, interchange_control=0)),
            "control_number_unusable",
        ),
        (
            filing(envelope=replace(ENVELOPE, group_control=10**9)),
            "control_number_unusable",
        ),
        (
            filing(envelope=replace(ENVELOPE, created_at=ENVELOPE.created_at.replace(tzinfo=None))),
            "moment_without_zone",
        ),
        (
            filing(submitter=replace(filing().submitter, phone="518-555-0100")),
            "submitter_phone_malformed",
        ),
        (
            filing(payer=replace(filing().payer, id="")),
            "length_payer_id",
        ),
        (
            filing(envelope=replace(ENVELOPE, sender=replace(ENVELOPE.sender, id="X" * 16))),
            "length_sender_interchange_id",
        ),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(made: Filing, code: str) -> None:
    refused = write_claims(made)

    assert isinstance(refused, tuple)
    assert refused[0].identifier == ""
    assert [one.code for one in refused[0].obstacles] == [code]


def test_who_bills_alone_shares_no_loop_with_others_under_the_same_number() -> None:
    alone = replace(PARTIES, practice_npi=PARTIES.practitioner_npi)
    other = replace(alone, practitioner_npi="1245319599")
    claims = (filed(parties=alone), FiledClaim(identifier="b", draft=draft(parties=other)))
    text = text_of(filing(*claims))

    assert (text.count("~NM1*85*1*"), text.count("~NM1*85*2*"), text.count("~NM1*82*")) == (1, 1, 1)
    assert objections(text) == []


def test_one_unfit_claim_is_named_and_no_file_is_written() -> None:
    unfit = FiledClaim(identifier="bad", draft=draft(diagnoses=()))

    refused = write_claims(filing(filed(), unfit))

    assert isinstance(refused, tuple)
    assert [one.identifier for one in refused] == ["bad"]
    assert all(isinstance(one, Unfit) for one in refused)


def test_a_refusal_names_the_element_and_never_what_stands_in_it() -> None:
    name = replace(SUBSCRIBER.name, family="Canary-Ñ-Family")
    subscriber = replace(SUBSCRIBER, name=name, mbi="CANARY-MBI", gender="canary")
    made = filing(filed(parties=replace(PARTIES, subscriber=subscriber)))

    assert len(codes(made)) == 3
    assert "canary" not in repr(write_claims(made)).lower()
    assert "canary" not in repr(made).lower()


@given(
    st.text(max_size=70), st.sampled_from(["family", "given", "middle", "suffix"]), st.booleans()
)
def test_whatever_a_name_holds_it_is_refused_or_written_whole(
    text: str,
    part: str,
    of_patient: bool,  # noqa: FBT001
) -> None:
    name = replace(SUBSCRIBER.name, **{part: text})
    changes = (
        {"subscriber": replace(SUBSCRIBER, name=name)}
        if of_patient
        else {"practitioner_name": name}
    )
    made = write_claims(filing(filed(parties=replace(PARTIES, **changes))))

    if isinstance(made, tuple):
        return
    content = made.content.decode("ascii")
    (transaction,) = read_sets(content)
    wanted = "IL" if of_patient else "82"
    place = {"family": 3, "given": 4, "middle": 5, "suffix": 7}[part]
    (segment,) = [s for s in transaction.segments if s.name == "NM1" and s.get(1) == wanted]
    assert segment.get(place) == text.strip().upper()
