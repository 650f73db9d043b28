"""Prices: the formula, who bears what of an amount, and what is unknown rather than guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.pricing import (
    Billing,
    Payment,
    PriceUnknown,
    national_nonfacility_amount,
    price_line,
    split,
    to_cents,
    total,
)
from ccm_fhir.domain.rules import (
    Confidence,
    FeeRules,
    LocalityId,
    Participation,
    RateKind,
    Rulebook,
)
from ccm_fhir.rulebook import load_rulebook

RULEBOOK = load_rulebook()
ALABAMA = LocalityId(mac="10112", locality="00")
ALASKA = LocalityId(mac="02102", locality="01")
IN_2025, IN_2026 = date(2025, 6, 1), date(2026, 6, 1)
NATIONAL = Billing(
    profession=EligibleProfession.PHYSICIAN,
    participation=Participation.NON_QP,
    place_of_service="11",
    locality=None,
)
NATIONAL_USD = {
    2025: {
        "99490": "60.49",
        "99439": "45.93",
        "99487": "131.65",
        "99489": "70.52",
        "99491": "82.16",
        "99437": "57.58",
        "G0556": "15.20",
        "G0557": "48.84",
        "G0558": "107.07",
    },
    2026: {
        "99490": "66.13",
        "99439": "50.44",
        "99487": "144.29",
        "99489": "78.16",
        "99491": "89.18",
        "99437": "63.13",
        "99424": "87.51",
        "99425": "61.46",
        "99426": "67.80",
        "99427": "54.11",
        "G0506": "66.47",
        "G0556": "16.37",
        "G0557": "53.78",
        "G0558": "117.24",
    },
}
cents = st.decimals("0.00", "9999.99", places=2)
gpcis = st.decimals("0.200", "2.500", places=3)


def priced(code: str = "99490", on: date = IN_2026, units: int = 1, **terms: object) -> Payment:
    found = price_line(code, units, on, replace(NATIONAL, **terms), RULEBOOK)  # type: ignore[arg-type]  # any field
    assert isinstance(found, Payment), found
    return found


def unknown(
    code: str = "99490", on: date = IN_2026, rulebook: Rulebook = RULEBOOK, **terms: object
) -> str:
    found = price_line(code, 1, on, replace(NATIONAL, **terms), rulebook)  # type: ignore[arg-type]  # any field
    assert isinstance(found, PriceUnknown), found
    assert found.code == code
    return found.missing


@pytest.mark.parametrize(
    ("year", "code", "usd"),
    [(year, code, usd) for year, codes in NATIONAL_USD.items() for code, usd in codes.items()],
)
def test_national_nonfacility_amounts_are_the_confirmed_ones(
    year: int, code: str, usd: str
) -> None:
    payment = priced(code, date(year, 6, 1))

    assert str(payment.split.allowed_usd) == usd
    price = RULEBOOK.price_rule(code, date(year, 6, 1))
    assert price is not None
    assert str(national_nonfacility_amount(price)) == usd


@pytest.mark.parametrize("code", ["99490", "99489", "99437"])
def test_in_a_facility_three_codes_of_2026_are_allowed_the_same(code: str) -> None:
    payment = priced(code, place_of_service="22")

    assert payment.is_facility_rate
    assert payment.split.allowed_usd == Decimal("43.76")


def test_an_amount_is_rounded_half_up_after_the_sum() -> None:
    assert to_cents(Decimal("0.005")) == Decimal("0.01")
    assert to_cents(Decimal("0.015")) == Decimal("0.02")
    assert to_cents(Decimal("0.0149")) == Decimal("0.01")


def test_a_locality_weighs_each_part_by_its_own_index() -> None:
    # (1.00 x 1.5 + 0.81 x 1.081 + 0.06 x 0.592) x 32.3465, worked by hand
    assert priced(on=IN_2025, locality=ALASKA).split.allowed_usd == Decimal("77.99")
    assert priced(on=IN_2025, locality=ALABAMA).split.allowed_usd == Decimal("56.23")


def test_a_qualifying_participant_has_a_factor_of_its_own_from_2026() -> None:
    assert priced(participation=Participation.QP).split.allowed_usd == Decimal("66.46")
    assert priced(on=IN_2025, participation=Participation.QP) == priced(on=IN_2025)


def test_units_multiply_the_rounded_fee() -> None:
    payment = priced("99439", on=IN_2025, units=2)

    assert (payment.code, payment.units) == ("99439", 2)
    assert payment.unit_allowed_usd == Decimal("45.93")
    assert payment.split.allowed_usd == Decimal("91.86")


@pytest.mark.parametrize(
    ("profession", "usd"),
    [
        (EligibleProfession.PHYSICIAN, "66.13"),
        (EligibleProfession.NP, "56.21"),
        (EligibleProfession.PA, "56.21"),
        (EligibleProfession.CNS, "56.21"),
        (EligibleProfession.CNM, "66.13"),
    ],
)
def test_a_nonphysician_practitioner_is_allowed_85_percent_but_a_midwife_all(
    profession: EligibleProfession, usd: str
) -> None:
    payment = priced(profession=profession)

    assert str(payment.split.allowed_usd) == usd
    is_unconfirmed = payment.citations[0].confidence is Confidence.UNCONFIRMED
    assert is_unconfirmed is (profession is not EligibleProfession.PHYSICIAN)


def test_medicare_bears_80_percent_and_sequestration_is_taken_from_that_alone() -> None:
    shown = priced().split

    assert shown.allowed_usd == Decimal("66.13")
    assert shown.medicare_share_usd == Decimal("52.90")
    assert shown.coinsurance_usd == Decimal("13.23")
    assert shown.sequestration_usd == Decimal("1.06")
    assert shown.medicare_pays_usd == Decimal("51.84")


@pytest.mark.parametrize(
    ("on", "rate"),
    [
        (date(2020, 4, 30), "0.02"),
        (date(2020, 5, 1), "0.00"),
        (date(2022, 3, 31), "0.00"),
        (date(2022, 4, 1), "0.01"),
        (date(2022, 6, 30), "0.01"),
        (date(2022, 7, 1), "0.02"),
    ],
)
def test_sequestration_follows_its_own_dates(on: date, rate: str) -> None:
    rule = RULEBOOK.fees.rate(RateKind.SEQUESTRATION, on)

    assert rule is not None
    assert str(rule.rate) == rate


def test_every_share_and_place_says_where_it_was_read() -> None:
    payment = priced(locality=None)

    assert len(payment.citations) == 4
    assert payment.sources == ("PPRRVU2026_Jul_nonQPP (released 2026-06-30)",)


def test_a_year_without_relative_values_names_the_table_to_load() -> None:
    assert unknown(on=date(2024, 6, 1)) == "99490 in the CY2024 relative value file (PPRRVU)"


def test_a_year_without_gpcis_is_never_priced_with_a_neighbours() -> None:
    assert unknown(locality=ALABAMA) == "locality 10112-00 in the CY2026 GPCI table"
    assert "11111-99" in unknown(on=IN_2025, locality=LocalityId(mac="11111", locality="99"))


@pytest.mark.parametrize("place", ["02", "10", "98", ""])
def test_a_place_of_service_in_neither_list_has_no_price(place: str) -> None:
    assert "place of service" in unknown(place_of_service=place)


def test_off_campus_outpatient_is_known_from_2016() -> None:
    assert RULEBOOK.fees.place("19", date(2015, 12, 31)) is None
    found = RULEBOOK.fees.place("19", date(2016, 1, 1))
    assert found is not None
    assert "19" in found.facility


def test_without_the_qp_factor_a_qp_has_no_price() -> None:
    prices = tuple(replace(price, qp_conversion_factor=None) for price in RULEBOOK.prices)
    rulebook = replace(RULEBOOK, prices=prices)

    assert "qualifying" in unknown(rulebook=rulebook, participation=Participation.QP)


@pytest.mark.parametrize("kind", list(RateKind))
def test_without_a_share_nothing_is_priced(kind: RateKind) -> None:
    fees = RULEBOOK.fees
    rates = tuple(rule for rule in fees.rates if rule.kind is not kind)
    rulebook = replace(RULEBOOK, fees=replace(fees, rates=rates))

    assert "shares of payment" in unknown(rulebook=rulebook)


def test_an_empty_rulebook_of_fees_knows_nothing() -> None:
    assert FeeRules().gpci(ALABAMA, IN_2025) is None
    assert FeeRules().rate(RateKind.MEDICARE_SHARE, IN_2025) is None
    assert FeeRules().place("11", IN_2025) is None


def test_lines_add_up_to_the_claim() -> None:
    lines = (priced(on=IN_2025), priced("99439", on=IN_2025, units=2))

    whole = total(lines)

    assert whole.allowed_usd == Decimal("152.35")
    assert whole.medicare_share_usd + whole.coinsurance_usd == whole.allowed_usd
    assert whole.sequestration_usd == sum(line.split.sequestration_usd for line in lines)
    assert whole.sequestration_usd + whole.medicare_pays_usd == whole.medicare_share_usd


def test_no_lines_add_up_to_nothing_in_whole_cents() -> None:
    assert str(total(()).allowed_usd) == "0.00"


@given(cents, st.decimals("0", "1", places=2), st.decimals("0", "0.10", places=2))
def test_parts_add_up_to_the_whole_to_the_cent(
    allowed_usd: Decimal, medicare: Decimal, sequestration: Decimal
) -> None:
    parts = split(allowed_usd, medicare, sequestration)

    assert parts.medicare_share_usd + parts.coinsurance_usd == allowed_usd
    assert parts.sequestration_usd + parts.medicare_pays_usd == parts.medicare_share_usd
    assert all(
        amount >= 0 and amount == to_cents(amount)
        for amount in (
            parts.medicare_share_usd,
            parts.coinsurance_usd,
            parts.sequestration_usd,
            parts.medicare_pays_usd,
        )
    )


@given(
    st.sampled_from([price.code for price in RULEBOOK.prices if price.is_in_force(IN_2025)]),
    st.tuples(gpcis, gpcis, gpcis),
    gpcis,
    st.sampled_from(["11", "22"]),
)
def test_a_larger_index_never_lowers_a_price(
    code: str, indices: tuple[Decimal, Decimal, Decimal], more: Decimal, place: str
) -> None:
    work, practice, malpractice = indices
    lowest = allowed_at(code, indices, place)

    assert allowed_at(code, (work + more, practice, malpractice), place) >= lowest
    assert allowed_at(code, (work, practice + more, malpractice), place) >= lowest
    assert allowed_at(code, (work, practice, malpractice + more), place) >= lowest


def allowed_at(code: str, indices: tuple[Decimal, Decimal, Decimal], place: str) -> Decimal:
    here = RULEBOOK.fees.gpci(ALABAMA, IN_2025)
    assert here is not None
    work, practice, malpractice = indices
    there = replace(here, work_gpci=work, pe_gpci=practice, malpractice_gpci=malpractice)
    rulebook = replace(RULEBOOK, fees=replace(RULEBOOK.fees, gpcis=(there,)))
    billing = replace(NATIONAL, locality=ALABAMA, place_of_service=place)
    found = price_line(code, 1, IN_2025, billing, rulebook)
    assert isinstance(found, Payment)
    return found.split.allowed_usd
